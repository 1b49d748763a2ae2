//! Retention: which mirrored backups are kept and which are let go, each with its reason.
//!
//! Pure: from the backups of one instance, the policy and the time to a decision for every
//! backup. Per instance and kind; only verified backups count towards any rule, and a backup that
//! does not count is never let go by a rule it could not satisfy. Moving backups out is the
//! business of [`crate::mirror::quarantine`], and only after a complete, successful pass.

use std::collections::{BTreeMap, BTreeSet};

use backhaul_config::Retention;
use backhaul_provider_api::{Kind, Timestamp};
use chrono::{Datelike, Timelike};
use chrono_tz::Tz;

use crate::catalog::BackupRecord;

/// What happens to one backup, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "decision")]
pub enum Decision {
    /// It stays.
    Keep {
        /// The rules that hold it.
        reasons: Vec<String>,
    },
    /// It is let go.
    Delete {
        /// Why nothing holds it.
        reason: String,
    },
}

impl Decision {
    /// Whether the backup stays.
    pub fn keeps(&self) -> bool {
        matches!(self, Self::Keep { .. })
    }
}

/// Decides about all backups of one instance. The answer is in the order of `backups`.
pub fn decide(
    policy: &Retention,
    zone: Tz,
    backups: &[BackupRecord],
    now: Timestamp,
) -> Vec<Decision> {
    let mut reasons: Vec<BTreeSet<String>> = vec![BTreeSet::new(); backups.len()];
    if policy.is_empty() {
        let keep = Decision::Keep {
            reasons: vec!["the job has no retention".to_owned()],
        };
        return vec![keep; backups.len()];
    }

    let mut by_kind: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    for (index, backup) in backups.iter().enumerate() {
        if backup.verification.counts() && backup.started_at <= now {
            by_kind.entry(backup.kind).or_default().push(index);
        } else if backup.started_at > now {
            reasons[index].insert("its time lies in the future".to_owned());
        } else if !backup.damage.is_empty() {
            // It counts for nothing, yet somebody may still make use of what is left of it.
            reasons[index].insert("it is damaged, and nothing is deleted for that".to_owned());
        } else {
            hold_suspect(policy, backup, now, &mut reasons[index]);
        }
    }
    for indexes in by_kind.values_mut() {
        indexes.sort_by_key(|&index| std::cmp::Reverse((backups[index].started_at, index)));
        keep_by_rules(policy, zone, backups, indexes, now, &mut reasons);
    }
    keep_bases(backups, &mut reasons);

    reasons
        .into_iter()
        .map(|reasons| {
            if reasons.is_empty() {
                Decision::Delete {
                    reason: "no rule of the retention holds it".to_owned(),
                }
            } else {
                Decision::Keep {
                    reasons: reasons.into_iter().collect(),
                }
            }
        })
        .collect()
}

/// A suspect backup counts for nothing, yet may be all there is of its day: it stays as long as
/// the longest stretch that the policy names by time, at least the quarantine's.
fn hold_suspect(
    policy: &Retention,
    backup: &BackupRecord,
    now: Timestamp,
    reasons: &mut BTreeSet<String>,
) {
    let age = now
        .signed_duration_since(backup.started_at)
        .to_std()
        .unwrap_or_default();
    if age <= policy.within.unwrap_or_default().max(policy.quarantine) {
        reasons.insert("suspect, and recent enough to be looked at".to_owned());
    }
}

fn keep_by_rules(
    policy: &Retention,
    zone: Tz,
    backups: &[BackupRecord],
    newest_first: &[usize],
    now: Timestamp,
    reasons: &mut [BTreeSet<String>],
) {
    for (rank, &index) in newest_first.iter().enumerate() {
        if rank < policy.keep_last as usize {
            reasons[index].insert(format!("keep_last = {}", policy.keep_last));
        }
        if rank < policy.min_good as usize {
            reasons[index].insert(format!("min_good = {}", policy.min_good));
        }
        let age = now
            .signed_duration_since(backups[index].started_at)
            .to_std()
            .unwrap_or_default();
        if policy.within.is_some_and(|within| age <= within) {
            reasons[index].insert("within".to_owned());
        }
    }
    type Period = fn(chrono::DateTime<Tz>) -> (i32, u32, u32);
    let rules: [(&str, u32, Period); 5] = [
        ("hourly", policy.hourly, |time| {
            (time.year(), time.ordinal(), time.hour())
        }),
        ("daily", policy.daily, |time| {
            (time.year(), time.ordinal(), 0)
        }),
        ("weekly", policy.weekly, |time| {
            (time.iso_week().year(), time.iso_week().week(), 0)
        }),
        ("monthly", policy.monthly, |time| {
            (time.year(), time.month(), 0)
        }),
        ("yearly", policy.yearly, |time| (time.year(), 0, 0)),
    ];
    for (name, count, period) in rules {
        let mut seen = BTreeSet::new();
        for &index in newest_first {
            if seen.len() == count as usize {
                break;
            }
            // The newest backup of each period stands for it.
            if seen.insert(period(backups[index].started_at.with_timezone(&zone))) {
                reasons[index].insert(format!("{name} = {count}"));
            }
        }
    }
}

/// A differential, incremental or log backup is of no use without the full backup before it.
fn keep_bases(backups: &[BackupRecord], reasons: &mut [BTreeSet<String>]) {
    let mut needed: BTreeMap<usize, &BackupRecord> = BTreeMap::new();
    for (index, backup) in backups.iter().enumerate() {
        let dependent = matches!(
            backup.kind,
            Kind::Differential | Kind::Incremental | Kind::Log
        );
        if !dependent || reasons[index].is_empty() {
            continue;
        }
        let named = backup.base.as_deref().and_then(|base| {
            backups
                .iter()
                .position(|other| other.identity.key.as_str() == base)
        });
        if let Some(base) = named.or_else(|| latest_full_before(backups, backup)) {
            needed.entry(base).or_insert(backup);
        }
    }
    for (index, dependent) in needed {
        reasons[index].insert(format!("{} {} needs it", dependent.kind, dependent.id));
    }
    // Between a needed full backup and what needs it lies the rest of the chain.
    let oldest_kept_full = backups
        .iter()
        .zip(reasons.iter())
        .filter(|(backup, reasons)| backup.kind == Kind::Full && !reasons.is_empty())
        .map(|(backup, _)| backup.started_at)
        .min();
    let newest_kept: BTreeMap<Kind, Timestamp> = backups
        .iter()
        .zip(reasons.iter())
        .filter(|(_, reasons)| !reasons.is_empty())
        .fold(BTreeMap::new(), |mut newest, (backup, _)| {
            let latest = newest.entry(backup.kind).or_insert(backup.started_at);
            *latest = (*latest).max(backup.started_at);
            newest
        });
    let Some(oldest_full) = oldest_kept_full else {
        return;
    };
    for (backup, reasons) in backups.iter().zip(reasons.iter_mut()) {
        let link = matches!(backup.kind, Kind::Incremental | Kind::Log);
        let inside = backup.reaches >= oldest_full
            && newest_kept
                .get(&backup.kind)
                .is_some_and(|newest| backup.started_at <= *newest);
        if link && inside && reasons.is_empty() {
            reasons.insert("part of the chain after a kept full backup".to_owned());
        }
    }
}

fn latest_full_before(backups: &[BackupRecord], dependent: &BackupRecord) -> Option<usize> {
    backups
        .iter()
        .enumerate()
        .filter(|(_, other)| {
            other.kind == Kind::Full
                && other.verification.counts()
                && other.started_at <= dependent.started_at
        })
        .max_by_key(|(_, other)| other.started_at)
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests;
