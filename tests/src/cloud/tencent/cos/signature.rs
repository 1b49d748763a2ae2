//! The signature of requests to the object store, in a link.
//!
//! Written from the algorithm on the vendor's pages. Everything is rebuilt from what was received,
//! with the lists that the link itself states.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};

use crate::cloud::percent::{encode, hex};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// Decoded, with its leading separator.
    pub path: &'a str,
    /// Decoded pairs of the query.
    pub parameters: &'a [(String, String)],
    /// Headers of the request.
    pub headers: &'a HeaderMap,
    /// `q-url-param-list`.
    pub parameter_list: &'a str,
    /// `q-header-list`.
    pub header_list: &'a str,
    /// `q-sign-time`: start and end in Unix seconds.
    pub sign_time: &'a str,
    /// `q-key-time`.
    pub key_time: &'a str,
}

impl Signed<'_> {
    /// The signature by a key; nothing when something is listed that was not received.
    pub fn signature(&self, secret_key: &str) -> Option<String> {
        let parameters = pairs(self.parameter_list, |name| {
            let mut pairs = self.parameters.iter();
            let (_, value) = pairs.find(|(key, _)| key.to_lowercase() == name)?;
            Some(value.clone())
        })?;
        let headers = pairs(self.header_list, |name| {
            Some(self.headers.get(name)?.to_str().ok()?.to_owned())
        })?;
        let http = format!(
            "{}\n{}\n{parameters}\n{headers}\n",
            self.method.to_lowercase(),
            self.path
        );
        let text = format!(
            "sha1\n{}\n{}\n",
            self.sign_time,
            hex(&Sha1::digest(http.as_bytes()))
        );
        let sign_key = sign_key(secret_key, self.key_time);
        Some(hex(&hmac(sign_key.as_bytes(), text.as_bytes())))
    }
}

/// `k=v` of all listed names in their order, joined by `&`; the list has to be sorted.
fn pairs(list: &str, find: impl Fn(&str) -> Option<String>) -> Option<String> {
    let names = list.split(';').filter(|name| !name.is_empty());
    let names = names.collect::<Vec<_>>();
    if !names.is_sorted() {
        return None;
    }
    let pairs = names
        .into_iter()
        .map(|name| Some(format!("{name}={}", encode(find(name)?.as_bytes()))))
        .collect::<Option<Vec<_>>>()?;
    Some(pairs.join("&"))
}

/// The key of a window of time, as hexadecimal text.
fn sign_key(secret_key: &str, key_time: &str) -> String {
    hex(&hmac(secret_key.as_bytes(), key_time.as_bytes()))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    #[expect(clippy::expect_used)]
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "SecretKeyExample000000000000001";
    const TIME: &str = "1699999940;1700043200";

    fn sign(method: &str, header_list: &str) -> Option<String> {
        let host = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
        Signed {
            method,
            path: "/pgsql/backup.tar.zst",
            parameters: &[],
            headers: &HeaderMap::from_iter([(axum::http::header::HOST, host.parse().unwrap())]),
            parameter_list: "",
            header_list,
            sign_time: TIME,
            key_time: TIME,
        }
        .signature(KEY)
    }

    #[test]
    fn the_vectors_made_with_the_vendors_sdk_match() {
        assert_eq!(
            sign_key(KEY, TIME),
            "2061127d69fa5a6213122fe8db3c4b6d122b4724"
        );
        for (method, list, signature) in [
            ("GET", "host", "dad75d4de4ac028f32fcedd75a5b8ece4ce66ac1"),
            ("GET", "", "70ea4dc2bb40b5a4e7b363ce29168e9d64bfd287"),
            ("HEAD", "host", "157c7c784383342787cf3aec5b1a48eb0c58e5e2"),
            ("HEAD", "", "5dc2558674dccffd974aae185f37c119f04ad8eb"),
        ] {
            assert_eq!(
                sign(method, list).as_deref(),
                Some(signature),
                "{method} {list}"
            );
        }
    }

    #[test]
    fn what_is_listed_must_have_been_received_in_order() {
        assert_eq!(sign("GET", "range"), None);
        assert_eq!(sign("GET", "host;date"), None);
    }
}
