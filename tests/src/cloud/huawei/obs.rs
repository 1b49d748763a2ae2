//! The object store behind the links: checks each link, then delivers.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{CONTENT_RANGE, CONTENT_TYPE, DATE, RETRY_AFTER, SERVER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use chrono::{DateTime, TimeDelta, Utc};

use super::presign::{LinkKey, SECURITY_TOKEN};
use super::settings::{ExpiredLink, LinkStyle, Switches};
use super::state::State;
use crate::cloud::condition::http_date_text;
use crate::cloud::delivery::{Download, Refusal};
use crate::cloud::object::Address;
use crate::cloud::percent;
use crate::cloud::wire::Connection;

/// The service as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

/// A link to an object that works until `expires`, and its end.
///
/// Two links with the same end are the same link. So that a fresh one is never one that a fault
/// has ended, it lives some seconds longer if need be.
pub fn link(
    state: &State,
    address: &Address,
    expires: DateTime<Utc>,
    switches: &Switches,
) -> (String, DateTime<Utc>) {
    let name = match switches.link_style {
        LinkStyle::Obs => "AccessKeyId",
        LinkStyle::S3 => "AWSAccessKeyId",
    };
    let token = switches.link_security_token.then_some(LINK_TOKEN);
    let mut end = expires;
    loop {
        let (link, signature) = link_key().link(address, end.timestamp(), name, token);
        if !state.store.is_dead(&signature) {
            return (format!("{}{link}", state.obs_url), end);
        }
        end += TimeDelta::seconds(1);
    }
}

async fn handle(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let number = state.store.traffic.request(
        "obs",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let request_id = state.request_id();
    let mut response = answer(&state, &parts, connection)
        .unwrap_or_else(|error| error.into_response(parts.uri.path(), &request_id));
    let headers = response.headers_mut();
    set(headers, "x-obs-request-id", &request_id);
    set(headers, "x-obs-id-2", "32AAAQAAEAABAAAQAAEAABAAAQAAEAAB");
    headers.insert(SERVER, HeaderValue::from_static("OBS"));
    if let Ok(date) = HeaderValue::from_str(&http_date_text(state.clock.now())) {
        headers.insert(DATE, date);
    }
    state
        .store
        .traffic
        .answered(number, response.status().as_u16());
    response
}

fn answer(state: &State, parts: &Parts, connection: Connection) -> Result<Response, ObsError> {
    let now = state.clock.now();
    let switches = state.switches.lock().clone();
    let signature = check_link(state, parts, now, &switches)?;
    let address = address(parts.uri.path())?;
    let object = state.store.get(&address).ok_or_else(|| {
        if state.store.has_bucket(&address.bucket) {
            ObsError::new(404, "NoSuchKey", "The specified key does not exist.")
        } else {
            ObsError::new(404, "NoSuchBucket", "The specified bucket does not exist.")
        }
    })?;
    let mut response = state
        .store
        .deliver(Download {
            address: &address,
            object: Arc::clone(&object),
            link: &signature,
            headers: &parts.headers,
            connection,
            now,
        })
        .map_err(ObsError::from)?;
    if let Some(name) = switches.crc64_header
        && let Some(crc64) = object.crc64()
    {
        set(response.headers_mut(), name, &crc64.to_string());
    }
    if switches.server_side_encryption {
        set(
            response.headers_mut(),
            "x-obs-server-side-encryption",
            "kms",
        );
    }
    Ok(response)
}

/// Checks the link of a request, and returns its signature.
fn check_link(
    state: &State,
    parts: &Parts,
    now: DateTime<Utc>,
    switches: &Switches,
) -> Result<String, ObsError> {
    if ["authorization", "x-auth-token"]
        .iter()
        .any(|name| parts.headers.contains_key(*name))
    {
        return Err(ObsError::new(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed.",
        ));
    }
    let query = parts.uri.query().unwrap_or_default();
    let pairs = percent::query_pairs(query);
    let parameter = |name: &str| {
        let (_, value) = pairs.iter().find(|(key, _)| key == name.as_bytes())?;
        std::str::from_utf8(value).ok()
    };
    let denied = |message: &'static str| ObsError::new(403, "AccessDenied", message);
    let access_key = parameter("AccessKeyId").or_else(|| parameter("AWSAccessKeyId"));
    let (Some(access_key), Some(expires), Some(signature)) =
        (access_key, parameter("Expires"), parameter("Signature"))
    else {
        return Err(denied("Access Denied"));
    };
    let key = link_key();
    if access_key != key.access_key {
        return Err(ObsError::new(
            403,
            "InvalidAccessKeyId",
            "The OBS Access Key Id you provided does not exist in our records.",
        ));
    }
    let end = expires
        .parse::<i64>()
        .map_err(|_| denied("Invalid date (should be seconds since epoch)"))?;
    if now.timestamp() >= end || state.store.is_dead(signature) {
        return Err(denied(match switches.expired_link {
            ExpiredLink::Named => "Request has expired",
            ExpiredLink::Unnamed => "Access Denied",
        }));
    }
    if parameter(SECURITY_TOKEN).is_some_and(|token| token != LINK_TOKEN) {
        return Err(ObsError::new(
            403,
            "InvalidAccessKeyId",
            "The security token is unknown.",
        ));
    }
    let expected = key.sign(
        parts.method.as_str(),
        &parts.headers,
        expires,
        parts.uri.path(),
        query,
    );
    if expected != signature {
        return Err(ObsError::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. \
             Check your key and signing method.",
        ));
    }
    Ok(signature.to_owned())
}

/// Bucket and key of a path.
fn address(path: &str) -> Result<Address, ObsError> {
    let text = |part: &str| String::from_utf8_lossy(&percent::decode(part)).into_owned();
    path.strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .map(|(bucket, key)| Address {
            bucket: text(bucket),
            key: text(key),
        })
        .ok_or(ObsError::new(
            404,
            "NoSuchKey",
            "There is no key in the path.",
        ))
}

/// An error of the object store.
#[derive(Debug, Clone, Copy)]
struct ObsError {
    status: u16,
    code: &'static str,
    message: &'static str,
    retry_after: Option<u64>,
    /// Length of the object, stated with an invalid range.
    length: Option<u64>,
}

impl ObsError {
    fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            retry_after: None,
            length: None,
        }
    }

    fn into_response(self, path: &str, request_id: &str) -> Response {
        let escaped = path.replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
             <Error><Code>{}</Code><Message>{}</Message><Resource>{escaped}</Resource>\
             <RequestId>{request_id}</RequestId><HostId>obs</HostId></Error>",
            self.code, self.message
        );
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, "application/xml")], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(length) = self.length {
            set(
                headers,
                CONTENT_RANGE.as_str(),
                &format!("bytes */{length}"),
            );
        }
        response
    }
}

impl From<Refusal> for ObsError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PreconditionFailed => Self::new(
                412,
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold.",
            ),
            Refusal::InvalidRange { length } => Self {
                length: Some(length),
                ..Self::new(
                    416,
                    "InvalidRange",
                    "The requested range cannot be satisfied.",
                )
            },
            Refusal::Status { code, retry_after } => Self {
                retry_after,
                ..match code {
                    429 => Self::new(code, "TooManyRequests", "Please reduce your request rate."),
                    503 => Self::new(code, "SlowDown", "Please reduce your request rate."),
                    404 => Self::new(code, "NoSuchKey", "The specified key does not exist."),
                    400..500 => Self::new(code, "AccessDenied", "Access Denied"),
                    _ => Self::new(code, "InternalError", "We encountered an internal error."),
                }
            },
            Refusal::ErrorWith200 => {
                Self::new(200, "InternalError", "We encountered an internal error.")
            }
        }
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The key of the service, which signs links; never the customer's own.
fn link_key() -> LinkKey {
    LinkKey {
        access_key: "OBSLINKEXAMPLE000001".to_owned(),
        secret_key: "LinkSigningSecretOfTheEmulatedService001".to_owned(),
    }
}

const LINK_TOKEN: &str = "EmulatedLinkSecurityToken+/==";
