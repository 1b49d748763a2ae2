//! The derived signature `V11-HMAC-SHA256`, for gateways that demand it (`signing = "derived"`).
//!
//! The key that signs is derived from the key pair, the day, the region and the service, so that
//! a leaked one is of little use. The canonical request is that of `signature.rs`.

use backhaul_provider_api::Secret;

use crate::signature::{Canonical, KeyPair, hex, hmac};

const ALGORITHM: &str = "V11-HMAC-SHA256";

/// What the derived key is good for: `20240115/cn-north-4/rds`.
pub(crate) struct Scope(String);

impl Scope {
    /// `date` is the value of `X-Sdk-Date`, of which the day counts.
    pub(crate) fn new(date: &str, region: &str, service: &str) -> Self {
        let day = date.split('T').next().unwrap_or(date);
        Self(format!("{day}/{region}/{service}"))
    }
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(
    keys: &KeyPair<'_>,
    date: &str,
    scope: &Scope,
    canonical: &Canonical,
) -> Secret {
    let to_sign = format!("{ALGORITHM}\n{date}\n{}\n{}", scope.0, canonical.hash());
    let key = derived_key(keys, scope);
    let signature = hex(&hmac(key.expose().as_bytes(), to_sign.as_bytes()));
    Secret::new(format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        keys.access_key.expose(),
        scope.0,
        canonical.signed_headers,
    ))
}

/// HKDF (RFC 5869) with the AK as salt, cut to one block; the key is its hex text, not its bytes.
fn derived_key(keys: &KeyPair<'_>, scope: &Scope) -> Secret {
    let pseudo_random = hmac(
        keys.access_key.expose().as_bytes(),
        keys.secret_key.expose().as_bytes(),
    );
    let mut info = scope.0.clone().into_bytes();
    info.push(1);
    Secret::new(hex(&hmac(&pseudo_random, &info)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::tests::{Sample, V1_QUERY, keys};

    #[test]
    fn signs_the_computed_vector() {
        let sample = Sample::get("/v3/{p}/backup-files", V1_QUERY).host("rds.example.internal");
        let canonical = sample.canonical();
        assert_eq!(
            canonical.hash(),
            "456dd023509113c7a5af6f7729d9478fbadd283b8ce1dbebd296bdbb8299bf71"
        );
        let scope = Scope::new("20240115T083000Z", "cn-north-4", "rds");
        let (access_key, secret_key) = keys();
        let keys = KeyPair {
            access_key: &access_key,
            secret_key: &secret_key,
        };
        assert_eq!(
            derived_key(&keys, &scope).expose(),
            "2b83f8b18508478836a889cf54d1337ddb69ad8ae68c5d72c99488d4f5916540"
        );
        assert_eq!(
            authorization(&keys, "20240115T083000Z", &scope, &canonical).expose(),
            "V11-HMAC-SHA256 Credential=AKEXAMPLE00000000001/20240115/cn-north-4/rds, \
             SignedHeaders=content-type;host;x-project-id;x-sdk-date, \
             Signature=fd916e1ad86d24dde1d838b66c2568d7e358ef3659e4ad29713b1ccb097c905a"
        );
    }
}
