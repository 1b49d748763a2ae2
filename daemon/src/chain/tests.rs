use std::collections::BTreeSet;

use backhaul_provider_api::chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::*;

fn at(minutes: i64) -> Timestamp {
    Utc.timestamp_opt(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn link(key: &'static str, kind: Kind, from: i64, until: i64) -> Link<'static> {
    Link {
        key,
        kind,
        started_at: at(from),
        reaches: at(until),
        span: (kind == Kind::Log).then(|| LogSpan {
            from: at(from),
            until: at(until),
        }),
        base: None,
        previous: None,
        sequence: None,
        node: None,
        group: None,
        counts: true,
        takes_logs: true,
        files: None,
    }
}

fn full(key: &'static str, from: i64) -> Link<'static> {
    link(key, Kind::Full, from, from + 5)
}

fn log(from: i64, until: i64) -> Link<'static> {
    link("log", Kind::Log, from, until)
}

fn binlog(number: u64, from: i64, until: i64) -> Link<'static> {
    let name = LogName::parse(&format!("b.{number:06}")).unwrap();
    Link {
        files: Some((name.clone(), name)),
        ..log(from, until)
    }
}

fn chain(goal: Goal, links: &[Link<'_>]) -> Vec<usize> {
    let chain = lead_to(goal, links).unwrap();
    assert_eq!(chain.gap, None);
    chain.all().collect()
}

#[test]
fn a_time_needs_the_newest_full_backup_before_it_and_the_logs_from_there_on() {
    let links = [
        full("a", 0),
        log(0, 60),
        log(60, 120),
        full("b", 100),
        log(120, 180),
        log(180, 240),
        log(240, 300),
    ];
    // The log of the backup's own time, and the one after the wanted time.
    assert_eq!(chain(Goal::Time(at(130)), &links), [3, 2, 4, 5]);
    assert_eq!(chain(Goal::Time(at(90)), &links), [0, 1, 2, 4]);
    let none = lead_to(Goal::Time(at(4)), &links);
    assert_eq!(none, Err(NoChain::NoBase(at(4))));
}

#[test]
fn a_time_between_two_logs_is_reached_through_the_later_one() {
    // Spans as of a vendor that tells when a log was uploaded.
    let mut links = vec![full("a", 0)];
    links.extend((0..6).map(|n| log(5 + n * 5, 6 + n * 5)));
    let chain = lead_to(Goal::Time(at(13)), &links).unwrap();
    assert_eq!((chain.logs, chain.gap), (vec![1, 2, 3], None));
    assert_eq!(chain.reaches, at(13));
}

#[test]
fn a_missing_log_is_told_by_its_name_however_the_times_lie() {
    let links = [full("a", 0), binlog(1, 0, 10), binlog(3, 10, 20)];
    let chain = lead_to(Goal::Time(at(15)), &links).unwrap();
    let gap = chain.gap.unwrap();
    assert!(gap.what.contains("b.000001 and b.000003"), "{}", gap.what);
    assert_eq!((chain.logs, chain.reaches), (vec![1], at(10)));

    let far_apart = [full("a", 0), binlog(1, 0, 10), binlog(2, 600, 700)];
    assert_eq!(lead_to(Goal::Time(at(650)), &far_apart).unwrap().gap, None);
}

#[test]
fn a_missing_log_is_told_by_times_where_names_say_nothing() {
    let mut links = vec![full("a", 0)];
    links.extend(
        (0..20)
            .filter(|n| *n != 9)
            .map(|n| log(n * 30, n * 30 + 30)),
    );
    let found = lead_to(Goal::Time(at(400)), &links).unwrap();
    assert_eq!(found.reaches, at(270));
    assert_eq!(found.gap.unwrap().until, at(300));
    assert_eq!(lead_to(Goal::Time(at(200)), &links).unwrap().gap, None);
}

#[test]
fn an_older_full_backup_serves_where_the_logs_after_the_newest_are_missing() {
    let links = [
        full("a", 0),
        log(0, 60),
        full("b", 50),
        log(90, 120),
        log(60, 70),
    ];
    let chain = lead_to(Goal::Time(at(65)), &links).unwrap();
    assert_eq!((chain.base, chain.gap), (vec![2], None));
    let lost = [
        full("a", 0),
        log(0, 60),
        log(60, 130),
        link("b", Kind::Full, 50, 55),
    ];
    let mut dump = lost.to_vec();
    dump[3].takes_logs = false;
    let chain = lead_to(Goal::Time(at(100)), &dump).unwrap();
    assert_eq!((chain.base, chain.gap), (vec![0], None));
}

#[test]
fn logs_that_end_too_early_are_a_gap_and_so_are_none() {
    let chain = lead_to(Goal::Time(at(100)), &[full("a", 0), log(0, 60)]).unwrap();
    assert_eq!((chain.reaches, chain.gap.unwrap().until), (at(60), at(100)));
    let alone = lead_to(Goal::Time(at(100)), &[full("a", 0)]).unwrap();
    assert_eq!((alone.reaches, alone.gap.is_some()), (at(5), true));
}

#[test]
fn suspect_backups_are_used_only_when_asked_for() {
    let mut links = vec![full("a", 0), full("b", 10)];
    links[1].counts = false;
    assert_eq!(lead_to(Goal::Time(at(20)), &links).unwrap().base, [0]);
    assert_eq!(chain(Goal::Backup(1), &links), [1]);
    links[0].counts = false;
    let none = lead_to(Goal::Time(at(20)), &links);
    assert_eq!(none, Err(NoChain::OnlySuspect(at(20))));
}

#[test]
fn a_full_backup_takes_the_logs_written_while_it_was_made() {
    let links = [full("a", 10), log(0, 8), log(8, 12), log(12, 20)];
    assert_eq!(chain(Goal::Backup(0), &links), [0, 2, 3]);
}

#[test]
fn a_log_needs_everything_up_to_it_and_nothing_after() {
    let links = [full("a", 0), log(0, 60), log(60, 120), log(120, 180)];
    assert_eq!(chain(Goal::Backup(2), &links), [0, 1, 2]);
}

#[test]
fn differential_and_incremental_backups_stand_on_the_full_backup_before_them() {
    let step = |key, kind, from| link(key, kind, from, from + 1);
    let links = [
        full("a", 0),
        step("d1", Kind::Differential, 10),
        step("d2", Kind::Differential, 20),
        step("i1", Kind::Incremental, 30),
        step("i2", Kind::Incremental, 40),
        full("b", 50),
        step("i3", Kind::Incremental, 60),
    ];
    assert_eq!(chain(Goal::Backup(2), &links), [0, 2]);
    assert_eq!(chain(Goal::Backup(4), &links), [0, 2, 3, 4]);
    assert_eq!(chain(Goal::Backup(6), &links), [5, 6]);
}

#[test]
fn what_the_vendor_says_of_a_chain_counts_more_than_times() {
    let mut late = link("i", Kind::Incremental, 60, 61);
    late.base = Some("a");
    late.previous = Some("a");
    let links = [full("a", 0), full("b", 50), late.clone()];
    assert_eq!(chain(Goal::Backup(2), &links), [0, 2]);
    late.base = Some("gone");
    let none = lead_to(Goal::Backup(1), &[full("b", 50), late]);
    assert_eq!(none, Err(NoChain::MissingBase("gone".to_owned())));
}

#[test]
fn a_missing_incremental_backup_breaks_the_chain() {
    let step = |key, previous, from| Link {
        previous: Some(previous),
        ..link(key, Kind::Incremental, from, from + 1)
    };
    let links = [full("a", 0), step("i1", "a", 10), step("i3", "i2", 30)];
    let broken = lead_to(Goal::Backup(2), &links).unwrap();
    assert_eq!((broken.reaches, broken.steps), (at(11), vec![1]));
    assert!(broken.gap.is_some());
    let earlier = lead_to(Goal::Time(at(40)), &links).unwrap();
    assert_eq!((earlier.steps, earlier.reaches), (vec![1], at(11)));
    // One that is suspect is not left out: what follows it builds upon it.
    let mut whole = [full("a", 0), step("i1", "a", 10), step("i2", "i1", 20)];
    whole[1].counts = false;
    assert_eq!(chain(Goal::Backup(2), &whole), [0, 1, 2]);
}

#[test]
fn each_node_has_its_own_logs_and_shards_belong_together() {
    let of = |node: &'static str, mut link: Link<'static>| {
        link.node = Some(node);
        link
    };
    let links = [
        of("n1", full("a", 0)),
        of("n1", log(0, 60)),
        of("n2", log(0, 50)),
        of("n2", log(50, 300)),
    ];
    assert_eq!(chain(Goal::Time(at(200)), &links), [0, 2, 3]);
    assert_eq!(chain(Goal::Time(at(30)), &links), [0, 1]);
    let mut shards = [of("n1", full("a", 0)), of("n2", full("b", 0))];
    for shard in &mut shards {
        shard.group = Some("batch");
    }
    assert_eq!(chain(Goal::Backup(0), &shards), [0, 1]);
}

#[test]
fn a_slow_log_restores_nothing() {
    let none = lead_to(Goal::Backup(0), &[link("s", Kind::Slowlog, 0, 1)]);
    assert_eq!(none, Err(NoChain::NothingToRestore(Kind::Slowlog)));
}

proptest! {
    #[test]
    fn a_chain_begins_with_a_full_backup_and_never_reaches_past_its_goal(
        parts in prop::collection::vec((0_usize..4, 0_i64..500, 0_i64..90, any::<bool>()), 0..40),
        goal in 0_i64..600,
    ) {
        let kinds = [Kind::Full, Kind::Differential, Kind::Incremental, Kind::Log];
        let links: Vec<_> = parts
            .into_iter()
            .map(|(kind, from, length, counts)| Link {
                counts,
                ..link("x", kinds[kind], from, from + length)
            })
            .collect();
        if let Ok(chain) = lead_to(Goal::Time(at(goal)), &links) {
            prop_assert_eq!(links[chain.base[0]].kind, Kind::Full);
            prop_assert!(links[chain.base[0]].counts);
            prop_assert!(chain.reaches <= at(goal));
            prop_assert_eq!(chain.gap.is_none(), chain.reaches == at(goal));
            let parts: Vec<_> = chain.all().collect();
            let once: BTreeSet<_> = parts.iter().collect();
            prop_assert_eq!(parts.len(), once.len());
        }
        for index in 0..links.len() {
            if let Ok(chain) = lead_to(Goal::Backup(index), &links) {
                prop_assert!(chain.gap.is_some() || chain.all().any(|part| part == index));
            }
        }
    }
}
