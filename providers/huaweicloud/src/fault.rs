//! From a failed answer to an error of the contract: one sentence, one class, no secret.

use backhaul_provider_api::{
    Error, ErrorClass, HttpResponse, Seconds, Secret, Timestamp, chrono::Duration,
};

use crate::answer::{self, Fault};
use crate::codes::Meaning;
use crate::time;

/// How far a request's time may be from the vendor's clock; it refuses from 15 minutes on.
const SKEW_MINUTES: i64 = 14;

/// The longest part of a vendor's text that is quoted.
const QUOTE_CHARS: usize = 200;

/// A word longer than this is no word of a sentence but an encoded something.
const WORD_CHARS: usize = 48;

/// An API call as errors tell of it.
pub(crate) struct Call {
    /// The vendor's name, such as `ListBackups`.
    pub(crate) name: &'static str,
    /// What it is for: "list the backups of instance …".
    pub(crate) purpose: String,
    /// The permission it needs, in the vendor's words.
    pub(crate) permission: Option<&'static str>,
}

impl Call {
    /// An answer that is well-formed but does not hold what the documentation promises.
    pub(crate) fn malformed(&self, complaint: &str) -> Error {
        Error::permanent(format!(
            "cannot {}: {complaint}; the vendor's answer has another form than documented",
            self.purpose
        ))
        .in_call(self.name)
    }
}

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
        if around.signed && unclear && is_skewed(response, around.now) {
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
        let quote = match quote(&self.text, around.secrets) {
            text if text.is_empty() || meaning.hides_text() => String::new(),
            text => format!("; the vendor says “{text}”"),
        };
        let mut error = Error::new(class, format!("cannot {}: {sentence}{quote}", call.purpose));
        error.call = Some(call.name.to_owned());
        error.code = self.code.map(|code| quote_code(&code));
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

/// How long the vendor asks to wait: seconds or a date.
fn retry_after(response: &HttpResponse, now: Timestamp) -> Option<Seconds> {
    let text = response.header("retry-after")?.trim();
    text.parse().ok().map(Seconds).or_else(|| {
        let wait = time::parse_http_date(text)?
            .signed_duration_since(now)
            .num_seconds();
        Some(Seconds(u64::try_from(wait).unwrap_or(0)))
    })
}

fn is_skewed(response: &HttpResponse, now: Timestamp) -> bool {
    response
        .header("date")
        .and_then(time::parse_http_date)
        .is_some_and(|theirs| (theirs - now).abs() > Duration::minutes(SKEW_MINUTES))
}

/// The beginning of a vendor's text without what could be a secret or a link.
fn quote(text: &str, secrets: &[&Secret]) -> String {
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
    let mut text = text[..end].to_owned();
    for secret in secrets.iter().filter(|secret| secret.expose().len() >= 4) {
        text = text.replace(secret.expose(), "…");
    }
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| {
            // Chinese sentences have no blanks; encoded somethings are ASCII.
            let opaque = word.len() > WORD_CHARS && word.is_ascii();
            if opaque || word.contains("://") {
                "…"
            } else {
                word
            }
        })
        .collect();
    let text = words.join(" ");
    match text.char_indices().nth(QUOTE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A code is a short word; whatever else stands in its place is not repeated.
fn quote_code(code: &str) -> String {
    let plain = code.len() <= 40
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain {
        code.to_owned()
    } else {
        "unreadable".to_owned()
    }
}

#[cfg(test)]
mod tests;
