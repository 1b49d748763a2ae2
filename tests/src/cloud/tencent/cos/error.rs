//! Errors of the object store, as XML.

use axum::http::header::{CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::switches::Reason;
use crate::cloud::delivery::Refusal;

/// An error of the object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CosError {
    status: u16,
    code: &'static str,
    message: &'static str,
    retry_after: Option<u64>,
    /// Length of the object, stated with an invalid range.
    length: Option<u64>,
}

impl CosError {
    /// An error with its status.
    pub fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            retry_after: None,
            length: None,
        }
    }

    /// A 403 whose reason is one word, which the pages put into different places.
    pub fn forbidden(word: &'static str, reason: Reason) -> Self {
        match reason {
            Reason::InMessage => Self::new(403, "AccessDenied", word),
            Reason::InCode => Self::new(403, word, "The request was refused."),
        }
    }

    /// The answer.
    pub fn into_response(self, path: &str, request_id: &str) -> Response {
        let escaped = path.replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>{}</Code>\n\
             \t<Message>{}</Message>\n\t<Resource>{escaped}</Resource>\n\
             \t<RequestId>{request_id}</RequestId>\n\t<TraceId>{request_id}</TraceId>\n</Error>\n",
            self.code, self.message
        );
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, "application/xml")], body).into_response();
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

impl From<Refusal> for CosError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::PreconditionFailed => Self::new(
                412,
                "PreconditionFailed",
                "At least one of the preconditions you specified did not hold.",
            ),
            Refusal::InvalidRange { length } => Self {
                length: Some(length),
                ..Self::new(
                    416,
                    "InvalidRange",
                    "The requested range is not satisfiable.",
                )
            },
            Refusal::Status { code, retry_after } => Self {
                retry_after,
                ..match code {
                    400 => Self::new(code, "RequestTimeout", "The transfer was too slow."),
                    404 => Self::new(code, "NoSuchKey", NO_SUCH_KEY),
                    429 => Self::new(code, "TooManyRequests", "Please reduce your request rate."),
                    451 => Self::new(code, "UnavailableForLegalReasons", "It is blocked."),
                    503 => Self::new(code, "SlowDown", "Please reduce your request rate."),
                    401..=499 => Self::new(code, "AccessDenied", "Access Denied."),
                    _ => Self::new(code, "InternalError", "There was an internal error."),
                }
            },
            Refusal::ErrorWith200 => {
                Self::new(200, "InternalError", "There was an internal error.")
            }
        }
    }
}

/// Text of a 404.
pub const NO_SUCH_KEY: &str = "The specified key does not exist.";
