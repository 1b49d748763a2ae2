//! Why a backup is kept or let go, in words.

use std::time::Duration;

use backhaul_config::duration;
use serde::{Deserialize, Serialize};

use super::Verdict;
use super::period::Period;
use crate::catalog::BackupRecord;

/// Something that holds a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The job has no retention.
    NoRetention,
    /// Another job mirrored it, or one that was removed or renamed.
    OtherJob,
    /// The vendor no longer lists its instance: nothing comes after what is mirrored.
    InstanceGone,
    /// Somebody pinned it.
    Pinned,
    /// It lies in the future.
    Future,
    /// It was found damaged.
    Damaged,
    /// It counts for nothing, but is young.
    SuspectRecent,
    /// One of the newest that always stay.
    MinGood(u32),
    /// One of the newest.
    KeepLast(u32),
    /// Younger than this.
    Within(Duration),
    /// The newest of one of so many periods.
    Period(Period, u32),
    /// The kept backup of this index builds upon it.
    NeededBy(usize),
    /// The kept backup of this index is restorable with it only.
    GroupedWith(usize),
    /// A log between others that are kept, or after a kept full backup.
    Unbroken,
}

impl Reason {
    /// In words; `records` is the list that its index means.
    pub fn words(self, records: &[BackupRecord]) -> String {
        let named = |index: usize| format!("{} {}", records[index].kind, records[index].id);
        match self {
            Self::NoRetention => "the job has no retention".to_owned(),
            Self::OtherJob => "another job mirrored it, and decides about it".to_owned(),
            Self::InstanceGone => "the vendor no longer lists its instance for this job".to_owned(),
            Self::Pinned => "it is pinned".to_owned(),
            Self::Future => "its time lies in the future".to_owned(),
            Self::Damaged => "it is damaged, and nothing is deleted for that".to_owned(),
            Self::SuspectRecent => "suspect, and recent enough to be looked at".to_owned(),
            Self::MinGood(count) => format!("min_good = {count}"),
            Self::KeepLast(count) => format!("keep_last = {count}"),
            Self::Within(within) => format!("within = {}", duration::format(within)),
            Self::Period(period, count) => format!("{} = {count}", period.rule()),
            Self::NeededBy(other) => format!("{} needs it", named(other)),
            Self::GroupedWith(other) => format!("restorable only together with {}", named(other)),
            Self::Unbroken => "part of a log that is kept without gaps".to_owned(),
        }
    }
}

/// Why nothing holds a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetGo {
    /// No rule names it.
    NoRule,
    /// It counts for nothing and is no longer young.
    Suspect,
    /// A log older than every full backup that is kept.
    NoFullKept,
    /// A log older than every full backup in the mirror.
    NothingToReplayItOn,
}

impl LetGo {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoRule => "no rule of the retention holds it",
            Self::Suspect => "suspect, and no longer recent: it counts for no rule",
            Self::NoFullKept => "no full backup that is kept can be rolled forward with it",
            Self::NothingToReplayItOn => {
                "no mirrored full backup is old enough to be rolled forward with it"
            }
        }
    }
}

/// A verdict in words, for plans and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "decision")]
pub enum Decision {
    /// It stays.
    Keep {
        /// What holds it.
        reasons: Vec<String>,
    },
    /// It is let go.
    Delete {
        /// Why nothing holds it.
        reason: String,
    },
}

impl Decision {
    /// Puts a verdict about `records` into words.
    pub fn of(verdict: &Verdict, records: &[BackupRecord]) -> Self {
        match verdict {
            Verdict::Keep(reasons) => Self::Keep {
                reasons: reasons.iter().map(|reason| reason.words(records)).collect(),
            },
            Verdict::LetGo(why) => Self::Delete {
                reason: why.words().to_owned(),
            },
        }
    }
}
