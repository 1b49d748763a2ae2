//! The hosts behind the links of API 2.0: check both signatures of a link, then deliver.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use chrono::TimeDelta;

use super::state::State;
use super::switches::{DlSwitches, LinkTime, SecondSignature, Switches};
use crate::cloud::delivery::{Download, Refusal};
use crate::cloud::object::Address;
use crate::cloud::percent;
use crate::cloud::wire::Connection;

mod signature;

use self::signature::{Reading, ReceivedLink, own_signature};

/// The service as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

impl State {
    /// Links to some objects, all with the same `time`, as one answer has them.
    ///
    /// A link with the same time is the same link. So that a fresh one is never one that a fault
    /// has ended, its time is some seconds later if need be.
    pub fn issue_dl_links(&self, addresses: &[Address]) -> Vec<String> {
        let switches = self.switches.lock().clone();
        let now = self.clock.now();
        let mut time = match switches.dl.time {
            LinkTime::Issue => now,
            LinkTime::Expiry => now + life(&switches),
        }
        .timestamp();
        let app_id = self.identity.app_id;
        let sign = |address: &Address, time| {
            let (key, code) = split(&address.key);
            own_signature(key, app_id, time, code)
        };
        let dead = |time| {
            let mut signs = addresses.iter().map(|address| sign(address, time));
            signs.any(|sign| self.store.is_dead(&sign))
        };
        while dead(time) {
            time += 1;
        }
        let link = |address: &Address| {
            let (key, code) = split(&address.key);
            let sign = percent::encode(sign(address, time).as_bytes());
            let code = code.map_or_else(String::new, |code| format!("&dbtbcode={code}"));
            format!(
                "{}/{key}?appid={app_id}&time={time}&sign={sign}{code}",
                self.dl_url
            )
        };
        addresses.iter().map(link).collect()
    }
}

async fn handle(
    Shared(state): Shared<Arc<State>>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let number = state.store.traffic.request(
        "dl",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let mut response = answer(&state, parts, connection).unwrap_or_else(Refused::into_response);
    state.date(&mut response);
    state
        .store
        .traffic
        .answered(number, response.status().as_u16());
    response
}

fn answer(state: &State, mut parts: Parts, connection: Connection) -> Result<Response, Refused> {
    let switches = state.switches.lock().clone();
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(Refused::with(405));
    }
    let key = parts.uri.path().trim_start_matches('/').to_owned();
    let link = ReceivedLink::parse(parts.uri.query().unwrap_or_default());
    let code = link.get("dbtbcode");
    let sign = check_own(state, &link, &key, code.as_deref(), &switches)?;
    check_second(state, &link, &switches.dl)?;
    let address = Address {
        bucket: "dl".to_owned(),
        key: code.map_or_else(|| key.clone(), |code| format!("{key}/{code}")),
    };
    let object = state.store.get(&address).ok_or(Refused::with(404))?;
    if !switches.dl.ranges {
        parts.headers.remove(RANGE);
    }
    state
        .store
        .deliver(Download {
            address: &address,
            object,
            link: &sign,
            headers: &parts.headers,
            connection,
            now: state.clock.now(),
        })
        .map_err(Refused::from)
}

/// Checks the service's own signature and the life of a link, and returns that signature.
fn check_own(
    state: &State,
    link: &ReceivedLink<'_>,
    key: &str,
    code: Option<&str>,
    switches: &Switches,
) -> Result<String, Refused> {
    let refused = || Refused::with(switches.dl.refused_status);
    let time = link.get("time").and_then(|time| time.parse::<i64>().ok());
    let (Some(time), Some(sign)) = (time, link.get("sign")) else {
        return Err(refused());
    };
    let app_id = state.identity.app_id;
    let own = link.get("appid").is_some_and(|id| id == app_id.to_string());
    if !own || sign != own_signature(key, app_id, time, code) {
        return Err(refused());
    }
    let end = match switches.dl.time {
        LinkTime::Issue => time + life(switches).num_seconds(),
        LinkTime::Expiry => time,
    };
    if state.clock.now().timestamp() >= end || state.store.is_dead(&sign) {
        return Err(Refused::with(switches.dl.expired_status));
    }
    Ok(sign)
}

/// Checks the customer's signature, and counts how it was made.
fn check_second(
    state: &State,
    link: &ReceivedLink<'_>,
    switches: &DlSwitches,
) -> Result<(), Refused> {
    let key = link
        .get("secretId")
        .and_then(|secret_id| state.keyring.find(&secret_id));
    let reading = key.and_then(|key| link.second_signature(&key.secret_key));
    let mut count = state.second_signatures.lock();
    match (switches.second_signature, reading) {
        (SecondSignature::NotNeeded, None) => count.absent += 1,
        (SecondSignature::Encoded, Some(Reading::Decoded))
        | (SecondSignature::Decoded, Some(Reading::Encoded))
        | (_, None) => return Err(Refused::with(switches.refused_status)),
        (_, Some(Reading::Decoded)) => count.decoded += 1,
        (_, Some(Reading::Encoded)) => count.encoded += 1,
    }
    Ok(())
}

/// How long a link lives.
fn life(switches: &Switches) -> TimeDelta {
    switches.life(TimeDelta::hours(12))
}

/// The path of an address and, for a partial export, its number.
fn split(key: &str) -> (&str, Option<&str>) {
    match key.split_once('/') {
        None => (key, None),
        Some((key, code)) => (key, Some(code)),
    }
}

/// An answer that is no object. Its form is not documented: a page like that of any web server.
#[derive(Debug, Clone, Copy)]
struct Refused {
    status: StatusCode,
    retry_after: Option<u64>,
    /// Length of the object, stated with an invalid range.
    length: Option<u64>,
}

impl Refused {
    fn with(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            retry_after: None,
            length: None,
        }
    }

    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let title = format!("{} {title}", self.status.as_u16());
        let page = format!(
            "<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n</body>\n</html>\n"
        );
        let mut response = (self.status, [(CONTENT_TYPE, "text/html")], page).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(length) = self.length
            && let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}"))
        {
            headers.insert(CONTENT_RANGE, value);
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PreconditionFailed => Self::with(412),
            Refusal::InvalidRange { length } => Self {
                length: Some(length),
                ..Self::with(416)
            },
            Refusal::Status { code, retry_after } => Self {
                retry_after,
                ..Self::with(code)
            },
            Refusal::ErrorWith200 => Self::with(200),
        }
    }
}
