//! Listing: objects in, backups out.

use backhaul_provider_api::chrono::{Duration, TimeZone, Utc};
use backhaul_provider_api::{
    Cursor, ErrorClass, Kind, ListRequest, Provider, State, Window, serde_json::json,
};

use crate::store::{Store, Stored, instance, list, list_with, now, open};

#[test]
fn objects_with_the_same_values_are_one_backup_however_the_pages_fall() {
    let keys = || {
        (0..3).flat_map(|day| (0..7).map(move |file| format!("orders/2024011{day}/base/{file}")))
    };
    for page in [1, 2, 5, 1000] {
        let store =
            Store::new(keys().chain(["orders/20240115/wal/x".to_owned()])).in_pages_of(page);
        let listed = list(
            &store,
            json!({"pattern": "{instance}/{time:%Y%m%d}/{kind}/{file}", "kinds": {"base": "full", "wal": "log"}}),
            "orders",
        );
        assert_eq!(
            listed.sets(),
            [
                ("time=20240110,kind=base", 7),
                ("time=20240111,kind=base", 7),
                ("time=20240112,kind=base", 7),
                ("time=20240115,kind=wal", 1),
            ]
        );
        assert!(listed.end.complete);
        let first = &listed.backups[0];
        assert_eq!(first.name, "orders/20240110/base");
        assert_eq!(first.size.unwrap().bytes, 7);
        assert_eq!(first.state, State::Available);
        assert!(first.zone_assumed);
    }
}

#[test]
fn a_backup_in_several_folders_is_gathered_to_the_end() {
    let keys = (0..4).flat_map(|part| (0..50).map(move |set| format!("part{part}/{set:03}.bin")));
    let store = Store::new(keys).in_pages_of(7);
    let listed = list(&store, json!({"pattern": "{*}/{set}.bin"}), "acme");
    assert_eq!(listed.backups.len(), 50);
    assert!(listed.sets().iter().all(|(_, files)| *files == 4));
}

#[test]
fn a_great_bucket_is_read_page_by_page_and_names_that_extend_each_other_stay_apart() {
    let keys = (0..30_000).map(|set| format!("orders/base_{set}/x"));
    let markers = (0..30_000).map(|set| format!("orders/base_{set}.done"));
    let store = Store::new(keys.chain(markers));
    let listed = list(
        &store,
        json!({"pattern": "{instance}/{set}/{file}", "complete_when": "{instance}/{set}.done"}),
        "orders",
    );
    assert_eq!(listed.backups.len(), 30_000);
    assert!(
        listed
            .backups
            .iter()
            .all(|backup| backup.state == State::Available)
    );
    assert!(listed.sets().iter().all(|(_, files)| *files == 2));
    assert_eq!(store.requests(), 60);
}

#[test]
fn other_instances_with_the_same_beginning_are_left_out() {
    let store = Store::new([
        "orders-20240115.gz",
        "orders-eu-20240115.gz",
        "shop-20240115.gz",
    ]);
    let listed = list(
        &store,
        json!({"pattern": "{instance}-{time:%Y%m%d}.gz"}),
        "orders",
    );
    assert_eq!(listed.sets(), [("time=20240115,kind=full", 1)]);
    assert_eq!(listed.passed_over.len(), 0);
    assert_eq!(store.asked.borrow()[0].query["prefix"], "orders-");
}

#[test]
fn what_no_pattern_matches_is_named_for_a_while_and_then_counted() {
    let strays = (0..50).map(|number| format!("orders/notes/deep/{number:02}.txt"));
    let store = Store::new(strays.chain(["orders/a".to_owned(), "orders/folder/".to_owned()]));
    store.change("orders/folder/", |object| object.size = 0);
    let listed = list(&store, json!({"pattern": "{instance}/{set}"}), "orders");
    assert_eq!(listed.sets(), [("kind=full,set=a", 1)]);
    assert_eq!(listed.passed_over.len(), 21);
    assert_eq!(listed.passed_over[0].reason, "no pattern matches it");
    assert_eq!(listed.passed_over[20].what, "30 further objects");
    assert!(listed.end.complete);
}

#[test]
fn a_word_in_the_place_of_the_kind_that_means_none_is_said() {
    let store = Store::new(["orders/20240115/dump/1"]);
    let listed = list(
        &store,
        json!({"pattern": "{instance}/{time:%Y%m%d}/{kind}/{file}"}),
        "orders",
    );
    assert!(listed.backups.is_empty());
    assert!(listed.passed_over[0].reason.contains("\"dump\""));
}

#[test]
fn kinds_and_times_that_are_not_wanted_are_left_out() {
    let store = Store::new([
        "a/20240110/full/1",
        "a/20240112/full/1",
        "a/20240112/log/1",
        "a/20240114/full/1",
    ]);
    let at = |day| Some(Utc.with_ymd_and_hms(2024, 1, day, 0, 0, 0).unwrap());
    let window = Window {
        from: at(11),
        until: at(14),
    };
    let mut provider = open(json!({"pattern": "{instance}/{time:%Y%m%d}/{kind}/{file}"}));
    let listed = list_with(&store, &mut provider, "a", &[Kind::Full], window).unwrap();
    assert_eq!(listed.sets(), [("time=20240112,kind=full", 1)]);
    assert_eq!(listed.end.window, window);
}

#[test]
fn states_follow_marker_age_and_storage_class() {
    let store = Store::new(["a/1/x", "a/2/x", "a/3/x", "a/4/x"]);
    store.change("a/2/x", |object| {
        object.modified = now() - Duration::minutes(14)
    });
    store.change("a/3/x", |object| {
        object.further = "<StorageClass>DEEP_ARCHIVE</StorageClass>"
    });
    let listed = list(&store, json!({"pattern": "{instance}/{set}/{file}"}), "a");
    let states: Vec<&State> = listed.backups.iter().map(|backup| &backup.state).collect();
    assert_eq!(*states[0], State::Available);
    assert_eq!(*states[1], State::Running);
    assert!(
        matches!(states[2], State::NotDownloadable { reason } if reason.contains("DEEP_ARCHIVE"))
    );
    assert_eq!(listed.backups[1].finished_at, None);
    assert_eq!(
        listed.backups[0].finished_at,
        Some(now() - Duration::hours(1))
    );

    let marked = json!({"pattern": "{instance}/{set}/{file}", "complete_when": "_SUCCESS"});
    let store = Store::new(["a/1/x", "a/2/_SUCCESS", "a/2/x"]);
    let listed = list(&store, marked, "a");
    assert_eq!(listed.backups[0].state, State::Running);
    assert_eq!(listed.backups[1].state, State::Available);
}

#[test]
fn every_version_is_a_backup_where_versions_are_looked_at() {
    let store = Store::new(["a/latest.dump"]).in_pages_of(2);
    let version = |id: &'static str, hours: i64| Stored {
        key: "a/latest.dump".to_owned(),
        size: 5,
        modified: now() - Duration::hours(hours),
        version: Some(id),
        further: "",
    };
    *store.objects.borrow_mut() = vec![
        version("v3", 1),
        version("v2", 2),
        version("v1", 3),
        version("null", 4),
    ];
    let listed = list(
        &store,
        json!({"pattern": "{instance}/latest.dump", "versions": true}),
        "a",
    );
    let keys: Vec<&str> = listed.sets().iter().map(|(key, _)| *key).collect();
    assert_eq!(
        keys,
        [
            "kind=full,version=v1,set=a/latest.dump",
            "kind=full,version=v2,set=a/latest.dump",
            "kind=full,version=v3,set=a/latest.dump",
            "kind=full,modified=2024-01-19T20:00:00.000Z,set=a/latest.dump",
        ]
    );
    assert_eq!(listed.backups[0].started_at, now() - Duration::hours(3));
    let asked = store.asked.borrow();
    assert!(asked.iter().all(|asked| asked.call == "ListObjectVersions"));
    assert_eq!(asked[1].query["key-marker"], "k");
}

#[test]
fn two_patterns_that_give_one_backup_two_meanings_are_told() {
    let store = Store::new(["a/dump/1", "a/full/1", "a/full/2"]);
    let options = json!({"layouts": [{"pattern": "{instance}/full/{set}"}, {"pattern": "{instance}/dump/{set}"}]});
    let listed = list(&store, options, "a");
    assert_eq!(
        listed.sets(),
        [("kind=full,set=1", 1), ("kind=full,set=2", 1)]
    );
    assert_eq!(listed.backups[0].name, "a/dump/1");
    assert_eq!(listed.passed_over[0].what, "object \"a/full/1\"");
    assert!(!listed.end.complete);
}

#[test]
fn a_store_without_order_is_refused_and_so_is_one_that_lists_something_else() {
    let store = Store::new(["a/1/x", "a/2/x"]);
    store.objects.borrow_mut().reverse();
    let mut provider = open(json!({"pattern": "{instance}/{set}/{file}"}));
    let error = list_with(&store, &mut provider, "a", &Kind::ALL, Window::default())
        .err()
        .unwrap();
    assert_eq!(error.class, ErrorClass::Unsupported);

    let mut store = Store::new(["a"]);
    store.instead = Box::new(|_| {
        let body = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>other</Key><Size>1</Size><LastModified>2024-01-15T08:30:00Z</LastModified></Contents></ListBucketResult>";
        Some(crate::store::answer(200, &[], body))
    });
    let mut provider = open(json!({"pattern": "{instance}/{set}", "prefix": "mine"}));
    let error = list_with(&store, &mut provider, "a", &Kind::ALL, Window::default())
        .err()
        .unwrap();
    assert!(error.message.contains("prefix"), "{error}");
}

#[test]
fn a_list_that_does_not_go_on_ends_in_an_error() {
    let mut store = Store::new(["a"]);
    store.instead = Box::new(|_| {
        let body = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>";
        Some(crate::store::answer(200, &[], body))
    });
    let mut provider = open(json!({"pattern": "{instance}/{set}"}));
    let error = list_with(&store, &mut provider, "a", &Kind::ALL, Window::default())
        .err()
        .unwrap();
    assert!(error.message.contains("came back"), "{error}");
}

#[test]
fn a_cursor_of_another_listing_is_refused() {
    let store = Store::new(["a/1"]);
    let mut provider = open(json!({"pattern": "{instance}/{set}"}));
    for cursor in ["7", "", "x"] {
        let request = ListRequest {
            instance: instance("a"),
            kinds: vec![Kind::Full],
            window: Window::default(),
            cursor: Some(Cursor::new(cursor)),
        };
        assert!(provider.list(&store, request).is_err());
    }
}

#[test]
fn a_failed_page_can_be_asked_for_again() {
    let mut store = Store::new(["a/1", "a/2", "a/3"]).in_pages_of(1);
    let failures = std::cell::Cell::new(0);
    store.instead = Box::new(move |asked| {
        let second = asked
            .query
            .get("continuation-token")
            .is_some_and(|token| token == "1");
        failures.set(failures.get() + i32::from(second));
        (second && failures.get() == 1)
            .then(|| crate::store::answer(500, &[], "<Error><Code>InternalError</Code></Error>"))
    });
    let mut provider = open(json!({"pattern": "{instance}/{set}"}));
    let mut request = ListRequest {
        instance: instance("a"),
        kinds: vec![Kind::Full],
        window: Window::default(),
        cursor: None,
    };
    let mut found = 0;
    let mut failed = 0;
    loop {
        let page = match provider.list(&store, request.clone()) {
            Ok(page) => page,
            Err(error) => {
                assert_eq!(error.class, ErrorClass::Temporary);
                failed += 1;
                continue;
            }
        };
        found += page.backups.len();
        match page.next {
            backhaul_provider_api::Next::More(cursor) => request.cursor = Some(cursor),
            backhaul_provider_api::Next::End(_) => break,
        }
    }
    assert_eq!((found, failed), (3, 1));
}
