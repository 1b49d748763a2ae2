//! The second signature: that of the account on a link which the vendor has signed.
//!
//! Source: "How to Sign the CDB Backup URL". Its prose and its sample code contradict each other:
//! by the prose the values of the link are signed as they stand in it (encoded), by the code as
//! they are after decoding. The code is tried first, and after a refusal the other reading.

use std::collections::HashMap;

use backhaul_provider_api::{BackupKey, ResolveReason};
use backhaul_provider_kit::percent;

use super::signature::{Algorithm, joined};
use crate::credentials::Credentials;

/// How the page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// Values are decoded before they are signed, as in the sample code.
    #[default]
    Decoded,
    /// Values are signed as they stand in the link, as in the prose.
    Encoded,
}

impl Reading {
    fn other(self) -> Self {
        match self {
            Self::Decoded => Self::Encoded,
            Self::Encoded => Self::Decoded,
        }
    }
}

/// What the session learned about the readings.
#[derive(Debug, Default)]
pub(super) struct Readings {
    preferred: Reading,
    used: HashMap<(String, BackupKey), Reading>,
}

impl Readings {
    /// The reading for the next link of a backup. One that was just refused is not taken again
    /// at once, neither for this backup nor for those that begin now.
    pub(super) fn next(
        &mut self,
        instance: &str,
        backup: &BackupKey,
        reason: ResolveReason,
    ) -> Reading {
        let of = (instance.to_owned(), backup.clone());
        let last = self.used.get(&of).copied();
        let reading = match reason {
            ResolveReason::Start => self.preferred,
            ResolveReason::Expired => last.unwrap_or(self.preferred),
            ResolveReason::Refused => {
                self.preferred = last.unwrap_or_default().other();
                self.preferred
            }
        };
        self.used.insert(of, reading);
        reading
    }
}

/// Whether a link is one of the old download servers, which want the second signature. Links to
/// the vendor's object storage are signed once and for all.
pub(super) fn wants_second_signature(url: &str) -> bool {
    let names: Vec<&str> = pairs(url).map(|(name, _)| name).collect();
    ["appid", "time", "sign"]
        .iter()
        .all(|name| names.contains(name))
}

/// The link with the account's signature.
pub(super) fn sign(url: &str, credentials: &Credentials, reading: Reading) -> String {
    let id = credentials.secret_id.expose();
    let values: Vec<(String, String)> = pairs(url)
        .map(|(name, value)| match reading {
            Reading::Decoded => (percent::decode(name), percent::decode(value)),
            Reading::Encoded => (name.to_owned(), value.to_owned()),
        })
        .chain([("secretId".to_owned(), id.to_owned())])
        .collect();
    let mut sorted: Vec<(String, &str)> = values
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str()))
        .collect();
    sorted.sort();
    let signature = Algorithm::Sha1.sign(&credentials.secret_key, &joined(&sorted));
    format!(
        "{url}&secretId={}&signature={}",
        percent::encode(id),
        percent::encode(&signature)
    )
}

/// The value of a parameter of a link, decoded.
pub(super) fn parameter(url: &str, wanted: &str) -> Option<String> {
    pairs(url)
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| percent::decode(value))
}

/// The parameters of a link as they stand in it.
fn pairs(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

#[cfg(test)]
mod tests;
