//! The verifying side of Huawei Cloud's request signature, `SDK-HMAC-SHA256` and the derived
//! `V11-HMAC-SHA256`.
//!
//! Written from the vendor's signing guide. The canonical request is rebuilt from what was
//! *received*, decoded and encoded again, with the header list of `Authorization`; a signer that
//! sends something other than what it signed is found out.

use axum::http::HeaderMap;
use chrono::{DateTime, NaiveDateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::cloud::percent::{self, hex};

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The header is not of one of the two documented forms.
    #[error("the Authorization header is malformed")]
    Malformed,
    /// Signed headers must be lower-case, sorted and without repetition.
    #[error("SignedHeaders is not a sorted list of lower-case names")]
    UnsortedHeaders,
    /// A header is listed as signed but was not received, or more than once.
    #[error("the signed header {0} was not received exactly once")]
    HeaderNotReceived(String),
    /// A header that has to be signed is not.
    #[error("the header {0} is not signed")]
    HeaderNotSigned(&'static str),
    /// `X-Sdk-Date` is not of the form `20240115T083000Z`.
    #[error("X-Sdk-Date is malformed")]
    MalformedDate,
    /// The scope of a derived signature names another day, region or service.
    #[error("the scope of the signature is {0}")]
    WrongScope(String),
    /// The request is not the one that was signed, or the key is not the right one.
    #[error("the signature does not match")]
    Mismatch,
}

/// The `Authorization` header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// AK.
    pub access_key: String,
    /// `YYYYMMDD/region/service` of the derived form.
    pub scope: Option<String>,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Reads the header.
    ///
    /// # Errors
    /// When it has another form, or lists headers in another way than documented.
    pub fn parse(header: &str) -> Result<Self, SignatureError> {
        let (algorithm, rest) = header.split_once(' ').ok_or(SignatureError::Malformed)?;
        let mut parts = rest.split(", ");
        let mut part = |name: &str| {
            parts
                .next()
                .and_then(|part| part.strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
                .ok_or(SignatureError::Malformed)
        };
        let (access_key, scope) = match algorithm {
            SDK_ALGORITHM => (part("Access")?, None),
            V11_ALGORITHM => {
                let (key, scope) = part("Credential")?
                    .split_once('/')
                    .ok_or(SignatureError::Malformed)?;
                (key, Some(scope.to_owned()))
            }
            _ => return Err(SignatureError::Malformed),
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
            access_key: access_key.to_owned(),
            scope,
            signed_headers,
            signature,
        })
    }

    /// Whether a header is among the signed ones.
    pub fn signs(&self, header: &str) -> bool {
        self.signed_headers.iter().any(|name| name == header)
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
        if !self.signs(DATE_HEADER) {
            return Err(SignatureError::HeaderNotSigned(DATE_HEADER));
        }
        request.date()?;
        let date = request.header(DATE_HEADER)?;
        let canonical = request.canonical(&self.signed_headers)?;
        let expected = match &self.scope {
            None => {
                let text = format!("{SDK_ALGORITHM}\n{date}\n{}", sha256_hex(canonical));
                hex(&hmac(secret_key.as_bytes(), text.as_bytes()))
            }
            Some(scope) => {
                if scope.split('/').next() != date.get(..8) {
                    return Err(SignatureError::WrongScope(scope.clone()));
                }
                let text = format!(
                    "{V11_ALGORITHM}\n{date}\n{scope}\n{}",
                    sha256_hex(canonical)
                );
                let key = derived_key(&self.access_key, secret_key, scope);
                hex(&hmac(key.as_bytes(), text.as_bytes()))
            }
        };
        if expected == self.signature {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

/// A request as it was received, nothing decoded.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedRequest<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// Path without query.
    pub path: &'a str,
    /// Query without `?`; empty if there is none.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
}

impl ReceivedRequest<'_> {
    /// The time of signing, from `X-Sdk-Date`.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn date(&self) -> Result<DateTime<Utc>, SignatureError> {
        let text = self.header(DATE_HEADER)?;
        NaiveDateTime::parse_from_str(&text, "%Y%m%dT%H%M%SZ")
            .ok()
            .filter(|_| text.len() == 16)
            .map(|date| date.and_utc())
            .ok_or(SignatureError::MalformedDate)
    }

    /// The canonical request over these headers.
    fn canonical(&self, signed_headers: &[String]) -> Result<String, SignatureError> {
        let mut path = percent::canonical_path(self.path);
        if !path.ends_with('/') {
            path.push('/');
        }
        let mut pairs = percent::query_pairs(self.query);
        pairs.sort();
        let query = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        let mut headers = String::new();
        for name in signed_headers {
            headers.push_str(&format!("{name}:{}\n", self.header(name)?));
        }
        Ok([
            self.method,
            &path,
            &query,
            &headers,
            &signed_headers.join(";"),
            &self.payload_hash(),
        ]
        .join("\n"))
    }

    /// Hash of the body, or what stands for it: only a body that is there may be left unsigned.
    fn payload_hash(&self) -> String {
        let declared = self.header("x-sdk-content-sha256");
        match declared {
            Ok(declared) if !self.body.is_empty() => declared,
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

/// Key of the derived form: the hexadecimal text of HKDF (RFC 5869) over the keys and the scope,
/// with the access key as salt and one block of output.
fn derived_key(access_key: &str, secret_key: &str, scope: &str) -> String {
    let extracted = hmac(access_key.as_bytes(), secret_key.as_bytes());
    let mut info = scope.as_bytes().to_vec();
    info.push(1);
    hex(&hmac(&extracted, &info))
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

const SDK_ALGORITHM: &str = "SDK-HMAC-SHA256";
const V11_ALGORITHM: &str = "V11-HMAC-SHA256";
const DATE_HEADER: &str = "x-sdk-date";

#[cfg(test)]
mod tests;
