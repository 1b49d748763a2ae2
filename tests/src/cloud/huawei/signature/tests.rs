//! The vectors of the vendor's guide (V0) and those made with the vendor's own SDK (V1 to V7, V11).

use axum::http::{HeaderName, HeaderValue};

use super::*;

const AK: &str = "AKEXAMPLE00000000001";
const SK: &str = "SKexampleSKexampleSKexampleSKexample0001";
const PROJECT: &str = "97b026aa9cc4417888c14c84a1ad9860";
const DATE: &str = "20240115T083000Z";
const HOST: &str = "rds.cn-north-4.myhuaweicloud.com";
const BACKUP_FILES: &str = "/v3/97b026aa9cc4417888c14c84a1ad9860/backup-files";
const BACKUP_ID: &str = "backup_id=c0c9f155c7b7423a9d30f0175998b63bbr01";

struct Vector<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
    canonical_hash: &'a str,
    signature: &'a str,
}

impl Vector<'_> {
    fn headers(&self) -> HeaderMap {
        self.headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    value.parse::<HeaderValue>().unwrap(),
                )
            })
            .collect()
    }

    fn names(&self) -> String {
        let names = self.headers.iter().map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(";")
    }

    fn authorization(&self, credential: &str) -> String {
        let names = self.names();
        format!(
            "{credential}, SignedHeaders={names}, Signature={}",
            self.signature
        )
    }

    fn check(&self, credential: &str, secret_key: &str) {
        let headers = self.headers();
        let request = ReceivedRequest {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: &headers,
            body: self.body.as_bytes(),
        };
        let parsed = Authorization::parse(&self.authorization(credential)).unwrap();
        let canonical = request.canonical(&parsed.signed_headers).unwrap();
        assert_eq!(sha256_hex(&canonical), self.canonical_hash, "{canonical}");
        assert_eq!(parsed.verify(&request, secret_key), Ok(()));
        assert_eq!(
            parsed.verify(&request, "another key"),
            Err(SignatureError::Mismatch)
        );
    }

    fn check_example(&self) {
        self.check(&format!("SDK-HMAC-SHA256 Access={AK}"), SK);
    }
}

fn usual_headers<'a>() -> Vec<(&'a str, &'a str)> {
    vec![
        ("content-type", "application/json"),
        ("host", HOST),
        ("x-project-id", PROJECT),
        ("x-sdk-date", DATE),
    ]
}

fn v1<'a>() -> Vector<'a> {
    Vector {
        method: "GET",
        path: BACKUP_FILES,
        query: BACKUP_ID,
        headers: usual_headers(),
        body: "",
        canonical_hash: "ae89ed9caa0c2439bce5f3cd86965b1e84725f9a116002ee513f26090f0d1463",
        signature: "33b96a909100c7e7435fd7126bf65adb69bdfa13b678a950113b4a000ba85ee3",
    }
}

#[test]
fn v0_of_the_signing_guide_is_accepted() {
    Vector {
        method: "GET",
        path: "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        query: "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
        headers: vec![
            ("content-type", "application/json"),
            ("host", "service.region.example.com"),
            ("x-sdk-date", "20191115T033655Z"),
        ],
        body: "",
        canonical_hash: "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
        signature: "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    }
    .check(
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC",
        "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
    );
}

#[test]
fn v1_backup_files_is_accepted() {
    v1().check_example();
}

#[test]
fn v2_list_with_encoded_times_is_accepted() {
    Vector {
        path: &format!("/v3/{PROJECT}/backups"),
        query: "backup_type=auto&begin_time=2018-08-06T10%3A41%3A14%2B0800\
                &end_time=2018-08-16T10%3A41%3A14%2B0800\
                &instance_id=a48e43ff268f4c0e879652d65e63d0fbin01&limit=100&offset=0",
        canonical_hash: "aed8c12ceec393a7d77625bdf7ab76f2a52fa6635f5e2f252ae2376aa5eb28f2",
        signature: "72dd407018da16ed6a43057e42a4d00fac32a940745c6007981a14dd1e850850",
        ..v1()
    }
    .check_example();
}

#[test]
fn v3_with_the_fewest_headers_is_accepted() {
    Vector {
        headers: vec![("host", HOST), ("x-sdk-date", DATE)],
        canonical_hash: "1619ad16e4fa97d82d9ab3923baaac8354c145dbf17fdf4db00ee99edf3ffc0a",
        signature: "0ff7d95425b313bb39a90b4975f77a25685fba1f0e0dc0cdd97a8468bc96ef60",
        ..v1()
    }
    .check_example();
}

#[test]
fn v4_with_a_security_token_is_accepted() {
    let mut headers = usual_headers();
    headers.push(("x-security-token", "ExampleSecurityToken=="));
    Vector {
        headers,
        canonical_hash: "2eb71a12cb9ec1309bfaff539ef29e084456e7431937e1092a682fae07739912",
        signature: "f2330265fd31596d461e6d42662972886d2968cb4a1e2fb4f63e379e64506c26",
        ..v1()
    }
    .check_example();
}

#[test]
fn v5_project_look_up_is_accepted() {
    Vector {
        path: "/v3/projects",
        query: "name=cn-north-4",
        headers: vec![
            ("content-type", "application/json"),
            ("host", "iam.cn-north-4.myhuaweicloud.com"),
            ("x-sdk-date", DATE),
        ],
        canonical_hash: "87eacf1aa51aa35df8e313588b6ba94a8c56b24cd9842202ed3f43c9f01a0495",
        signature: "d637469283990f1bfd06365911c1ee9ad64c1cc4f17643b59eb9144009947217",
        ..v1()
    }
    .check_example();
}

#[test]
fn v6_with_a_body_is_accepted() {
    Vector {
        method: "POST",
        path: &format!("/v3/{PROJECT}/backups"),
        query: "",
        body: r#"{"instance_id":"a48e43ff268f4c0e879652d65e63d0fbin01","name":"b1"}"#,
        canonical_hash: "239f9f218f7a586213904a984b9505e144a6dee16d5c00f33a35e6540b62b428",
        signature: "0cc0f1ac10debe173f0cd5da0bceabbe2489b12592c206bff2686b47983b5632",
        ..v1()
    }
    .check_example();
}

#[test]
fn v7_with_every_kind_of_character_is_accepted_in_any_wire_form() {
    for query in [
        "limit=1&name=%2A%E6%B5%8B%E8%AF%95%20a%2Bb~c%2Fd&offset=0",
        // Another order, lower-case digits, a plus for the blank, and characters left as they are.
        "offset=0&limit=1&name=*%e6%b5%8b%e8%af%95+a%2bb%7Ec/d",
    ] {
        Vector {
            path: &format!("/v3/{PROJECT}/instances"),
            query,
            canonical_hash: "6ea09ecb97716dfd10dae5e9d3cd205b9ae6656594ce1f3e5bb9c161f8263926",
            signature: "d60c971793989d63a6494bc038f8b1f62b9311ecbcb1c49a98f9f05aff201c38",
            ..v1()
        }
        .check_example();
    }
}

#[test]
fn the_derived_form_is_accepted() {
    let scope = "20240115/cn-north-4/rds";
    assert_eq!(
        derived_key(AK, SK, scope),
        "2b83f8b18508478836a889cf54d1337ddb69ad8ae68c5d72c99488d4f5916540"
    );
    let mut headers = usual_headers();
    headers[1].1 = "rds.example.internal";
    let vector = Vector {
        headers,
        canonical_hash: "456dd023509113c7a5af6f7729d9478fbadd283b8ce1dbebd296bdbb8299bf71",
        signature: "fd916e1ad86d24dde1d838b66c2568d7e358ef3659e4ad29713b1ccb097c905a",
        ..v1()
    };
    vector.check(&format!("V11-HMAC-SHA256 Credential={AK}/{scope}"), SK);

    let yesterday = format!("V11-HMAC-SHA256 Credential={AK}/20240114/cn-north-4/rds");
    let parsed = Authorization::parse(&vector.authorization(&yesterday)).unwrap();
    let headers = vector.headers();
    let request = ReceivedRequest {
        method: vector.method,
        path: vector.path,
        query: vector.query,
        headers: &headers,
        body: b"",
    };
    assert!(matches!(
        parsed.verify(&request, SK),
        Err(SignatureError::WrongScope(_))
    ));
}

#[test]
fn whatever_differs_from_what_was_signed_is_refused() {
    let vector = v1();
    let parsed =
        Authorization::parse(&vector.authorization(&format!("SDK-HMAC-SHA256 Access={AK}")))
            .unwrap();
    let headers = vector.headers();
    let request = ReceivedRequest {
        method: vector.method,
        path: vector.path,
        query: vector.query,
        headers: &headers,
        body: b"",
    };
    let mut other_project = headers.clone();
    other_project.insert("x-project-id", HeaderValue::from_static("other"));
    let mut repeated = headers.clone();
    repeated.append("x-project-id", HeaderValue::from_static(PROJECT));
    let mut other_date = headers.clone();
    other_date.insert("x-sdk-date", HeaderValue::from_static("2024-01-15 08:30"));
    let mismatch = Err(SignatureError::Mismatch);
    let cases = [
        (
            ReceivedRequest {
                method: "POST",
                ..request
            },
            mismatch.clone(),
        ),
        (
            ReceivedRequest {
                path: "/v3/x/backup-files",
                ..request
            },
            mismatch.clone(),
        ),
        (
            ReceivedRequest {
                query: "",
                ..request
            },
            mismatch.clone(),
        ),
        (
            ReceivedRequest {
                body: b"x",
                ..request
            },
            mismatch.clone(),
        ),
        (
            ReceivedRequest {
                headers: &other_project,
                ..request
            },
            mismatch,
        ),
        (
            ReceivedRequest {
                headers: &repeated,
                ..request
            },
            Err(SignatureError::HeaderNotReceived("x-project-id".to_owned())),
        ),
        (
            ReceivedRequest {
                headers: &other_date,
                ..request
            },
            Err(SignatureError::MalformedDate),
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(parsed.verify(&request, SK), expected);
    }
}

#[test]
fn a_declared_body_hash_counts_only_when_there_is_a_body() {
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("x-sdk-content-sha256"),
        HeaderValue::from_static("UNSIGNED-PAYLOAD"),
    )]);
    let request = ReceivedRequest {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        body: b"",
    };
    assert_eq!(request.payload_hash(), sha256_hex(""));
    let with_body = ReceivedRequest {
        body: b"x",
        ..request
    };
    assert_eq!(with_body.payload_hash(), "UNSIGNED-PAYLOAD");
}

#[test]
fn malformed_authorization_headers_are_refused() {
    let old_form =
        "SDK-HMAC-SHA256 Credential=AK/20240115//ec2/sdk_request, SignedHeaders=a, Signature=b";
    for header in [
        "",
        "Bearer abc",
        "SDK-HMAC-SHA256 Access=AK",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=a, Signature=b",
        "SDK-HMAC-SHA256 Access=AK,SignedHeaders=a,Signature=b",
        "SDK-HMAC-SHA256 Access=AK, SignedHeaders=a, Signature=b, More=c",
        "V11-HMAC-SHA256 Credential=AK, SignedHeaders=a, Signature=b",
        old_form,
    ] {
        assert_eq!(
            Authorization::parse(header),
            Err(SignatureError::Malformed),
            "{header}"
        );
    }
    for names in ["host;content-type", "Host", "a;a", "a;;b"] {
        let header = format!("SDK-HMAC-SHA256 Access=AK, SignedHeaders={names}, Signature=b");
        assert_eq!(
            Authorization::parse(&header),
            Err(SignatureError::UnsortedHeaders),
            "{names}"
        );
    }
    let undated =
        Authorization::parse("SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=b");
    let headers = HeaderMap::new();
    let request = ReceivedRequest {
        method: "GET",
        path: "/",
        query: "",
        headers: &headers,
        body: b"",
    };
    assert_eq!(
        undated.unwrap().verify(&request, SK),
        Err(SignatureError::HeaderNotSigned("x-sdk-date"))
    );
}
