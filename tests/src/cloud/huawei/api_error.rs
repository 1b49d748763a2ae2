//! Errors of the gateway, the database service and the identity service, in the vendor's forms.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::settings::Envelope;

/// An error as the vendor answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    origin: Origin,
    retry_after: Option<u64>,
}

/// Who answers; each has a form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The gateway adds the request id.
    Gateway,
    /// The service, whose form is switchable.
    Service,
    /// The identity service, in OpenStack's form.
    Identity,
}

impl ApiError {
    /// An error of the gateway, `APIGW.…`.
    pub fn gateway(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(Origin::Gateway, status, format!("APIGW.{code}"), message)
    }

    /// An error of the database service, `DBS.…`.
    pub fn service(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(Origin::Service, status, format!("DBS.{code}"), message)
    }

    /// An error of the identity service.
    pub fn identity(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(Origin::Identity, status, String::new(), message)
    }

    /// Credentials are refused; the text names the reason.
    pub fn unauthenticated(reason: &str) -> Self {
        Self::gateway(
            StatusCode::UNAUTHORIZED,
            "0301",
            format!("Incorrect IAM authentication information: {reason}"),
        )
    }

    /// A parameter is missing or wrong.
    pub fn bad_parameter(message: impl Into<String>) -> Self {
        Self::service(StatusCode::BAD_REQUEST, "280001", message)
    }

    /// Too many calls.
    pub fn throttled(limit: Option<u32>, retry_after: Option<u64>) -> Self {
        let limit = limit.unwrap_or(60);
        let message = format!(
            "The throttling threshold has been reached: policy user over ratelimit,\
             limit:{limit},time:1 minute"
        );
        Self {
            retry_after,
            ..Self::gateway(StatusCode::TOO_MANY_REQUESTS, "0308", message)
        }
    }

    /// The same error under status 200, as some proxies make of it.
    pub fn with_status_200(self) -> Self {
        Self {
            status: StatusCode::OK,
            ..self
        }
    }

    /// The answer.
    pub fn into_response(self, envelope: Envelope, request_id: &str) -> Response {
        let body = match (self.origin, envelope) {
            (Origin::Gateway, _) => json!({
                "error_msg": self.message,
                "error_code": self.code,
                "request_id": request_id,
            }),
            (Origin::Service, Envelope::One) => json!({
                "error_code": self.code,
                "error_msg": self.message,
            }),
            (Origin::Service, Envelope::Two) => json!({
                "errCode": self.code,
                "externalMessage": self.message,
            }),
            (Origin::Identity, _) => json!({
                "error": {
                    "code": self.status.as_u16(),
                    "message": self.message,
                    "title": self.status.canonical_reason(),
                }
            }),
        };
        let mut response = (
            self.status,
            [(CONTENT_TYPE, "application/json;charset=utf-8")],
            body.to_string(),
        )
            .into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn new(origin: Origin, status: StatusCode, code: String, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            origin,
            retry_after: None,
        }
    }
}
