use backhaul_provider_api::chrono::DateTime;
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Completeness, Cursor, Kind, Method, Origin, Provider, Quality, State, Timestamp, Window,
};
use proptest::prelude::*;

use crate::cloud::*;

fn utc(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn with(field: &str, value: Value) -> Value {
    let mut entry = record("b1");
    entry[field] = value;
    entry
}

#[test]
fn a_backup_is_read_with_all_that_the_contract_keeps() {
    let cloud = Cloud::with(json!([record("b1")]));
    let listed = list_all(&cloud, &mut mysql(), list_request()).unwrap();
    let backup = &listed.backups[0];
    assert_eq!((backup.key.as_str(), backup.name.as_str()), ("b1", "b1"));
    assert_eq!((backup.kind, backup.method), (Kind::Full, Method::Physical));
    assert_eq!(
        (backup.origin, &backup.state),
        (Origin::Automatic, &State::Available)
    );
    assert_eq!(backup.started_at, utc("2020-06-17T20:09:59Z"));
    assert_eq!(backup.finished_at, Some(utc("2020-06-17T20:10:26Z")));
    assert!(backup.zone_assumed);
    let size = backup.size.unwrap();
    assert_eq!((size.bytes, size.quality), (677_496, Quality::Approximate));
    assert!(size.contradicts(677_400) && !size.contradicts(677_496));
    assert_eq!(backup.engine.as_deref(), Some("MySQL"));
    assert_eq!((&backup.node, &backup.group), (&None, &None));
    assert_eq!(backup.vendor, record("b1"));
    assert_eq!(listed.end, Completeness::complete(1));
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].path, "/mysql/");
    assert_eq!(asked[0].call, "DescribeBackups");
    assert_eq!(asked[0].own(), [("InstanceUuid", INSTANCE)]);
}

/// The sample of the Redis page.
#[test]
fn a_backup_of_redis_is_a_physical_full_one() {
    let entry = json!({
        "BackupId": "r1", "BackupMode": "manual", "BackupSize": 178, "BackupType": "full-backup",
        "Desc": "", "EndTime": "2020-08-21 18:11:21", "InstanceId": "x",
        "StartTime": "2020-08-21 18:11:04", "Status": "finished",
    });
    let listed = list_one("redis", Value::Null, entry);
    let backup = &listed.backups[0];
    assert_eq!((backup.kind, backup.method), (Kind::Full, Method::Physical));
    assert_eq!(backup.origin, Origin::Manual);
    assert_eq!(backup.engine.as_deref(), Some("Redis"));
}

#[test]
fn a_shard_that_is_told_becomes_node_and_group() {
    let shard = |id: &str, shard: Value| {
        let mut entry = record(id);
        entry["ShardId"] = shard;
        entry
    };
    let listed = list_data(json!([
        shard("b1", json!("shard-0")),
        shard("b2", json!(1)),
        shard("b3", json!("")),
    ]));
    let nodes: Vec<_> = listed
        .backups
        .iter()
        .map(|backup| backup.node.as_deref())
        .collect();
    assert_eq!(nodes, [Some("shard-0"), Some("1"), None]);
    assert!(listed.backups[0].group.is_some());
    assert_eq!(listed.backups[0].group, listed.backups[1].group);
    assert_eq!(listed.backups[2].group, None);
}

#[test]
fn every_type_and_strategy_has_its_method() {
    for (of, strategy, method) in [
        (
            json!("physical-backup"),
            json!("instance"),
            Method::Physical,
        ),
        (json!("logical-backup"), json!("instance"), Method::Logical),
        (json!("logical-backup"), json!("db"), Method::Logical),
        (json!("full-backup"), Value::Null, Method::Physical),
        (Value::Null, Value::Null, Method::Unknown),
        (Value::Null, json!("db"), Method::Logical),
    ] {
        let mut entry = record("b1");
        entry["BackupType"] = of;
        entry["BackupStrategy"] = strategy;
        let listed = list_data(json!([entry]));
        assert_eq!(
            listed.backups[0].method, method,
            "{}",
            listed.backups[0].vendor
        );
        assert_eq!(listed.backups[0].kind, Kind::Full);
    }
}

#[test]
fn partial_backups_can_be_excluded_and_said_so() {
    let options = json!({"partial_backups": false});
    let listed = list_one(
        "mysql",
        options.clone(),
        with("BackupStrategy", json!("db")),
    );
    assert!(listed.backups.is_empty());
    assert!(listed.passed_over[0].reason.contains("partial_backups"));
    assert!(listed.end.complete);
    assert_eq!(list_one("mysql", options, record("b1")).keys(), ["b1"]);
}

#[test]
fn every_status_becomes_a_state() {
    for (status, state) in [
        (json!("finished"), State::Available),
        (json!("FINISHED"), State::Available),
        (json!("running"), State::Running),
        (json!("creating"), State::Running),
        (json!("failed"), State::Failed),
        (json!("error"), State::Failed),
        (json!("deleting"), State::Deleting),
        (json!("expired"), State::Expired),
        (json!("thinking"), State::Unknown),
        (Value::Null, State::Unknown),
    ] {
        let listed = list_data(json!([with("Status", status)]));
        assert_eq!(listed.backups[0].state, state);
    }
}

#[test]
fn sizes_come_as_numbers_and_as_text() {
    for (size, bytes) in [
        (json!(677496), Some(677_496)),
        (json!("677496"), Some(677_496)),
        (json!(0), None),
        (json!(""), None),
        (json!("large"), None),
        (json!(-1), None),
        (Value::Null, None),
    ] {
        let listed = list_data(json!([with("BackupSize", size)]));
        assert_eq!(listed.backups[0].size.map(|size| size.bytes), bytes);
    }
    let listed = list_one("mysql", json!({"backup_size": "other"}), record("b1"));
    assert_eq!(listed.backups[0].size.unwrap().quality, Quality::Other);
}

#[test]
fn the_zone_is_assumed_unless_it_is_set() {
    for (zone, assumed, started) in [
        (Value::Null, true, "2020-06-17T20:09:59Z"),
        (json!({"timezone": "+08:00"}), false, "2020-06-17T20:09:59Z"),
        (json!({"timezone": "UTC"}), false, "2020-06-18T04:09:59Z"),
        (json!({"timezone": "-0500"}), false, "2020-06-18T09:09:59Z"),
    ] {
        let listed = list_one("mysql", zone, record("b1"));
        assert_eq!(listed.backups[0].zone_assumed, assumed);
        assert_eq!(listed.backups[0].started_at, utc(started));
    }
}

#[test]
fn an_end_that_is_none_is_left_out() {
    for (end, logged) in [
        (json!(""), 0),
        (Value::Null, 0),
        (json!("2020-06-18 04:09:00"), 0),
        (json!("later"), 1),
    ] {
        let cloud = Cloud::with(json!([with("EndTime", end)]));
        let listed = list_all(&cloud, &mut mysql(), list_request()).unwrap();
        assert_eq!(listed.backups[0].finished_at, None);
        assert_eq!(cloud.log.borrow().len(), logged);
    }
}

/// `BackupFinishTime` is older than `StartTime` in the vendor's own sample.
#[test]
fn the_finish_time_of_the_sample_is_not_computed_with() {
    let listed = list_data(json!([with(
        "BackupFinishTime",
        json!("2020-06-01 00:00:00")
    )]));
    assert_eq!(
        listed.backups[0].finished_at,
        Some(utc("2020-06-17T20:10:26Z"))
    );
}

#[test]
fn data_may_be_a_list_an_object_or_null() {
    for (data, keys) in [
        (json!([record("b1"), record("b2")]), &["b1", "b2"][..]),
        (record("b1"), &["b1"]),
        (
            json!({"Backups": [record("b1")], "PageNumber": 1, "PageSize": 20}),
            &["b1"],
        ),
        (Value::Null, &[]),
        (json!({}), &[]),
        (json!([]), &[]),
    ] {
        let listed = list_data(data);
        assert_eq!(listed.keys(), keys);
        assert_eq!(listed.end, Completeness::complete(keys.len() as u64));
    }
    let cloud = Cloud::saying(200, r#"{"Code":"Success","Message":"success"}"#);
    let listed = list_all(&cloud, &mut mysql(), list_request()).unwrap();
    assert!(listed.backups.is_empty() && listed.end.complete);
}

#[test]
fn a_count_of_more_than_is_shown_makes_the_listing_incomplete() {
    let listed = list_data(json!({"List": [record("b1")], "TotalCount": 30}));
    assert_eq!(listed.keys(), ["b1"]);
    assert!(!listed.end.complete && listed.end.reason.unwrap().contains("30"));
}

#[test]
fn an_entry_that_cannot_be_understood_is_passed_over_by_field() {
    let mut other_of_the_same_id = with("Desc", json!("another"));
    other_of_the_same_id["BackupId"] = json!("good");
    for (entry, field) in [
        (json!("https://gic/?Signature=x"), "object"),
        (with("BackupId", json!("")), "`BackupId`"),
        (with("BackupId", json!("a\u{0}b")), "`BackupId`"),
        (with("BackupId", json!("x".repeat(2000))), "`BackupId`"),
        (
            with("BackupType", json!("increment-backup")),
            "`BackupType`",
        ),
        (with("StartTime", Value::Null), "`StartTime`"),
        (with("StartTime", json!("yesterday")), "`StartTime`"),
        (
            with("StartTime", json!("9020-06-18 04:09:59")),
            "`StartTime`",
        ),
        (other_of_the_same_id, "`BackupId`"),
    ] {
        let listed = list_data(json!([record("good"), entry]));
        assert_eq!(listed.keys(), ["good"], "{field}");
        let passed_over = &listed.passed_over[0];
        assert!(passed_over.reason.contains(field), "{passed_over:?}");
        assert!(!passed_over.what.contains("Signature"));
        assert_eq!(listed.end, Completeness::complete(2));
    }
}

#[test]
fn an_entry_listed_twice_is_told_once() {
    let listed = list_data(json!([record("b1"), record("b1")]));
    assert_eq!(listed.keys(), ["b1"]);
    assert_eq!(listed.end, Completeness::complete(1));
}

#[test]
fn links_are_not_kept_and_long_texts_are_cut() {
    let mut entry = with(
        "BackupDownloadUrl",
        json!("https://gic.example/k?Signature=x"),
    );
    entry["Desc"] = json!("夜\n".repeat(5000));
    let listed = list_data(json!([entry]));
    assert!(!listed.backups[0].vendor.to_string().contains("Signature"));
    assert_eq!(listed.backups[0].name, "夜".repeat(200));
}

#[test]
fn a_window_is_kept_by_the_provider() {
    let at = |id: &str, time: &str| {
        let mut entry = record(id);
        entry["StartTime"] = json!(time);
        entry
    };
    let data = json!([
        at("after", "2020-06-19 08:00:00"),
        at("last", "2020-06-19 07:59:59"),
        at("first", "2020-06-18 08:00:00"),
        at("before", "2020-06-18 07:59:59"),
    ]);
    let window = Window {
        from: Some(utc("2020-06-18T00:00:00Z")),
        until: Some(utc("2020-06-19T00:00:00Z")),
    };
    let mut request = list_request();
    request.window = window;
    let listed = list_all(&Cloud::with(data.clone()), &mut mysql(), request).unwrap();
    assert_eq!(listed.keys(), ["last", "first"]);
    assert_eq!(listed.end, Completeness::within(window, 2));
    assert_eq!(
        list_data(data).backups.len(),
        4,
        "everything without a window"
    );
}

#[test]
fn other_kinds_and_empty_windows_cost_no_call() {
    let cloud = Cloud::saying(500, "");
    let mut request = list_request();
    request.kinds = vec![Kind::Log, Kind::Differential, Kind::Incremental];
    let listed = list_all(&cloud, &mut mysql(), request).unwrap();
    assert_eq!(listed.end, Completeness::complete(0));
    let mut request = list_request();
    let now = Some(utc("2020-06-18T00:00:00Z"));
    request.window = Window {
        from: now,
        until: now,
    };
    assert!(
        list_all(&cloud, &mut mysql(), request)
            .unwrap()
            .end
            .complete
    );
    assert!(cloud.calls().is_empty());
}

#[test]
fn tens_of_thousands_of_backups_cost_one_call() {
    let many: Vec<Value> = (0..30_000).map(|n| record(&format!("b{n}"))).collect();
    let cloud = Cloud::with(json!(many));
    let listed = list_all(&cloud, &mut mysql(), list_request()).unwrap();
    assert_eq!(listed.end, Completeness::complete(30_000));
    assert_eq!(listed.backups[29_999].key.as_str(), "b29999");
    assert_eq!(cloud.calls().len(), 1);
}

#[test]
fn every_listing_asks_anew() {
    let shown = std::cell::Cell::new(0);
    let cloud = Cloud::new(|_| {
        shown.set(shown.get() + 1);
        let many: Vec<Value> = (0..shown.get()).map(|n| record(&format!("b{n}"))).collect();
        answer(200, &envelope(json!(many)))
    });
    let mut provider = mysql();
    for length in 1..=3 {
        let listed = list_all(&cloud, &mut provider, list_request()).unwrap();
        assert_eq!(listed.backups.len(), length);
    }
}

#[test]
fn a_foreign_cursor_is_refused() {
    let mut request = list_request();
    request.cursor = Some(Cursor::new("page 2"));
    let error = mysql().list(&Cloud::saying(500, ""), request).unwrap_err();
    assert!(error.message.contains("cursor"));
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"BackupId": "x"}])),
    ]
}

proptest! {
    #[test]
    fn no_entry_makes_a_listing_fail(values in prop::collection::vec(odd(), 11)) {
        let mut entry = record("b1");
        for (value, field) in values.into_iter().zip(entry.as_object_mut().unwrap().values_mut()) {
            *field = value;
        }
        let listed = list_data(json!([entry, record("good")]));
        prop_assert!(listed.keys().contains(&"good"));
        prop_assert_eq!(listed.end.count, 2);
    }

    #[test]
    fn no_body_makes_it_panic(body: String, data in odd()) {
        for body in [body, envelope(data)] {
            let _ = list_all(&Cloud::saying(200, body), &mut mysql(), list_request());
        }
    }
}
