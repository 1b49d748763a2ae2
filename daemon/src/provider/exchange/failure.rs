//! Why there was no answer, in a sentence that names host and port and never the URL.

use std::error::Error as _;
use std::io;

use backhaul_provider_api::Error;

use super::{CONNECT_TIMEOUT, Place, TOTAL_TIMEOUT};
use crate::egress::EgressError;

/// Classifies a failed exchange.
pub fn describe(error: reqwest::Error, place: &Place) -> Error {
    let error = error.without_url();
    if let Some(refusal) = refusal(&error) {
        return match refusal {
            EgressError::Resolve { .. } => Error::temporary(refusal.to_string()),
            _ => Error::permanent(refusal.to_string()),
        };
    }
    let cause = root(&error);
    if error.is_connect() && error.is_timeout() {
        let limit = CONNECT_TIMEOUT.as_secs();
        Error::temporary(format!(
            "{place} cannot be reached: no connection within {limit} s"
        ))
    } else if error.is_timeout() {
        let limit = TOTAL_TIMEOUT.as_secs();
        Error::temporary(format!("{place} did not answer within {limit} s"))
    } else if is_tls(&error) {
        // A certificate does not mend itself, and trying again may hide that somebody listens.
        Error::permanent(format!("no secure connection to {place}: {cause}"))
    } else if error.is_connect() {
        Error::temporary(format!("{place} cannot be reached: {cause}"))
    } else {
        Error::temporary(format!("the connection to {place} broke: {cause}"))
    }
}

type Cause<'a> = &'a (dyn std::error::Error + 'static);

fn sources(error: &reqwest::Error) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(error.source(), |error| below(*error))
}

/// The next cause. An I/O error that wraps another error passes it over in `source`.
fn below(error: Cause<'_>) -> Option<Cause<'_>> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn root(error: &reqwest::Error) -> String {
    match sources(error).last() {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}

/// The address check's own error, which arrives wrapped by the connector.
fn refusal(error: &reqwest::Error) -> Option<&EgressError> {
    sources(error).find_map(|source| source.downcast_ref())
}

/// tokio-rustls reports everything the TLS library rejects as invalid data.
fn is_tls(error: &reqwest::Error) -> bool {
    let is_invalid = |error: &io::Error| error.kind() == io::ErrorKind::InvalidData;
    error.is_connect()
        && sources(error).any(|source| source.downcast_ref::<io::Error>().is_some_and(is_invalid))
}
