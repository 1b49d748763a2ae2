use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    ChecksumAlgorithm, ETagMeaning, Error, ErrorClass, ExpiryLimits, File, Network, Provider,
    Ranges, SizeHint,
};

use crate::cloud::*;

const LINK: &str = "https://obs.cn-north-4.myhuaweicloud.com/rdsbucket.op.1/a1/43e4.qp?AWSAccessKeyId=AK0&Expires=1705307700&Signature=YzIquVj%2B83H%3D";

fn resolve(cloud: &Cloud<'_>) -> Result<Vec<File>, Error> {
    open(keys())
        .resolve(cloud, resolve_request())
        .map(|page| page.files)
}

fn files(files: Value) -> Result<Vec<File>, Error> {
    resolve(&Cloud::saying(
        200,
        json!({"files": files, "bucket": "rdsbucket.op.1"}).to_string(),
    ))
}

fn ids(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.id.as_str()).collect()
}

#[test]
fn one_file_comes_with_all_that_is_known_of_its_link() {
    let body = json!({"files": [{
        "name": "43e4.qp", "size": 2803, "download_link": LINK,
        "link_expired_time": "2024-01-15T16:35:00+0800",
    }], "bucket": "rdsbucket.op.1"});
    let cloud = Cloud::saying(200, body.to_string());
    let files = resolve(&cloud).unwrap();
    let file = &files[0];
    assert_eq!(
        (file.id.as_str(), file.name.as_str()),
        ("43e4.qp", "43e4.qp")
    );
    assert_eq!(file.size, Some(SizeHint::kilobytes(2803)));
    assert_eq!(file.database, None);
    assert_eq!(file.link.url.expose(), LINK, "byte for byte");
    assert_eq!(
        file.link.expires_at.unwrap().to_rfc3339(),
        "2024-01-15T08:35:00+00:00"
    );
    assert_eq!(file.link.expiry_limits, ExpiryLimits::Transfer);
    assert_eq!(
        (file.link.ranges, file.link.etag),
        (Ranges::Yes, ETagMeaning::Md5WhenPlain)
    );
    assert_eq!(file.link.max_uses, None);
    assert!(file.link.headers.is_empty());
    let crc = ChecksumAlgorithm::Crc64Xz;
    assert_eq!(
        file.link.checksum_headers,
        [
            ("x-obs-hash-crc64ecma".to_owned(), crc),
            ("x-obs-checksum-crc64ecma".to_owned(), crc)
        ]
    );
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].path, format!("/v3/{PROJECT}/backup-files"));
    assert_eq!(
        asked[0].query["backup_id"],
        "c0c9f155c7b7423a9d30f0175998b63bbr01"
    );
    assert_eq!(asked[0].query.len(), 1);
}

/// The sample of the page of 2018 as its editors meant it: two entries with one name, the
/// impossible day, the leading blank.
#[test]
fn the_sample_of_2018_is_read_when_its_quotes_are_mended() {
    let entry = json!({
        "name": "43e4feaab48f11e89039fa163ebaa7e4br01.xxx",
        "size": 2803,
        "download_link": "https://obs.myhwclouds.com/rdsbucket.southchina.user.2/xxxxxx",
        "link_expired_time": " 2018-08-016T10:15:14+0800",
    });
    let files = files(json!([entry, entry])).unwrap();
    let name = "43e4feaab48f11e89039fa163ebaa7e4br01.xxx";
    assert_eq!(ids(&files), [name, &format!("{name}/#2")]);
    for file in &files {
        assert_eq!(file.name, name);
        assert_eq!(
            file.link.expires_at.unwrap().to_rfc3339(),
            "2018-08-16T02:15:14+00:00"
        );
    }
}

#[test]
fn the_sample_of_2018_as_printed_is_no_json_and_said_so() {
    let body = "{\n   “files”: [\n    {\n        “name\": “43e4feaab48f11e89039fa163ebaa7e4br01.xxx”,\n        “size”: 2803,\n        “download_link”:”https://obs.myhwclouds.com/rdsbucket.southchina.user.2/xxxxxx”,\n        “link_expired_time”:” 2018-08-016T10:15:14+0800”\n     }\n     ]，\n    \"bucket\": \"rdsbucket.op.svc.rds.1024.cn.north.1\"\n}\n";
    let error = resolve(&Cloud::saying(200, body)).unwrap_err();
    assert!(error.message.contains("not JSON"), "{error}");
    assert!(!error.to_string().contains("obs.myhwclouds.com"));
}

#[test]
fn the_sample_of_the_newer_page_is_read_as_printed() {
    let body = r#"{ "files": [ { "name": "43e4feaab48f11e89039fa163ebaa7e4br01.xxx", "size": 2803, "download_link":"https://obs.domainname.com/rdsbucket.username.1/xxxxxx", "link_expired_time":"2018-08-016T10:15:14+0800", "database_name" : "rdsbucket" } ], "bucket": "rdsbucket.bucketname" }"#;
    let files = resolve(&Cloud::saying(200, body)).unwrap();
    assert_eq!(files[0].database.as_deref(), Some("rdsbucket"));
    assert_eq!(
        files[0].link.expires_at.unwrap().to_rfc3339(),
        "2018-08-16T02:15:14+00:00"
    );
}

#[test]
fn the_expiry_comes_from_either_field_or_from_the_link() {
    let from_link = "2024-01-15T08:35:00+00:00";
    for (field, value, expected) in [
        (
            "link_expired_time",
            json!("2024-01-15T09:00:00+0000"),
            Some("2024-01-15T09:00:00+00:00"),
        ),
        (
            "link_expired_link",
            json!("2024-01-15T17:00:00+08:00"),
            Some("2024-01-15T09:00:00+00:00"),
        ),
        ("link_expired_time", json!("soon"), Some(from_link)),
        ("link_expired_time", json!(""), Some(from_link)),
        ("link_expired_time", Value::Null, Some(from_link)),
    ] {
        let files = files(json!([{"name": "a", "download_link": LINK, field: value}])).unwrap();
        let expiry = files[0].link.expires_at.map(|time| time.to_rfc3339());
        assert_eq!(expiry.as_deref(), expected, "{field} {value}");
    }
    for link in [
        "https://obs/b/k",
        "https://obs/b/k?Expires=never",
        "https://obs/b/k?expires=1",
    ] {
        let files = files(json!([{"name": "a", "download_link": link}])).unwrap();
        assert_eq!(files[0].link.expires_at, None, "{link}");
    }
}

#[test]
fn the_database_may_be_absent_null_empty_or_set() {
    let entry =
        |database: Value| json!({"name": "a", "download_link": LINK, "database_name": database});
    for (entry, database) in [
        (json!({"name": "a", "download_link": LINK}), None),
        (entry(Value::Null), None),
        (entry(json!("")), None),
        (entry(json!("sales")), Some("sales")),
    ] {
        assert_eq!(
            files(json!([entry])).unwrap()[0].database.as_deref(),
            database
        );
    }
}

#[test]
fn ids_are_the_same_at_every_resolve_whatever_the_order() {
    let entry = |name: &str, database: &str, key: &str| json!({"name": name, "database_name": database, "download_link": format!("https://obs/b/{key}?Signature=x")});
    let list = [
        entry("all.bak", "hr", "k1"),
        entry("all.bak", "sales", "k2"),
        entry("one.bak", "one", "k3"),
        entry("twin", "", "k5"),
        entry("twin", "", "k4"),
    ];
    let forth = files(json!(list)).unwrap();
    assert_eq!(
        ids(&forth),
        ["all.bak/hr", "all.bak/sales", "one.bak", "twin/#2", "twin"]
    );
    let mut back: Vec<Value> = list.to_vec();
    back.reverse();
    let back = files(json!(back)).unwrap();
    for file in &forth {
        let same = back.iter().find(|other| other.id == file.id).unwrap();
        assert_eq!(same.link.url, file.link.url, "{}", file.id);
    }
}

#[test]
fn sizes_of_nothing_are_unknown() {
    for size in [json!(0), Value::Null, json!("")] {
        let files = files(json!([{"name": "a", "download_link": LINK, "size": size}])).unwrap();
        assert_eq!(files[0].size, None);
    }
}

#[test]
fn a_file_without_a_name_bears_that_of_its_backup() {
    let files = files(json!([{"download_link": LINK}])).unwrap();
    assert_eq!(files[0].name, "c0c9f155c7b7423a9d30f0175998b63bbr01");
}

#[test]
fn a_set_with_a_bad_file_is_refused_whole() {
    let good = json!({"name": "a", "download_link": LINK});
    for (bad, class, word) in [
        (
            json!({"name": "b"}),
            ErrorClass::Unsupported,
            "download_link",
        ),
        (
            json!({"name": "b", "download_link": " "}),
            ErrorClass::Unsupported,
            "download_link",
        ),
        (
            json!({"name": "b", "download_link": "ftp://secret"}),
            ErrorClass::Permanent,
            "download_link",
        ),
        (
            json!({"name": "b", "download_link": "https://a b/secret"}),
            ErrorClass::Permanent,
            "download_link",
        ),
        (json!("secret"), ErrorClass::Permanent, "`files`"),
    ] {
        let error = files(json!([good, bad])).unwrap_err();
        assert_eq!(error.class, class, "{bad}");
        assert!(error.message.contains(word), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_backup_without_files_is_a_clear_error() {
    let error = files(json!([])).unwrap_err();
    assert_eq!(error.class, ErrorClass::Unsupported);
    assert!(error.message.contains("no file"), "{error}");
    let error = files(Value::Null).unwrap_err();
    assert!(error.message.contains("`files`"), "{error}");
}

#[test]
fn a_vanished_backup_is_gone() {
    for (status, body) in [
        (404, r#"{"error_code":"DBS.201010","error_msg":"no"}"#),
        (400, r#"{"error_code":"DBS.201203","error_msg":"no"}"#),
        (400, r#"{"error_code":"DBS.280214","error_msg":"no"}"#),
        (404, r#"{"itemNotFound":{"code":404,"message":"no"}}"#),
    ] {
        assert_eq!(
            resolve(&Cloud::saying(status, body)).unwrap_err().class,
            ErrorClass::Gone
        );
    }
    let wrong_host = r#"{"error_code":"APIGW.0101","error_msg":"The API does not exist"}"#;
    assert_eq!(
        resolve(&Cloud::saying(404, wrong_host)).unwrap_err().class,
        ErrorClass::Permanent
    );
}

#[test]
fn a_missing_download_permission_is_named() {
    let body = r#"{"error_code":"DBS.200010","error_msg":"no"}"#;
    let class = resolve(&Cloud::saying(403, body)).unwrap_err().class;
    assert_eq!(
        class,
        ErrorClass::Forbidden {
            permission: Some("rds:backup:download".into())
        }
    );
}

#[test]
fn there_are_no_links_for_the_intranet() {
    for (network, works) in [
        (Network::Public, true),
        (Network::Auto, true),
        (Network::Intranet, false),
    ] {
        let body = json!({"files": [{"name": "a", "download_link": LINK}]}).to_string();
        let cloud = Cloud::saying(200, body);
        let mut request = resolve_request();
        request.network = network;
        match open(keys()).resolve(&cloud, request) {
            Ok(_) => assert!(works),
            Err(error) => {
                assert!(!works);
                assert_eq!(error.class, ErrorClass::Unsupported);
                assert!(error.message.contains("network"), "{error}");
            }
        }
    }
}

#[test]
fn the_description_is_complete() {
    let description = backhaul_provider_huaweicloud::HuaweiCloud::describe();
    assert_eq!(description.name, "huaweicloud");
    let rds = description.service("rds").unwrap();
    assert!(rds.needs_region);
    assert_eq!(rds.endpoints, ["rds", "iam"]);
    assert_eq!(rds.credentials.len(), 2);
    assert!(
        rds.link_hosts
            .iter()
            .any(|host| host == "obs.myhwclouds.com")
    );
    assert_eq!(rds.rate_limits.len(), 1);
    assert_eq!(rds.permissions.len(), 3);
}
