//! The vendor's own vectors, those of its SDK's tests, and ones measured with that SDK.

use super::*;

const DOCUMENTED_ID: &str = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA";
const DOCUMENTED_KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
const ID: &str = "AKIDEXAMPLE0000000000000000000000001";
const KEY: &str = "SecretKeyExample000000000000001";
const PATH: &str = "/v2/index.php";

fn sign(
    algorithm: Algorithm,
    key: &str,
    (verb, host): (&str, &str),
    parameters: &[(&str, &str)],
) -> String {
    let parameters: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    algorithm.sign(
        &Secret::new(key),
        &string_to_sign(verb, host, PATH, &parameters),
    )
}

#[test]
fn the_vendors_example_is_reproduced_with_either_hash() {
    for (algorithm, signature) in [
        (
            Algorithm::Sha256,
            "0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s=",
        ),
        (Algorithm::Sha1, "nPVnY6njQmwQ8ciqbPl5Qe+Oru4="),
    ] {
        let parameters = [
            ("Action", "DescribeInstances"),
            ("SecretId", DOCUMENTED_ID),
            ("Timestamp", "1465185768"),
            ("Nonce", "11886"),
            ("Region", "ap-guangzhou"),
            ("InstanceIds.0", "ins-09dx96dg"),
            ("SignatureMethod", algorithm.method()),
        ];
        let to = ("GET", "cvm.api.qcloud.com");
        assert_eq!(sign(algorithm, DOCUMENTED_KEY, to, &parameters), signature);
    }
}

#[test]
fn the_vendors_older_example_without_a_method_is_reproduced() {
    let parameters = [
        ("limit", "20"),
        ("offset", "0"),
        ("instanceIds.0", "ins-09dx96dg"),
        ("Action", "DescribeInstances"),
        ("Nonce", "11886"),
        ("Region", "gz"),
        ("SecretId", DOCUMENTED_ID),
        ("Timestamp", "1465185768"),
    ];
    let signature = sign(
        Algorithm::Sha1,
        DOCUMENTED_KEY,
        ("GET", "cvm.api.qcloud.com"),
        &parameters,
    );
    assert_eq!(signature, "NSI3UqqD99b/UJb4tbG/xZpRW64=");
}

#[test]
fn the_tests_of_the_vendors_sdk_are_reproduced() {
    for (verb, algorithm, signature) in [
        ("POST", Algorithm::Sha1, "p3n+pxBqF5JGZtDSxoVn5tGngf0="),
        (
            "POST",
            Algorithm::Sha256,
            "B2T37FRSP6Fk0/q/cdfrTE0p3zX5ooB/2BPWZUFpsj4=",
        ),
        ("GET", Algorithm::Sha1, "5HAq1BOKNLEE2/uauWnp6Zv9Z3c="),
    ] {
        let parameters = [
            ("Action", "DescribeInstances"),
            ("Nonce", "1290303896666895346"),
            ("Region", "ap-guangzhou"),
            ("SecretId", "secretIdFoo"),
            ("SignatureMethod", algorithm.method()),
            ("Timestamp", "1512393162"),
            ("Version", "2017-03-12"),
        ];
        let to = (verb, "cvm.api.qcloud.com");
        assert_eq!(sign(algorithm, "secretKeyBar", to, &parameters), signature);
    }
}

/// The example of the page on `GetExportBackupUrl`, as the vendor's SDK signs it.
#[test]
fn a_partial_export_is_signed_as_the_vendors_sdk_signs_it() {
    let tables = r#"[{"dbname":"test1","tableList":[]},{"dbname":"mysql","tableList":["general_log","slow_log"]}]"#;
    for (verb, algorithm, signature) in [
        ("GET", Algorithm::Sha1, "BKDg4uwv5iGnajGYA0ltzsxZkmk="),
        (
            "GET",
            Algorithm::Sha256,
            "/uG0qFeHRcQKWxXrp+m81R7sxp68l8cleFF2rbs9vXU=",
        ),
        ("POST", Algorithm::Sha1, "aK3iZk8g+6NvNxqz0dnqQVnO9Kc="),
        (
            "POST",
            Algorithm::Sha256,
            "mGGWUGI9G8UpUeEe0DTKtg3f+fupSUyLlEvIuvbcG/w=",
        ),
    ] {
        let parameters = [
            ("Action", "GetExportBackupUrl"),
            ("Nonce", "11886"),
            ("Region", "gz"),
            ("RequestClient", "SDK_PYTHON_2.0.15"),
            ("SecretId", ID),
            ("SignatureMethod", algorithm.method()),
            ("Timestamp", "1700000000"),
            ("cdbInstanceId", "cdb-c1nl9rpv"),
            ("date", "2016-07-06 01:04:54"),
            ("dbTableList", tables),
        ];
        let to = (verb, "cdb.api.qcloud.com");
        assert_eq!(sign(algorithm, KEY, to, &parameters), signature, "{verb}");
    }
}

#[test]
fn the_signature_method_is_signed_when_it_is_sent() {
    let tables = r#"[{"dbname":"test1","tableList":[]}]"#;
    for (verb, algorithm, said, signature) in [
        (
            "GET",
            Algorithm::Sha1,
            false,
            "2+LXsy6WFknt8XIspSlenKYRHEg=",
        ),
        ("GET", Algorithm::Sha1, true, "07gdb76/51HT2kzxo8GEHXgxxbg="),
        (
            "GET",
            Algorithm::Sha256,
            true,
            "TA4yWrsgUDCxmpnliQwZDVNjNCsVFZwSlykzgDd/xD4=",
        ),
        (
            "POST",
            Algorithm::Sha1,
            false,
            "JuTZ1Na2FylGDCgV38uL8+8Hj2I=",
        ),
        (
            "POST",
            Algorithm::Sha1,
            true,
            "Hpx7E3mcHXNLtwUHBGPc8MclNyY=",
        ),
        (
            "POST",
            Algorithm::Sha256,
            true,
            "ieWiqLgxwbE6stCXxoLjhUo/K0CBeDy81iIafYFbnfI=",
        ),
    ] {
        let mut parameters = vec![
            ("Action", "GetExportBackupUrl"),
            ("Nonce", "11886"),
            ("Region", "gz"),
            ("SecretId", ID),
            ("Timestamp", "1700000000"),
            ("cdbInstanceId", "cdb-c1nl9rpv"),
            ("date", "2016-07-06 01:04:54"),
            ("dbTableList", tables),
        ];
        if said {
            parameters.push(("SignatureMethod", algorithm.method()));
        }
        let to = (verb, "cdb.api.qcloud.com");
        assert_eq!(sign(algorithm, KEY, to, &parameters), signature, "{verb}");
    }
}

#[test]
fn lists_are_signed_as_the_vendors_sdk_signs_them() {
    let common = [
        ("Nonce", "11886"),
        ("Region", "gz"),
        ("RequestClient", "SDK_PYTHON_2.0.15"),
        ("SecretId", ID),
        ("SignatureMethod", "HmacSHA1"),
        ("Timestamp", "1700000000"),
    ];
    let backups = [
        ("Action", "GetCdbExportLogUrl"),
        ("cdbInstanceId", "cdb-c1nl9rpv"),
        ("type", "coldbackup"),
    ];
    let instances = [
        ("Action", "DescribeCdbInstances"),
        ("cdbInstanceIds.0", "cdb-c1nl9rpv"),
        ("cdbInstanceIds.1", "cdb-x"),
        ("limit", "20"),
        ("offset", "0"),
        ("status.0", "1"),
    ];
    for (own, signature) in [
        (&backups[..], "c8GPqw6ionAqdsKySbqQnHME3ew="),
        (&instances[..], "MRTxNsYKt4qYx+pkiacVQQAbdhM="),
    ] {
        let parameters = [&common[..], own].concat();
        let to = ("GET", "cdb.api.qcloud.com");
        assert_eq!(sign(Algorithm::Sha1, KEY, to, &parameters), signature);
    }
}

#[test]
fn names_lose_their_underscores_before_they_are_sorted_and_values_keep_them() {
    let pairs = [
        ("Placement_Zone", "CN_GUANGZHOU"),
        ("b.2", ""),
        ("b.12", "x y"),
        ("a", "="),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(
        string_to_sign("GET", "h", "/p", &pairs),
        "GETh/p?Placement.Zone=CN_GUANGZHOU&a==&b.12=x y&b.2="
    );
}
