//! Taking the JSON object out of an answer, or saying what stands in its place.

use backhaul_provider_api::{HttpResponse, serde_json};
use serde_json::{Map, Value};

/// A JSON object of a vendor.
pub type Object = Map<String, Value>;

/// The object in a body.
///
/// # Errors
/// What the body is instead, for people: `HTML or XML instead of JSON`.
pub fn object(response: &HttpResponse) -> Result<Object, &'static str> {
    let body = response.body.trim_start_matches('\u{feff}').trim();
    match serde_json::from_str(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("JSON of another shape than an object"),
        Err(_) if body.is_empty() => Err("empty"),
        Err(_) if body.starts_with('<') => Err("HTML or XML instead of JSON"),
        Err(error) if error.is_eof() => Err("JSON that breaks off"),
        Err(_) => Err("not JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_told_by_what_it_is() {
        for (body, verdict) in [
            ("\u{feff} {\"a\":1}\n", Ok(1)),
            ("[1]", Err("JSON of another shape than an object")),
            ("", Err("empty")),
            ("<html>", Err("HTML or XML instead of JSON")),
            ("{\"a\":", Err("JSON that breaks off")),
            ("“files”: []", Err("not JSON")),
        ] {
            let response = HttpResponse {
                status: 200,
                headers: Vec::new(),
                body: body.into(),
            };
            assert_eq!(
                object(&response).map(|object| object.len()),
                verdict,
                "{body}"
            );
        }
    }
}
