use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Completeness, HttpResponse, Kind, LogSpan, Method, Origin, Quality, SizeHint, State, Window,
};

use crate::cloud::*;

pub const INSTANCE: &str = "cdb-c1nl9rpv";
const ALL: [Kind; 3] = [Kind::Full, Kind::Log, Kind::Slowlog];

/// The vendor's own sample of a data backup, with links that can be told apart.
pub fn data() -> Value {
    json!({
        "InstanceId": INSTANCE, "BackupId": 12_445_233, "Name": "x_backup_20170429000134",
        "Date": "2017-04-29 00:01:34", "StartTime": "2017-04-29 00:01:30",
        "FinishTime": "2017-04-29 00:03:42", "Size": 653_226, "Type": "logical",
        "Way": "automatic", "Method": "full", "Status": "SUCCESS", "Progress": 0,
        "Creator": "SYSTEM", "ManualBackupName": "", "SaveMode": "save_mode_regular",
        "Region": "ap-guangzhou", "RemoteInfo": [], "CosStorageType": 0, "EncryptionFlag": "off",
        "IntranetUrl": "https://b-1.cos.ap-guangzhou.myqcloud.com/in?q-sign-time=1%3B1700043200",
        "InternetUrl": "https://b-1.cos.ap-guangzhou.myqcloud.com/out?q-sign-time=1%3B1700043200",
    })
}

pub fn binlog() -> Value {
    json!({
        "BinlogFinishTime": "2020-11-12 21:13:12", "BinlogStartTime": "2020-11-12 21:13:04",
        "Date": "2020-11-12 21:13:35", "Name": "cdb73977_binlog_mysqlbin.000004", "Size": 505,
        "Status": "FINISHED", "Region": "ap-guangzhou", "CosStorageType": 0, "RemoteInfo": [],
        "Type": "binlog", "InstanceId": "cdb-xxx",
        "InternetUrl": "https://b-1.cos.ap-guangzhou.myqcloud.com/binlog?q-sign-time=1%3B1700043200",
        "IntranetUrl": "https://b-1.cos.ap-guangzhou.myqcloud.com/binlog?q-sign-time=1%3B1700043200",
    })
}

pub fn slow_log() -> Value {
    json!({
        "Name": "x_slowlog_20170426.log", "Date": "2017-04-27", "Size": 212, "Type": "slowlog",
        "InternetUrl": "https://b-1.cos.ap-guangzhou.myqcloud.com/slow",
        "IntranetUrl": "https://b-1.cos.ap-guangzhou.myqcloud.com/slow",
    })
}

pub fn with(mut entry: Value, changes: Value) -> Value {
    for (field, value) in changes.as_object().unwrap() {
        entry[field] = value.clone();
    }
    entry
}

pub fn answering(entries: &[Value], kind: Kind, asked: &Asked) -> HttpResponse {
    let shown = match asked.action.as_str() {
        "DescribeBackups" => Kind::Full,
        "DescribeBinlogs" => Kind::Log,
        "DescribeSlowLogs" => Kind::Slowlog,
        other => panic!("{other}"),
    };
    page("Items", if shown == kind { entries } else { &[] }, asked)
}

fn list(entries: &[Value], kind: Kind) -> Listed {
    let cloud = Cloud::new(|asked| answering(entries, kind, asked));
    let request = list_request(INSTANCE, &ALL, Window::default());
    list_all(&cloud, account("mysql"), request).unwrap()
}

fn state(kind: Kind, entry: Value) -> State {
    list(&[entry], kind).backups[0].state.clone()
}

#[test]
fn a_data_backup_is_read_with_all_that_the_vendor_tells() {
    let listed = list(&[data()], Kind::Full);
    let backup = &listed.backups[0];
    assert_eq!(backup.key.as_str(), "12445233");
    assert_eq!(backup.name, "x_backup_20170429000134");
    assert_eq!((backup.kind, backup.method), (Kind::Full, Method::Logical));
    assert_eq!(backup.origin, Origin::Automatic);
    assert_eq!(backup.state, State::Available);
    assert_eq!(backup.started_at, utc("2017-04-28T16:01:30Z"));
    assert_eq!(backup.finished_at, Some(utc("2017-04-28T16:03:42Z")));
    assert_eq!(backup.consistent_at, Some(utc("2017-04-28T16:01:34Z")));
    assert!(backup.zone_assumed);
    assert_eq!(backup.size, Some(SizeHint::exact(653_226)));
    assert_eq!(backup.encryption, None);
    assert_eq!(backup.engine.as_deref(), Some("MySQL"));
    assert_eq!(backup.vendor["SaveMode"], "save_mode_regular");
    assert!(
        !backup.vendor.to_string().contains("cos."),
        "no link is kept"
    );
    assert_eq!(listed.end, Completeness::complete(1));
}

#[test]
fn a_binlog_has_a_key_of_stable_fields_and_a_span() {
    let listed = list(&[binlog()], Kind::Log);
    let backup = &listed.backups[0];
    assert_eq!(
        backup.key.as_str(),
        "binlog/cdb73977_binlog_mysqlbin.000004@20201112211304"
    );
    assert_eq!((backup.kind, &backup.state), (Kind::Log, &State::Available));
    assert_eq!(backup.started_at, utc("2020-11-12T13:13:04Z"));
    assert_eq!(backup.finished_at, Some(utc("2020-11-12T13:13:35Z")));
    let span = LogSpan {
        from: utc("2020-11-12T13:13:04Z"),
        until: utc("2020-11-12T13:13:12Z"),
    };
    assert_eq!(backup.log_span, Some(span));
    assert_eq!(backup.size, Some(SizeHint::exact(505)));
}

#[test]
fn a_binlog_of_the_old_samples_is_read_too() {
    let old = json!({
        "Name": "x_binmysqlbin.000006", "IntranetUrl": "http://gz.xxxxxx",
        "Date": "2017-04-26 20:46:32", "InternetUrl": "http://gz.xxxxxx",
        "Type": "binlog", "Size": "187",
    });
    let backup = &list(&[old], Kind::Log).backups[0];
    assert_eq!(
        backup.key.as_str(),
        "binlog/x_binmysqlbin.000006@20170426204632"
    );
    assert_eq!((backup.log_span, &backup.state), (None, &State::Available));
    assert_eq!(backup.started_at, utc("2017-04-26T12:46:32Z"));
    assert_eq!(backup.size, Some(SizeHint::exact(187)));
}

#[test]
fn a_slow_log_belongs_to_a_day() {
    for (date, started) in [
        ("2017-04-27", "2017-04-26T16:00:00Z"),
        ("2017-04-27 00:00:07", "2017-04-26T16:00:07Z"),
    ] {
        let entry = with(slow_log(), json!({ "Date": date }));
        let backup = &list(&[entry], Kind::Slowlog).backups[0];
        assert_eq!(
            backup.key.as_str(),
            "slowlog/x_slowlog_20170426.log@20170427"
        );
        assert_eq!(backup.kind, Kind::Slowlog);
        assert_eq!(backup.started_at, utc(started));
        assert_eq!(backup.state, State::Available);
    }
    let empty = json!({"Size": 0, "InternetUrl": "", "IntranetUrl": ""});
    let State::NotDownloadable { reason } = state(Kind::Slowlog, with(slow_log(), empty)) else {
        panic!("there is no link")
    };
    assert!(reason.contains("empty"), "{reason}");
}

#[test]
fn every_status_has_its_meaning() {
    for (word, expected) in [
        (json!("SUCCESS"), State::Available),
        (json!("FINISHED"), State::Available),
        (json!("success"), State::Available),
        (Value::Null, State::Available),
        (json!("RUNNING"), State::Running),
        (json!("FAILED"), State::Failed),
        (json!("MELTING"), State::Unknown),
    ] {
        let change = json!({ "Status": word });
        assert_eq!(state(Kind::Full, with(data(), change.clone())), expected);
        assert_eq!(state(Kind::Log, with(binlog(), change)), expected);
    }
}

#[test]
fn what_is_still_made_needs_neither_links_nor_an_end() {
    let running = json!({
        "Status": "RUNNING", "FinishTime": "0000-00-00 00:00:00", "Size": 0,
        "IntranetUrl": null, "InternetUrl": "",
    });
    let listed = list(&[with(data(), running)], Kind::Full);
    let backup = &listed.backups[0];
    assert_eq!(backup.state, State::Running);
    assert_eq!((backup.finished_at, backup.size), (None, None));
}

#[test]
fn an_archived_backup_is_told_and_not_fetched() {
    for storage in [json!(1), json!("1")] {
        let archived = with(data(), json!({ "CosStorageType": storage }));
        let State::NotDownloadable { reason } = state(Kind::Full, archived) else {
            panic!("it lies in the archive")
        };
        assert!(reason.contains("archive"), "{reason}");
    }
    let standard = with(data(), json!({"CosStorageType": 2}));
    assert_eq!(state(Kind::Full, standard), State::Available);
}

#[test]
fn a_finished_backup_without_a_link_is_told() {
    let linkless = with(data(), json!({"InternetUrl": "", "IntranetUrl": null}));
    let State::NotDownloadable { reason } = state(Kind::Full, linkless) else {
        panic!("there is no link")
    };
    assert!(reason.contains("without a link"), "{reason}");
}

#[test]
fn an_encrypted_backup_says_so_and_its_size_is_no_proof() {
    let encrypted = with(data(), json!({"EncryptionFlag": "on", "Type": "physical"}));
    let backup = &list(&[encrypted], Kind::Full).backups[0];
    assert!(
        backup
            .encryption
            .as_deref()
            .unwrap()
            .contains("DescribeBackupDecryptionKey")
    );
    assert_eq!(backup.state, State::Available);
    assert_eq!(backup.method, Method::Physical);
    assert_eq!(backup.size.unwrap().quality, Quality::Approximate);
}

#[test]
fn the_lists_are_asked_for_by_instance_whole() {
    let cloud = Cloud::new(|asked| answering(&[], Kind::Full, asked));
    let window = from("2023-11-01T00:00:00Z");
    let request = list_request(INSTANCE, &ALL, window);
    let listed = list_all(&cloud, account("mysql"), request).unwrap();
    assert_eq!(listed.end, Completeness::within(window, 0));
    assert_eq!(
        cloud.calls(),
        ["DescribeBackups", "DescribeBinlogs", "DescribeSlowLogs"]
    );
    for asked in cloud.asked.borrow().iter() {
        assert_eq!(
            asked.body,
            json!({"InstanceId": INSTANCE, "Offset": 0, "Limit": 100})
        );
    }
}

#[test]
fn a_binlog_belongs_to_every_window_that_it_overlaps() {
    let cloud = Cloud::new(|asked| answering(&[binlog()], Kind::Log, asked));
    for (start, count) in [("2020-11-12T13:13:10Z", 1), ("2020-11-12T13:13:13Z", 0)] {
        let request = list_request(INSTANCE, &[Kind::Log], from(start));
        let listed = list_all(&cloud, account("mysql"), request).unwrap();
        assert_eq!(listed.backups.len(), count, "{start}");
    }
}

#[test]
fn an_entry_that_cannot_be_understood_is_passed_over_by_field() {
    for (entry, field) in [
        (json!(["https://b/?q-signature=x"]), "object"),
        (with(data(), json!({"BackupId": null})), "identify"),
        (
            with(data(), json!({"StartTime": "soon", "Date": "0000-00-00"})),
            "`StartTime`",
        ),
    ] {
        let good = with(data(), json!({"BackupId": 1}));
        let listed = list(&[entry, good], Kind::Full);
        assert_eq!(listed.keys(), ["1"], "{field}");
        let passed_over = &listed.passed_over[0];
        assert!(passed_over.reason.contains(field), "{passed_over:?}");
        assert!(!passed_over.what.contains("signature"));
    }
}

#[test]
fn a_start_that_is_not_told_is_that_of_the_snapshot() {
    let entry = with(data(), json!({"StartTime": "0000-00-00 00:00:00"}));
    let backup = &list(&[entry], Kind::Full).backups[0];
    assert_eq!(backup.started_at, utc("2017-04-28T16:01:34Z"));
}

#[test]
fn an_empty_list_may_be_null() {
    let cloud = Cloud::new(|_| ok(json!({"Items": null, "TotalCount": 0})));
    let request = list_request(INSTANCE, &[Kind::Full], Window::default());
    let listed = list_all(&cloud, account("mysql"), request.clone()).unwrap();
    assert_eq!(listed.end, Completeness::complete(0));
    let cloud = Cloud::new(|_| ok(json!({"Items": null, "TotalCount": 3})));
    let error = list_all(&cloud, account("mysql"), request).err().unwrap();
    assert!(error.message.contains("`Items`"), "{error}");
}
