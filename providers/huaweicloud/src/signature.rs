//! The AK/SK signature `SDK-HMAC-SHA256`: canonical request, string to sign, `Authorization`.
//!
//! Pure text work; `client.rs` decides what is signed. The newer V11 variant, which shares the
//! canonical request, is in `derived.rs`. Source: the vendor's API signing guide and its SDKs.

use backhaul_provider_api::{Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use backhaul_provider_kit::percent;

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// An access key pair.
pub(crate) struct KeyPair<'a> {
    /// The access key id (AK); not secret, but never printed either.
    pub(crate) access_key: &'a Secret,
    /// The secret key (SK).
    pub(crate) secret_key: &'a Secret,
}

/// A request as it is signed. Every header in it is signed, and must be sent unchanged.
pub(crate) struct Unsigned<'a> {
    /// The method in upper case.
    pub(crate) method: &'a str,
    /// The path as it is sent, percent-encoded or not.
    pub(crate) path: &'a str,
    /// The query as it is sent, made by [`percent::query`].
    pub(crate) query: &'a str,
    /// The headers, in any order and case; `Host` and `X-Sdk-Date` among them.
    pub(crate) headers: &'a [(String, Secret)],
    /// The body; empty without one.
    pub(crate) body: &'a str,
}

/// The canonical form of a request, of which only the hash is signed.
pub(crate) struct Canonical {
    /// The six parts, joined by newlines.
    pub(crate) text: String,
    /// The signed headers' names in lower case, sorted, joined by `;`.
    pub(crate) signed_headers: String,
}

impl Canonical {
    pub(crate) fn of(request: &Unsigned<'_>) -> Self {
        let mut headers: Vec<(String, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.expose().trim()))
            .collect();
        headers.sort();
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let signed_headers = names.join(";");
        let text = [
            request.method,
            &canonical_path(request.path),
            request.query,
            &lines,
            &signed_headers,
            &hex(&Sha256::digest(request.body)),
        ]
        .join("\n");
        Self {
            text,
            signed_headers,
        }
    }

    /// The lower-case hex SHA-256 of the text.
    pub(crate) fn hash(&self) -> String {
        hex(&Sha256::digest(&self.text))
    }
}

/// The value of `X-Sdk-Date`: `20240115T083000Z`.
pub(crate) fn sdk_date(now: Timestamp) -> String {
    now.format("%Y%m%dT%H%M%SZ").to_string()
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(keys: &KeyPair<'_>, date: &str, canonical: &Canonical) -> Secret {
    let to_sign = format!("{ALGORITHM}\n{date}\n{}", canonical.hash());
    let signature = hex(&hmac(
        keys.secret_key.expose().as_bytes(),
        to_sign.as_bytes(),
    ));
    Secret::new(format!(
        "{ALGORITHM} Access={}, SignedHeaders={}, Signature={signature}",
        keys.access_key.expose(),
        canonical.signed_headers,
    ))
}

/// HMAC-SHA256.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of every length (RFC 2104)"
    )]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes every key");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Each segment decoded and encoded again; ends in `/`, though the slash is not sent.
fn canonical_path(path: &str) -> String {
    let mut canonical: String = path
        .split('/')
        .map(|segment| percent::encode(&percent::decode(segment)))
        .collect::<Vec<_>>()
        .join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

#[cfg(test)]
pub(crate) mod tests;
