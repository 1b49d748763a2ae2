//! From a failed answer to an error of the contract: one sentence, one class, no secret.

use backhaul_provider_api::{
    Error, ErrorClass, HttpResponse, Seconds, Secret, Timestamp, chrono::Duration,
};
use backhaul_provider_kit::call::{Call, is_skewed, retry_after};
use backhaul_provider_kit::quote;

use super::answer::Fault;
use super::codes::Meaning;

/// How far a request's time may be from the vendor's clock; it refuses from 5 minutes on.
const SKEW_MINUTES: i64 = 4;

impl Fault {
    /// The error of the contract. `secrets` are texts that must not be quoted.
    pub(crate) fn into_error(
        self,
        call: &Call,
        response: &HttpResponse,
        now: Timestamp,
        secrets: &[&Secret],
    ) -> Error {
        let meaning = self.meaning(response, now);
        let after = retry_after(response, now);
        let (class, sentence) = match self.foreign {
            Some(foreign) => (
                foreign_class(response.status, meaning, after),
                format!("the answer is {foreign}; is a proxy in between, or `endpoint` wrong?"),
            ),
            None => (
                meaning.class(call.permission, after),
                meaning.sentence().to_owned(),
            ),
        };
        let quote = match quote::text(&self.text, secrets) {
            text if text.is_empty() || meaning.hides_text() => String::new(),
            text => format!("; the vendor says “{text}”"),
        };
        let mut error = Error::new(class, format!("cannot {}: {sentence}{quote}", call.purpose));
        error.call = Some(call.name.to_owned());
        error.code = self.code.map(|code| quote::code(&code));
        error.http_status = Some(response.status);
        error.request_id = self.request_id;
        error
    }

    /// A clock that is far off puts another day into the scope, which the vendor may call a wrong
    /// signature.
    fn meaning(&self, response: &HttpResponse, now: Timestamp) -> Meaning {
        let meaning = Meaning::of(response.status, self.code.as_deref());
        let unclear = matches!(meaning, Meaning::SignatureRefused | Meaning::AuthRefused);
        if unclear && is_skewed(response, now, Duration::minutes(SKEW_MINUTES)) {
            return Meaning::ClockSkewed;
        }
        meaning
    }
}

/// An answer that is not the vendor's own, though it says that all is well, may pass.
fn foreign_class(status: u16, meaning: Meaning, after: Option<Seconds>) -> ErrorClass {
    match status {
        200..=299 => ErrorClass::Temporary,
        _ => meaning.class(None, after),
    }
}
