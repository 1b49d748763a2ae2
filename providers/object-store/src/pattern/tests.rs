use backhaul_provider_kit::zone::Zone;
use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

/// Instance, times, kind, set and file of a key, each empty when absent.
fn read(text: &str, key: &str) -> Option<[String; 5]> {
    let found = pattern(text).read(key)?;
    let file = found.file_at.map(|at| key[at..].to_owned());
    let values = found.values;
    let or_none = Option::unwrap_or_default;
    Some([
        or_none(values.instance),
        values.times.join("|"),
        or_none(values.kind),
        or_none(values.set),
        or_none(file),
    ])
}

#[test]
fn a_key_is_taken_apart() {
    for (text, key, expected) in [
        (
            "{instance}/{time:%Y-%m-%dT%H%M%SZ}/{kind}/{file}",
            "orders/2024-01-15T083000Z/base/pg_data/base.tar.gz",
            [
                "orders",
                "2024-01-15T083000Z",
                "base",
                "",
                "pg_data/base.tar.gz",
            ],
        ),
        (
            "backup/{instance}/{set}_{time:%Y%m%d-%H%M%S}{kind}/{file}",
            "backup/main/20240115-083000F_20240116-083000I/backup.manifest",
            [
                "main",
                "20240116-083000",
                "I",
                "20240115-083000F",
                "backup.manifest",
            ],
        ),
        (
            "{time:%Y/%m/%d}/{instance}-{time:%H%M}.sql.gz",
            "2024/01/15/orders-eu-0830.sql.gz",
            ["orders-eu", "2024/01/15|0830", "", "", ""],
        ),
        ("{**}/{set}.dump", "a/b/c.dump", ["", "", "", "c", ""]),
        ("x{{{set}}}", "x{7}", ["", "", "", "7", ""]),
        ("数据/{set}", "数据/备份", ["", "", "", "备份", ""]),
    ] {
        assert_eq!(read(text, key), Some(expected.map(str::to_owned)), "{key}");
    }
}

#[test]
fn a_key_of_another_form_does_not_match() {
    for (text, key) in [
        ("{instance}/{set}", "orders"),
        ("{instance}/{set}", "/b"),
        ("{instance}/{set}", "a/b/c"),
        ("{instance}/{file}", "a/"),
        ("{set}.gz", ".gz"),
        ("{set}-{time:%Y%m%d}", "orders-2024011"),
        ("{set}", ""),
    ] {
        assert_eq!(read(text, key), None, "{text} {key}");
    }
    assert!(read("{set}{time:%Y}{time:%m%d}", "a20240115").is_some());
}

#[test]
fn a_pattern_that_cannot_work_is_refused_by_name() {
    for (text, named) in [
        ("", "empty"),
        ("{instance", "not closed"),
        ("a}", "closes nothing"),
        ("{instanse}/x", "{instanse}"),
        ("{set}/{set}", "`{set}` stands twice"),
        (
            "{instance}{set}",
            "nothing separates `{instance}` from `{set}`",
        ),
        ("{set}{*}.gz", "nothing separates"),
        ("{time:%H%M}", "no whole date"),
        ("{time:}", "needs a format"),
        ("{time:%Y-%Q}", "%Q"),
    ] {
        let error = Pattern::parse(text).unwrap_err();
        assert!(error.contains(named), "{text}: {error}");
    }
}

#[test]
fn the_head_is_what_all_keys_of_the_values_have_in_common() {
    let text = "backup/{instance}/{time:%Y%m%d}{kind}/{*}/{file}";
    let values = |instance: Option<&str>, time: &[&str], kind: Option<&str>| Values {
        instance: instance.map(str::to_owned),
        times: time.iter().map(|time| (*time).to_owned()).collect(),
        kind: kind.map(str::to_owned),
        set: None,
    };
    for (values, head) in [
        (Values::default(), "backup/"),
        (values(Some("a"), &[], None), "backup/a/"),
        (values(Some("a"), &["20240115"], None), "backup/a/20240115"),
        (
            values(Some("a"), &["20240115"], Some("F")),
            "backup/a/20240115F/",
        ),
    ] {
        assert_eq!(pattern(text).head(&values), head);
    }
}

#[test]
fn instances_are_folders_where_the_pattern_says_so() {
    for (text, folder) in [
        ("{instance}/{set}", Some("")),
        ("backup/{instance}/{file}", Some("backup/")),
        ("{instance}-{set}", None),
        ("db-{instance}/{set}", None),
        ("{time:%Y%m%d}/{instance}/{file}", None),
        ("{set}", None),
    ] {
        assert_eq!(pattern(text).instance_folder().as_deref(), folder, "{text}");
    }
}

#[test]
fn a_hostile_key_costs_little() {
    let key = "a".repeat(1024);
    let text = "{set}a{*}a{*}a{*}a{*}a{*}a{*}b";
    assert_eq!(read(text, &key), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(text in "(\\{(instance|set|file|kind|\\*|\\*\\*|time:%Y%m%d)\\}|[a-c/é{}-]){0,6}", key in "[a-c0-9/é-]{0,20}") {
        if let Ok(pattern) = Pattern::parse(&text)
            && let Some(found) = pattern.read(&key)
        {
            prop_assert!(key.starts_with(&pattern.head(&found.values)), "{text} {key}");
            if let Some(pieces) = found.time {
                pieces.instant(Zone::china());
            }
        }
    }
}
