use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Completeness, Error, Kind, LogSpan, Method, Origin, Quality, SizeHint, State, Window,
};

use crate::cloud::*;

const INSTANCE: &str = "postgres-9n26zs6n";
const BOTH: [Kind; 2] = [Kind::Full, Kind::Log];

/// The vendor's own sample.
pub fn sample() -> Value {
    json!({
        "DBInstanceId": INSTANCE, "Id": "88d3a71e-b822-5728-9d41-d8cfc0d0556e",
        "Name": "manual-20230215190924.tar.gz", "BackupMethod": "physical",
        "BackupMode": "manual", "State": "finished", "Size": 39_845_888,
        "StartTime": "2023-02-15 19:09:24", "FinishTime": "2023-02-15 19:09:36",
        "ExpireTime": "2023-02-18 23:59:59",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut entry = sample();
    entry[field] = value;
    entry
}

fn answering(base: &[Value], log: &[Value], asked: &Asked) -> backhaul_provider_api::HttpResponse {
    match asked.action.as_str() {
        "DescribeBaseBackups" => page("BaseBackupSet", base, asked),
        "DescribeLogBackups" => page("LogBackupSet", log, asked),
        other => panic!("{other}"),
    }
}

fn list(base: &[Value], log: &[Value], kinds: &[Kind], window: Window) -> Result<Listed, Error> {
    let cloud = Cloud::new(|asked| answering(base, log, asked));
    list_all(
        &cloud,
        account("postgres"),
        list_request(INSTANCE, kinds, window),
    )
}

fn base(entry: Value) -> Listed {
    list(&[entry], &[], &[Kind::Full], Window::default()).unwrap()
}

#[test]
fn a_base_backup_is_read_with_all_that_the_vendor_tells() {
    let listed = base(sample());
    let backup = &listed.backups[0];
    assert_eq!(backup.key.as_str(), "88d3a71e-b822-5728-9d41-d8cfc0d0556e");
    assert_eq!(backup.name, "manual-20230215190924.tar.gz");
    assert_eq!((backup.kind, backup.method), (Kind::Full, Method::Physical));
    assert_eq!(backup.origin, Origin::Manual);
    assert_eq!(backup.state, State::Available);
    assert_eq!(backup.started_at, utc("2023-02-15T11:09:24Z"));
    assert_eq!(backup.finished_at, Some(utc("2023-02-15T11:09:36Z")));
    assert_eq!(backup.expires_at, Some(utc("2023-02-18T15:59:59Z")));
    assert!(backup.zone_assumed);
    assert_eq!(backup.log_span, None);
    let size = SizeHint {
        bytes: 39_845_888,
        quality: Quality::Approximate,
        tolerance: 0,
    };
    assert_eq!(backup.size, Some(size), "not said to be the file's length");
    assert_eq!(backup.vendor, sample());
    assert_eq!(listed.end, Completeness::complete(1));
}

#[test]
fn a_log_backup_has_the_span_of_its_times_even_an_empty_one() {
    let log = with("FinishTime", json!("2023-02-15 19:09:24"));
    let listed = list(&[], &[log], &[Kind::Log], Window::default()).unwrap();
    let at = utc("2023-02-15T11:09:24Z");
    assert_eq!(listed.backups[0].kind, Kind::Log);
    assert_eq!(
        listed.backups[0].log_span,
        Some(LogSpan {
            from: at,
            until: at
        })
    );
}

#[test]
fn every_page_asks_for_all_time_newest_first() {
    let cloud = Cloud::new(|asked| answering(&[sample()], &[], asked));
    let request = list_request(INSTANCE, &BOTH, Window::default());
    list_all(&cloud, account("postgres"), request).unwrap();
    assert_eq!(cloud.calls(), ["DescribeBaseBackups", "DescribeLogBackups"]);
    for asked in cloud.asked.borrow().iter() {
        assert_eq!(
            asked.body,
            json!({
                "Filters": [{"Name": "db-instance-id", "Values": [INSTANCE]}],
                "MinFinishTime": "2000-01-01 00:00:00",
                "OrderBy": "StartTime", "OrderByType": "desc",
                "Limit": 100, "Offset": 0,
            })
        );
    }
}

#[test]
fn only_the_wanted_kinds_are_asked_for() {
    for (kinds, calls) in [
        (&[Kind::Full][..], &["DescribeBaseBackups"][..]),
        (&[Kind::Log], &["DescribeLogBackups"]),
        (&[Kind::Incremental, Kind::Slowlog], &[]),
    ] {
        let cloud = Cloud::new(|asked| answering(&[], &[], asked));
        let request = list_request(INSTANCE, kinds, Window::default());
        let listed = list_all(&cloud, account("postgres"), request).unwrap();
        assert_eq!(listed.end, Completeness::complete(0));
        assert_eq!(cloud.calls(), calls);
    }
}

#[test]
fn a_window_is_asked_for_wider_and_kept_exactly() {
    let begun = |id: &str, start: &str, finish: &str| {
        let mut entry = with("Id", json!(id));
        entry["StartTime"] = json!(start);
        entry["FinishTime"] = json!(finish);
        entry
    };
    let entries = [
        begun("after", "2023-02-16 08:00:00", "2023-02-16 08:01:00"),
        begun("last", "2023-02-16 07:59:59", "2023-02-16 08:01:00"),
        begun("first", "2023-02-15 08:00:00", "2023-02-15 08:01:00"),
        begun("across", "2023-02-15 07:59:59", "2023-02-15 08:01:00"),
        begun("before", "2023-02-15 07:58:00", "2023-02-15 07:59:59"),
    ];
    let window = Window {
        from: Some(utc("2023-02-15T00:00:00Z")),
        until: Some(utc("2023-02-16T00:00:00Z")),
    };
    let cloud = Cloud::new(|asked| answering(&entries, &entries, asked));
    let request = list_request(INSTANCE, &[Kind::Full], window);
    let listed = list_all(&cloud, account("postgres"), request).unwrap();
    assert_eq!(listed.keys(), ["last", "first"]);
    assert_eq!(listed.end, Completeness::within(window, 2));
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].body["MinFinishTime"], "2023-02-14 08:00:00");
    assert_eq!(asked[0].body.get("MaxFinishTime"), None);
    let logs = list(&[], &entries, &[Kind::Log], window).unwrap();
    assert_eq!(logs.keys(), ["last", "first", "across"]);
}

#[test]
fn every_state_has_its_meaning() {
    for (word, state) in [
        ("init", State::Running),
        ("running", State::Running),
        ("finished", State::Available),
        ("failed", State::Failed),
        ("canceled", State::Failed),
        ("melting", State::Unknown),
    ] {
        assert_eq!(base(with("State", json!(word))).backups[0].state, state);
    }
}

#[test]
fn methods_and_origins_are_told() {
    for (word, method) in [
        ("logical", Method::Logical),
        ("snapshot", Method::Snapshot),
        ("other", Method::Unknown),
    ] {
        assert_eq!(
            base(with("BackupMethod", json!(word))).backups[0].method,
            method
        );
    }
    let automatic = base(with("BackupMode", json!("automatic")));
    assert_eq!(automatic.backups[0].origin, Origin::Automatic);
}

#[test]
fn numbers_may_come_as_text_and_times_that_stand_for_none_are_none() {
    let mut entry = with("Size", json!("39845888"));
    entry["FinishTime"] = json!("0000-00-00 00:00:00");
    entry["ExpireTime"] = json!("0001-01-04 00:00:00");
    entry["Name"] = Value::Null;
    let backup = &base(entry).backups[0];
    assert_eq!(backup.size.unwrap().bytes, 39_845_888);
    assert_eq!((backup.finished_at, backup.expires_at), (None, None));
    assert_eq!(backup.name, "");
    assert_eq!(base(with("Size", json!(0))).backups[0].size, None);
}

#[test]
fn an_option_replaces_the_assumed_zone() {
    let cloud = Cloud::new(|asked| answering(&[sample()], &[], asked));
    let account = with_options("postgres", json!({"timezone": "UTC"}));
    let window = from("2023-02-15T00:00:00Z");
    let request = list_request(INSTANCE, &[Kind::Full], window);
    let listed = list_all(&cloud, account, request).unwrap();
    assert_eq!(listed.backups[0].started_at, utc("2023-02-15T19:09:24Z"));
    assert!(!listed.backups[0].zone_assumed);
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].body["MinFinishTime"], "2023-02-14 00:00:00");
}

#[test]
fn an_entry_that_cannot_be_understood_is_passed_over_by_field() {
    for (entry, field) in [
        (json!("https://b/?q-signature=x"), "object"),
        (with("Id", Value::Null), "identify"),
        (with("State", Value::Null), "`State`"),
        (with("StartTime", json!("yesterday")), "`StartTime`"),
        (with("StartTime", Value::Null), "`StartTime`"),
        (
            with("DBInstanceId", json!("postgres-other")),
            "`DBInstanceId`",
        ),
    ] {
        let good = with("Id", json!("good"));
        let listed = list(&[entry, good], &[], &[Kind::Full], Window::default()).unwrap();
        assert_eq!(listed.keys(), ["good"], "{field}");
        let passed_over = &listed.passed_over[0];
        assert!(passed_over.reason.contains(field), "{passed_over:?}");
        assert!(!passed_over.what.contains("signature"));
        assert!(listed.end.complete);
    }
}
