use backhaul_provider_api::chrono::DateTime;

use super::*;

const JSON: &str = "application/json";

fn sha(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// The vendor's own example; what is escaped in its body is literal text.
fn example<'a>(headers: &'a [(&'a str, &'a str)]) -> Unsigned<'a> {
    Unsigned {
        service: "cvm",
        headers,
        body: r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#,
        time: at(1_551_113_065),
    }
}

const EXAMPLE_HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/json; charset=utf-8"),
    ("Host", "cvm.tencentcloudapi.com"),
    ("X-TC-Action", "DescribeInstances"),
];

fn signature_of(authorization: &Secret) -> &str {
    authorization
        .expose()
        .rsplit_once("Signature=")
        .map(|(_, signature)| signature)
        .unwrap()
}

#[test]
fn the_vendors_example_is_signed_as_printed() {
    let unsigned = example(&EXAMPLE_HEADERS[..2]);
    let key = Secret::new("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE");
    assert_eq!(
        sha(unsigned.body),
        "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    );
    assert_eq!(
        sha(&unsigned.canonical()),
        "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    );
    assert_eq!(
        hex(&unsigned.signing_key(&key)),
        "ac658d5dde49e9bfdd14e04e062f66b05d9f637d44b8a8d845327d4a77f666b1"
    );
    assert_eq!(
        unsigned
            .authorization(&Secret::new("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"), &key)
            .expose(),
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    );
}

#[test]
fn the_vendors_newer_example_signs_the_action_too() {
    let unsigned = example(&EXAMPLE_HEADERS);
    assert_eq!(
        sha(&unsigned.canonical()),
        "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
    );
    for (key, signature) in [
        (
            "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            "644be983de9a8a3f00db8eadaba61467c3b429e2215758ba897b738ca469fd26",
        ),
        (
            "********************************",
            "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
        ),
    ] {
        let authorization = unsigned.authorization(&Secret::new("AKID"), &Secret::new(key));
        assert_eq!(signature_of(&authorization), signature);
        assert!(
            authorization
                .expose()
                .contains("SignedHeaders=content-type;host;x-tc-action,")
        );
    }
}

#[test]
fn the_english_edition_of_the_example_has_its_own_hashes() {
    let unsigned = Unsigned {
        body: r#"{"Limit": 1, "Filters": [{"Values": ["unnamed"], "Name": "instance-name"}]}"#,
        ..example(&EXAMPLE_HEADERS[..2])
    };
    assert_eq!(
        sha(unsigned.body),
        "99d58dfbc6745f6747f36bfca17dee5e6881dc0428a0a36f96199342bc5b4907"
    );
    assert_eq!(
        sha(&unsigned.canonical()),
        "2815843035062fffda5fd6f2a44ea8a34818b0dc46f024b8b3786976a3adda7a"
    );
}

const ID: &str = "AKIDEXAMPLE0000000000000000000000001";
const KEY: &str = "SecretKeyExample000000000000001";
const LINK_BODY: &str = r#"{"DBInstanceId": "postgres-oamgybor", "BackupType": "LogBackup", "BackupId": "f9509fc2-2281-551c-b937-86d38cf79f3b", "URLExpireTime": 12}"#;

#[test]
fn a_call_for_a_link_is_signed_as_the_vendors_sdk_does() {
    let headers = [
        ("Content-Type", JSON),
        ("Host", "postgres.tencentcloudapi.com"),
    ];
    let unsigned = Unsigned {
        service: "postgres",
        headers: &headers,
        body: LINK_BODY,
        time: at(1_700_000_000),
    };
    let canonical = "POST\n/\n\ncontent-type:application/json\nhost:postgres.tencentcloudapi.com\n\ncontent-type;host\nd28dd0418ff0ec6b6d0faa41e223f2b6e9c477038141562990cecaa89f2cad74";
    assert_eq!(unsigned.canonical(), canonical);
    assert_eq!(
        unsigned.string_to_sign(),
        "TC3-HMAC-SHA256\n1700000000\n2023-11-14/postgres/tc3_request\n0fc48c901b3405d1a6b659eb8a39b4c31fc84493e11ffbee48409259d7753267"
    );
    assert_eq!(
        hex(&unsigned.signing_key(&Secret::new(KEY))),
        "0824c9b1128f46a4af34fed4703a8dcc9fbc10e0893bf64baa3997018d8b6414"
    );
    let authorization = unsigned.authorization(&Secret::new(ID), &Secret::new(KEY));
    assert_eq!(
        authorization.expose(),
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0000000000000000000000001/2023-11-14/postgres/tc3_request, SignedHeaders=content-type;host, Signature=653c976a7b734d612e7c5d5be2f208bdf3d207dc3dfa765aadc7b605812e7512"
    );
}

fn sign(service: &str, headers: &[(&str, &str)], body: &str) -> String {
    let unsigned = Unsigned {
        service,
        headers,
        body,
        time: at(1_700_000_000),
    };
    let authorization = unsigned.authorization(&Secret::new(ID), &Secret::new(KEY));
    signature_of(&authorization).to_owned()
}

#[test]
fn headers_are_signed_in_order_of_their_names() {
    let headers = [
        ("X-TC-Action", "DescribeBackupDownloadURL"),
        ("Host", "postgres.tencentcloudapi.com"),
        ("Content-Type", JSON),
    ];
    assert_eq!(
        sign("postgres", &headers, LINK_BODY),
        "988c2e8cccc1e48701e6e93d4f9798ec829e96758f0a858bc5522ef5e93a67fb"
    );
}

#[test]
fn the_product_stays_in_the_scope_whatever_the_host() {
    let headers = [
        ("Content-Type", JSON),
        ("Host", "postgres.intl.tencentcloudapi.com"),
    ];
    assert_eq!(
        sign("postgres", &headers, LINK_BODY),
        "761e00d17bbe36742e55ded7fc6c5c4d04abfb0248c283cd9bcd8d55688339ca"
    );
}

#[test]
fn a_token_of_temporary_keys_changes_no_signature() {
    let headers = [("Content-Type", JSON), ("Host", "cdb.tencentcloudapi.com")];
    assert_eq!(
        sign("cdb", &headers, r#"{"InstanceId": "cdb-c1nl9rpv"}"#),
        "60f1dcbd18d84e0623873c14bd0f34a2cdb6736c779157694725262b4ab4dd23"
    );
}

#[test]
fn the_day_in_the_scope_is_that_of_utc() {
    let unsigned = example(&EXAMPLE_HEADERS[..2]);
    let late = Unsigned {
        time: at(1_700_000_000 + 3 * 3600),
        ..unsigned
    };
    assert_eq!(late.scope(), "2023-11-15/cvm/tc3_request");
}
