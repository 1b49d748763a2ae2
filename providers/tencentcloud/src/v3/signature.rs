//! The signature `TC3-HMAC-SHA256`: canonical request, string to sign, `Authorization`.
//!
//! Pure text work; `client.rs` decides what is signed. Source: the vendor's page "Signature v3"
//! and its SDKs.

use backhaul_provider_api::{Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// A call as it is signed: `POST /` without a query.
pub(crate) struct Unsigned<'a> {
    /// The product's word in the scope, such as `cdb`; not that of the host.
    pub(crate) service: &'a str,
    /// The headers to sign, in any order and case; `Content-Type` and `Host` among them.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body, byte for byte.
    pub(crate) body: &'a str,
    /// The time in `X-TC-Timestamp`.
    pub(crate) time: Timestamp,
}

impl Unsigned<'_> {
    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self, secret_id: &Secret, secret_key: &Secret) -> Secret {
        let signature = hmac(&self.signing_key(secret_key), &self.string_to_sign());
        Secret::new(format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
            secret_id.expose(),
            self.scope(),
            self.signed_headers(),
            hex(&signature),
        ))
    }

    /// The signed headers in order of name, names and values in lower case.
    fn headers(&self) -> Vec<(String, String)> {
        let lower = |text: &str| text.trim().to_lowercase();
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (lower(name), lower(value)))
            .collect();
        headers.sort();
        headers
    }

    fn signed_headers(&self) -> String {
        let names: Vec<String> = self.headers().into_iter().map(|(name, _)| name).collect();
        names.join(";")
    }

    fn canonical(&self) -> String {
        let lines: String = self
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let payload = hex(&Sha256::digest(self.body));
        ["POST", "/", "", &lines, &self.signed_headers(), &payload].join("\n")
    }

    /// The day in UTC: a local one fails while the dates differ.
    fn scope(&self) -> String {
        let day = self.time.format("%Y-%m-%d");
        format!("{day}/{}/tc3_request", self.service)
    }

    fn string_to_sign(&self) -> String {
        let hash = hex(&Sha256::digest(self.canonical()));
        let time = self.time.timestamp();
        format!("{ALGORITHM}\n{time}\n{}\n{hash}", self.scope())
    }

    fn signing_key(&self, secret_key: &Secret) -> [u8; 32] {
        let first = format!("TC3{}", secret_key.expose());
        let day = self.time.format("%Y-%m-%d").to_string();
        let key = hmac(first.as_bytes(), &day);
        hmac(&hmac(&key, self.service), "tc3_request")
    }
}

/// HMAC-SHA256.
fn hmac(key: &[u8], message: &str) -> [u8; 32] {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of every length (RFC 2104)"
    )]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes every key");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
