//! Errors of API 3.0: a code, a text, and HTTP status 200 all the same.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error as the vendor answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: String,
    message: String,
    /// 200, unless a fault wants it otherwise.
    status: StatusCode,
    /// Sent by faults only.
    retry_after: Option<u64>,
}

impl ApiError {
    /// An error of this code.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: StatusCode::OK,
            retry_after: None,
        }
    }

    /// Credentials are refused: `AuthFailure.…`.
    pub fn unauthenticated(code: &str, message: impl Into<String>) -> Self {
        Self::new(format!("AuthFailure.{code}"), message)
    }

    /// A field has another JSON type than it should.
    pub fn wrong_type(field: &str, wanted: &str) -> Self {
        Self::new("InvalidParameter", format!("{field} must be {wanted}."))
    }

    /// Too many calls.
    pub fn too_many_calls(code: &str, retry_after: Option<u64>) -> Self {
        Self {
            retry_after,
            ..Self::new(
                code,
                "Your current request times has exceeded the limit within 1 second.",
            )
        }
    }

    /// The server has failed, under this status.
    pub fn internal(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::new("InternalError", "An internal error has occurred.")
        }
    }

    /// The answer.
    pub fn into_response(self, request_id: &str) -> Response {
        let error = json!({ "Code": self.code, "Message": self.message });
        let mut response = envelope(json!({ "Error": error }), request_id);
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// An answer of API 3.0 around its content, an object.
///
/// The content type has no charset: the vendor's own SDK would not find the error in another.
pub fn envelope(mut content: Value, request_id: &str) -> Response {
    content["RequestId"] = json!(request_id);
    let body = json!({ "Response": content }).to_string();
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
