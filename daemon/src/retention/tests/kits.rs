//! What retention keeps is what a restore needs, as the other module that knows of chains sees it.

use proptest::prelude::*;

use super::property::any_policy;
use super::*;
use crate::chain::{Goal, Link, lead_to};

/// A vendor's backups, as one that works makes them: a full one now and then, others between, a row
/// of logs; some of them missing or suspect.
fn any_history() -> impl Strategy<Value = Vec<Facts>> {
    let between = prop_oneof![
        Just(None),
        Just(Some(Kind::Differential)),
        Just(Some(Kind::Incremental))
    ];
    let cycle = (between, 1i64..8, prop::bool::weighted(0.9));
    let lost = prop::collection::vec(prop::bool::weighted(0.05), 300);
    (prop::collection::vec(cycle, 1..6), 2i64..12, lost).prop_map(|(cycles, hours, lost)| {
        let mut made = Vec::new();
        let mut at = 0;
        for (between, count, counts) in cycles {
            made.push(Facts {
                counts,
                ..backup(Kind::Full, -at)
            });
            for _ in 0..count {
                at += hours;
                if let Some(kind) = between {
                    made.push(backup(kind, -at));
                }
            }
            at += hours;
        }
        for hour in 0..at {
            let mut log = backup(Kind::Log, -hour);
            log.reaches = log.from + TimeDelta::hours(1);
            made.push(log);
        }
        for backup in &mut made {
            // All of it lies in the past.
            for moment in [
                &mut backup.started_at,
                &mut backup.from,
                &mut backup.reaches,
            ] {
                *moment = *moment - TimeDelta::hours(at + 2);
            }
        }
        let lost = lost.into_iter().chain(std::iter::repeat(false));
        let there = made.into_iter().zip(lost).filter(|(_, lost)| !lost);
        there.map(|(backup, _)| backup).collect()
    })
}

fn links<'a>(backups: &[Facts], keys: &'a [String]) -> Vec<Link<'a>> {
    let link = |(backup, key): (&Facts, &'a String)| Link {
        key,
        kind: backup.kind,
        started_at: backup.started_at.timestamp(),
        reaches: backup.reaches.timestamp(),
        span: None,
        base: None,
        previous: None,
        sequence: None,
        node: None,
        group: None,
        counts: backup.counts,
        takes_logs: true,
        files: None,
    };
    backups.iter().zip(keys).map(link).collect()
}

/// Which of them can be restored without a gap.
fn restorable(backups: &[Facts]) -> Vec<bool> {
    let keys: Vec<_> = (0..backups.len()).map(|index| index.to_string()).collect();
    let links = links(backups, &keys);
    let whole = |index| lead_to(Goal::Backup(index), &links).is_ok_and(|chain| chain.gap.is_none());
    (0..backups.len()).map(whole).collect()
}

/// A backup in a line, in hours before now.
fn told(backup: &Facts) -> String {
    let hours = |moment: Moment| (now() - moment.timestamp()).num_hours();
    let suspect = if backup.counts { "" } else { " suspect" };
    format!(
        "{} {}..{}{suspect}",
        backup.kind,
        hours(backup.from),
        hours(backup.reaches)
    )
}

fn all(backups: &[Facts]) -> String {
    backups.iter().map(told).collect::<Vec<_>>().join(", ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_kept_can_be_restored_as_before(history in any_history(), policy in any_policy()) {
        let before = restorable(&history);
        let verdicts = decide(&policy, &history, now());
        let kept = |index: &usize| verdicts[*index].keeps();
        let places: Vec<_> = (0..history.len()).filter(kept).collect();
        let left: Vec<_> = places.iter().map(|&place| history[place]).collect();
        for (place, after) in places.into_iter().zip(restorable(&left)) {
            prop_assert!(
                after || !before[place],
                "{} can no longer be restored; there were\n{}\nand left are\n{}",
                told(&history[place]), all(&history), all(&left),
            );
        }
    }
}
