//! From a failed answer to an error of the contract: one sentence, one class, no secret.

use backhaul_provider_api::{
    Error, ErrorClass, HttpResponse, Seconds, Secret, Timestamp, chrono::Duration,
};

use backhaul_provider_kit::call::{Call, is_skewed, retry_after};
use backhaul_provider_kit::quote;

use crate::answer::{self, Fault};
use crate::codes::Meaning;

/// How far a request's time may be from the vendor's clock; it refuses from 15 minutes on.
const SKEW_MINUTES: i64 = 14;

/// The circumstances of a failed answer.
pub(crate) struct Circumstances<'a> {
    /// When the answer came.
    pub(crate) now: Timestamp,
    /// True when the request carried an AK/SK signature, and hence a time.
    pub(crate) signed: bool,
    /// Texts that must not be quoted.
    pub(crate) secrets: &'a [&'a Secret],
}

impl Fault {
    /// What the fault means.
    pub(crate) fn meaning(&self, response: &HttpResponse, around: &Circumstances<'_>) -> Meaning {
        let meaning = Meaning::of(self.status, self.code.as_deref(), &self.text);
        // The text for a stale X-Sdk-Date is not documented; the two clocks are evidence enough.
        let unclear = matches!(meaning, Meaning::SignatureRefused | Meaning::AuthRefused);
        if around.signed
            && unclear
            && is_skewed(response, around.now, Duration::minutes(SKEW_MINUTES))
        {
            return Meaning::ClockSkewed;
        }
        meaning
    }

    /// The error of the contract.
    pub(crate) fn into_error(
        self,
        call: &Call,
        response: &HttpResponse,
        around: &Circumstances<'_>,
    ) -> Error {
        let meaning = self.meaning(response, around);
        let after = retry_after(response, around.now);
        let (class, sentence) = match self.foreign {
            Some(foreign) => (
                foreign_class(self.status, meaning, after),
                format!("the answer is {foreign}; is a proxy in between, or `endpoint` wrong?"),
            ),
            None => (
                meaning.class(call.permission, after),
                meaning.sentence().to_owned(),
            ),
        };
        let quote = match words(&self.text, around.secrets) {
            text if text.is_empty() || meaning.hides_text() => String::new(),
            text => format!("; the vendor says “{text}”"),
        };
        let mut error = Error::new(class, format!("cannot {}: {sentence}{quote}", call.purpose));
        error.call = Some(call.name.to_owned());
        error.code = self.code.map(|code| quote::code(&code));
        error.http_status = Some(response.status);
        error.request_id = answer::request_id(response);
        error
    }
}

/// An answer that is not the vendor's own says nothing about the account's permissions.
fn foreign_class(status: u16, meaning: Meaning, after: Option<Seconds>) -> ErrorClass {
    match status {
        200..=299 => ErrorClass::Temporary,
        403 => ErrorClass::Permanent,
        _ => meaning.class(None, after),
    }
}

/// The vendor's text as far as it may be repeated: the gateway echoes requests and messages of
/// its own that are not for people.
fn words(text: &str, secrets: &[&Secret]) -> String {
    let lower = text.to_ascii_lowercase();
    let end = [
        "canonicalrequest",
        "encoded_authorization_message",
        "encoded authorization",
    ]
    .iter()
    .filter_map(|echo| lower.find(echo))
    .min()
    .unwrap_or(text.len());
    quote::text(&text[..end], secrets)
}

#[cfg(test)]
mod tests;
