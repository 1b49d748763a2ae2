//! The vendor's answers: `{"code": 0, "message": "", "codeDesc": "Success", …}`, or a fault.
//!
//! `code` is a number or its text; a fault comes with HTTP 200. The code of the product stands in
//! `code` by the tables of the calls, and in front of `message` as `(9003)…` by the general page;
//! both are looked at.

use backhaul_provider_api::{Error, ErrorClass, HttpResponse, Secret, Timestamp, serde_json};
use backhaul_provider_kit::body::{self, Object};
use backhaul_provider_kit::call::{Call, retry_after};
use backhaul_provider_kit::quote;
use serde_json::Value;

use super::codes::Meaning;

/// A failed answer, as far as it could be read.
#[derive(Debug)]
pub(super) struct Fault {
    /// The code that says most: a documented one of the product, else the common one.
    code: Option<u64>,
    meaning: Meaning,
    /// The vendor's text; may echo secrets.
    text: String,
    /// What the body is, when it is none of the vendor's.
    foreign: Option<&'static str>,
}

/// Takes the object out of an answer.
pub(super) fn read(response: &HttpResponse) -> Result<Object, Fault> {
    let by_status = |foreign| Fault {
        code: None,
        meaning: Meaning::of_status(response.status),
        text: String::new(),
        foreign,
    };
    let object = match body::object(response) {
        Ok(object) => object,
        // An empty refusal is told by its status alone.
        Err(_) if response.body.trim().is_empty() && !response.is_success() => {
            return Err(by_status(None));
        }
        Err(what) => return Err(by_status(Some(what))),
    };
    match object.get("code").and_then(number) {
        Some(0) if response.is_success() => Ok(object),
        Some(0) => Err(by_status(None)),
        Some(code) => Err(fault(code, &object)),
        None => Err(by_status(Some("JSON without a readable `code`"))),
    }
}

/// A whole number, also as text.
fn number(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn fault(common: i64, object: &Object) -> Fault {
    let message = object
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let common = u64::try_from(common).ok();
    let of_product = product_code(message);
    let known = [of_product, common]
        .into_iter()
        .flatten()
        .find_map(|code| Some((code, Meaning::of_code(code)?)));
    let description = object.get("codeDesc").and_then(Value::as_str);
    let text = if message.trim().is_empty() {
        description.unwrap_or_default()
    } else {
        message
    };
    Fault {
        code: known.map(|(code, _)| code).or(common),
        meaning: known.map_or(Meaning::Unknown, |(_, meaning)| meaning),
        text: text.to_owned(),
        foreign: None,
    }
}

/// The number in brackets at the beginning of a message.
fn product_code(message: &str) -> Option<u64> {
    let (number, _) = message.trim_start().strip_prefix('(')?.split_once(')')?;
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| number.parse().ok())?
}

impl Fault {
    /// The error of the contract: one sentence, one class, no secret.
    pub(super) fn into_error(
        self,
        call: &Call,
        response: &HttpResponse,
        now: Timestamp,
        secrets: &[&Secret],
    ) -> Error {
        let after = retry_after(response, now);
        let sentence = match self.foreign {
            Some(foreign) => format!(
                "the answer is {foreign}; is a proxy in between, `endpoint` wrong, or API 2.0 switched off?"
            ),
            None => self.meaning.sentence().to_owned(),
        };
        let class = match (self.foreign, response.status) {
            // What another than the vendor answers says nothing about the account.
            (Some(_), 200..=299) => ErrorClass::Temporary,
            _ => self.meaning.class(call.permission, after),
        };
        let quote = match quote::text(&self.text, secrets) {
            text if text.is_empty() || self.meaning.hides_text() => String::new(),
            text => format!("; the vendor says “{text}”"),
        };
        let mut error = Error::new(class, format!("cannot {}: {sentence}{quote}", call.purpose));
        error.call = Some(call.name.to_owned());
        error.code = self.code.map(|code| code.to_string());
        error.http_status = Some(response.status);
        error
    }
}

#[cfg(test)]
mod tests;
