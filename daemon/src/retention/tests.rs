use std::collections::BTreeMap;
use std::time::Duration;

use super::brake::Brake;
use super::*;

mod invariants;
mod kits;
mod property;
mod simulation;

pub(super) fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// A verified backup that began so many hours ago.
pub(super) fn backup(kind: Kind, hours_ago: i64) -> Facts {
    let started_at = Moment::from(now() - TimeDelta::hours(hours_ago));
    Facts {
        kind,
        started_at,
        from: started_at,
        reaches: started_at,
        counts: true,
        damaged: false,
        pinned: false,
        standing: Standing::Ruled,
        base: None,
        previous: None,
        group: None,
    }
}

fn suspect(kind: Kind, hours_ago: i64) -> Facts {
    Facts {
        counts: false,
        ..backup(kind, hours_ago)
    }
}

fn policy(rules: Retention) -> Policy {
    Policy {
        rules,
        zone: Tz::UTC,
    }
}

fn keep_last(keep_last: u32) -> Policy {
    policy(Retention {
        keep_last,
        ..Retention::default()
    })
}

fn kept(policy: &Policy, backups: &[Facts]) -> Vec<bool> {
    let verdicts = decide(policy, backups, now());
    verdicts.iter().map(Verdict::keeps).collect()
}

#[test]
fn an_empty_policy_keeps_everything() {
    let backups = [backup(Kind::Full, 10_000), suspect(Kind::Full, 1)];
    let verdicts = decide(&policy(Retention::default()), &backups, now());
    assert_eq!(verdicts, vec![Verdict::Keep(vec![Reason::NoRetention]); 2]);
}

#[test]
fn keep_last_keeps_the_newest_of_each_kind() {
    let backups: Vec<_> = (1..=4)
        .flat_map(|day| {
            [
                backup(Kind::Full, day * 24),
                backup(Kind::Slowlog, day * 24),
            ]
        })
        .collect();
    let expected = [true, true, true, true, false, false, false, false];
    assert_eq!(kept(&keep_last(2), &backups), expected);
}

#[test]
fn a_suspect_backup_never_pushes_a_good_one_out() {
    let backups = [
        suspect(Kind::Full, 1),
        suspect(Kind::Full, 2),
        backup(Kind::Full, 5000),
        suspect(Kind::Full, 6000),
    ];
    assert_eq!(kept(&keep_last(1), &backups), [true, true, true, false]);
}

#[test]
fn a_damaged_backup_counts_for_nothing_and_is_not_deleted_for_it() {
    let mut backups: Vec<_> = (0..4)
        .map(|day| backup(Kind::Full, 24 * (30 + day)))
        .collect();
    (backups[1].damaged, backups[1].counts) = (true, false);
    assert_eq!(kept(&keep_last(2), &backups), [true, true, true, false]);
}

#[test]
fn the_newest_of_each_day_week_month_and_year_stands_for_it() {
    let backups: Vec<_> = (0..800).map(|day| backup(Kind::Full, day * 24)).collect();
    let rules = Retention {
        daily: 3,
        weekly: 2,
        monthly: 3,
        yearly: 3,
        ..Retention::default()
    };
    let kept: Vec<_> = kept(&policy(rules), &backups)
        .into_iter()
        .zip(&backups)
        .filter(|(kept, _)| *kept)
        .map(|(_, backup)| backup.started_at.timestamp().format("%F").to_string())
        .collect();
    let expected = [
        "2026-11-22", // Sunday: day, week, month and year
        "2026-11-21",
        "2026-11-20",
        "2026-11-15", // the Sunday before
        "2026-10-31",
        "2026-09-30",
        "2025-12-31",
        "2024-12-31",
    ];
    assert_eq!(kept, expected);
}

#[test]
fn days_are_those_of_the_jobs_zone() {
    // 17:00 and 15:00 UTC are two days in Shanghai (01:00 and 23:00), one in UTC.
    let backups = [backup(Kind::Full, 17), backup(Kind::Full, 19)];
    let utc = policy(Retention {
        daily: 2,
        ..Retention::default()
    });
    let shanghai = Policy {
        zone: chrono_tz::Asia::Shanghai,
        ..utc.clone()
    };
    assert_eq!(kept(&shanghai, &backups), [true, true]);
    assert_eq!(kept(&utc, &backups), [true, false]);
}

#[test]
fn the_two_hours_of_one_name_when_the_clock_goes_back_are_two() {
    let at = |text: &str| {
        let started_at = Moment::from(text.parse::<Timestamp>().unwrap());
        Facts {
            started_at,
            from: started_at,
            reaches: started_at,
            ..backup(Kind::Full, 0)
        }
    };
    // 02:10, 02:20 and, an hour later, 02:15 in Berlin.
    let backups = [
        at("2026-10-25T00:10:00Z"),
        at("2026-10-25T00:20:00Z"),
        at("2026-10-25T01:15:00Z"),
    ];
    let hourly = Policy {
        rules: Retention {
            hourly: 5,
            ..Retention::default()
        },
        zone: chrono_tz::Europe::Berlin,
    };
    assert_eq!(kept(&hourly, &backups), [false, true, true]);
}

#[test]
fn what_the_good_ones_must_be_stays_whatever_the_rules_say() {
    let backups: Vec<_> = (1..6).map(|day| backup(Kind::Full, day * 24)).collect();
    let rules = Retention {
        within: Some(Duration::from_secs(3600)),
        min_good: 3,
        ..Retention::default()
    };
    assert_eq!(
        kept(&policy(rules), &backups),
        [true, true, true, false, false]
    );
}

#[test]
fn logs_stay_from_the_oldest_kept_full_backup_on() {
    let backups = [
        backup(Kind::Log, 230),
        backup(Kind::Full, 200),
        backup(Kind::Log, 190),
        backup(Kind::Full, 100),
        backup(Kind::Log, 90),
        backup(Kind::Log, 80),
    ];
    assert_eq!(
        kept(&keep_last(1), &backups),
        [false, false, false, true, true, true]
    );
    assert_eq!(
        kept(&keep_last(2), &backups),
        [false, true, true, true, true, true]
    );
    let verdicts = decide(&keep_last(1), &backups, now());
    assert_eq!(verdicts[0], Verdict::LetGo(LetGo::NothingToReplayItOn));
    assert_eq!(verdicts[2], Verdict::LetGo(LetGo::NoFullKept));
}

#[test]
fn a_job_of_logs_alone_keeps_them_without_gaps_from_a_full_backup_on() {
    let full = |hours| Facts {
        standing: Standing::Held(Reason::OtherJob),
        ..backup(Kind::Full, hours)
    };
    let backups = [
        full(400),
        backup(Kind::Log, 390),
        full(100),
        backup(Kind::Log, 90),
        backup(Kind::Log, 80),
        backup(Kind::Log, 40),
        full(2),
        backup(Kind::Log, 1),
    ];
    let rules = Retention {
        within: Some(Duration::from_secs(50 * 3600)),
        ..Retention::default()
    };
    let expected = [true, false, true, true, true, true, true, true];
    assert_eq!(kept(&policy(rules), &backups), expected);
}

#[test]
fn a_full_backup_that_another_jobs_logs_need_stays_and_those_between_may_go() {
    let log = |hours| Facts {
        standing: Standing::Held(Reason::OtherJob),
        ..backup(Kind::Log, hours)
    };
    let backups = [
        backup(Kind::Full, 400),
        backup(Kind::Full, 100),
        log(90),
        backup(Kind::Full, 80),
        log(70),
        backup(Kind::Full, 2),
    ];
    let expected = [false, true, true, false, true, true];
    assert_eq!(kept(&keep_last(1), &backups), expected);
}

#[test]
fn a_log_that_reaches_over_its_full_backup_does_not_hold_the_one_before() {
    let over = |hours| Facts {
        reaches: Moment::from(now() - TimeDelta::hours(hours - 2)),
        ..backup(Kind::Log, hours)
    };
    let backups = [
        over(101),
        backup(Kind::Full, 100),
        over(99),
        over(51),
        backup(Kind::Full, 50),
        over(49),
        over(2),
        backup(Kind::Full, 1),
    ];
    let expected = [false, false, false, false, false, false, true, true];
    assert_eq!(kept(&keep_last(1), &backups), expected);
    let expected = [false, false, false, true, true, true, true, true];
    assert_eq!(kept(&keep_last(2), &backups), expected);
}

#[test]
fn an_increment_holds_what_it_builds_upon_down_to_the_full_backup() {
    let backups = [
        backup(Kind::Full, 300),
        backup(Kind::Incremental, 290),
        backup(Kind::Incremental, 280),
        backup(Kind::Full, 200),
        backup(Kind::Incremental, 190),
        backup(Kind::Differential, 180),
        backup(Kind::Incremental, 170),
        backup(Kind::Full, 100),
    ];
    // The newest increment needs the differential before it, and that its full backup.
    let expected = [false, false, false, true, false, true, true, true];
    assert_eq!(kept(&keep_last(1), &backups), expected);
    let mut pinned = backups;
    pinned[2].pinned = true;
    let expected = [true, true, true, true, false, true, true, true];
    assert_eq!(kept(&keep_last(1), &pinned), expected);
}

#[test]
fn what_the_vendor_says_about_a_chain_goes_before_the_times() {
    let mut backups = [
        backup(Kind::Full, 300),
        backup(Kind::Full, 200),
        backup(Kind::Differential, 100),
    ];
    assert_eq!(kept(&keep_last(1), &backups), [false, true, true]);
    backups[2].base = Some(0);
    assert_eq!(kept(&keep_last(1), &backups), [true, true, true]);
}

#[test]
fn a_chain_that_leads_in_a_circle_ends() {
    let mut backups = [backup(Kind::Incremental, 2), backup(Kind::Incremental, 1)];
    backups[0].previous = Some(1);
    backups[1].previous = Some(0);
    assert_eq!(kept(&keep_last(1), &backups), [true, true]);
}

#[test]
fn a_group_counts_as_one_and_stays_together() {
    let shard = |hours, group| Facts {
        group: Some(group),
        ..backup(Kind::Full, hours)
    };
    let mut backups = [
        shard(50, 1),
        shard(49, 1),
        shard(48, 1),
        shard(26, 2),
        shard(25, 2),
        shard(24, 2),
        shard(2, 3),
        shard(1, 3),
        shard(0, 3),
    ];
    assert_eq!(
        kept(&keep_last(2), &backups),
        [false, false, false, true, true, true, true, true, true]
    );
    // A group with a suspect member does not count, and here is young enough to be looked at.
    backups[4].counts = false;
    assert_eq!(kept(&keep_last(2), &backups), [true; 9]);
}

#[test]
fn a_pin_holds_a_backup_and_what_it_needs_but_not_all_logs_since() {
    let mut backups = [
        backup(Kind::Full, 9000),
        backup(Kind::Log, 8990),
        backup(Kind::Log, 8980),
        backup(Kind::Log, 8970),
        backup(Kind::Full, 10),
        backup(Kind::Log, 5),
    ];
    backups[0].pinned = true;
    assert_eq!(
        kept(&keep_last(1), &backups),
        [true, false, false, false, true, true]
    );
    backups[0].pinned = false;
    backups[2].pinned = true;
    assert_eq!(
        kept(&keep_last(1), &backups),
        [true, true, true, false, true, true]
    );
}

#[test]
fn logs_without_any_full_backup_follow_their_rules_without_gaps() {
    let backups: Vec<_> = (0..10).map(|hour| backup(Kind::Log, hour * 10)).collect();
    let rules = Retention {
        daily: 2,
        ..Retention::default()
    };
    let expected = [
        true, true, false, false, false, false, false, false, false, false,
    ];
    let mut more = expected;
    more[1] = true;
    // 10:00 today, 00:00 today; 14:00 yesterday is the newest of its day.
    more[2] = true;
    assert_eq!(kept(&policy(rules), &backups), more);
}

#[test]
fn a_backup_of_the_future_stays_and_counts_for_nothing() {
    let backups = [
        backup(Kind::Full, -500),
        backup(Kind::Full, 5),
        backup(Kind::Full, 50),
    ];
    assert_eq!(kept(&keep_last(1), &backups), [true, true, false]);
}

#[test]
fn the_brake_stops_more_than_half_but_lets_logs_go_with_their_full_backup() {
    let look = |policy: &Policy, backups: &[Facts]| {
        let verdicts = decide(policy, backups, now());
        Brake::look(backups, &verdicts)
    };
    let fulls: Vec<_> = (0..20).map(|day| backup(Kind::Full, day * 24)).collect();
    let expected = Brake {
        kind: Kind::Full,
        leaving: 11,
        of: 20,
    };
    assert_eq!(look(&keep_last(9), &fulls), Some(expected));
    assert_eq!(look(&keep_last(10), &fulls), None);
    assert_eq!(
        look(&keep_last(1), &fulls[..9]),
        None,
        "too few to say anything"
    );

    let mut week: Vec<_> = (1..168).map(|hour| backup(Kind::Log, hour)).collect();
    week.extend([backup(Kind::Full, 0), backup(Kind::Full, 168)]);
    assert_eq!(look(&keep_last(1), &week), None);
}

#[test]
#[ignore = "measures; run it alone, in a release build, with --nocapture"]
fn planning_for_a_million_backups() {
    let policy = Policy {
        rules: Retention {
            daily: 14,
            weekly: 8,
            monthly: 12,
            yearly: 3,
            keep_last: 3,
            ..Retention::default()
        },
        zone: chrono_tz::Asia::Shanghai,
    };
    let mut backups = Vec::with_capacity(1_000_000);
    // Every five minutes a log, a full backup every day; listed newest first, as vendors do.
    for number in 0..1_000_000i64 {
        let kind = if number % 289 == 0 {
            Kind::Full
        } else {
            Kind::Log
        };
        let mut one = backup(kind, 0);
        one.started_at = Moment::from(now() - TimeDelta::minutes(5 * number));
        one.from = one.started_at;
        one.reaches = one.started_at + TimeDelta::minutes(5);
        backups.push(one);
    }
    let begin = std::time::Instant::now();
    let verdicts = decide(&policy, &backups, now());
    let took = begin.elapsed();
    let mut kept = BTreeMap::new();
    for (backup, _) in backups
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| verdict.keeps())
    {
        *kept.entry(backup.kind).or_insert(0u64) += 1;
    }
    println!("one instance with 1000000 backups: {took:?}, kept {kept:?}");
}
