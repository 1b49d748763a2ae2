//! The signature of API 2.0: HMAC-SHA1 or HMAC-SHA256 over the raw parameters, as Base64.
//!
//! Sources: "Request signature" (API 2.0) for the rules, the vendor's Python SDK 2.0.15 for their
//! order (names are rewritten first, then sorted).

use backhaul_provider_api::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha1::Sha1;
use sha2::Sha256;

/// The hash inside the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Algorithm {
    /// What the vendor takes when nothing is said.
    Sha1,
    /// The stronger one.
    #[default]
    Sha256,
}

impl Algorithm {
    /// The value of the parameter `SignatureMethod`.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Sha1 => "HmacSHA1",
            Self::Sha256 => "HmacSHA256",
        }
    }

    /// The signature of a text, as Base64.
    pub(super) fn sign(self, key: &Secret, text: &str) -> String {
        match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, text),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, text),
        }
    }
}

/// The text that is signed: verb, host and path without anything between them, then the
/// parameters with `_` in their names turned to `.`, in byte order of the names, not encoded.
pub(super) fn string_to_sign(
    verb: &str,
    host: &str,
    path: &str,
    parameters: &[(String, String)],
) -> String {
    let mut named: Vec<(String, &str)> = parameters
        .iter()
        .map(|(name, value)| (name.replace('_', "."), value.as_str()))
        .collect();
    named.sort();
    format!("{verb}{host}{path}?{}", joined(&named))
}

/// `name=value` with `&` between, as they stand.
pub(super) fn joined(pairs: &[(String, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn mac<M: Mac + KeyInit>(key: &Secret, text: &str) -> String {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of every length (RFC 2104)"
    )]
    let mut mac =
        <M as KeyInit>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes every key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
