use backhaul_provider_api::{BackupKey, Kind};
use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::catalog::BackupRecord;
use crate::mirror::identity::Identity;
use crate::mirror::manifest::Verification;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn record(kind: Kind, name: &str, hours_ago: i64) -> BackupRecord {
    let identity = Identity {
        provider: "p".into(),
        scope: "s".into(),
        instance: InstanceId::new("i"),
        key: BackupKey::new(format!("{kind} {name} {hours_ago}")),
    };
    let started_at = now() - TimeDelta::hours(hours_ago);
    BackupRecord {
        id: identity.id(),
        identity,
        job: "j".into(),
        directory: "/m".into(),
        path: String::new(),
        instance_name: "i".into(),
        name: name.into(),
        kind,
        started_at,
        reaches: started_at + TimeDelta::hours(1),
        log_from: Some(started_at),
        base: None,
        previous: None,
        group: None,
        node: None,
        series: "physical".into(),
        log_file: None,
        files: 1,
        size_bytes: 1000,
        verification: Verification::Verified,
        mirrored_at: now(),
        verified_at: None,
        damage: Vec::new(),
    }
}

fn fulls(newest: u64, before: &[u64]) -> Vec<BackupRecord> {
    let sizes = std::iter::once(newest).chain(before.iter().copied());
    let one = |(day, size_bytes): (i64, u64)| BackupRecord {
        size_bytes,
        ..record(Kind::Full, "", day * 24)
    };
    (0..).zip(sizes).map(one).collect()
}

#[test]
fn a_newest_full_backup_of_less_than_half_the_usual_length_is_found() {
    let records = fulls(400, &[1000, 1100, 900, 1000]);
    let found = shrunk(&records);
    assert!(
        matches!(&found[..], [Finding::Shrunk { id, size_bytes: 400, usual_bytes: 1000, .. }] if *id == records[0].id),
        "{found:?}"
    );
}

#[test]
fn one_that_is_a_little_smaller_or_has_no_history_is_not() {
    assert_eq!(shrunk(&fulls(600, &[1000, 1000, 1000])), []);
    assert_eq!(shrunk(&fulls(1, &[1000, 1000])), []);
}

#[test]
fn what_is_usual_follows_a_database_that_shrank() {
    let days = |small| {
        let before: Vec<_> = (0..10)
            .map(|day| if day < small { 10 } else { 1000 })
            .collect();
        shrunk(&fulls(10, &before)).len()
    };
    assert_eq!((days(0), days(4), days(5)), (1, 1, 0));
}

#[test]
fn sizes_are_compared_within_a_series_and_between_verified_backups_only() {
    let mut records = fulls(10, &[1000, 1000, 1000, 1000]);
    records[0].series = "logical 0123".into();
    assert_eq!(shrunk(&records), []);
    records[0].series = "physical".into();
    records[0].verification = Verification::Suspect {
        reasons: Vec::new(),
    };
    assert_eq!(shrunk(&records), []);
}

fn missing(records: &[BackupRecord]) -> Vec<Option<u64>> {
    gaps(records, now())
        .into_iter()
        .map(|finding| match finding {
            Finding::LogGap { missing, .. } => missing,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_missing_number_is_a_gap_and_a_long_pause_between_numbers_is_none() {
    let log = |number, hours| record(Kind::Log, &format!("mysql-bin.{number:06}"), hours);
    let records = [
        log(7, 500),
        log(8, 300),
        log(9, 299),
        log(12, 298),
        log(13, 200),
    ];
    assert_eq!(missing(&records), [Some(2)]);
    let closed = [&records[..], &[log(10, 298), log(11, 298)]].concat();
    assert_eq!(missing(&closed), []);
}

#[test]
fn numbers_that_begin_anew_are_no_gap_and_nodes_have_chains_of_their_own() {
    let log = |number, hours| record(Kind::Log, &format!("binlog.{number:06}.gz"), hours);
    assert_eq!(
        missing(&[log(998, 30), log(999, 20), log(1, 10), log(2, 5)]),
        []
    );
    let of = |node: &str, number, hours| BackupRecord {
        node: Some(node.into()),
        ..log(number, hours)
    };
    assert_eq!(
        missing(&[
            of("a", 1, 30),
            of("b", 51, 29),
            of("a", 2, 20),
            of("b", 52, 19)
        ]),
        []
    );
}

#[test]
fn wal_segments_are_counted_over_the_end_of_a_file_whatever_their_length() {
    let log = |name: &str, hours| record(Kind::Log, name, hours);
    let standard = [
        log("0000000100000001000000FE", 3),
        log("0000000100000001000000FF", 2),
        log("000000010000000200000000", 1),
    ];
    assert_eq!(missing(&standard), []);
    assert_eq!(
        missing(&[standard[0].clone(), standard[2].clone()]),
        [Some(1)]
    );
    // Segments of 64 MiB.
    assert_eq!(
        missing(&[
            log("00000001000000010000003F", 2),
            log("000000010000000200000000", 1)
        ]),
        []
    );
    assert_eq!(
        missing(&[
            log("000000010000000100000010", 2),
            log("000000010000000100000013", 1)
        ]),
        [Some(2)]
    );
}

#[test]
fn logs_without_numbers_have_a_gap_where_the_times_do() {
    let log = |hours| record(Kind::Log, "20261122", hours);
    // Each covers an hour.
    assert_eq!(missing(&[log(10), log(9), log(8), log(7)]), []);
    let found = gaps(&[log(10), log(9), log(5), log(4)], now());
    let [Finding::LogGap { from, until, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (*from, *until),
        (now() - TimeDelta::hours(8), now() - TimeDelta::hours(5))
    );
    assert_eq!(missing(&[log(3000), log(2000)]), [], "too old to be closed");
}

#[test]
fn a_vendor_that_stops_is_noticed_but_weekends_and_a_past_outage_make_no_difference() {
    let stopped = |hours: &[i64]| {
        let mut recent = Recent::default();
        hours
            .iter()
            .for_each(|hours| recent.add(now() - TimeDelta::hours(*hours)));
        recent.stopped(Kind::Full, now()).is_some()
    };
    let daily: Vec<_> = (0..10).map(|day| 12 + day * 24).collect();
    assert!(!stopped(&daily));
    assert!(!stopped(&daily[1..]), "36 hours: one is late");
    assert!(!stopped(&daily[..3]), "too few to know what is usual");
    let late: Vec<_> = daily.iter().map(|hours| hours + 48).collect();
    assert!(stopped(&late));
    let weekdays = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15].map(|day| 70 + day * 24);
    assert!(!stopped(&weekdays), "there were weekends before");
    let outage: Vec<_> = [3, 4, 5, 30, 31, 32].map(|day| day * 24).to_vec();
    assert!(stopped(&outage));
}

#[test]
fn findings_read_back_from_json() {
    let found = shrunk(&fulls(1, &[1000, 1000, 1000]));
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains(r#""finding":"shrunk""#), "{text}");
    assert_eq!(serde_json::from_str::<Vec<Finding>>(&text).unwrap(), found);
    assert!(Finding::NAMES.contains(&found[0].name()));
}

proptest! {
    #[test]
    fn no_name_breaks_the_search_for_gaps(names in prop::collection::vec("[0-9A-F.a-z-]{0,30}|[0-9A-F]{24}|x\\.[0-9]{5,8}", 0..20)) {
        let records: Vec<_> = (0..).zip(&names).map(|(hour, name)| record(Kind::Log, name, hour)).collect();
        prop_assert!(gaps(&records, now()).len() <= records.len());
    }
}
