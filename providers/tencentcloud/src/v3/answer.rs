//! The vendor's answers: `{"Response": {…, "RequestId"}}`, or the same with an `Error` inside.
//!
//! The vendor answers HTTP 200 even to a bad signature, and what answers may be a proxy. Turning
//! a fault into an error of the contract is the business of `fault.rs`.

use backhaul_provider_api::{Error, HttpResponse, serde_json};
use backhaul_provider_kit::body::{self, Object};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::quote;
use serde_json::Value;

/// A failed answer, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The vendor's code, such as `AuthFailure.SignatureExpire`.
    pub(crate) code: Option<String>,
    /// The vendor's text; may echo secrets, and may change, so nothing is concluded from it.
    pub(crate) text: String,
    /// The vendor's id of the request.
    pub(crate) request_id: Option<String>,
    /// What the body is, when it is no envelope.
    pub(crate) foreign: Option<&'static str>,
}

/// Takes the object in `Response` out of an answer.
pub(crate) fn read(response: &HttpResponse) -> Result<Object, Fault> {
    let foreign = |what| Fault {
        code: None,
        text: String::new(),
        request_id: None,
        foreign: what,
    };
    let mut envelope = match body::object(response) {
        Ok(envelope) => envelope,
        // An empty refusal is told by its status alone.
        Err(_) if response.body.trim().is_empty() && !response.is_success() => {
            return Err(foreign(None));
        }
        Err(what) => return Err(foreign(Some(what))),
    };
    let Some(Value::Object(object)) = envelope.remove("Response") else {
        return Err(foreign(Some("JSON without the object `Response`")));
    };
    match object.get("Error") {
        None | Some(Value::Null) if response.is_success() => Ok(object),
        error => Err(fault(error, &object)),
    }
}

fn fault(error: Option<&Value>, object: &Object) -> Fault {
    let text = |of: Option<&Value>| {
        of.and_then(Value::as_str)
            .map(|text| text.trim().to_owned())
    };
    let inner = |name: &str| text(error.and_then(|error| error.get(name)));
    Fault {
        code: inner("Code").filter(|code| !code.is_empty()),
        text: inner("Message").unwrap_or_default(),
        request_id: request_id(object),
        foreign: None,
    }
}

/// The error for an answer that is well-formed but does not hold what the documentation promises.
pub(crate) fn malformed(call: &Call, answer: &Value, complaint: &str) -> Error {
    Error {
        request_id: answer.as_object().and_then(request_id),
        ..call.malformed(complaint)
    }
}

/// The vendor's id of the request, which every answer carries.
fn request_id(object: &Object) -> Option<String> {
    object
        .get("RequestId")
        .and_then(Value::as_str)
        .and_then(quote::request_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn the_object_in_the_envelope_is_the_answer() {
        let body = r#"{"Response": {"TotalCount": 0, "Error": null, "RequestId": "3f164712"}}"#;
        let object = read(&answer(200, body)).unwrap();
        assert_eq!(object["TotalCount"], 0);
    }

    #[test]
    fn an_error_is_found_whatever_the_status() {
        let body = r#"{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"no"},"RequestId":"7c4e788e-5ec9-4125-bb80-7baabe2744dc"}}"#;
        for status in [200, 401, 500] {
            let fault = read(&answer(status, body)).unwrap_err();
            assert_eq!(fault.code.as_deref(), Some("AuthFailure.SignatureFailure"));
            assert_eq!(fault.text, "no");
            assert_eq!(
                fault.request_id.as_deref(),
                Some("7c4e788e-5ec9-4125-bb80-7baabe2744dc")
            );
            assert_eq!(fault.foreign, None);
        }
    }

    #[test]
    fn an_error_of_another_shape_is_still_an_error() {
        for error in ["\"no\"", "{}", "[1]", "{\"Code\": 7}"] {
            let body = format!(r#"{{"Response":{{"Error":{error}}}}}"#);
            let fault = read(&answer(200, &body)).unwrap_err();
            assert_eq!((fault.code, fault.foreign), (None, None), "{error}");
        }
        assert!(read(&answer(502, r#"{"Response":{"TotalCount":0}}"#)).is_err());
    }

    #[test]
    fn what_is_no_envelope_is_told() {
        for (status, body, foreign) in [
            (200, "", Some("empty")),
            (503, "", None),
            (200, "<html>", Some("HTML or XML instead of JSON")),
            (
                200,
                r#"{"code": 0}"#,
                Some("JSON without the object `Response`"),
            ),
            (
                200,
                r#"{"Response": []}"#,
                Some("JSON without the object `Response`"),
            ),
            (200, r#"{"Response": {"#, Some("JSON that breaks off")),
        ] {
            let fault = read(&answer(status, body)).unwrap_err();
            assert_eq!(fault.foreign, foreign, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_fail(status: u16, body: String) {
            let _ = read(&answer(status, &body));
            let _ = read(&answer(status, &format!("{{\"Response\":{{\"Error\":{body}}}}}")));
        }
    }
}
