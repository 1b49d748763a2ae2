use backhaul_provider_api::chrono::DateTime;
use backhaul_provider_api::serde_json::json;

use super::*;
use crate::v2::options::Options;

fn at(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_700_000_000 + minutes * 60, 0).unwrap()
}

fn entry(number: usize) -> Entry {
    let entry = json!({
        "type": "binlog", "date": "2016-07-06 01:04:54", "file_name": format!("bin.{number}"),
    });
    Entry::read(&entry, Kind::Log, &Options::default()).unwrap()
}

#[test]
fn links_are_given_out_for_an_hour() {
    let mut lists = Lists::default();
    lists.keep("cdb-1", Kind::Log, at(0), &[entry(1)]);
    let key = entry(1).identity.key();
    let found = |minutes| {
        let offers = lists.fresh("cdb-1", Kind::Log, at(minutes));
        offers.is_some_and(|offers| offers.get(&key).is_some())
    };
    assert!(found(0) && found(59));
    assert!(!found(60));
    assert!(lists.fresh("cdb-2", Kind::Log, at(0)).is_none());
    assert!(lists.fresh("cdb-1", Kind::Full, at(0)).is_none());
}

#[test]
fn the_oldest_lists_go_when_there_are_too_many_offers() {
    let entries: Vec<Entry> = (0..OFFERS_MAX / 2).map(entry).collect();
    let mut lists = Lists::default();
    for number in 0..4 {
        lists.keep(&format!("cdb-{number}"), Kind::Log, at(number), &entries);
    }
    let kept = |number: i64| {
        let offers = lists.fresh(&format!("cdb-{number}"), Kind::Log, at(4));
        offers.is_some()
    };
    assert_eq!([0, 1, 2, 3].map(kept), [false, false, true, true]);
}
