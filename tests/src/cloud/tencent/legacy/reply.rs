//! Answers of API 2.0, with the odd typing that was seen in the vendor's samples.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::super::switches::{BusinessErrors, CodeForm, LegacySwitches};

/// An error of API 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyError {
    code: u32,
    description: &'static str,
    message: String,
    status: StatusCode,
    retry_after: Option<u64>,
}

impl LegacyError {
    /// An error of this code, common or of the business.
    pub fn new(code: u32, description: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            description,
            message: message.into(),
            status: StatusCode::OK,
            retry_after: None,
        }
    }

    /// 4000: a parameter is missing or malformed.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(4000, "InvalidParameter", message)
    }

    /// 9003: the action cannot do with a parameter.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(9003, "InvalidParameter", message)
    }

    /// 4400: too many calls.
    pub fn too_many_calls(retry_after: Option<u64>) -> Self {
        Self {
            retry_after,
            ..Self::new(4400, "QuotaExceeded", "The quota is exceeded.")
        }
    }

    /// 6000: the server has failed, under this HTTP status.
    pub fn internal(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::new(6000, "InternalError", "An internal error has occurred.")
        }
    }

    /// The answer.
    pub fn into_response(self, switches: &LegacySwitches) -> Response {
        let of_business = (9000..10_000).contains(&self.code);
        let (code, description, message) = match switches.business_errors {
            BusinessErrors::InMessage if of_business => (
                5100,
                "OperationFailed",
                format!("({}){}", self.code, self.message),
            ),
            _ => (self.code, self.description, self.message),
        };
        let code = match switches.code {
            CodeForm::Number => json!(code),
            CodeForm::AsSampled | CodeForm::Text => json!(code.to_string()),
        };
        let body = json!({ "code": code, "message": message, "codeDesc": description });
        let mut response = respond(&body);
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A success with its content. In the vendor's samples one action has a number as its code, the
/// others a text.
pub fn success(
    content: Map<String, Value>,
    numeric_sample: bool,
    switches: &LegacySwitches,
) -> Response {
    let code = match switches.code {
        CodeForm::Number => json!(0),
        CodeForm::AsSampled if numeric_sample => json!(0),
        CodeForm::AsSampled | CodeForm::Text => json!("0"),
    };
    let mut body = json!({ "code": code, "message": "", "codeDesc": "Success" });
    if let Value::Object(body) = &mut body {
        body.extend(content);
    }
    respond(&body)
}

/// JSON as PHP writes it: separators of paths are escaped.
fn respond(body: &Value) -> Response {
    let text = body.to_string().replace('/', "\\/");
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response()
}
