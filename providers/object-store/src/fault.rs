//! From a failed answer to an error of the contract: one sentence, one class, no secret.
//!
//! A failed answer is `<Error><Code/><Message/>…</Error>`, perhaps with the region that is right,
//! or nothing at all (`HEAD`), or the page of a proxy.

use backhaul_provider_api::{Error, ErrorClass, HttpResponse, Secret, Timestamp, chrono::Duration};
use backhaul_provider_kit::call::{Call, is_skewed, retry_after};
use backhaul_provider_kit::endpoint::is_region;
use backhaul_provider_kit::quote;

use crate::codes::Meaning;
use crate::xml::Element;

/// How far a request's time may be from the store's clock; it refuses from 15 minutes on.
const SKEW_MINUTES: i64 = 14;

/// The circumstances of a failed answer.
pub(crate) struct Circumstances<'a> {
    /// When the answer came.
    pub(crate) now: Timestamp,
    /// The region that was signed for.
    pub(crate) region: &'a str,
    /// Texts that must not be quoted.
    pub(crate) secrets: &'a [&'a Secret],
}

/// A failed answer, as far as it could be read.
#[derive(Debug, Default)]
struct Fault {
    code: Option<String>,
    text: String,
    region: Option<String>,
    request_id: Option<String>,
    /// What the body is, when it is no error of S3.
    foreign: Option<&'static str>,
}

/// The error of the contract for an answer that is not a success.
pub(crate) fn error(call: &Call, response: &HttpResponse, around: &Circumstances<'_>) -> Error {
    let fault = Fault::read(response);
    let meaning = fault.meaning(response, around);
    let after = retry_after(response, around.now);
    let (class, mut sentence) = match fault.foreign {
        Some(foreign) => (
            foreign_class(response.status, meaning),
            format!("the answer is {foreign}; is a proxy in between, or `endpoint` wrong?"),
        ),
        None => (
            meaning.class(call.permission, after),
            meaning.sentence().to_owned(),
        ),
    };
    if let Some(region) = fault
        .region
        .as_deref()
        .filter(|region| *region != around.region)
    {
        sentence = format!(
            "the bucket is in the region {region}; set `region = \"{region}\"` in the account or the job"
        );
    }
    let quote = match quote::text(&fault.text, around.secrets) {
        text if text.is_empty() || meaning.hides_text() => String::new(),
        text => format!("; the store says “{text}”"),
    };
    let mut error = Error::new(class, format!("cannot {}: {sentence}{quote}", call.purpose));
    error.call = Some(call.name.to_owned());
    error.code = fault.code.as_deref().map(quote::code);
    error.http_status = Some(response.status);
    error.request_id = request_id(response).or(fault.request_id);
    error
}

impl Fault {
    fn read(response: &HttpResponse) -> Self {
        let region = response.header("x-amz-bucket-region");
        let mut fault = Self {
            region: region.filter(|region| is_region(region)).map(str::to_owned),
            ..Self::default()
        };
        match Element::parse(&response.body) {
            Ok(root) => {
                // Some stores wrap it: <ErrorResponse><Error>…
                let error = root.child("Error").unwrap_or(&root);
                fault.code = error.text_of("Code").map(|code| code.trim().to_owned());
                if fault.code.is_none() {
                    fault.foreign = Some("XML of another kind than S3's");
                }
                fault.text = error.text_of("Message").unwrap_or_default().to_owned();
                fault.request_id = error.text_of("RequestId").and_then(quote::request_id);
                if let Some(region) = error.text_of("Region").filter(|region| is_region(region)) {
                    fault.region = Some(region.to_owned());
                }
            }
            // A refusal without a body is told by its status alone.
            Err(_) if response.body.trim().is_empty() => {}
            Err(what) => fault.foreign = Some(what),
        }
        fault
    }

    fn meaning(&self, response: &HttpResponse, around: &Circumstances<'_>) -> Meaning {
        let meaning = Meaning::of(response.status, self.code.as_deref());
        let other_region = self
            .region
            .as_deref()
            .is_some_and(|told| told != around.region);
        if other_region && matches!(response.status, 301 | 307 | 400) {
            return Meaning::OtherRegion;
        }
        // An answer to HEAD names no reason; the two clocks are evidence enough.
        let unclear = self.code.is_none() || meaning == Meaning::SignatureRefused;
        let allowed = Duration::minutes(SKEW_MINUTES);
        if unclear
            && matches!(response.status, 400 | 403)
            && is_skewed(response, around.now, allowed)
        {
            return Meaning::ClockSkewed;
        }
        meaning
    }
}

/// An answer that is not the store's own says nothing about the account's permissions.
fn foreign_class(status: u16, meaning: Meaning) -> ErrorClass {
    match status {
        200..=299 => ErrorClass::Temporary,
        401 | 403 => ErrorClass::Permanent,
        _ => meaning.class(None, None),
    }
}

/// The store's request id. Amazon's is `x-amz-request-id`, which its relatives keep or rename.
fn request_id(response: &HttpResponse) -> Option<String> {
    [
        "x-amz-request-id",
        "x-obs-request-id",
        "x-cos-request-id",
        "x-oss-request-id",
        "x-guploader-uploadid",
    ]
    .iter()
    .find_map(|name| response.header(name))
    .and_then(quote::request_id)
}

#[cfg(test)]
mod tests;
