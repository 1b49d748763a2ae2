//! The verifying side of the vendor's `HMAC-SHA1` signature, version 1.0.
//!
//! Written from the vendor's OpenAPI page. The string to sign is rebuilt from the query *as
//! received*: decoded, made distinct, sorted, encoded twice.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use thiserror::Error;

use crate::cloud::percent;

/// Why a query cannot be taken for a signed one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// Bytes that are no text.
    #[error("a parameter is not UTF-8")]
    NotText,
    /// One name with two values. The vendor's own sample sends each of its parameters twice, but
    /// with one value.
    #[error("{0} is given twice with different values")]
    Contradiction(String),
}

/// The parameters of a request, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedQuery(BTreeMap<String, String>);

impl ReceivedQuery {
    /// Reads the query of a request as received.
    ///
    /// # Errors
    /// When it is no text or contradicts itself.
    pub fn parse(raw: &str) -> Result<Self, QueryError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in percent::query_pairs(raw) {
            let text = |bytes| String::from_utf8(bytes).map_err(|_| QueryError::NotText);
            let (name, value) = (text(name)?, text(value)?);
            match parameters.get(&name) {
                Some(known) if *known == value => {}
                Some(_) => return Err(QueryError::Contradiction(name)),
                None => {
                    parameters.insert(name, value);
                }
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The parameters that are not among `common`.
    pub fn without(self, common: &[&str]) -> BTreeMap<String, String> {
        let mut rest = self.0;
        rest.retain(|name, _| !common.contains(&name.as_str()));
        rest
    }

    /// Whether the parameter `Signature` is the one that this secret key makes.
    pub fn is_signed_by(&self, method: &str, secret_key: &str) -> bool {
        self.get(SIGNATURE) == Some(self.signature(method, secret_key).as_str())
    }

    /// The signature that the request should have.
    fn signature(&self, method: &str, secret_key: &str) -> String {
        // HMAC takes keys of every length.
        #[expect(clippy::expect_used)]
        let mut mac = Hmac::<Sha1>::new_from_slice(secret_key.as_bytes()).expect("any key");
        mac.update(self.string_to_sign(method).as_bytes());
        BASE64_STANDARD.encode(mac.finalize().into_bytes())
    }

    /// `GET&%2F&…`: neither host nor path nor body is covered.
    fn string_to_sign(&self, method: &str) -> String {
        let encode = |text: &str| percent::encode(text.as_bytes());
        // A map of texts is in the order of their UTF-8 bytes, which is that of code points.
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|(name, _)| *name != SIGNATURE)
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let method = method.to_ascii_uppercase();
        format!("{method}&%2F&{}", encode(&pairs.join("&")))
    }
}

/// The one parameter that is not signed.
pub const SIGNATURE: &str = "Signature";

#[cfg(test)]
mod tests;
