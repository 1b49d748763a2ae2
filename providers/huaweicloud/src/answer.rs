//! The vendor's answers: a JSON object, or a fault in one of three envelopes.
//!
//! 1. RDS v3 and the gateway: `{"error_code", "error_msg", "request_id"?}`
//! 2. RDS v1: `{"errCode", "externalMessage"}`; other products: `{"errorCode", "errorMsg"}`
//! 3. IAM, OpenStack and Trove: `{"error": {"code", "message", "title"}}`, `{"itemNotFound": {…}}`
//!
//! A fault may come with HTTP 200, and what answers may be a proxy. Turning a fault into an error
//! of the contract is the business of `fault.rs`.

use backhaul_provider_api::{HttpResponse, serde_json};
use backhaul_provider_kit::body::{self, Object};
use backhaul_provider_kit::quote;
use serde_json::Value;

/// A failed answer, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The HTTP status, or the one inside the envelope when HTTP says success.
    pub(crate) status: u16,
    /// The vendor's code, such as `DBS.201010`.
    pub(crate) code: Option<String>,
    /// The vendor's text; may echo secrets.
    pub(crate) text: String,
    /// What the body is, when it is no envelope.
    pub(crate) foreign: Option<&'static str>,
}

/// Takes the object out of an answer.
pub(crate) fn read(response: &HttpResponse) -> Result<Object, Fault> {
    let fault = |foreign| Fault {
        status: response.status,
        code: None,
        text: String::new(),
        foreign,
    };
    match body::object(response) {
        Ok(object) => match envelope(response.status, &object) {
            Some(fault) => Err(fault),
            None if response.is_success() => Ok(object),
            None => Err(fault(None)),
        },
        // An empty refusal is told by its status alone.
        Err(_) if response.body.trim().is_empty() && !response.is_success() => Err(fault(None)),
        Err(what) => Err(fault(Some(what))),
    }
}

/// The vendor's request id, from the header or else from the body.
pub(crate) fn request_id(response: &HttpResponse) -> Option<String> {
    let in_body = || {
        let body: Value = serde_json::from_str(&response.body).ok()?;
        body.get("request_id")?.as_str().map(str::to_owned)
    };
    let id = response
        .header("x-request-id")
        .map(str::to_owned)
        .or_else(in_body)?;
    quote::request_id(&id)
}

/// The fault in an object: in itself, or in an object right inside it.
fn envelope(status: u16, object: &Object) -> Option<Fault> {
    const SPELLINGS: [(&str, &str); 4] = [
        ("error_code", "error_msg"),
        ("errorCode", "errorMsg"),
        ("errCode", "externalMessage"),
        ("code", "message"),
    ];
    let read = |object: &Object, name: Option<&str>| {
        let (code, message) = SPELLINGS.iter().find_map(|(code, message)| {
            Some((as_text(object.get(*code)?)?, object.get(*message)))
        })?;
        let text = message
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        // OpenStack's codes are HTTP statuses; the envelope's name says more.
        let inner: Option<u16> = code.parse().ok().filter(|code| (400..600).contains(code));
        let code = if inner.is_some() {
            name.map(str::to_owned)
        } else {
            Some(code)
        };
        let status = if (200..300).contains(&status) {
            inner.unwrap_or(status)
        } else {
            status
        };
        Some(Fault {
            status,
            code,
            text,
            foreign: None,
        })
    };
    read(object, None).or_else(|| {
        object.iter().find_map(|(name, inner)| {
            let name = (name != "error").then_some(name.as_str());
            read(inner.as_object()?, name)
        })
    })
}

fn as_text(code: &Value) -> Option<String> {
    match code {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        // A number is an HTTP status; 0 and 200 would be no fault.
        Value::Number(number) => number
            .as_u64()
            .filter(|code| *code >= 400)
            .map(|c| c.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
