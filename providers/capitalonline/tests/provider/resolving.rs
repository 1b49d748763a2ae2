use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    ETagMeaning, Error, ErrorClass, File, Network, Provider, Quality, Ranges,
};

use crate::cloud::*;

const PUBLIC: &str = "https://gic.cnbj01.cdsgss.com/backup/orders%20full.xb?Expires=1705307700&Signature=YzIquVj%2B83H%3D";
const INTRANET: &str = "http://88.0.0.1/backup/orders.xb?token=t";

/// The sample of the vendor's newest page; it has no `BackupId`.
fn data() -> Value {
    json!({
        "BackupDownloadUrl": PUBLIC, "BackupIntranetDownloadUrl": INTRANET,
        "BackupMode": "auto", "BackupSize": 68140, "BackupStrategy": "instance",
        "BackupType": "physical-backup", "Desc": "", "EndTime": "2020-06-18 04:00:26",
        "InstanceId": "another-id", "StartTime": "2020-06-18 04:00:06", "Status": "finished",
    })
}

fn changed(field: &str, value: Value) -> Value {
    let mut data = data();
    data[field] = value;
    data
}

fn resolve_in(network: Network, data: Value) -> Result<File, Error> {
    let mut request = resolve_request();
    request.network = network;
    let mut page = mysql().resolve(&Cloud::with(data), request)?;
    assert_eq!(page.files.len(), 1, "one backup has one file");
    Ok(page.files.remove(0))
}

fn resolve(data: Value) -> Result<File, Error> {
    resolve_in(Network::Public, data)
}

#[test]
fn one_file_comes_with_all_that_is_known_of_its_link() {
    let cloud = Cloud::with(data());
    let page = mysql().resolve(&cloud, resolve_request()).unwrap();
    let file = &page.files[0];
    assert_eq!(
        (file.id.as_str(), file.name.as_str()),
        ("backup", "orders full.xb")
    );
    let size = file.size.unwrap();
    assert_eq!((size.bytes, size.quality), (68140, Quality::Approximate));
    assert!(file.checksums.is_empty());
    assert_eq!(file.link.url.expose(), PUBLIC, "byte for byte");
    assert_eq!(
        file.link.expires_at.unwrap().to_rfc3339(),
        "2024-01-15T08:35:00+00:00"
    );
    assert_eq!(
        (file.link.ranges, file.link.etag),
        (Ranges::Unknown, ETagMeaning::Opaque)
    );
    assert_eq!(file.link.max_uses, None);
    assert!(
        file.link.headers.is_empty(),
        "no keys go to the download host"
    );
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].call, "DownloadBackup");
    assert_eq!(
        asked[0].own(),
        [("BackupId", BACKUP), ("InstanceUuid", INSTANCE)]
    );
}

/// The sample of the vendor's site of 2021, with URLs in place of its stars.
#[test]
fn the_sample_of_2021_is_read() {
    let data = json!({
        "BackupDownloadUrl": "https://gic.example/x", "BackupIntranetDownloadUrl": INTRANET,
        "BackupMode": "auto", "BackupSize": 68140, "BackupType": "full-backup", "Desc": "",
        "EndTime": "2020-06-18 04:00:26", "InstanceId": "x", "StartTime": "2020-06-18 04:00:06",
        "Status": "finished",
    });
    let file = resolve(data).unwrap();
    assert_eq!(file.name, "x");
    assert_eq!(file.link.expires_at, None);
}

#[test]
fn the_network_chooses_the_link() {
    let none = json!("");
    for (network, data, url) in [
        (Network::Public, data(), Some(PUBLIC)),
        (Network::Intranet, data(), Some(INTRANET)),
        (Network::Auto, data(), Some(INTRANET)),
        (
            Network::Auto,
            changed("BackupIntranetDownloadUrl", none.clone()),
            Some(PUBLIC),
        ),
        (
            Network::Intranet,
            changed("BackupIntranetDownloadUrl", Value::Null),
            None,
        ),
        (Network::Public, changed("BackupDownloadUrl", none), None),
    ] {
        match resolve_in(network, data) {
            Ok(file) => assert_eq!(Some(file.link.url.expose()), url),
            Err(error) => {
                assert_eq!((url, error.class), (None, ErrorClass::Unsupported));
                assert!(error.message.contains("`network`"));
            }
        }
    }
}

#[test]
fn an_answer_for_another_backup_is_refused() {
    assert!(resolve(changed("BackupId", json!(BACKUP))).is_ok());
    let error = resolve(changed("BackupId", json!("another"))).unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("`BackupId`"), "{error}");
}

#[test]
fn a_backup_that_is_not_finished_gives_no_file() {
    for (status, class) in [
        ("running", ErrorClass::NotReady { after: None }),
        ("failed", ErrorClass::Permanent),
        ("deleting", ErrorClass::Gone),
    ] {
        let error = resolve(changed("Status", json!(status))).unwrap_err();
        assert_eq!(error.class, class, "{status}");
    }
    assert!(resolve(changed("Status", json!("whatever"))).is_ok());
}

#[test]
fn what_is_no_url_is_refused_without_repeating_it() {
    for url in [
        "gic.example/SECRET",
        "ftp://x/SECRET",
        "https://x/SECRET y",
        "https://x/\u{7}SECRET",
    ] {
        let error = resolve(changed("BackupDownloadUrl", json!(url))).unwrap_err();
        assert!(error.message.contains("`BackupDownloadUrl`"), "{error}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

#[test]
fn a_name_comes_from_the_urls_path_and_a_shard_stands_before_it() {
    for (url, shard, name) in [
        ("https://gic.example/a/dump.rdb?x=/y", "", "dump.rdb"),
        (
            "https://gic.example/a/dump.rdb#z",
            "shard-1",
            "shard-1_dump.rdb",
        ),
        (
            "https://gic.example/a/shard-1.rdb",
            "shard-1",
            "shard-1.rdb",
        ),
        ("https://gic.example/", "", BACKUP),
        ("https://gic.example?x=1", "", BACKUP),
        ("https://gic.example/a/", "", BACKUP),
        ("https://gic.example/%E5%A4%87%E4%BB%BD.xb", "", "备份.xb"),
        ("https://gic.example/..%2F..%2Fetc%00", "", "../../etc"),
    ] {
        let mut data = changed("BackupDownloadUrl", json!(url));
        data["ShardId"] = json!(shard);
        assert_eq!(resolve(data).unwrap().name, name, "{url}");
    }
}

#[test]
fn the_size_of_the_listing_stands_in_for_a_missing_one() {
    let size = |value: Value| {
        resolve(changed("BackupSize", value))
            .unwrap()
            .size
            .unwrap()
            .bytes
    };
    assert_eq!(size(json!("68140")), 68140);
    assert_eq!(size(json!("")), 5);
}

#[test]
fn data_of_another_form_is_named() {
    for data in [
        Value::Null,
        json!([]),
        json!("https://gic.example/SECRET"),
        json!([{}, {}]),
    ] {
        let error = resolve(data).unwrap_err();
        assert!(
            error.message.contains("`Data`") && !error.message.contains("SECRET"),
            "{error}"
        );
    }
    assert!(resolve(json!([data()])).is_ok(), "one object in a list");
}

#[test]
fn the_documented_errors_of_a_backup_have_their_classes() {
    for (status, code, class) in [
        (404, "ResourceNotFound", ErrorClass::Gone),
        (200, "ResourceNotFound", ErrorClass::Gone),
        (409, "ResourceInUse", ErrorClass::NotReady { after: None }),
        (400, "UnsupportedOperation", ErrorClass::Unsupported),
    ] {
        let cloud = Cloud::saying(status, format!(r#"{{"Code":"{code}","Message":"no"}}"#));
        let error = mysql().resolve(&cloud, resolve_request()).unwrap_err();
        assert_eq!(error.class, class, "{code}");
        assert!(error.message.contains(BACKUP), "{error}");
    }
}
