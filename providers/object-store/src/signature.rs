//! AWS Signature Version 4 for S3: the `Authorization` header of API calls, and presigned links.
//!
//! Pure text work; `client.rs` decides what is signed. Unlike other services, S3 takes the path
//! as it is sent: encoded once, `/` kept, nothing normalised. Source: "Authenticating Requests
//! (AWS Signature Version 4)" in the S3 API reference, whose examples are the tests.

use backhaul_provider_api::{Secret, Timestamp};
use backhaul_provider_kit::percent;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The SHA-256 of nothing: no request here has a body.
pub(crate) const EMPTY_SHA256: &str =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Who signs, for which region, at what time.
pub(crate) struct Signer<'a> {
    /// The access key id; not secret, but never printed either.
    pub(crate) access_key: &'a Secret,
    /// The secret key.
    pub(crate) secret_key: &'a Secret,
    /// Set for temporary keys only.
    pub(crate) security_token: Option<&'a Secret>,
    /// The region that the store expects.
    pub(crate) region: &'a str,
    /// The time of the request.
    pub(crate) now: Timestamp,
}

impl Signer<'_> {
    /// The value of `x-amz-date`.
    pub(crate) fn date(&self) -> String {
        self.now.format("%Y%m%dT%H%M%SZ").to_string()
    }

    /// The value of the `Authorization` header over every given header, `host` and `x-amz-date`
    /// among them. Path and query are as they are sent.
    pub(crate) fn authorization(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &[(String, Secret)],
    ) -> Secret {
        let headers = CanonicalHeaders::of(headers);
        let signature = self.signature(&headers.request(method, path, query, EMPTY_SHA256));
        Secret::new(format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.access_key.expose(),
            self.scope(),
            headers.names,
        ))
    }

    /// The query of a presigned `GET` that lives for so many seconds. `pairs` are the request's
    /// own.
    pub(crate) fn presigned_query(
        &self,
        host: &str,
        path: &str,
        pairs: &[(&str, String)],
        lifetime_s: u64,
    ) -> Secret {
        let mut pairs = pairs.to_vec();
        pairs.extend([
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            (
                "X-Amz-Credential",
                format!("{}/{}", self.access_key.expose(), self.scope()),
            ),
            ("X-Amz-Date", self.date()),
            ("X-Amz-Expires", lifetime_s.to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ]);
        if let Some(token) = self.security_token {
            pairs.push(("X-Amz-Security-Token", token.expose().to_owned()));
        }
        let query = percent::query(&pairs);
        let headers = CanonicalHeaders::of(&[("host".to_owned(), Secret::new(host))]);
        let signature = self.signature(&headers.request("GET", path, &query, "UNSIGNED-PAYLOAD"));
        Secret::new(format!("{query}&X-Amz-Signature={signature}"))
    }

    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", self.day(), self.region)
    }

    fn day(&self) -> String {
        self.now.format("%Y%m%d").to_string()
    }

    fn signature(&self, canonical_request: &str) -> String {
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            self.date(),
            self.scope(),
            hex(&Sha256::digest(canonical_request))
        );
        let secret = format!("AWS4{}", self.secret_key.expose());
        let key = [self.day().as_str(), self.region, "s3", "aws4_request"]
            .iter()
            .fold(secret.into_bytes(), |key, part| {
                hmac(&key, part.as_bytes()).to_vec()
            });
        hex(&hmac(&key, to_sign.as_bytes()))
    }
}

/// The headers of a request in the form in which they are signed.
struct CanonicalHeaders {
    lines: String,
    names: String,
}

impl CanonicalHeaders {
    fn of(headers: &[(String, Secret)]) -> Self {
        let mut headers: Vec<(String, &str)> = headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.expose().trim()))
            .collect();
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        Self {
            names: names.join(";"),
            lines: headers
                .iter()
                .map(|(name, value)| format!("{name}:{value}\n"))
                .collect(),
        }
    }

    fn request(&self, method: &str, path: &str, query: &str, payload: &str) -> String {
        [method, path, query, &self.lines, &self.names, payload].join("\n")
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
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

#[cfg(test)]
mod tests;
