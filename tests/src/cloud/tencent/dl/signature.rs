//! The two signatures of a link of API 2.0: the service's own, and the one that the customer adds.

use super::super::legacy::{HmacMethod, hmac_base64};
use crate::cloud::percent;

/// Which reading of the vendor's page a second signature follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Over decoded values, as the page's code makes it.
    Decoded,
    /// Over values as they stand in the link, as the page's prose has it.
    Encoded,
}

/// A link as received: raw pairs, in their order.
#[derive(Debug)]
pub struct ReceivedLink<'a>(Vec<(&'a str, &'a str)>);

impl<'a> ReceivedLink<'a> {
    /// Reads a query.
    pub fn parse(query: &'a str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .collect(),
        )
    }

    /// One decoded value. A `+` stands for itself: these values were never form fields.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| *key == name)?;
        Some(decoded(value))
    }

    /// The reading by which the second signature is right; nothing when it is wrong or missing.
    pub fn second_signature(&self, secret_key: &str) -> Option<Reading> {
        let given = self.get("signature")?;
        [Reading::Decoded, Reading::Encoded]
            .into_iter()
            .find(|reading| {
                hmac_base64(HmacMethod::Sha1, secret_key, &self.text(*reading)) == given
            })
    }

    /// What the customer signs: all pairs but the signature, sorted by name.
    fn text(&self, reading: Reading) -> String {
        let mut pairs = self
            .0
            .iter()
            .filter(|(name, _)| *name != "signature")
            .map(|(name, value)| {
                let value = match reading {
                    Reading::Decoded => decoded(value),
                    Reading::Encoded => (*value).to_owned(),
                };
                (*name, value)
            })
            .collect::<Vec<_>>();
        pairs.sort();
        pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&")
    }
}

/// The service's own signature of a link, in Base64. How it is made is not documented; it binds
/// the link to the object.
pub fn own_signature(key: &str, app_id: u64, time: i64, code: Option<&str>) -> String {
    let code = code.unwrap_or_default();
    let text = format!("/{key}?appid={app_id}&dbtbcode={code}&time={time}");
    hmac_base64(HmacMethod::Sha1, OWN_KEY, &text)
}

fn decoded(value: &str) -> String {
    String::from_utf8_lossy(&percent::decode(value)).into_owned()
}

/// The key of the service; never the customer's own.
const OWN_KEY: &str = "LinkSigningSecretOfTheService002";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "SecretKeyExample000000000000001";
    const ID: &str = "AKIDEXAMPLE0000000000000000000000001";
    const PLAIN: &str = "appid=8888888888&time=1478778522&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D";
    const PARTIAL: &str =
        "appid=1351000042&time=1467971011&sign=ChupJ1dMt8W%2BcYHLlYGAE6ccEnk%3D&dbtbcode=272";

    #[test]
    fn the_vectors_of_both_readings_match() {
        for (link, reading, signature) in [
            (PLAIN, Reading::Decoded, "RYOL8cei7ktqi7t65Rt5fIrubdA="),
            (PLAIN, Reading::Encoded, "LdZSFEMTx4HSCmCr8fOwYA19+x4="),
            (PARTIAL, Reading::Decoded, "dL8HYwuor0vUAWsgNcmVwCn1Lc4="),
            (PARTIAL, Reading::Encoded, "oZiDpq/Ex9zopGkQRUbody7HmTk="),
        ] {
            let signature = percent::encode(signature.as_bytes());
            let query = format!("{link}&secretId={ID}&signature={signature}");
            let received = ReceivedLink::parse(&query);
            assert_eq!(received.second_signature(KEY), Some(reading), "{query}");
            assert_eq!(received.second_signature("another key"), None);
        }
    }

    #[test]
    fn the_signed_text_is_that_of_the_page() {
        let query = format!("{PARTIAL}&secretId={ID}");
        let link = ReceivedLink::parse(&query);
        assert_eq!(
            link.text(Reading::Decoded),
            format!(
                "appid=1351000042&dbtbcode=272&secretId={ID}\
                 &sign=ChupJ1dMt8W+cYHLlYGAE6ccEnk=&time=1467971011"
            )
        );
        assert_eq!(link.second_signature(KEY), None);
    }
}
