//! The vendor's vector (V0) and those computed with its SDK at a fixed time (V1 to V7).

use backhaul_provider_api::Secret;

use super::*;

const DATE: &str = "20240115T083000Z";
const PROJECT: &str = "97b026aa9cc4417888c14c84a1ad9860";
pub(crate) const V1_QUERY: &[(&str, &str)] =
    &[("backup_id", "c0c9f155c7b7423a9d30f0175998b63bbr01")];

/// The made-up key pair of V1 to V7.
pub(crate) fn keys() -> (Secret, Secret) {
    (
        Secret::new("AKEXAMPLE00000000001"),
        Secret::new("SKexampleSKexampleSKexampleSKexample0001"),
    )
}

/// A request of the vectors: V1 unless changed.
pub(crate) struct Sample {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, Secret)>,
    body: &'static str,
}

impl Sample {
    pub(crate) fn get(path: &str, query: &[(&'static str, &str)]) -> Self {
        let pairs: Vec<_> = query
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let headers = [
            ("Content-Type", "application/json"),
            ("Host", "rds.cn-north-4.myhuaweicloud.com"),
            ("X-Project-Id", PROJECT),
            ("X-Sdk-Date", DATE),
        ];
        Self {
            method: "GET",
            path: path.replace("{p}", PROJECT),
            query: percent::query(&pairs),
            headers: headers
                .map(|(name, value)| (name.to_owned(), Secret::new(value)))
                .to_vec(),
            body: "",
        }
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        self.headers.retain(|(name, _)| name != "Host");
        self.with("Host", host)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Secret::new(value)));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    pub(crate) fn canonical(&self) -> Canonical {
        Canonical::of(&Unsigned {
            method: self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: self.body,
        })
    }

    #[track_caller]
    fn expect(&self, signed_headers: &str, hash: &str, signature: &str) {
        let canonical = self.canonical();
        assert_eq!(
            canonical.hash(),
            hash,
            "canonical request:\n{}",
            canonical.text
        );
        let (access_key, secret_key) = keys();
        let keys = KeyPair {
            access_key: &access_key,
            secret_key: &secret_key,
        };
        assert_eq!(
            authorization(&keys, DATE, &canonical).expose(),
            format!(
                "SDK-HMAC-SHA256 Access=AKEXAMPLE00000000001, SignedHeaders={signed_headers}, Signature={signature}"
            )
        );
    }
}

const ALL: &str = "content-type;host;x-project-id;x-sdk-date";

#[test]
fn v0_the_vendors_own_vector() {
    let mut sample = Sample::get(
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        &[
            ("limit", "2"),
            ("marker", "13551d6b-755d-4757-b956-536f674975c0"),
        ],
    )
    .without("X-Project-Id")
    .host("service.region.example.com");
    sample = sample
        .without("X-Sdk-Date")
        .with("x-sdk-date", "20191115T033655Z");
    let canonical = sample.canonical();
    assert_eq!(
        canonical.hash(),
        "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
    );
    let access_key = Secret::new("QTWAOYTTINDUT2QVKYUC");
    let secret_key = Secret::new("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc");
    let keys = KeyPair {
        access_key: &access_key,
        secret_key: &secret_key,
    };
    assert_eq!(
        authorization(&keys, "20191115T033655Z", &canonical).expose(),
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, \
         SignedHeaders=content-type;host;x-sdk-date, \
         Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    );
}

#[test]
fn v1_backup_files_with_its_whole_canonical_request() {
    let sample = Sample::get("/v3/{p}/backup-files", V1_QUERY);
    assert_eq!(
        sample.canonical().text,
        "GET\n\
         /v3/97b026aa9cc4417888c14c84a1ad9860/backup-files/\n\
         backup_id=c0c9f155c7b7423a9d30f0175998b63bbr01\n\
         content-type:application/json\n\
         host:rds.cn-north-4.myhuaweicloud.com\n\
         x-project-id:97b026aa9cc4417888c14c84a1ad9860\n\
         x-sdk-date:20240115T083000Z\n\
         \n\
         content-type;host;x-project-id;x-sdk-date\n\
         e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    sample.expect(
        ALL,
        "ae89ed9caa0c2439bce5f3cd86965b1e84725f9a116002ee513f26090f0d1463",
        "33b96a909100c7e7435fd7126bf65adb69bdfa13b678a950113b4a000ba85ee3",
    );
}

#[test]
fn v2_a_window_with_plus_signs_and_colons() {
    Sample::get(
        "/v3/{p}/backups",
        &[
            ("offset", "0"),
            ("limit", "100"),
            ("instance_id", "a48e43ff268f4c0e879652d65e63d0fbin01"),
            ("backup_type", "auto"),
            ("begin_time", "2018-08-06T10:41:14+0800"),
            ("end_time", "2018-08-16T10:41:14+0800"),
        ],
    )
    .expect(
        ALL,
        "aed8c12ceec393a7d77625bdf7ab76f2a52fa6635f5e2f252ae2376aa5eb28f2",
        "72dd407018da16ed6a43057e42a4d00fac32a940745c6007981a14dd1e850850",
    );
}

#[test]
fn v3_only_the_two_necessary_headers() {
    Sample::get("/v3/{p}/backup-files", V1_QUERY)
        .without("Content-Type")
        .without("X-Project-Id")
        .expect(
            "host;x-sdk-date",
            "1619ad16e4fa97d82d9ab3923baaac8354c145dbf17fdf4db00ee99edf3ffc0a",
            "0ff7d95425b313bb39a90b4975f77a25685fba1f0e0dc0cdd97a8468bc96ef60",
        );
}

#[test]
fn v4_a_security_token() {
    Sample::get("/v3/{p}/backup-files", V1_QUERY)
        .with("X-Security-Token", "ExampleSecurityToken==")
        .expect(
            "content-type;host;x-project-id;x-sdk-date;x-security-token",
            "2eb71a12cb9ec1309bfaff539ef29e084456e7431937e1092a682fae07739912",
            "f2330265fd31596d461e6d42662972886d2968cb4a1e2fb4f63e379e64506c26",
        );
}

#[test]
fn v5_the_project_look_up() {
    Sample::get("/v3/projects", &[("name", "cn-north-4")])
        .without("X-Project-Id")
        .host("iam.cn-north-4.myhuaweicloud.com")
        .expect(
            "content-type;host;x-sdk-date",
            "87eacf1aa51aa35df8e313588b6ba94a8c56b24cd9842202ed3f43c9f01a0495",
            "d637469283990f1bfd06365911c1ee9ad64c1cc4f17643b59eb9144009947217",
        );
}

#[test]
fn v6_a_body() {
    let mut sample = Sample::get("/v3/{p}/backups", &[]);
    sample.method = "POST";
    sample.body = r#"{"instance_id":"a48e43ff268f4c0e879652d65e63d0fbin01","name":"b1"}"#;
    sample.expect(
        ALL,
        "239f9f218f7a586213904a984b9505e144a6dee16d5c00f33a35e6540b62b428",
        "0cc0f1ac10debe173f0cd5da0bceabbe2489b12592c206bff2686b47983b5632",
    );
}

#[test]
fn v7_a_name_of_every_kind_of_character() {
    Sample::get(
        "/v3/{p}/instances",
        &[("name", "*测试 a+b~c/d"), ("offset", "0"), ("limit", "1")],
    )
    .expect(
        ALL,
        "6ea09ecb97716dfd10dae5e9d3cd205b9ae6656594ce1f3e5bb9c161f8263926",
        "d60c971793989d63a6494bc038f8b1f62b9311ecbcb1c49a98f9f05aff201c38",
    );
}

#[test]
fn an_encoded_path_is_not_encoded_twice() {
    assert_eq!(canonical_path("/v3/a%20b/c d"), "/v3/a%20b/c%20d/");
    assert_eq!(canonical_path("/"), "/");
}

#[test]
fn header_values_are_trimmed() {
    let blank = Sample::get("/v3/x", &[]).with("X-Language", "  en-us ");
    assert!(blank.canonical().text.contains("\nx-language:en-us\n"));
}
