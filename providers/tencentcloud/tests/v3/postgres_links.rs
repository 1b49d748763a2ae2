use backhaul_provider_api::serde_json::{self, Value, json};
use backhaul_provider_api::{
    Backup, ChecksumAlgorithm, ETagMeaning, Error, ErrorClass, ExpiryLimits, File, Kind, Network,
    Provider, Ranges, Seconds,
};

use crate::cloud::*;

const INSTANCE: &str = "postgres-oamgybor";
const ID: &str = "f9509fc2-2281-551c-b937-86d38cf79f3b";
const LINK: &str = "https://postgres-backup-gz-1.cos.ap-guangzhou.myqcloud.com/pgsql/a%2fb.tar.zst?q-sign-algorithm=sha1&q-ak=AKID0&q-sign-time=1699999940%3B1700043200&q-key-time=1699999940%3B1700043200&q-header-list=host&q-url-param-list=&q-signature=dad75d4de4ac028f32fcedd75a5b8ece4ce66ac1";

fn backup(kind: &str) -> Backup {
    serde_json::from_value(json!({
        "key": ID, "name": "x.tar.zst", "kind": kind, "state": {"state": "available"},
        "started_at": "2023-11-14T00:00:00Z", "finished_at": "2023-11-14T00:05:00Z",
        "size": {"bytes": 7, "quality": "approximate"},
    }))
    .unwrap()
}

fn resolve_with(cloud: &Cloud<'_>, options: Value, backup: Backup) -> Result<Vec<File>, Error> {
    open(with_options("postgres", options))
        .resolve(cloud, resolve_request(INSTANCE, backup))
        .map(|page| page.files)
}

fn resolve(cloud: &Cloud<'_>) -> Result<Vec<File>, Error> {
    resolve_with(cloud, Value::Null, backup("log"))
}

fn linking() -> Cloud<'static> {
    Cloud::new(|_| ok(json!({ "BackupDownloadURL": LINK })))
}

#[test]
fn a_file_comes_with_all_that_is_known_of_its_link() {
    let cloud = linking();
    let files = resolve(&cloud).unwrap();
    let [file] = &files[..] else {
        panic!("one file")
    };
    assert_eq!(
        (file.id.as_str(), file.name.as_str()),
        ("backup", "x.tar.zst")
    );
    assert_eq!(file.size.unwrap().bytes, 7);
    let link = &file.link;
    assert_eq!(link.url.expose(), LINK, "byte for byte");
    assert_eq!(link.expires_at.unwrap().timestamp(), 1_700_043_200);
    assert_eq!(link.expiry_limits, ExpiryLimits::Transfer);
    assert_eq!((link.ranges, link.etag), (Ranges::Yes, ETagMeaning::Opaque));
    assert_eq!((link.max_uses, link.headers.len()), (None, 0));
    let crc = (
        "x-cos-hash-crc64ecma".to_owned(),
        ChecksumAlgorithm::Crc64Xz,
    );
    assert_eq!(link.checksum_headers, [crc]);
    let asked = cloud.asked.borrow();
    assert_eq!(
        asked[0].body,
        json!({"DBInstanceId": INSTANCE, "BackupType": "LogBackup", "BackupId": ID})
    );
}

#[test]
fn a_base_backup_is_asked_for_as_one() {
    let cloud = linking();
    resolve_with(&cloud, Value::Null, backup("full")).unwrap();
    assert_eq!(cloud.asked.borrow()[0].body["BackupType"], "BaseBackup");
    let other = resolve_with(&cloud, Value::Null, backup("incremental")).unwrap_err();
    assert_eq!(other.class, ErrorClass::Unsupported);
    assert_eq!(cloud.calls().len(), 1);
}

#[test]
fn life_and_restriction_of_links_are_asked_for_by_option() {
    let cloud = linking();
    let options = json!({
        "link_hours": 36,
        "download_restriction": {
            "type": "customize", "vpc_effect": "allow", "vpcs": ["vpc-1"],
            "ip_effect": "deny", "ips": ["192.0.2.1"],
        },
    });
    resolve_with(&cloud, options, backup("log")).unwrap();
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].body["URLExpireTime"], 36);
    assert_eq!(
        asked[0].body["BackupDownloadRestriction"],
        json!({
            "RestrictionType": "CUSTOMIZE", "VpcRestrictionEffect": "ALLOW", "VpcIdSet": ["vpc-1"],
            "IpRestrictionEffect": "DENY", "IpSet": ["192.0.2.1"],
        })
    );
}

#[test]
fn a_wished_life_is_rounded_up_to_hours() {
    let cloud = linking();
    let mut request = resolve_request(INSTANCE, backup("log"));
    request.lifetime = Some(Seconds(3601));
    open(account("postgres")).resolve(&cloud, request).unwrap();
    assert_eq!(cloud.asked.borrow()[0].body["URLExpireTime"], 2);
}

#[test]
fn one_link_serves_every_network() {
    for network in [Network::Public, Network::Intranet, Network::Auto] {
        let cloud = linking();
        let mut request = resolve_request(INSTANCE, backup("log"));
        request.network = network;
        let page = open(account("postgres")).resolve(&cloud, request).unwrap();
        assert_eq!(page.files[0].link.url.expose(), LINK);
    }
}

#[test]
fn a_backup_without_a_name_has_that_of_its_object() {
    for (link, name) in [
        (LINK, "a%2fb.tar.zst"),
        ("https://b.cos.ap-guangzhou.myqcloud.com/", "backup"),
    ] {
        let cloud = Cloud::new(|_| ok(json!({ "BackupDownloadURL": link })));
        let mut nameless = backup("log");
        nameless.name = String::new();
        let files = resolve_with(&cloud, Value::Null, nameless).unwrap();
        assert_eq!(files[0].name, name);
    }
}

#[test]
fn what_is_no_link_is_told_without_being_shown() {
    for answer in [
        json!({}),
        json!({"BackupDownloadURL": null}),
        json!({"BackupDownloadURL": ""}),
        json!({"BackupDownloadURL": "ftp://secret"}),
        json!({"BackupDownloadURL": "https://a b/secret"}),
        json!({"BackupDownloadURL": ["https://secret"]}),
    ] {
        let error = resolve(&Cloud::new(|_| ok(answer.clone()))).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(error.message.contains("`BackupDownloadURL`"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

const REFUSED: &str = "InvalidParameterValue.InvalidParameterValueError";

/// A cloud that refuses to give a link and lists those ids.
fn refusing(code: &'static str, listed: &'static [&'static str], total: usize) -> Cloud<'static> {
    Cloud::new(move |asked| {
        if asked.action == "DescribeBackupDownloadURL" {
            return error(code);
        }
        assert_eq!(asked.body["MinFinishTime"], "2023-11-14 08:04:00");
        assert_eq!(asked.body["MaxFinishTime"], "2023-11-14 08:06:00");
        let entries: Vec<Value> = listed.iter().map(|id| json!({ "Id": id })).collect();
        ok(json!({"LogBackupSet": entries, "TotalCount": total}))
    })
}

#[test]
fn a_refused_backup_that_is_no_longer_listed_is_gone() {
    for (code, listed, total, gone, calls) in [
        (REFUSED, &[][..], 0, true, 2),
        (REFUSED, &["other"], 1, true, 2),
        (REFUSED, &["other"], 200, false, 2),
        (REFUSED, &["other", ID], 200, false, 2),
        ("ResourceNotFound.InstanceNotFoundError", &[], 0, true, 1),
        ("FailedOperation.FailedOperationError", &[], 0, false, 1),
    ] {
        let cloud = refusing(code, listed, total);
        let error = resolve(&cloud).unwrap_err();
        assert_eq!(error.class == ErrorClass::Gone, gone, "{code} {listed:?}");
        assert_eq!(cloud.calls().len(), calls);
        assert_eq!(error.code.as_deref(), Some(code));
        assert_eq!(error.call.as_deref(), Some("DescribeBackupDownloadURL"));
    }
}

#[test]
fn an_instance_of_another_status_is_asked_again_later() {
    let cloud = refusing("OperationDenied.InstanceStatusLimitError", &[], 0);
    let class = resolve(&cloud).unwrap_err().class;
    assert_eq!(class, ErrorClass::NotReady { after: None });
}

#[test]
fn a_missing_permission_is_named() {
    let cloud = refusing("OperationDenied.CamDeniedError", &[], 0);
    let permission = Some("postgres:DescribeBackupDownloadURL".to_owned());
    let class = resolve(&cloud).unwrap_err().class;
    assert_eq!(class, ErrorClass::Forbidden { permission });
}

#[test]
fn every_kind_that_is_listed_can_be_asked_for() {
    let description = backhaul_provider_tencentcloud::TencentCloud::describe();
    assert_eq!(
        description.service("postgres").unwrap().kinds,
        [Kind::Full, Kind::Log]
    );
}
