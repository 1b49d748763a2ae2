//! The verifying side of the request signature of API 3.0, `TC3-HMAC-SHA256`.
//!
//! Written from the vendor's page "Signature v3". The canonical request is rebuilt from the bytes
//! *received*, with the header list of `Authorization`; a signer that sends something other than
//! what it signed is found out.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::cloud::percent::hex;

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The header is not of the documented form.
    #[error("the Authorization header is malformed")]
    Malformed,
    /// Signed headers must be lower-case, sorted and without repetition.
    #[error("SignedHeaders is not a sorted list of lower-case names")]
    UnsortedHeaders,
    /// A header that has to be signed is not.
    #[error("the header {0} is not signed")]
    HeaderNotSigned(&'static str),
    /// A header is listed as signed but was not received, or more than once.
    #[error("the signed header {0} was not received exactly once")]
    HeaderNotReceived(String),
    /// `X-TC-Timestamp` is missing or no number of seconds.
    #[error("X-TC-Timestamp is malformed")]
    MalformedTimestamp,
    /// The scope names another day than `X-TC-Timestamp` does in UTC.
    #[error("the date in the scope is {0}")]
    WrongDate(String),
    /// The request is not the one that was signed, or the key is not the right one.
    #[error("the signature does not match")]
    Mismatch,
}

/// The `Authorization` header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// SecretId.
    pub secret_id: String,
    /// Product in the scope.
    pub service: String,
    date: String,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Reads the header.
    ///
    /// # Errors
    /// When it has another form, or lists headers in another way than documented.
    pub fn parse(header: &str) -> Result<Self, SignatureError> {
        let mut parts = header
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or(SignatureError::Malformed)?
            .split(',');
        let mut part = |name: &str| {
            parts
                .next()
                .and_then(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
                .ok_or(SignatureError::Malformed)
        };
        let credential = part("Credential")?.split('/').collect::<Vec<_>>();
        let [secret_id, date, service, "tc3_request"] = credential[..] else {
            return Err(SignatureError::Malformed);
        };
        let signed_headers = part("SignedHeaders")?
            .split(';')
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let signature = part("Signature")?.to_owned();
        if parts.next().is_some() {
            return Err(SignatureError::Malformed);
        }
        let lower = |name: &String| !name.is_empty() && *name == name.to_ascii_lowercase();
        if !signed_headers.is_sorted_by(|a, b| a < b) || !signed_headers.iter().all(lower) {
            return Err(SignatureError::UnsortedHeaders);
        }
        Ok(Self {
            secret_id: secret_id.to_owned(),
            service: service.to_owned(),
            date: date.to_owned(),
            signed_headers,
            signature,
        })
    }

    /// Whether this is the signature of a request by a secret key.
    ///
    /// # Errors
    /// When it is not, or the request lacks what is needed to tell.
    pub fn verify(
        &self,
        request: &ReceivedRequest<'_>,
        secret_key: &str,
    ) -> Result<(), SignatureError> {
        for name in ["content-type", "host"] {
            if !self.signed_headers.iter().any(|signed| signed == name) {
                return Err(SignatureError::HeaderNotSigned(name));
            }
        }
        let day = request.timestamp()?.format("%Y-%m-%d").to_string();
        if self.date != day {
            return Err(SignatureError::WrongDate(self.date.clone()));
        }
        if self.expected(request, secret_key)? == self.signature {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn expected(
        &self,
        request: &ReceivedRequest<'_>,
        secret_key: &str,
    ) -> Result<String, SignatureError> {
        let canonical = request.canonical(&self.signed_headers)?;
        let text = format!(
            "{ALGORITHM}\n{}\n{}/{}/tc3_request\n{}",
            request.header(TIMESTAMP)?,
            self.date,
            self.service,
            sha256_hex(canonical)
        );
        let [.., key] = signing_keys(secret_key, &self.date, &self.service);
        Ok(hex(&hmac(&key, text.as_bytes())))
    }
}

/// A request as it was received, nothing decoded.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedRequest<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// Query without `?`; empty if there is none.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
}

impl ReceivedRequest<'_> {
    /// The time of signing, from `X-TC-Timestamp`.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn timestamp(&self) -> Result<DateTime<Utc>, SignatureError> {
        self.header(TIMESTAMP)?
            .parse()
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or(SignatureError::MalformedTimestamp)
    }

    /// The canonical request over these headers. Path and, but for GET, query are fixed.
    fn canonical(&self, signed_headers: &[String]) -> Result<String, SignatureError> {
        let query = if self.method == "GET" { self.query } else { "" };
        let mut headers = String::new();
        for name in signed_headers {
            let value = self.header(name)?.to_lowercase();
            headers.push_str(&format!("{name}:{value}\n"));
        }
        Ok([
            self.method,
            "/",
            query,
            &headers,
            &signed_headers.join(";"),
            &self.payload_hash(),
        ]
        .join("\n"))
    }

    fn payload_hash(&self) -> String {
        match self.header("x-tc-content-sha256") {
            Ok(word) if word == UNSIGNED => sha256_hex(UNSIGNED),
            _ if self.method == "GET" => sha256_hex(""),
            _ => sha256_hex(self.body),
        }
    }

    fn header(&self, name: &str) -> Result<String, SignatureError> {
        let not_received = || SignatureError::HeaderNotReceived(name.to_owned());
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().ok_or_else(not_received)?;
        if values.next().is_some() {
            return Err(not_received());
        }
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| not_received())?;
        Ok(text.trim().to_owned())
    }
}

/// kDate, kService and kSigning.
fn signing_keys(secret_key: &str, date: &str, service: &str) -> [Vec<u8>; 3] {
    let of_date = hmac(format!("TC3{secret_key}").as_bytes(), date.as_bytes());
    let of_service = hmac(&of_date, service.as_bytes());
    let signing = hmac(&of_service, b"tc3_request");
    [of_date, of_service, signing]
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    #[expect(clippy::expect_used)]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes.as_ref()))
}

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const TIMESTAMP: &str = "x-tc-timestamp";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

#[cfg(test)]
mod tests;
