//! The signature `HMAC-SHA1`, version 1.0: one flat set of parameters, all in the query string.
//!
//! Source: the vendor's OpenAPI page v1.2 and the signers of its Python and Go SDKs. Neither
//! host, path, headers nor body are covered.

use std::fmt::Write;

use backhaul_provider_api::{Secret, Timestamp};
use backhaul_provider_kit::percent;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::keys::Keys;

/// The only version that the vendor documents for its database products.
const API_VERSION: &str = "2019-08-08";

/// One call before it is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsigned<'a> {
    /// The method in upper case.
    pub(crate) method: &'a str,
    /// The call's name, such as `DescribeBackups`.
    pub(crate) action: &'a str,
    /// A text that no other call carries.
    pub(crate) nonce: &'a str,
    /// When it is sent.
    pub(crate) now: Timestamp,
    /// The call's own query parameters.
    pub(crate) own: &'a [(&'a str, &'a str)],
}

impl Unsigned<'_> {
    /// The query string with its signature; holds the access key id as well.
    ///
    /// A parameter with an empty value is left out: an official SDK signs such a one but does not
    /// send it, so how the vendor reads it is anyone's guess.
    pub(crate) fn signed(&self, keys: &Keys) -> Secret {
        let query = self.canonical(keys);
        let signature = sign(self.method, &query, &keys.secret_key);
        Secret::new(format!("{query}&Signature={}", percent::encode(&signature)))
    }

    /// All parameters but the signature, in code-point order of their names, encoded.
    fn canonical(&self, keys: &Keys) -> String {
        let timestamp = self.now.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let common = [
            ("AccessKeyId", keys.access_key.expose()),
            ("Action", self.action),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", self.nonce),
            ("SignatureVersion", "1.0"),
            ("Timestamp", &timestamp),
            ("Version", API_VERSION),
        ];
        let pairs: Vec<(&str, String)> = common
            .iter()
            .chain(self.own)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        percent::query(&pairs)
    }
}

/// The canonical query is encoded a second time; the `/` between it and the method stands for
/// every path. The key is the secret as it is: the trailing `&` of older texts is in no code that
/// the vendor ever published.
fn sign(method: &str, query: &str, secret_key: &Secret) -> String {
    let text = format!("{method}&%2F&{}", percent::encode(query));
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of every length (RFC 2104)"
    )]
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret_key.expose().as_bytes()).expect("HMAC takes every key");
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// A version-4 UUID from random bytes, as the vendor's Go SDK sends it.
pub(crate) fn nonce(random: &[u8]) -> String {
    let mut bytes = [0; 16];
    for (byte, random) in bytes.iter_mut().zip(random) {
        *byte = *random;
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;
