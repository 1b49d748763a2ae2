//! The servers behind the links: each checks the link, then delivers.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, RANGE, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};

use super::link::{self, Side, TOKEN};
use super::state::State;
use crate::cloud::condition::http_date_text;
use crate::cloud::delivery::{Download, Refusal};
use crate::cloud::percent;
use crate::cloud::wire::Connection;

#[derive(Debug, Clone)]
struct Files {
    state: Arc<State>,
    side: Side,
}

/// The files of one network as a router.
pub fn router(state: Arc<State>, side: Side) -> Router {
    Router::new()
        .fallback(handle)
        .with_state(Files { state, side })
}

async fn handle(
    Shared(Files { state, side }): Shared<Files>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let service = match side {
        Side::Public => "files",
        Side::Intranet => "intranet",
    };
    let traffic = &state.store.traffic;
    let number = traffic.request(
        service,
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let mut response =
        answer(&state, side, parts, connection).unwrap_or_else(FileError::into_response);
    set(&mut response, DATE, &http_date_text(state.clock.now()));
    traffic.answered(number, response.status().as_u16());
    response
}

fn answer(
    state: &State,
    side: Side,
    mut parts: Parts,
    connection: Connection,
) -> Result<Response, FileError> {
    let switches = state.switches.lock().clone();
    let now = state.clock.now();
    let denied = |message| FileError::new(403, "AccessDenied", message);
    let pairs = percent::query_pairs(parts.uri.query().unwrap_or_default());
    let parameter = |name: &str| {
        let (_, value) = pairs.iter().find(|(key, _)| key == name.as_bytes())?;
        str::from_utf8(value).ok()
    };
    // A client that shows its keys to a download host has lost them.
    if parts.headers.contains_key("authorization") || parameter("Signature").is_some() {
        return Err(FileError::new(
            400,
            "InvalidArgument",
            "Send no keys to this host.",
        ));
    }
    if parts.method != Method::GET {
        return Err(denied("The link is for GET."));
    }
    let token = parameter(TOKEN).ok_or_else(|| denied("Access denied."))?;
    let ticket = state
        .links
        .ticket(token)
        .filter(|ticket| ticket.side == side && link::path(&ticket.address) == parts.uri.path())
        .ok_or_else(|| denied("The link is not one of this host."))?;
    if now >= ticket.ends || state.store.is_dead(token) {
        return Err(FileError::new(
            switches.expired_link_status,
            "AccessDenied",
            "Request has expired.",
        ));
    }
    let object = state
        .store
        .get(&ticket.address)
        .ok_or_else(|| FileError::new(404, "NoSuchKey", "The file does not exist."))?;
    if switches.no_ranges {
        parts.headers.remove(RANGE);
    }
    let name = object.name.clone();
    let mut response = state.store.deliver(Download {
        address: &ticket.address,
        object,
        link: token,
        headers: &parts.headers,
        connection,
        now,
    })?;
    if switches.no_ranges {
        response.headers_mut().remove(ACCEPT_RANGES);
    }
    if switches.no_entity_tag {
        response.headers_mut().remove(ETAG);
    }
    if switches.content_disposition {
        let value = format!(
            "attachment; filename*=UTF-8''{}",
            percent::encode(name.as_bytes())
        );
        set(&mut response, CONTENT_DISPOSITION, &value);
    }
    Ok(response)
}

/// An error of a file server, in the form of S3, whose kin the vendor's object storage is.
#[derive(Debug, Clone, Copy)]
struct FileError {
    status: u16,
    code: &'static str,
    message: &'static str,
    retry_after: Option<u64>,
    /// Length of the file, stated with an invalid range.
    length: Option<u64>,
}

impl FileError {
    fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            retry_after: None,
            length: None,
        }
    }

    fn into_response(self) -> Response {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{}</Code><Message>{}</Message></Error>",
            self.code, self.message
        );
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, "application/xml")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if let Some(length) = self.length {
            set(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
        }
        response
    }
}

impl From<Refusal> for FileError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PreconditionFailed => {
                Self::new(412, "PreconditionFailed", "A condition did not hold.")
            }
            Refusal::InvalidRange { length } => Self {
                length: Some(length),
                ..Self::new(416, "InvalidRange", "The range cannot be satisfied.")
            },
            Refusal::Status { code, retry_after } => Self {
                retry_after,
                ..match code {
                    429 | 503 => Self::new(code, "SlowDown", "Reduce your request rate."),
                    404 | 410 => Self::new(code, "NoSuchKey", "The file does not exist."),
                    400..500 => Self::new(code, "AccessDenied", "Access denied."),
                    _ => Self::new(code, "InternalError", "An internal error occurred."),
                }
            },
            Refusal::ErrorWith200 => Self::new(200, "InternalError", "An internal error occurred."),
        }
    }
}

/// Sets a header to a text made of visible characters.
fn set(response: &mut Response, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(name, value);
    }
}
