//! The vectors of the vendor's page and those made with the vendor's own SDK (A, B, C).

use proptest::prelude::*;

use super::*;

const ID: &str = "AKIDEXAMPLE0000000000000000000000001";
const KEY: &str = "SecretKeyExample000000000000001";
const VENDOR_ID: &str = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE";
const VENDOR_KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
const JSON: &str = "application/json";
const ESCAPED: &str =
    r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
const A: &str = r#"{"DBInstanceId": "postgres-oamgybor", "BackupType": "LogBackup", "BackupId": "f9509fc2-2281-551c-b937-86d38cf79f3b", "URLExpireTime": 12}"#;
const C: &str = r#"{"InstanceId": "cdb-c1nl9rpv"}"#;

struct Vector {
    method: &'static str,
    query: &'static str,
    body: &'static str,
    headers: HeaderMap,
    authorization: Authorization,
}

/// A request signed by the example key at the example time; the signature is filled in by `is`.
fn vector(host: &str, body: &'static str) -> Vector {
    let service = host.split('.').next().unwrap();
    let mut vector = Vector {
        method: "POST",
        query: "",
        body,
        headers: HeaderMap::new(),
        authorization: Authorization {
            secret_id: ID.to_owned(),
            service: service.to_owned(),
            date: "2023-11-14".to_owned(),
            signed_headers: vec!["content-type".to_owned(), "host".to_owned()],
            signature: String::new(),
        },
    };
    vector.set("host", host);
    vector.set("content-type", JSON);
    vector.set("x-tc-timestamp", "1700000000");
    vector
}

fn vendors_own(body: &'static str) -> Vector {
    let mut vector = vector("cvm.tencentcloudapi.com", body);
    vector.set("content-type", "application/json; charset=utf-8");
    vector.set("x-tc-timestamp", "1551113065");
    vector.set("x-tc-action", "DescribeInstances");
    vector.authorization.date = "2019-02-25".to_owned();
    vector.authorization.secret_id = VENDOR_ID.to_owned();
    vector
}

impl Vector {
    fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.parse().unwrap());
    }

    fn sign_action(mut self) -> Self {
        let signed = &mut self.authorization.signed_headers;
        signed.push("x-tc-action".to_owned());
        self
    }

    fn request(&self) -> ReceivedRequest<'_> {
        ReceivedRequest {
            method: self.method,
            query: self.query,
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }

    fn canonical_hash(&self) -> String {
        let signed = &self.authorization.signed_headers;
        sha256_hex(self.request().canonical(signed).unwrap())
    }

    /// Whether the request has this signature by this key and by no other.
    fn is(&self, secret_key: &str, signature: &str) {
        let parsed = Authorization::parse(&format!(
            "TC3-HMAC-SHA256 Credential={}/{}/{}/tc3_request, SignedHeaders={}, Signature={signature}",
            self.authorization.secret_id,
            self.authorization.date,
            self.authorization.service,
            self.authorization.signed_headers.join(";"),
        ))
        .unwrap();
        assert_eq!(parsed.verify(&self.request(), secret_key), Ok(()));
        assert_eq!(
            parsed.verify(&self.request(), "another key"),
            Err(SignatureError::Mismatch)
        );
    }
}

#[test]
fn the_example_of_the_page_is_accepted() {
    let example = vendors_own(ESCAPED);
    assert_eq!(
        example.request().payload_hash(),
        "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    );
    assert_eq!(
        example.canonical_hash(),
        "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    );
    let keys = signing_keys(VENDOR_KEY, "2019-02-25", "cvm").map(|key| hex(&key));
    assert_eq!(
        keys,
        [
            "d1308c81fe71cfd4e06437bbc067b2b8a3d2d8c0e375d547f15c41d5214b395a",
            "3c7cb7c7795393edc14fd2e0e6434a518564b4504b88e94f5d11bf59ba3e7050",
            "ac658d5dde49e9bfdd14e04e062f66b05d9f637d44b8a8d845327d4a77f666b1",
        ]
    );
    example.is(
        VENDOR_KEY,
        "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
    );
}

#[test]
fn a_signed_action_is_lower_cased() {
    let example = vendors_own(ESCAPED).sign_action();
    assert_eq!(
        example.canonical_hash(),
        "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
    );
    example.is(
        VENDOR_KEY,
        "644be983de9a8a3f00db8eadaba61467c3b429e2215758ba897b738ca469fd26",
    );
    example.is(
        "********************************",
        "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
    );
}

#[test]
fn the_english_example_has_its_hashes() {
    let example = vendors_own(
        r#"{"Limit": 1, "Filters": [{"Values": ["unnamed"], "Name": "instance-name"}]}"#,
    );
    assert_eq!(
        example.request().payload_hash(),
        "99d58dfbc6745f6747f36bfca17dee5e6881dc0428a0a36f96199342bc5b4907"
    );
    assert_eq!(
        example.canonical_hash(),
        "2815843035062fffda5fd6f2a44ea8a34818b0dc46f024b8b3786976a3adda7a"
    );
}

#[test]
fn vector_a_is_accepted_with_its_variants() {
    let plain = vector("postgres.tencentcloudapi.com", A);
    assert_eq!(
        plain.request().payload_hash(),
        "d28dd0418ff0ec6b6d0faa41e223f2b6e9c477038141562990cecaa89f2cad74"
    );
    assert_eq!(
        plain.canonical_hash(),
        "0fc48c901b3405d1a6b659eb8a39b4c31fc84493e11ffbee48409259d7753267"
    );
    let keys = signing_keys(KEY, "2023-11-14", "postgres").map(|key| hex(&key));
    assert_eq!(
        keys,
        [
            "4c72294925786e96e866160d381be8ad760bf137c60aec239ab84e125da53613",
            "5d43b94aba59ffdb77a0557b595e9a0fb1eda3a3669c839f57137b30d71ecc5b",
            "0824c9b1128f46a4af34fed4703a8dcc9fbc10e0893bf64baa3997018d8b6414",
        ]
    );
    plain.is(
        KEY,
        "653c976a7b734d612e7c5d5be2f208bdf3d207dc3dfa765aadc7b605812e7512",
    );
    let mut with_action = vector("postgres.tencentcloudapi.com", A).sign_action();
    with_action.set("x-tc-action", "DescribeBackupDownloadURL");
    with_action.is(
        KEY,
        "988c2e8cccc1e48701e6e93d4f9798ec829e96758f0a858bc5522ef5e93a67fb",
    );
    vector("postgres.intl.tencentcloudapi.com", A).is(
        KEY,
        "761e00d17bbe36742e55ded7fc6c5c4d04abfb0248c283cd9bcd8d55688339ca",
    );
}

#[test]
fn vector_b_signs_the_query_as_it_was_sent() {
    let mut get = vector("postgres.tencentcloudapi.com", "");
    get.method = "GET";
    get.set("content-type", "application/x-www-form-urlencoded");
    get.query =
        "Filters.0.Name=db-instance-id&Filters.0.Values.0=postgres-9n26zs6n&Limit=1&Offset=0";
    assert_eq!(
        get.canonical_hash(),
        "b67fe9bb830bbb18a190764c4b53e6f41c40589e0db68eda65b7299ffecbbbfa"
    );
    get.is(
        KEY,
        "d6472f5ad514c5cdbd945b10f63a60e113f8037fdc8b70dcde91bf86fc5886f0",
    );
}

#[test]
fn vector_c_is_the_same_with_a_token_and_another_with_an_unsigned_payload() {
    let mut call = vector("cdb.tencentcloudapi.com", C);
    assert_eq!(
        call.request().payload_hash(),
        "0eee3d59b49fad7adfdcedb71549a513b1a8462a2b56688dfcccaf84368b7c45"
    );
    let signature = "60f1dcbd18d84e0623873c14bd0f34a2cdb6736c779157694725262b4ab4dd23";
    call.is(KEY, signature);
    call.set("x-tc-token", "TOKENEXAMPLE");
    call.is(KEY, signature);
    call.set("x-tc-content-sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(
        call.request().payload_hash(),
        "438d4109ef0d676b8c2c7ed13cdfcb418e494d53b843d4634ce3b1085f07bb96"
    );
    call.is(
        KEY,
        "1e2ee15c68053c8ccbc73cfbadb3855e3e9dd9dbbc30de9a94bc1ac48c9af524",
    );
}

#[test]
fn another_content_type_or_date_is_refused() {
    let signature = "653c976a7b734d612e7c5d5be2f208bdf3d207dc3dfa765aadc7b605812e7512";
    let mut call = vector("postgres.tencentcloudapi.com", A);
    call.authorization.signature = signature.to_owned();
    assert_eq!(call.authorization.verify(&call.request(), KEY), Ok(()));
    call.authorization.date = "2023-11-15".to_owned();
    assert_eq!(
        call.authorization.verify(&call.request(), KEY),
        Err(SignatureError::WrongDate("2023-11-15".to_owned()))
    );
    call.authorization.date = "2023-11-14".to_owned();
    call.set("content-type", "application/json; charset=utf-8");
    assert_eq!(
        call.authorization.verify(&call.request(), KEY),
        Err(SignatureError::Mismatch)
    );
    call.authorization.signed_headers.remove(1);
    assert_eq!(
        call.authorization.verify(&call.request(), KEY),
        Err(SignatureError::HeaderNotSigned("host"))
    );
}

#[test]
fn malformed_headers_are_refused() {
    let good = "TC3-HMAC-SHA256 Credential=a/2023-11-14/cdb/tc3_request, \
                SignedHeaders=content-type;host, Signature=00";
    assert!(Authorization::parse(good).is_ok());
    for (from, to) in [
        ("TC3-", "TC4-"),
        ("tc3_request", "request"),
        ("/cdb", ""),
        ("Signature=00", "Signature="),
        ("Signature=00", "Signature=00, More=1"),
        (", SignedHeaders", " SignedHeaders"),
    ] {
        let bad = good.replace(from, to);
        assert_eq!(
            Authorization::parse(&bad),
            Err(SignatureError::Malformed),
            "{bad}"
        );
    }
    for list in [
        "host;content-type",
        "Content-Type;host",
        "host;host",
        "host;",
    ] {
        let bad = good.replace("content-type;host", list);
        assert_eq!(
            Authorization::parse(&bad),
            Err(SignatureError::UnsortedHeaders)
        );
    }
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(header: String, rest in "[a-z=/;, ]{0,40}") {
        for header in [header, format!("TC3-HMAC-SHA256 Credential={rest}")] {
            let _ = Authorization::parse(&header);
        }
    }
}
