use backhaul_provider_api::chrono::{Duration, TimeZone, Utc};
use backhaul_provider_api::serde_json::{Value, json};

use super::*;
use crate::options::Options;

fn layouts(options: Value) -> Layouts {
    let mut all = json!({"bucket": "acme"});
    all.as_object_mut()
        .unwrap()
        .extend(options.as_object().unwrap().clone());
    Options::read(&all).unwrap().layouts
}

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2024, 1, 20, 0, 0, 0).unwrap()
}

fn object(key: &str) -> Object {
    Object {
        key: key.to_owned(),
        size: 1,
        modified: now(),
        version: None,
        storage_class: None,
        restored: false,
        has_sha: false,
    }
}

fn member(layouts: &Layouts, key: &str) -> Member {
    match layouts.read(key, &object(key)) {
        Reading::Member(member) => *member,
        other => panic!("{key}: {other:?}"),
    }
}

fn pgbackrest() -> Layouts {
    layouts(json!({
        "layouts": [
            {"pattern": "backup/{instance}/{set}_{time:%Y%m%d-%H%M%S}{kind}/{file}"},
            {"pattern": "backup/{instance}/{time:%Y%m%d-%H%M%S}{kind}/{file}"},
            {"pattern": "archive/{instance}/{*}/{*}/{set}-{*}.gz", "kind": "log"},
        ],
        "kinds": {"F": "full", "D": "differential", "I": "incremental"},
    }))
}

#[test]
fn a_repository_of_pgbackrest_is_understood() {
    let layouts = pgbackrest();
    for (key, expected, kind, head) in [
        (
            "backup/main/20240115-083000F/pg_data/base/1.gz",
            "time=20240115-083000,kind=F",
            Kind::Full,
            "backup/main/20240115-083000F/",
        ),
        (
            "backup/main/20240115-083000F_20240116-083000I/backup.manifest",
            "time=20240116-083000,kind=I,set=20240115-083000F",
            Kind::Incremental,
            "backup/main/20240115-083000F_20240116-083000I/",
        ),
        (
            "archive/main/16-1/0000000100000000/000000010000000000000001-ab12.gz",
            "kind=log,set=000000010000000000000001",
            Kind::Log,
            "archive/main/",
        ),
    ] {
        let member = member(&layouts, key);
        assert_eq!(member.id.key(), expected);
        assert_eq!((member.kind, member.instance.as_str()), (kind, "main"));
        assert_eq!(member.head, head);
    }
    assert!(matches!(
        layouts.read("backup/main/backup.info", &object("x")),
        Reading::Stray
    ));
    assert_eq!(layouts.prefixes("main"), ["archive/main/", "backup/main/"]);
    assert_eq!(layouts.sources().folders, ["backup/", "archive/"]);
}

#[test]
fn a_word_that_means_no_kind_and_a_time_that_is_none_are_told() {
    let layouts =
        layouts(json!({"pattern": "{time:%Y%m%d}-{kind}/{set}", "kinds": {"base": "full"}}));
    for (key, named) in [
        ("20240115-dump/x", "\"dump\""),
        ("20241315-base/x", "\"20241315\" is no time"),
        ("19800115-base/x", "is no time"),
        ("20240115-base/a\u{1}b", "control character"),
    ] {
        match layouts.read(key, &object(key)) {
            Reading::Odd(why) => assert!(why.contains(named), "{why}"),
            other => panic!("{key}: {other:?}"),
        }
    }
    assert_eq!(member(&layouts, "20240115-log/x").kind, Kind::Log);
}

#[test]
fn a_marker_beside_the_folder_belongs_to_the_backup() {
    let layouts = layouts(json!({
        "pattern": "basebackups_005/{set}/{file}",
        "complete_when": "basebackups_005/{set}_backup_stop_sentinel.json",
    }));
    let file = member(
        &layouts,
        "basebackups_005/base_1/tar_partitions/part_1.tar.lz4",
    );
    let marker = member(&layouts, "basebackups_005/base_1_backup_stop_sentinel.json");
    assert_eq!(file.id, marker.id);
    assert!(marker.is_marker && !file.is_marker);
    assert_eq!(file.head, "basebackups_005/base_1");
    assert_eq!(marker.head, file.head);
    let layout = &layouts.list[0];
    assert!(!layout.is_whole(false, now() - Duration::days(9), now()));
    assert!(layout.is_whole(true, now(), now()));
}

#[test]
fn a_marker_among_the_files_keeps_its_name() {
    let layouts = layouts(json!({"pattern": "{set}/{file}", "complete_when": "meta/_SUCCESS"}));
    let marker = member(&layouts, "a/meta/_SUCCESS");
    assert!(marker.is_marker);
    assert_eq!(&"a/meta/_SUCCESS"[marker.file_at..], "meta/_SUCCESS");
}

#[test]
fn several_files_settle_and_a_single_object_is_whole_at_once() {
    let several = layouts(json!({"pattern": "{set}/{file}"}));
    let single = layouts(json!({"pattern": "{set}"}));
    let longer = layouts(json!({"pattern": "{set}/{file}", "settle": "1h"}));
    for (layouts, minutes, whole) in [
        (&several, 14, false),
        (&several, 15, true),
        (&several, -5, false),
        (&single, 0, true),
        (&longer, 59, false),
        (&longer, 60, true),
    ] {
        let newest = now() - Duration::minutes(minutes);
        assert_eq!(
            layouts.list[0].is_whole(false, newest, now()),
            whole,
            "{minutes}"
        );
    }
}

#[test]
fn a_zone_counts_where_the_key_tells_none() {
    for (options, instant, told) in [
        (
            json!({"pattern": "{time:%Y%m%dT%H%M}/{file}"}),
            "2024-01-15T08:30:00+00:00",
            false,
        ),
        (
            json!({"pattern": "{time:%Y%m%dT%H%M}/{file}", "timezone": "+08:00"}),
            "2024-01-15T00:30:00+00:00",
            true,
        ),
        (
            json!({"pattern": "{time:%Y%m%dT%H%MZ}/{file}", "timezone": "+08:00"}),
            "2024-01-15T08:30:00+00:00",
            true,
        ),
    ] {
        let z = options["pattern"].as_str().unwrap().contains("%MZ");
        let key = if z {
            "20240115T0830Z/x"
        } else {
            "20240115T0830/x"
        };
        let (time, tells) = member(&layouts(options), key).time.unwrap();
        assert_eq!((time.to_rfc3339().as_str(), tells), (instant, told));
    }
}

#[test]
fn versions_and_times_of_writing_tell_backups_of_one_name_apart() {
    let versions = layouts(json!({"pattern": "{instance}/latest.dump", "versions": true}));
    let mut object = object("a/latest.dump");
    let key = |layouts: &Layouts, object: &Object| match layouts.read(&object.key, object) {
        Reading::Member(member) => member.id.key(),
        other => panic!("{other:?}"),
    };
    let modified = "kind=full,modified=2024-01-20T00:00:00.000Z,set=a/latest.dump";
    assert_eq!(key(&versions, &object), modified);
    object.version = Some("null".to_owned());
    assert_eq!(key(&versions, &object), modified);
    object.version = Some("v.1".to_owned());
    assert_eq!(
        key(&versions, &object),
        "kind=full,version=v.1,set=a/latest.dump"
    );
    let overwritten = layouts(json!({"pattern": "{instance}/latest.dump"}));
    assert_eq!(key(&overwritten, &object), modified);
}

#[test]
fn prefixes_that_lie_in_each_other_are_read_once() {
    let texts = ["b/", "a/b/", "a/", "a/c/", "b/"].map(str::to_owned);
    assert_eq!(shortest(texts), ["a/", "b/"]);
    assert_eq!(common("äb", "äc"), "ä");
    assert_eq!(common("ab", "abc"), "ab");
    assert_eq!(common("abc", "ab"), "ab");
}
