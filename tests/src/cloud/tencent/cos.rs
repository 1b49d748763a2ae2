//! The object store behind the links of API 3.0: checks each link, then delivers.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{DATE, IF_RANGE, SERVER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use chrono::{DateTime, Utc};

use super::restriction::Restriction;
use super::state::State;
use super::switches::{Crc64, KeptOut, Switches};
use crate::cloud::condition::http_date_text;
use crate::cloud::delivery::Download;
use crate::cloud::object::Address;
use crate::cloud::percent;
use crate::cloud::server::Hangup;
use crate::cloud::wire::Connection;

mod error;
mod link;
mod signature;

use self::error::{CosError, NO_SUCH_KEY};
use self::link::{LINK_ID, LINK_KEY, LINK_TOKEN, ReceivedLink, SECURITY_TOKEN};
use self::signature::Signed;

/// The service as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

async fn handle(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let number = state.store.traffic.request(
        "cos",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let request_id = state.request_id();
    let mut response = answer(&state, &parts, connection)
        .unwrap_or_else(|error| error.into_response(parts.uri.path(), &request_id));
    let headers = response.headers_mut();
    set(headers, "x-cos-request-id", &request_id);
    headers.insert(SERVER, HeaderValue::from_static("tencent-cos"));
    set(headers, DATE.as_str(), &http_date_text(state.clock.now()));
    state
        .store
        .traffic
        .answered(number, response.status().as_u16());
    response
}

fn answer(state: &State, parts: &Parts, connection: Connection) -> Result<Response, CosError> {
    let now = state.clock.now();
    let switches = state.switches.lock().clone();
    let path = String::from_utf8_lossy(&percent::decode(parts.uri.path())).into_owned();
    let signature = check_link(state, parts, &path, now, &switches)?;
    let address = Address {
        bucket: "cos".to_owned(),
        key: path.trim_start_matches('/').to_owned(),
    };
    if !is_admitted(state, &address, &signature, &switches) {
        return match switches.cos.kept_out {
            KeptOut::Denied => Err(CosError::new(403, "AccessDenied", "Access Denied.")),
            KeptOut::Unanswered => Ok(Hangup.into_response()),
        };
    }
    let object = state
        .store
        .get(&address)
        .ok_or_else(|| CosError::new(404, "NoSuchKey", NO_SUCH_KEY))?;
    if state.archive.lock().contains(&address) {
        return Err(CosError::new(
            403,
            "InvalidObjectState",
            "The operation is not valid for the object's storage class.",
        ));
    }
    let mut request_headers = parts.headers.clone();
    if !switches.cos.if_range {
        request_headers.remove(IF_RANGE);
    }
    let mut response = state
        .store
        .deliver(Download {
            address: &address,
            object: Arc::clone(&object),
            link: &signature,
            headers: &request_headers,
            connection,
            now,
        })
        .map_err(CosError::from)?;
    let partial = response.status() == StatusCode::PARTIAL_CONTENT;
    let has_crc64 = match switches.cos.crc64 {
        Crc64::Always => true,
        Crc64::WholeOnly => !partial,
        Crc64::Absent => false,
    };
    if has_crc64 && let Some(crc64) = object.crc64() {
        set(
            response.headers_mut(),
            "x-cos-hash-crc64ecma",
            &crc64.to_string(),
        );
    }
    Ok(response)
}

/// Checks the link of a request, and returns its signature.
fn check_link(
    state: &State,
    parts: &Parts,
    path: &str,
    now: DateTime<Utc>,
    switches: &Switches,
) -> Result<String, CosError> {
    let forbidden = |word| CosError::forbidden(word, switches.cos.reason);
    let unsigned = || CosError::new(403, "AccessDenied", "Access Denied.");
    let link = ReceivedLink::parse(parts.uri.query().unwrap_or_default());
    let get = |name| link.get(name).ok_or_else(unsigned);
    if parts.headers.contains_key("authorization") || get("q-sign-algorithm")? != "sha1" {
        return Err(unsigned());
    }
    if get("q-ak")? != LINK_ID {
        return Err(forbidden("InvalidAccessKeyId"));
    }
    let signature = get("q-signature")?;
    let sign_time = get("q-sign-time")?;
    let (start, end) = window(sign_time).ok_or_else(unsigned)?;
    // A link for GET may be good for HEAD, which is not documented.
    let method = if switches.cos.head_allowed && parts.method == Method::HEAD {
        Method::GET.as_str()
    } else {
        parts.method.as_str()
    };
    let signed = Signed {
        method,
        path,
        parameters: link.pairs(),
        headers: &parts.headers,
        parameter_list: get("q-url-param-list")?,
        header_list: get("q-header-list")?,
        sign_time,
        key_time: get("q-key-time")?,
    };
    if signed.signature(LINK_KEY).as_deref() != Some(signature) {
        return Err(forbidden("SignatureDoesNotMatch"));
    }
    if now.timestamp() < start {
        return Err(forbidden("RequestTimeTooSkewed"));
    }
    if now.timestamp() >= end || state.store.is_dead(signature) {
        return Err(forbidden("Request has expired"));
    }
    if link
        .get(SECURITY_TOKEN)
        .is_some_and(|token| token != LINK_TOKEN)
    {
        return Err(forbidden("InvalidAccessKeyId"));
    }
    Ok(signature.to_owned())
}

/// Whether the caller, who is on loopback, may use this link.
fn is_admitted(state: &State, address: &Address, signature: &str, switches: &Switches) -> bool {
    let inside = switches.caller_in_intranet;
    let of_link = state.restrictions.lock().get(signature).cloned();
    let of_region = if address.key.starts_with("mysql/") && !switches.mysql.public_download {
        Restriction::Intranet
    } else {
        Restriction::None
    };
    of_link
        .into_iter()
        .chain([of_region])
        .all(|restriction| restriction.admits(inside, "127.0.0.1"))
}

/// Start and end of a link, in Unix seconds.
fn window(sign_time: &str) -> Option<(i64, i64)> {
    let (start, end) = sign_time.split_once(';')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
