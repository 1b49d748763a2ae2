//! The vendor's answers: `{"Code", "Message", "Data", "TaskId"}`, good only when `Code` says so.
//!
//! A fault may come with HTTP 200 or with a status, and what answers may be a proxy. Turning a
//! fault into an error of the contract is the business of `fault.rs`.

use backhaul_provider_api::{HttpResponse, serde_json::Value};
use backhaul_provider_kit::body::{self, Object};
use backhaul_provider_kit::quote;
use backhaul_provider_kit::record::Record;

/// The one code of success. `Message` varies (`Success.`, `success`, `succes`) and says nothing.
const SUCCESS: &str = "Success";

/// A failed answer, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The vendor's code, such as `ResourceNotFound`.
    pub(crate) code: Option<String>,
    /// The vendor's text; may echo the request.
    pub(crate) text: String,
    /// What the body is, when it is not the vendor's envelope.
    pub(crate) foreign: Option<&'static str>,
}

/// Takes the envelope of a success out of an answer.
pub(crate) fn read(response: &HttpResponse) -> Result<Object, Fault> {
    let fault = |foreign| Fault {
        status: response.status,
        code: None,
        text: String::new(),
        foreign,
    };
    let object = match body::object(response) {
        Ok(object) => object,
        // An empty refusal is told by its status alone.
        Err(_) if response.body.trim().is_empty() && !response.is_success() => {
            return Err(fault(None));
        }
        Err(what) => return Err(fault(Some(what))),
    };
    let envelope = Value::Object(object);
    let code = first(&envelope, &["Code", "code"]);
    let good = code.as_deref() == Some(SUCCESS);
    match envelope {
        Value::Object(object) if good && response.is_success() => Ok(object),
        envelope if code.is_none() && response.is_success() => Err(Fault {
            text: text(&envelope),
            ..fault(Some("JSON without the field `Code`"))
        }),
        envelope => Err(Fault {
            code: code.filter(|_| !good),
            text: text(&envelope),
            ..fault(None)
        }),
    }
}

/// The vendor's request id. None is documented; other products of the vendor send one.
pub(crate) fn request_id(response: &HttpResponse) -> Option<String> {
    let in_body = || {
        let object = Value::Object(body::object(response).ok()?);
        first(&object, &["RequestId", "requestId"])
    };
    let id = response
        .header("x-request-id")
        .map(str::to_owned)
        .or_else(in_body)?;
    quote::request_id(&id)
}

/// The official Go SDK reads the message's name without regard to case; other products say `Msg`.
fn text(envelope: &Value) -> String {
    first(envelope, &["Message", "message", "Msg", "msg"]).unwrap_or_default()
}

/// The first of these fields that holds a text or a number.
fn first(object: &Value, names: &[&str]) -> Option<String> {
    let record = Record::of(object)?;
    names.iter().find_map(|name| record.text_or_number(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_body(status: u16, body: &str) -> Result<Object, Fault> {
        read(&HttpResponse {
            status,
            headers: Vec::new(),
            body: body.into(),
        })
    }

    #[test]
    fn only_the_code_of_success_is_one() {
        for message in ["Success.", "success", "succes", "成功", ""] {
            let body = format!(r#"{{"Code":"Success","Message":"{message}","Data":[]}}"#);
            assert!(read_body(200, &body).is_ok());
        }
        for (code, told) in [
            ("\"OK\"", "OK"),
            ("\"0000\"", "0000"),
            ("40100001", "40100001"),
        ] {
            let body = format!(r#"{{"Code":{code},"Message":"Success.","Data":[]}}"#);
            assert_eq!(
                read_body(200, &body).unwrap_err().code.as_deref(),
                Some(told)
            );
        }
    }

    #[test]
    fn a_fault_has_code_and_text_whatever_the_status_and_the_spelling() {
        for status in [200, 404] {
            for name in ["Message", "message", "Msg"] {
                let body = format!(r#"{{"Code":"ResourceNotFound","{name}":"gone"}}"#);
                let fault = read_body(status, &body).unwrap_err();
                assert_eq!(fault.code.as_deref(), Some("ResourceNotFound"));
                assert_eq!((fault.text.as_str(), fault.status), ("gone", status));
                assert_eq!(fault.foreign, None);
            }
        }
    }

    #[test]
    fn a_success_under_a_status_of_failure_is_none() {
        let fault = read_body(500, r#"{"Code":"Success","Data":[]}"#).unwrap_err();
        assert_eq!((fault.code, fault.status), (None, 500));
    }

    #[test]
    fn what_is_no_envelope_is_told_as_such() {
        for (status, body, foreign) in [
            (200, "{}", Some("JSON without the field `Code`")),
            (
                200,
                r#"{"Code":null}"#,
                Some("JSON without the field `Code`"),
            ),
            (200, "", Some("empty")),
            (200, "<html>", Some("HTML or XML instead of JSON")),
            (502, "<html>", Some("HTML or XML instead of JSON")),
            (200, "[]", Some("JSON of another shape than an object")),
            (200, r#"{"Code":"Succ"#, Some("JSON that breaks off")),
            (500, "", None),
            (404, r#"{"message":"no route"}"#, None),
        ] {
            assert_eq!(
                read_body(status, body).unwrap_err().foreign,
                foreign,
                "{body}"
            );
        }
    }
}
