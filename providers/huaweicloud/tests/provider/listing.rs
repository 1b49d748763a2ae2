use backhaul_provider_api::chrono::{DateTime, TimeZone, Utc};
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Completeness, Kind, LogSpan, Method, Origin, Provider, SizeHint, State, Timestamp, Window,
};

use crate::cloud::*;

const BEGIN: &str = "2018-08-06T12:41:14+0800";

fn utc(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Lists entries of one type, however they look.
fn list_entries(of: &str, entries: &[Value]) -> Listed {
    let cloud = Cloud::new(|asked| {
        page(
            "backups",
            if asked.query["backup_type"] == of {
                entries
            } else {
                &[]
            },
            asked,
        )
    });
    list_all(
        &cloud,
        &[Kind::Full, Kind::Differential, Kind::Log],
        Window::default(),
    )
    .unwrap()
}

#[test]
fn every_wanted_kind_is_asked_for_by_its_types() {
    for (kinds, types) in [
        (&[Kind::Full][..], &["auto", "manual"][..]),
        (&[Kind::Differential], &["fragment"]),
        (&[Kind::Log], &["incremental"]),
        (&[Kind::Log, Kind::Full], &["auto", "manual", "incremental"]),
        (&[Kind::Incremental, Kind::Slowlog], &[]),
    ] {
        let cloud = Cloud::new(|asked| page("backups", &[], asked));
        let listed = list_all(&cloud, kinds, Window::default()).unwrap();
        assert_eq!(listed.end, Completeness::complete(0));
        let asked = cloud.asked.borrow();
        let asked_for: Vec<&str> = asked
            .iter()
            .map(|a| a.query["backup_type"].as_str())
            .collect();
        assert_eq!(asked_for, types);
        for one in asked.iter() {
            assert_eq!(one.path, format!("/v3/{PROJECT}/backups"));
            assert_eq!(one.query["instance_id"], INSTANCE);
            assert_eq!(one.query["limit"], "100");
            assert!(!one.query.contains_key("begin_time") && !one.query.contains_key("end_time"));
        }
    }
}

#[test]
fn a_backup_is_read_with_all_that_the_contract_keeps() {
    let mut entry = record("b1", "auto", BEGIN);
    entry["end_time"] = json!("2018-08-06T12:45:00+0800");
    entry["associated_with_ddm"] = json!(false);
    let listed = list_entries("auto", &[entry.clone()]);
    let backup = &listed.backups[0];
    assert_eq!(backup.key.as_str(), "b1");
    assert_eq!(backup.name, "backup b1");
    assert_eq!(backup.kind, Kind::Full);
    assert_eq!(backup.method, Method::Physical);
    assert_eq!(backup.origin, Origin::Automatic);
    assert_eq!(backup.state, State::Available);
    assert_eq!(backup.started_at, utc("2018-08-06T04:41:14Z"));
    assert_eq!(backup.finished_at, Some(utc("2018-08-06T04:45:00Z")));
    assert_eq!(backup.size, Some(SizeHint::kilobytes(2803)));
    assert_eq!(backup.engine.as_deref(), Some("MySQL"));
    assert_eq!(backup.engine_version.as_deref(), Some("5.7"));
    assert_eq!(backup.log_span, None);
    assert_eq!(backup.vendor, entry);
}

#[test]
fn types_become_kinds() {
    for (of, kind, origin) in [
        ("auto", Kind::Full, Origin::Automatic),
        ("manual", Kind::Full, Origin::Manual),
        ("fragment", Kind::Differential, Origin::Automatic),
        ("incremental", Kind::Log, Origin::Automatic),
    ] {
        let listed = list_entries(of, &[record("b1", of, BEGIN)]);
        assert_eq!(
            (listed.backups[0].kind, listed.backups[0].origin),
            (kind, origin),
            "{of}"
        );
        assert!(listed.end.complete);
    }
}

#[test]
fn a_log_has_the_span_of_its_transactions() {
    let mut entry = record("b1", "incremental", BEGIN);
    entry["end_time"] = json!("2018-08-06T12:46:14+0800");
    let listed = list_entries("incremental", &[entry]);
    let span = LogSpan {
        from: utc("2018-08-06T04:41:14Z"),
        until: utc("2018-08-06T04:46:14Z"),
    };
    assert_eq!(listed.backups[0].log_span, Some(span));
}

#[test]
fn every_status_becomes_a_state() {
    for (status, state) in [
        ("BUILDING", State::Running),
        ("COMPLETED", State::Available),
        ("FAILED", State::Failed),
        ("DELETING", State::Deleting),
        ("deleting", State::Deleting),
        ("THINKING", State::Unknown),
    ] {
        let mut entry = record("b1", "auto", BEGIN);
        entry["status"] = json!(status);
        assert_eq!(
            list_entries("auto", &[entry]).backups[0].state,
            state,
            "{status}"
        );
    }
}

#[test]
fn a_backup_in_the_making_has_neither_size_nor_end() {
    for size in [json!(0), Value::Null, json!("")] {
        let mut entry = record("b1", "auto", BEGIN);
        entry["status"] = json!("BUILDING");
        entry["size"] = size;
        entry["end_time"] = json!("");
        entry["datastore"] = Value::Null;
        let listed = list_entries("auto", &[entry]);
        assert_eq!(listed.backups[0].size, None);
        assert_eq!(listed.backups[0].finished_at, None);
        assert_eq!(
            listed.backups[0].engine.as_deref(),
            Some("MySQL"),
            "that of the instance"
        );
        assert_eq!(listed.backups[0].engine_version, None);
    }
}

#[test]
fn the_flaws_of_the_printed_samples_are_read_over() {
    let entry = json!({
        "id ": "43e4feaab48f11e89039fa163ebaa7e4br03",
        "name": "backup2",
        "type": "auto",
        "size": "2803",
        "status": "COMPLETED",
        "begin_time": "2018 - 08 - 06 T12: 41: 14 + 0800",
        "end_time": "2018 - 08 - 06 T12: 43: 14 + 0800",
        "datastore": "PostgreSQL",
        "instance_id": "a48e43ff268f4c0e879652d65e63d0fbin01 ",
        "databases": null,
    });
    let listed = list_entries("auto", &[entry]);
    let backup = &listed.backups[0];
    assert_eq!(backup.key.as_str(), "43e4feaab48f11e89039fa163ebaa7e4br03");
    assert_eq!(backup.started_at, utc("2018-08-06T04:41:14Z"));
    assert_eq!(backup.finished_at, Some(utc("2018-08-06T04:43:14Z")));
    assert_eq!(backup.size, Some(SizeHint::kilobytes(2803)));
}

#[test]
fn the_databases_of_a_partial_backup_are_kept() {
    let mut entry = record("b1", "manual", BEGIN);
    entry["databases"] = json!([{"name": "sales"}, {"name": ""}, {"name": "hr"}]);
    let backup = &list_entries("manual", &[entry]).backups[0];
    assert_eq!(backup.databases, ["sales", "hr"]);
    assert_eq!(backup.method, Method::Unknown);
}

#[test]
fn an_entry_that_cannot_be_understood_is_passed_over_by_field() {
    let with = |field: &str, value: Value| {
        let mut entry = record("b1", "auto", BEGIN);
        entry[field] = value;
        entry
    };
    for (entry, field) in [
        (json!("https://obs/?Signature=x"), "object"),
        (with("id", json!("")), "`id`"),
        (with("type", json!("snapshot")), "`type`"),
        (with("type", json!("incremental")), "kind log"),
        (with("begin_time", Value::Null), "`begin_time`"),
        (with("begin_time", json!("yesterday")), "`begin_time`"),
        (with("status", Value::Null), "`status`"),
        (
            with("instance_id", json!("b48e43ff268f4c0e879652d65e63d0fbin01")),
            "`instance_id`",
        ),
    ] {
        let good = record("good", "auto", BEGIN);
        let cloud = Cloud::new(|asked| {
            let entries = [entry.clone(), good.clone()];
            page(
                "backups",
                if asked.query["backup_type"] == "auto" {
                    &entries
                } else {
                    &[]
                },
                asked,
            )
        });
        let listed = list_all(&cloud, &[Kind::Full], Window::default()).unwrap();
        assert_eq!(listed.keys(), ["good"], "{field}");
        assert!(
            listed.passed_over[0].reason.contains(field),
            "{:?}",
            listed.passed_over
        );
        assert_eq!(listed.end.count, 2);
        assert!(!listed.passed_over[0].what.contains("Signature"));
    }
}

#[test]
fn an_unreadable_end_is_logged_and_costs_nothing_else() {
    let mut entry = record("b1", "auto", BEGIN);
    entry["end_time"] = json!("later");
    let cloud = Cloud::new(|asked| {
        let list = [entry.clone()];
        page(
            "backups",
            if asked.query["backup_type"] == "auto" {
                &list
            } else {
                &[]
            },
            asked,
        )
    });
    let listed = list_all(&cloud, &[Kind::Full], Window::default()).unwrap();
    assert_eq!(listed.backups[0].finished_at, None);
    assert!(cloud.log.borrow()[0].contains("end_time"));
}

#[test]
fn links_are_not_kept_in_the_vendors_record() {
    let mut entry = record("b1", "auto", BEGIN);
    entry["download_link"] = json!("https://obs.example/b/k?Signature=x");
    let listed = list_entries("auto", &[entry]);
    assert!(!listed.backups[0].vendor.to_string().contains("Signature"));
}

#[test]
fn a_backup_shown_under_two_types_is_told_once() {
    let cloud = Cloud::new(|asked| page("backups", &[record("b1", "auto", BEGIN)], asked));
    let listed = list_all(&cloud, &[Kind::Full], Window::default()).unwrap();
    assert_eq!(listed.keys(), ["b1"]);
    assert_eq!(listed.end, Completeness::complete(1));
}

#[test]
fn a_long_list_that_moves_is_read_whole() {
    let list: Vec<Value> = (0..350)
        .map(|n| record(&format!("{n:032x}br01"), "incremental", BEGIN))
        .collect();
    let asked_before = std::cell::Cell::new(0usize);
    let cloud = Cloud::new(|asked| {
        // Before each of the first pages a backup appears in front, and two old ones go.
        let shift = asked_before.replace(asked_before.get() + 1).min(3);
        let new = (0..shift).map(|n| record(&format!("new{n}"), "incremental", BEGIN));
        let moved: Vec<Value> = new.chain(list[shift * 2..].iter().cloned()).collect();
        page("backups", &moved, asked)
    });
    let listed = list_all(&cloud, &[Kind::Log], Window::default()).unwrap();
    let keys = listed.keys();
    for entry in &list[6..] {
        assert!(
            keys.contains(&entry["id"].as_str().unwrap()),
            "{}",
            entry["id"]
        );
    }
    assert!(listed.end.complete, "{:?}", listed.end);
}

#[test]
fn a_count_that_disagrees_makes_the_listing_incomplete() {
    let cloud = Cloud::new(|asked| {
        let first = asked.offset() == 0;
        ok(
            json!({"backups": if first { vec![record("b1", "auto", BEGIN)] } else { vec![] }, "total_count": 7}),
        )
    });
    let listed = list_all(&cloud, &[Kind::Full], Window::default()).unwrap();
    assert!(!listed.end.complete);
    assert!(listed.end.reason.unwrap().contains("7"));
}

#[test]
fn without_a_count_a_short_page_ends_the_list() {
    let cloud = Cloud::new(|asked| {
        ok(
            json!({"backups": if asked.query["backup_type"] == "auto" { vec![record("b1", "auto", BEGIN)] } else { vec![] }}),
        )
    });
    let listed = list_all(&cloud, &[Kind::Full], Window::default()).unwrap();
    assert_eq!(listed.end, Completeness::complete(1));
    assert_eq!(cloud.calls().len(), 2);
}

#[test]
fn a_window_is_sent_wider_and_kept_exactly() {
    let window = Window {
        from: Some(utc("2018-08-06T00:00:00Z")),
        until: Some(utc("2018-08-07T00:00:00Z")),
    };
    let entries = [
        record("before", "auto", "2018-08-05T23:59:59+0000"),
        record("first", "auto", "2018-08-06T08:00:00+0800"),
        record("last", "auto", "2018-08-06T23:59:59+0000"),
        record("after", "auto", "2018-08-07T00:00:00+0000"),
    ];
    let cloud = Cloud::new(|asked| {
        page(
            "backups",
            if asked.query["backup_type"] == "auto" {
                &entries
            } else {
                &[]
            },
            asked,
        )
    });
    let listed = list_all(&cloud, &[Kind::Full], window).unwrap();
    assert_eq!(listed.keys(), ["first", "last"]);
    assert_eq!(listed.end, Completeness::within(window, 2));
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].query["begin_time"], "2018-08-03T00:00:00+0000");
    assert_eq!(asked[0].query["end_time"], "2018-08-10T00:00:00+0000");
}

#[test]
fn a_log_belongs_to_every_window_that_it_overlaps() {
    let mut entry = record("b1", "incremental", "2018-08-05T23:58:00+0000");
    entry["end_time"] = json!("2018-08-06T00:03:00+0000");
    let cloud = Cloud::new(|asked| page("backups", &[entry.clone()], asked));
    let window = Window {
        from: Some(utc("2018-08-06T00:00:00Z")),
        until: None,
    };
    assert_eq!(
        list_all(&cloud, &[Kind::Log], window).unwrap().keys(),
        ["b1"]
    );
}

#[test]
fn both_ends_of_a_window_are_sent_or_none() {
    let from = Some(Utc.with_ymd_and_hms(2024, 1, 10, 0, 0, 0).unwrap());
    let cases = [
        (
            Window { from, until: None },
            Some(("2024-01-07T00:00:00+0000", "2024-01-18T08:30:00+0000")),
        ),
        (
            Window {
                from: None,
                until: from,
            },
            None,
        ),
    ];
    for (window, sent) in cases {
        let cloud = Cloud::new(|asked| page("backups", &[], asked));
        list_all(&cloud, &[Kind::Log], window).unwrap();
        let asked = cloud.asked.borrow();
        let ends = asked[0]
            .query
            .get("begin_time")
            .zip(asked[0].query.get("end_time"));
        assert_eq!(
            ends.map(|(begin, end)| (begin.as_str(), end.as_str())),
            sent
        );
    }
}

#[test]
fn an_empty_window_costs_no_call() {
    let now = Some(Utc.with_ymd_and_hms(2024, 1, 10, 0, 0, 0).unwrap());
    let cloud = Cloud::saying(500, "");
    let listed = list_all(
        &cloud,
        &[Kind::Full],
        Window {
            from: now,
            until: now,
        },
    )
    .unwrap();
    assert!(listed.end.complete);
    assert!(cloud.calls().is_empty());
}

#[test]
fn a_foreign_cursor_is_refused() {
    let cloud = Cloud::saying(500, "");
    let request = backhaul_provider_api::ListRequest {
        instance: instance(),
        kinds: vec![Kind::Full],
        window: Window::default(),
        cursor: Some(backhaul_provider_api::Cursor::new("page 2")),
    };
    assert!(
        open(keys())
            .list(&cloud, request)
            .unwrap_err()
            .message
            .contains("cursor")
    );
}
