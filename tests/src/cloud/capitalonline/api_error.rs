//! Errors of the API, in the vendor's envelope.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use serde_json::json;

use super::settings::{Refused, Switches};
use super::state::json_response;

/// An error as the vendor answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: u16,
    code: String,
    message: String,
    retry_after: Option<u64>,
    /// Comes with HTTP 200 whatever the switches say.
    with_200: bool,
}

impl ApiError {
    /// `ArgMissing`: a parameter is missing.
    pub fn missing(name: &str) -> Self {
        Self::new(400, "ArgMissing", format!("{name} is missing."))
    }

    /// `InvalidParameter`: a parameter is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameter", message)
    }

    /// `BadArgs`: a parameter that the call does not have.
    pub fn unknown_parameter(name: &str) -> Self {
        Self::new(
            400,
            "BadArgs",
            format!("{name} is not a parameter of this call."),
        )
    }

    /// `UnsupportedOperation`.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(400, "UnsupportedOperation", message)
    }

    /// `ResourceNotFound`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFound", message)
    }

    /// `ResourceInUse`.
    pub fn in_use(message: impl Into<String>) -> Self {
        Self::new(409, "ResourceInUse", message)
    }

    /// `InternalError`.
    pub fn internal() -> Self {
        Self::new(500, "InternalError", "Internal error.")
    }

    /// An error whose status and code are chosen by a switch.
    pub fn refused(refused: &Refused, message: impl Into<String>) -> Self {
        Self::new(refused.status, refused.code.clone(), message)
    }

    /// The same with a time to wait.
    #[must_use]
    pub fn after(self, retry_after: Option<u64>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// The same error under status 200.
    #[must_use]
    pub fn with_status_200(self) -> Self {
        Self {
            with_200: true,
            ..self
        }
    }

    /// The answer.
    pub fn into_response(self, switches: &Switches) -> Response {
        let name = if switches.lower_case_message {
            "message"
        } else {
            "Message"
        };
        let body = json!({ "Code": self.code, name: self.message, "Data": null, "TaskId": "" });
        let status = if self.with_200 || switches.errors_with_200 {
            StatusCode::OK
        } else {
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        };
        let mut response = json_response(status, &body);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
            with_200: false,
        }
    }
}
