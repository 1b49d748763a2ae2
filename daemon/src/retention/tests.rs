use std::time::Duration;

use backhaul_provider_api::{BackupKey, InstanceId};
use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::mirror::identity::Identity;
use crate::mirror::manifest::Verification;
use crate::mirror::verify::Damage;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn backup(kind: Kind, hours_ago: i64, good: bool) -> BackupRecord {
    let identity = Identity {
        provider: "p".into(),
        scope: "s".into(),
        instance: InstanceId::new("i"),
        key: BackupKey::new(format!("{kind}-{hours_ago}")),
    };
    let started_at = now() - TimeDelta::hours(hours_ago);
    BackupRecord {
        id: identity.id(),
        identity,
        job: "j".into(),
        directory: "/m".into(),
        path: String::new(),
        instance_name: "i".into(),
        name: String::new(),
        kind,
        started_at,
        reaches: started_at,
        base: None,
        files: 1,
        size_bytes: 1,
        verification: if good {
            Verification::Verified
        } else {
            Verification::Suspect {
                reasons: vec!["odd".into()],
            }
        },
        mirrored_at: now(),
        verified_at: None,
        damage: Vec::new(),
    }
}

fn policy(keep_last: u32, min_good: u32) -> Retention {
    Retention {
        keep_last,
        min_good,
        quarantine: Duration::from_secs(7 * 86_400),
        ..Retention::default()
    }
}

fn kept(policy: &Retention, backups: &[BackupRecord]) -> Vec<bool> {
    decide(policy, Tz::UTC, backups, now())
        .iter()
        .map(Decision::keeps)
        .collect()
}

#[test]
fn an_empty_policy_keeps_everything() {
    let backups = [
        backup(Kind::Full, 10_000, true),
        backup(Kind::Full, 1, false),
    ];
    assert_eq!(kept(&Retention::default(), &backups), [true, true]);
}

#[test]
fn keep_last_keeps_the_newest_of_each_kind() {
    let backups: Vec<_> = (1..=4)
        .flat_map(|day| {
            [
                backup(Kind::Full, day * 24, true),
                backup(Kind::Slowlog, day * 24, true),
            ]
        })
        .collect();
    assert_eq!(
        kept(&policy(2, 1), &backups),
        [true, true, true, true, false, false, false, false]
    );
}

#[test]
fn a_suspect_backup_never_pushes_a_good_one_out() {
    let backups = [
        backup(Kind::Full, 1, false),
        backup(Kind::Full, 2, false),
        backup(Kind::Full, 5000, true),
        backup(Kind::Full, 6000, false),
    ];
    assert_eq!(kept(&policy(1, 1), &backups), [true, true, true, false]);
}

#[test]
fn a_damaged_backup_counts_for_nothing_and_is_not_deleted_for_it() {
    let mut backups: Vec<_> = (0..4)
        .map(|day| backup(Kind::Full, 24 * (30 + day), true))
        .collect();
    backups[1].damage = vec![Damage::of("a", "it is missing")];
    backups[1].verification = Verification::Suspect {
        reasons: vec!["damaged".into()],
    };
    let kept = kept(&policy(2, 1), &backups);
    assert_eq!(kept, [true, true, true, false]);
}

#[test]
fn days_are_those_of_the_jobs_zone() {
    // 17:00 and 15:00 UTC are two days in Shanghai (01:00 and 23:00), one in UTC.
    let backups = [backup(Kind::Full, 17, true), backup(Kind::Full, 19, true)];
    let policy = Retention {
        daily: 2,
        ..policy(0, 0)
    };
    let shanghai = decide(&policy, chrono_tz::Asia::Shanghai, &backups, now());
    assert_eq!(
        shanghai.iter().filter(|decision| decision.keeps()).count(),
        2
    );
    let utc = decide(&policy, Tz::UTC, &backups, now());
    assert_eq!(utc.iter().filter(|decision| decision.keeps()).count(), 1);
}

#[test]
fn a_full_backup_that_a_kept_log_needs_stays() {
    let backups = [
        backup(Kind::Full, 100, true),
        backup(Kind::Log, 90, true),
        backup(Kind::Log, 80, true),
        backup(Kind::Full, 200, true),
    ];
    // The newest log is kept, so the full backup before it, and the log between them.
    assert_eq!(kept(&policy(1, 0), &backups), [true, true, true, false]);
}

fn any_backups() -> impl Strategy<Value = Vec<BackupRecord>> {
    let kind = prop_oneof![Just(Kind::Full), Just(Kind::Log), Just(Kind::Incremental)];
    prop::collection::vec((kind, 0i64..5000, any::<bool>()), 0..40).prop_map(|items| {
        let mut unique = BTreeMap::new();
        for (kind, hours, good) in items {
            unique.insert((kind, hours), backup(kind, hours, good));
        }
        unique.into_values().collect()
    })
}

proptest! {
    #[test]
    fn never_below_min_good(backups in any_backups(), last in 0u32..4, daily in 0u32..4, good in 0u32..5) {
        let policy = Retention { daily, ..policy(last, good) };
        prop_assume!(!policy.is_empty());
        let decisions = decide(&policy, Tz::UTC, &backups, now());
        for kind in [Kind::Full, Kind::Log, Kind::Incremental] {
            let all = backups.iter().filter(|b| b.kind == kind && b.verification.counts()).count();
            let left = backups.iter().zip(&decisions)
                .filter(|(b, d)| b.kind == kind && b.verification.counts() && d.keeps()).count();
            prop_assert!(left >= all.min(good as usize));
        }
    }

    #[test]
    fn a_second_run_deletes_nothing_more(backups in any_backups(), last in 0u32..4, daily in 0u32..4) {
        let policy = Retention { daily, ..policy(last, 1) };
        prop_assume!(!policy.is_empty());
        let first = decide(&policy, Tz::UTC, &backups, now());
        let left: Vec<_> = backups.into_iter().zip(first).filter(|(_, d)| d.keeps()).map(|(b, _)| b).collect();
        let second = decide(&policy, Tz::UTC, &left, now());
        prop_assert!(second.iter().all(Decision::keeps));
    }

    #[test]
    fn a_kept_log_has_a_kept_full_backup_before_it(backups in any_backups(), last in 1u32..4) {
        let decisions = decide(&policy(last, 1), Tz::UTC, &backups, now());
        for (log, decision) in backups.iter().zip(&decisions) {
            if log.kind == Kind::Full || !decision.keeps() || latest_full_before(&backups, log).is_none() {
                continue;
            }
            let usable = backups.iter().zip(&decisions).any(|(full, decision)| {
                full.kind == Kind::Full
                    && full.verification.counts()
                    && full.started_at <= log.started_at
                    && decision.keeps()
            });
            prop_assert!(usable);
        }
    }
}
