//! The signature of API 2.0, rebuilt from decoded parameters.
//!
//! From the vendor's page "Request signature": names with `.` for `_`, sorted by bytes, raw values.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::form::Form;

/// What HMAC is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacMethod {
    /// Unless something else is asked for.
    Sha1,
    /// When `SignatureMethod` is `HmacSHA256`.
    Sha256,
}

impl HmacMethod {
    /// The method that `SignatureMethod` selects; any other word means SHA-1.
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("HmacSHA256") => Self::Sha256,
            _ => Self::Sha1,
        }
    }
}

/// The signature of a call, in Base64.
pub fn sign(verb: &str, host: &str, path: &str, form: &Form, secret_key: &str) -> String {
    let method = HmacMethod::named(form.get("SignatureMethod"));
    hmac_base64(method, secret_key, &text(verb, host, path, form))
}

/// Base64 of the HMAC of a text.
pub fn hmac_base64(method: HmacMethod, key: &str, text: &str) -> String {
    // HMAC takes keys of every length.
    #[expect(clippy::expect_used)]
    match method {
        HmacMethod::Sha1 => {
            let mut mac =
                Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("a key of any length");
            mac.update(text.as_bytes());
            BASE64_STANDARD.encode(mac.finalize().into_bytes())
        }
        HmacMethod::Sha256 => {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
            mac.update(text.as_bytes());
            BASE64_STANDARD.encode(mac.finalize().into_bytes())
        }
    }
}

/// The string to sign.
fn text(verb: &str, host: &str, path: &str, form: &Form) -> String {
    let pairs = form
        .pairs()
        .filter(|(name, _)| *name != "Signature")
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>();
    format!("{verb}{host}{path}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "SecretKeyExample000000000000001";
    const VENDOR_KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
    const VENDOR_ID: &str = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA";
    const ALL_TABLES: &str = r#"[{"dbname":"test1","tableList":[]},{"dbname":"mysql","tableList":["general_log","slow_log"]}]"#;
    const ONE_DATABASE: &str = r#"[{"dbname":"test1","tableList":[]}]"#;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Form::of(pairs).unwrap()
    }

    fn of_cvm(verb: &str, key: &str, pairs: &[(&str, &str)]) -> String {
        let (host, path) = ("cvm.api.qcloud.com", "/v2/index.php");
        sign(verb, host, path, &form(pairs), key)
    }

    fn of_cdb(verb: &str, method: Option<&str>, own: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("Nonce", "11886"),
            ("Region", "gz"),
            ("SecretId", "AKIDEXAMPLE0000000000000000000000001"),
            ("Timestamp", "1700000000"),
        ];
        pairs.extend(method.map(|method| ("SignatureMethod", method)));
        pairs.extend(own);
        let (host, path) = ("cdb.api.qcloud.com", "/v2/index.php");
        sign(verb, host, path, &form(&pairs), KEY)
    }

    fn export(tables: &str) -> Vec<(&str, &str)> {
        vec![
            ("Action", "GetExportBackupUrl"),
            ("cdbInstanceId", "cdb-c1nl9rpv"),
            ("date", "2016-07-06 01:04:54"),
            ("dbTableList", tables),
        ]
    }

    #[test]
    fn the_vectors_of_the_page_match() {
        let mut pairs = vec![
            ("Action", "DescribeInstances"),
            ("InstanceIds.0", "ins-09dx96dg"),
            ("Nonce", "11886"),
            ("Region", "ap-guangzhou"),
            ("SecretId", VENDOR_ID),
            ("Timestamp", "1465185768"),
            ("SignatureMethod", "HmacSHA256"),
        ];
        assert_eq!(
            of_cvm("GET", VENDOR_KEY, &pairs),
            "0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s="
        );
        pairs[6].1 = "HmacSHA1";
        assert_eq!(
            of_cvm("GET", VENDOR_KEY, &pairs),
            "nPVnY6njQmwQ8ciqbPl5Qe+Oru4="
        );
        let older = [
            ("Action", "DescribeInstances"),
            ("Nonce", "11886"),
            ("Region", "gz"),
            ("SecretId", VENDOR_ID),
            ("Timestamp", "1465185768"),
            ("instanceIds_0", "ins-09dx96dg"),
            ("limit", "20"),
            ("offset", "0"),
        ];
        assert_eq!(
            of_cvm("GET", VENDOR_KEY, &older),
            "NSI3UqqD99b/UJb4tbG/xZpRW64="
        );
    }

    #[test]
    fn the_vectors_of_the_sdks_own_tests_match() {
        let sign = |verb, method| {
            of_cvm(
                verb,
                "secretKeyBar",
                &[
                    ("Action", "DescribeInstances"),
                    ("Nonce", "1290303896666895346"),
                    ("Region", "ap-guangzhou"),
                    ("SecretId", "secretIdFoo"),
                    ("SignatureMethod", method),
                    ("Timestamp", "1512393162"),
                    ("Version", "2017-03-12"),
                ],
            )
        };
        assert_eq!(sign("POST", "HmacSHA1"), "p3n+pxBqF5JGZtDSxoVn5tGngf0=");
        assert_eq!(
            sign("POST", "HmacSHA256"),
            "B2T37FRSP6Fk0/q/cdfrTE0p3zX5ooB/2BPWZUFpsj4="
        );
        assert_eq!(sign("GET", "HmacSHA1"), "5HAq1BOKNLEE2/uauWnp6Zv9Z3c=");
    }

    #[test]
    fn the_vectors_made_with_the_sdk_match() {
        let mut pairs = export(ALL_TABLES);
        pairs.push(("RequestClient", "SDK_PYTHON_2.0.15"));
        for (verb, method, signature) in [
            ("GET", "HmacSHA1", "BKDg4uwv5iGnajGYA0ltzsxZkmk="),
            (
                "GET",
                "HmacSHA256",
                "/uG0qFeHRcQKWxXrp+m81R7sxp68l8cleFF2rbs9vXU=",
            ),
            ("POST", "HmacSHA1", "aK3iZk8g+6NvNxqz0dnqQVnO9Kc="),
            (
                "POST",
                "HmacSHA256",
                "mGGWUGI9G8UpUeEe0DTKtg3f+fupSUyLlEvIuvbcG/w=",
            ),
        ] {
            assert_eq!(of_cdb(verb, Some(method), &pairs), signature);
        }
        let list = [
            ("Action", "GetCdbExportLogUrl"),
            ("RequestClient", "SDK_PYTHON_2.0.15"),
            ("cdbInstanceId", "cdb-c1nl9rpv"),
            ("type", "coldbackup"),
        ];
        assert_eq!(
            of_cdb("GET", Some("HmacSHA1"), &list),
            "c8GPqw6ionAqdsKySbqQnHME3ew="
        );
        let instances = [
            ("Action", "DescribeCdbInstances"),
            ("RequestClient", "SDK_PYTHON_2.0.15"),
            ("cdbInstanceIds.0", "cdb-c1nl9rpv"),
            ("cdbInstanceIds.1", "cdb-x"),
            ("limit", "20"),
            ("offset", "0"),
            ("status.0", "1"),
        ];
        assert_eq!(
            of_cdb("GET", Some("HmacSHA1"), &instances),
            "MRTxNsYKt4qYx+pkiacVQQAbdhM="
        );
    }

    #[test]
    fn the_vectors_without_a_client_name_match() {
        let pairs = export(ONE_DATABASE);
        for (verb, method, signature) in [
            ("GET", None, "2+LXsy6WFknt8XIspSlenKYRHEg="),
            ("GET", Some("HmacSHA1"), "07gdb76/51HT2kzxo8GEHXgxxbg="),
            (
                "GET",
                Some("HmacSHA256"),
                "TA4yWrsgUDCxmpnliQwZDVNjNCsVFZwSlykzgDd/xD4=",
            ),
            ("POST", None, "JuTZ1Na2FylGDCgV38uL8+8Hj2I="),
            ("POST", Some("HmacSHA1"), "Hpx7E3mcHXNLtwUHBGPc8MclNyY="),
            (
                "POST",
                Some("HmacSHA256"),
                "ieWiqLgxwbE6stCXxoLjhUo/K0CBeDy81iIafYFbnfI=",
            ),
        ] {
            assert_eq!(of_cdb(verb, method, &pairs), signature, "{verb} {method:?}");
        }
    }

    #[test]
    fn names_are_sorted_by_bytes_after_underscores_became_dots() {
        let form = form(&[
            ("InstanceIds.2", "b"),
            ("InstanceIds.12", "a"),
            ("Placement_Zone", "CN_GUANGZHOU"),
            ("Signature", "x"),
            ("date", "d e"),
        ]);
        assert_eq!(
            text("GET", "h", "/p", &form),
            "GETh/p?InstanceIds.12=a&InstanceIds.2=b&Placement.Zone=CN_GUANGZHOU&date=d e"
        );
    }
}
