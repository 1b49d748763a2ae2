//! Links into the object store: how they are issued, and how one is taken apart.

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue};
use chrono::TimeDelta;

use super::super::restriction::Restriction;
use super::super::state::State;
use super::super::switches::LinkForm;
use super::signature::Signed;
use crate::cloud::object::Address;
use crate::cloud::percent::{self, encode};

impl State {
    /// A link to an object for everybody, for so long.
    pub fn link(&self, address: &Address, life: TimeDelta) -> String {
        self.restricted_link(address, life, Restriction::None)
    }

    /// A link to an object for those whom a restriction admits.
    ///
    /// Two links to an object with the same window are the same link. So that a fresh one is never
    /// one that a fault has ended or that is restricted otherwise, it lives some seconds longer
    /// if need be.
    pub fn restricted_link(
        &self,
        address: &Address,
        life: TimeDelta,
        restriction: Restriction,
    ) -> String {
        let switches = self.switches.lock().cos.clone();
        let now = self.clock.now();
        let path = link_path(&address.key);
        let mut headers = HeaderMap::new();
        let host = self.cos_url.trim_start_matches("http://");
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(HOST, host);
        }
        let header_list = if switches.signs_host { "host" } else { "" };
        // Restricted links start another second early: they are never the same as open ones.
        let early = match restriction {
            Restriction::None => EARLY_SECONDS,
            _ => EARLY_SECONDS + 1,
        };
        let start = now.timestamp() - early;
        let mut end = (now + life).timestamp();
        let (time, signature) = loop {
            let time = format!("{start};{end}");
            let signed = Signed {
                method: "GET",
                path: &format!("/{}", address.key),
                parameters: &[],
                headers: &headers,
                parameter_list: "",
                header_list,
                sign_time: &time,
                key_time: &time,
            };
            // All that is listed is there.
            let signature = signed.signature(LINK_KEY).unwrap_or_default();
            if !self.store.is_dead(&signature) && self.restrict(&signature, &restriction) {
                break (time, signature);
            }
            end += 1;
        };
        let parameters = [
            ("q-sign-algorithm", "sha1"),
            ("q-ak", LINK_ID),
            ("q-sign-time", &time),
            ("q-key-time", &time),
            ("q-header-list", header_list),
            ("q-url-param-list", ""),
            ("q-signature", &signature),
        ];
        let query = match switches.link {
            LinkForm::Bare => joined(&parameters, |value| encode(value.as_bytes())),
            LinkForm::Wrapped => {
                let inner = joined(&parameters, str::to_owned);
                format!("sign={}", encode(inner.as_bytes()))
            }
        };
        let token = if switches.security_token {
            format!("&{SECURITY_TOKEN}={}", encode(LINK_TOKEN.as_bytes()))
        } else {
            String::new()
        };
        format!("{}{path}?{query}{token}", self.cos_url)
    }

    /// Notes who may use a link; false when it is known with another restriction.
    fn restrict(&self, signature: &str, restriction: &Restriction) -> bool {
        let mut known = self.restrictions.lock();
        match known.get(signature) {
            Some(noted) => noted == restriction,
            None => {
                // Only restricted ones are noted: lists issue links by the hundred thousand.
                if *restriction != Restriction::None {
                    known.insert(signature.to_owned(), restriction.clone());
                }
                true
            }
        }
    }
}

/// The parameters of a link as received.
#[derive(Debug)]
pub struct ReceivedLink {
    /// Decoded pairs; those inside `sign` too.
    pairs: Vec<(String, String)>,
}

impl ReceivedLink {
    /// Reads a query.
    pub fn parse(query: &str) -> Self {
        let mut pairs = decoded_pairs(query);
        if let Some(index) = pairs.iter().position(|(name, _)| name == "sign") {
            let (_, wrapped) = pairs.swap_remove(index);
            // The times inside were not encoded once more; they hold nothing to decode.
            pairs.extend(decoded_pairs(&wrapped));
        }
        Self { pairs }
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// All of them.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

fn decoded_pairs(query: &str) -> Vec<(String, String)> {
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    percent::query_pairs(query)
        .into_iter()
        .map(|(name, value)| (lossy(name), lossy(value)))
        .collect()
}

fn joined(parameters: &[(&str, &str)], value_text: impl Fn(&str) -> String) -> String {
    parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", value_text(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The path of a key in a link. What stands for the file name is one segment, with lower-case
/// digits in its escapes, as vendor samples have it: `%2f` must be passed on untouched.
fn link_path(key: &str) -> String {
    let mut path = String::new();
    let mut segments = key.splitn(FOLDERS + 1, '/').peekable();
    while let Some(segment) = segments.next() {
        path.push('/');
        let encoded = encode(segment.as_bytes());
        path.push_str(&match segments.peek() {
            Some(_) => encoded,
            None => lower_escapes(&encoded),
        });
    }
    path
}

fn lower_escapes(encoded: &str) -> String {
    let mut escape = 0;
    encoded
        .chars()
        .map(|c| {
            if c == '%' {
                escape = 2;
                c
            } else if escape > 0 {
                escape -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

/// Product and instance come before the file name in a key.
const FOLDERS: usize = 2;
/// Windows start early, as the vendor's SDK makes them.
const EARLY_SECONDS: i64 = 60;

/// The key of the service, which signs links; never the customer's own.
pub const LINK_ID: &str = "AKIDLINKEXAMPLE000000000000000000001";
/// Its secret.
pub const LINK_KEY: &str = "LinkSigningSecretOfTheService001";
/// The token of a temporary key of the service.
pub const LINK_TOKEN: &str = "EmulatedLinkSecurityToken+/==";
/// The query parameter with that token.
pub const SECURITY_TOKEN: &str = "x-cos-security-token";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_is_one_segment_of_the_path() {
        assert_eq!(
            link_path("mysql/cdb-1/7_../../a+b 备.xb"),
            "/mysql/cdb-1/7_..%2f..%2fa%2bb%20%e5%a4%87.xb"
        );
    }

    #[test]
    fn both_forms_of_a_link_are_read() {
        let bare = ReceivedLink::parse("q-sign-time=1%3B2&q-signature=ab");
        let wrapped = ReceivedLink::parse("sign=q-sign-time%3D1%3B2%26q-signature%3Dab&x=y");
        for link in [&bare, &wrapped] {
            assert_eq!(link.get("q-sign-time"), Some("1;2"));
            assert_eq!(link.get("q-signature"), Some("ab"));
        }
        assert_eq!(wrapped.get("x"), Some("y"));
        assert_eq!(wrapped.get("sign"), None);
    }
}
