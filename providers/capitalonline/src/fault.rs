//! From a failed answer to an error of the contract: one sentence, one class, no secret.

use backhaul_provider_api::{
    Error, ErrorClass, HttpResponse, Seconds, Secret, Timestamp, chrono::Duration,
};
use backhaul_provider_kit::call::{Call, is_skewed, retry_after};
use backhaul_provider_kit::quote;

use crate::answer::{self, Fault};
use crate::codes::{Meaning, Subject};

/// How far two clocks may be apart before that explains a refusal. The vendor documents neither
/// its limit nor the code for it.
const SKEW_MINUTES: i64 = 5;

/// The circumstances of a failed answer.
pub(crate) struct Circumstances<'a> {
    /// When the answer came.
    pub(crate) now: Timestamp,
    /// What the call asked about.
    pub(crate) subject: Subject,
    /// Texts that must not be quoted.
    pub(crate) secrets: &'a [&'a Secret],
}

impl Fault {
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
                foreign_class(self.status, meaning, around.subject, after),
                format!("the answer is {foreign}; is a proxy in between, or `endpoint` wrong?"),
            ),
            None => (
                meaning.class(around.subject, after),
                meaning.sentence(around.subject).to_owned(),
            ),
        };
        let quote = match quote::text(&self.text, around.secrets) {
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

    fn meaning(&self, response: &HttpResponse, around: &Circumstances<'_>) -> Meaning {
        let meaning = Meaning::of(self.status, self.code.as_deref(), &self.text);
        let apart = || is_skewed(response, around.now, Duration::minutes(SKEW_MINUTES));
        if self.foreign.is_none() && meaning.may_be_skew() && apart() {
            return Meaning::ClockSkewed;
        }
        meaning
    }
}

/// An answer that is not the vendor's own says nothing about the account's keys.
fn foreign_class(
    status: u16,
    meaning: Meaning,
    subject: Subject,
    after: Option<Seconds>,
) -> ErrorClass {
    match status {
        200..=299 => ErrorClass::Temporary,
        401 | 403 => ErrorClass::Permanent,
        _ => meaning.class(subject, after),
    }
}

#[cfg(test)]
mod tests;
