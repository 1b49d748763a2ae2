use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Backup, Checksum, ChecksumAlgorithm, Error, ErrorClass, File, Kind, Network, Provider,
    SecretsRequest, SizeHint, Window,
};

use crate::cloud::*;
use crate::mysql::{INSTANCE, answering, binlog, data, slow_log, with};

/// The backup as a listing shows it.
fn listed(entry: &Value, kind: Kind) -> Backup {
    let cloud = Cloud::new(|asked| answering(std::slice::from_ref(entry), kind, asked));
    let request = list_request(INSTANCE, &[kind], Window::default());
    let mut listed = list_all(&cloud, account("mysql"), request).unwrap();
    listed.backups.remove(0)
}

fn resolve(cloud: &Cloud<'_>, backup: Backup, network: Network) -> Result<File, Error> {
    let mut request = resolve_request(INSTANCE, backup);
    request.network = network;
    let mut page = open(account("mysql")).resolve(cloud, request)?;
    assert_eq!(page.files.len(), 1);
    Ok(page.files.remove(0))
}

fn resolve_now(entry: Value, now: Value, network: Network) -> Result<File, Error> {
    let cloud = Cloud::new(|asked| answering(std::slice::from_ref(&now), Kind::Full, asked));
    resolve(&cloud, listed(&entry, Kind::Full), network)
}

#[test]
fn a_link_leads_through_the_wanted_network() {
    for (network, end) in [
        (Network::Public, "/out?q-sign-time=1%3B1700043200"),
        (Network::Intranet, "/in?q-sign-time=1%3B1700043200"),
        (Network::Auto, "/in?q-sign-time=1%3B1700043200"),
    ] {
        let file = resolve_now(data(), data(), network).unwrap();
        assert!(file.link.url.expose().ends_with(end));
        assert_eq!(file.link.expires_at.unwrap().timestamp(), 1_700_043_200);
        assert_eq!(
            (file.id.as_str(), file.name.as_str()),
            ("backup", "x_backup_20170429000134")
        );
        assert_eq!(file.size, Some(SizeHint::exact(653_226)));
        assert_eq!(file.checksums, []);
    }
}

#[test]
fn a_network_without_a_link_is_told() {
    let inside = with(data(), json!({"InternetUrl": ""}));
    let outside = with(data(), json!({"IntranetUrl": null}));
    for (entry, network, works) in [
        (&inside, Network::Public, false),
        (&inside, Network::Auto, true),
        (&outside, Network::Intranet, false),
        (&outside, Network::Auto, true),
        (&outside, Network::Public, true),
    ] {
        match resolve_now(data(), entry.clone(), network) {
            Ok(_) => assert!(works),
            Err(error) => {
                assert!(!works);
                assert_eq!(error.class, ErrorClass::Unsupported);
                assert!(error.message.contains("`network`"), "{error}");
            }
        }
    }
}

#[test]
fn an_md5_is_taken_where_it_is_one() {
    let md5 = "0123456789ABCDEF0123456789abcdef";
    let file = resolve_now(data(), with(data(), json!({ "MD5": md5 })), Network::Public).unwrap();
    let checksum = Checksum {
        algorithm: ChecksumAlgorithm::Md5,
        value: md5.to_ascii_lowercase(),
    };
    assert_eq!(file.checksums, [checksum]);
    for odd in [json!(""), json!("abc"), Value::Null, json!(7)] {
        let entry = with(data(), json!({ "MD5": odd }));
        assert_eq!(
            resolve_now(data(), entry, Network::Public)
                .unwrap()
                .checksums,
            []
        );
    }
}

#[test]
fn logs_are_found_again_by_their_keys() {
    for (entry, kind, call) in [
        (binlog(), Kind::Log, "DescribeBinlogs"),
        (slow_log(), Kind::Slowlog, "DescribeSlowLogs"),
    ] {
        let cloud = Cloud::new(|asked| answering(std::slice::from_ref(&entry), kind, asked));
        let file = resolve(&cloud, listed(&entry, kind), Network::Public).unwrap();
        assert_eq!(file.link.url.expose(), entry["InternetUrl"]);
        assert_eq!(cloud.calls(), [call]);
    }
}

/// A list of that many backups; the id is the place.
fn many(count: u64) -> Vec<Value> {
    (0..count)
        .map(|id| with(data(), json!({ "BackupId": id })))
        .collect()
}

fn at(id: u64, place: Option<u64>) -> Backup {
    let mut backup = listed(&with(data(), json!({ "BackupId": id })), Kind::Full);
    backup.handle = place.map(|place| place.to_string());
    backup
}

#[test]
fn one_call_finds_a_backup_where_it_was_listed() {
    let list = many(950);
    let cloud = Cloud::new(|asked| answering(&list, Kind::Full, asked));
    // Up to 79 new ones before it and up to 20 old ones gone do no harm.
    for place in [421, 500, 520] {
        resolve(&cloud, at(500, Some(place)), Network::Public).unwrap();
    }
    assert_eq!(cloud.calls().len(), 3);
    assert_eq!(cloud.asked.borrow()[0].offset(), 401);
}

#[test]
fn a_backup_is_found_wherever_it_moved() {
    let list = many(950);
    for place in [None, Some(0), Some(300), Some(949), Some(100_000)] {
        for id in [0, 1, 449, 949] {
            let cloud = Cloud::new(|asked| answering(&list, Kind::Full, asked));
            resolve(&cloud, at(id, place), Network::Public)
                .unwrap_or_else(|error| panic!("{id} from {place:?}: {error}"));
        }
    }
}

#[test]
fn a_backup_that_no_page_shows_is_gone() {
    let list = many(350);
    for place in [None, Some(0), Some(200), Some(349), Some(5000)] {
        let cloud = Cloud::new(|asked| answering(&list, Kind::Full, asked));
        let error = resolve(&cloud, at(999, place), Network::Public).unwrap_err();
        assert_eq!(error.class, ErrorClass::Gone);
        assert!(cloud.calls().len() < 60, "{place:?}");
        let mut seen = [false; 350];
        for asked in cloud.asked.borrow().iter() {
            let from = asked.offset();
            let until = (from + 100).min(350);
            seen[from.min(until)..until].fill(true);
        }
        assert!(seen.iter().all(|seen| *seen), "{place:?}");
    }
    let empty = Cloud::new(|asked| answering(&[], Kind::Full, asked));
    let error = resolve(&empty, at(1, Some(0)), Network::Public).unwrap_err();
    assert_eq!(error.class, ErrorClass::Gone);
}

#[test]
fn what_changed_since_the_listing_is_told() {
    for (change, class, word) in [
        (
            json!({"CosStorageType": 1}),
            ErrorClass::Unsupported,
            "archive",
        ),
        (
            json!({"Status": "RUNNING"}),
            ErrorClass::NotReady { after: None },
            "still",
        ),
        (json!({"Status": "FAILED"}), ErrorClass::Permanent, "failed"),
        (
            json!({"InternetUrl": "ftp://secret"}),
            ErrorClass::Permanent,
            "URL",
        ),
        (
            json!({"InternetUrl": "https://a b/secret"}),
            ErrorClass::Permanent,
            "URL",
        ),
    ] {
        let error = resolve_now(data(), with(data(), change), Network::Public).unwrap_err();
        assert_eq!(error.class, class);
        assert!(error.message.contains(word), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(error.call.as_deref(), Some("DescribeBackups"));
    }
}

fn secrets(cloud: &Cloud<'_>, entry: &Value) -> Result<Vec<(String, String)>, Error> {
    let request = SecretsRequest {
        instance: instance(INSTANCE),
        backup: listed(entry, Kind::Full),
    };
    let keys = open(account("mysql")).secrets(cloud, request)?;
    Ok(keys
        .into_iter()
        .map(|key| (key.cipher, key.key.expose().to_owned()))
        .collect())
}

#[test]
fn the_key_of_an_encrypted_backup_is_fetched() {
    let cloud = Cloud::new(|_| ok(json!({"DecryptionKey": "q1w2e3"})));
    let encrypted = with(data(), json!({"EncryptionFlag": "on"}));
    let keys = secrets(&cloud, &encrypted).unwrap();
    assert_eq!(
        keys,
        [("not told by the vendor".to_owned(), "q1w2e3".to_owned())]
    );
    assert_eq!(cloud.calls(), ["DescribeBackupDecryptionKey"]);
    assert_eq!(
        cloud.asked.borrow()[0].body,
        json!({"InstanceId": INSTANCE, "BackupId": 12_445_233})
    );
    assert!(secrets(&cloud, &data()).unwrap().is_empty());
    assert_eq!(cloud.calls().len(), 1, "what is not encrypted has no key");
}

#[test]
fn a_key_that_cannot_be_had_is_an_error() {
    let encrypted = with(data(), json!({"EncryptionFlag": "on"}));
    for (response, class) in [
        (
            error("InternalError.DBRecordNotExistError"),
            ErrorClass::Gone,
        ),
        (error("InternalError.UnknownError"), ErrorClass::Temporary),
        (
            error("OperationDenied.NotSupportBasic"),
            ErrorClass::Unsupported,
        ),
        (ok(json!({"DecryptionKey": ""})), ErrorClass::Permanent),
    ] {
        let cloud = Cloud::new(|_| response.clone());
        let error = secrets(&cloud, &encrypted).unwrap_err();
        assert_eq!(error.class, class);
        assert_eq!(error.call.as_deref(), Some("DescribeBackupDecryptionKey"));
    }
}
