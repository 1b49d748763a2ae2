//! What retention looks at in a backup: small, so that a million of them are planned at once.

use std::collections::HashMap;
use std::ops::{Add, Sub};

use backhaul_provider_api::{Kind, Timestamp};
use chrono::TimeDelta;

use super::reason::Reason;
use crate::catalog::BackupRecord;
use crate::mirror::identity::BackupId;

/// A time in microseconds since 1970. Comparing such times is most of the work of planning, and
/// twenty times faster than comparing calendar times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The calendar time.
    pub fn timestamp(self) -> Timestamp {
        // Made from one, so it is within bounds.
        Timestamp::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.timestamp_micros())
    }
}

impl Add<TimeDelta> for Moment {
    type Output = Self;

    fn add(self, length: TimeDelta) -> Self {
        let microseconds = length.num_microseconds().unwrap_or(i64::MAX);
        Self(self.0.saturating_add(microseconds))
    }
}

impl Sub<TimeDelta> for Moment {
    type Output = Self;

    fn sub(self, length: TimeDelta) -> Self {
        let microseconds = length.num_microseconds().unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(microseconds))
    }
}

/// The facts about one backup. Relations are indexes into the same list.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Moment,
    /// From when on its data are in it: the beginning of a log, of any other backup its start.
    pub from: Moment,
    /// The instant up to which its data reach.
    pub reaches: Moment,
    /// Whether it is verified.
    pub counts: bool,
    /// Whether it was found damaged.
    pub damaged: bool,
    /// Whether somebody pinned it.
    pub pinned: bool,
    /// Who decides about it.
    pub standing: Standing,
    /// The full backup it builds upon, where the vendor tells it.
    pub base: Option<usize>,
    /// The backup right before it in its chain, where the vendor tells it.
    pub previous: Option<usize>,
    /// The group it is restorable with only; any number that the group's members share.
    pub group: Option<usize>,
}

impl Facts {
    /// For a log: whether something is missing between what is `covered` and its beginning, at least
    /// half as long as it is itself. Of one whose length is not known that cannot be told.
    pub fn leaves_gap_after(&self, covered: Moment) -> bool {
        let length = self.reaches.0.saturating_sub(self.from.0);
        let missing = self.from.0.saturating_sub(covered.0);
        length > 0 && missing.saturating_mul(2) >= length
    }
}

/// Who decides about a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The policy of the job that mirrored it.
    Ruled,
    /// Nobody: it stays, and counts for nothing but what it needs.
    Held(Reason),
}

/// The facts about an instance's records, in their order.
pub fn facts(
    records: &[BackupRecord],
    is_pinned: impl Fn(&BackupId) -> bool,
    standing: impl Fn(&BackupRecord) -> Standing,
) -> Vec<Facts> {
    let related = |record: &BackupRecord| record.base.is_some() || record.previous.is_some();
    let mut by_key = HashMap::new();
    if records.iter().any(related) {
        by_key.extend(
            records
                .iter()
                .enumerate()
                .map(|(index, record)| (record.identity.key.as_str(), index)),
        );
    }
    let mut groups = HashMap::new();
    let of = |key: &Option<String>| by_key.get(key.as_deref()?).copied();
    let all = records.iter().map(|record| {
        let group = record.group.as_deref().map(|group| {
            let next = groups.len();
            *groups.entry(group).or_insert(next)
        });
        let from = Moment::from(record.log_from.unwrap_or(record.started_at));
        Facts {
            kind: record.kind,
            started_at: record.started_at.into(),
            from,
            reaches: Moment::from(record.reaches).max(from),
            counts: record.verification.counts(),
            damaged: !record.damage.is_empty(),
            pinned: is_pinned(&record.id),
            standing: standing(record),
            base: of(&record.base),
            previous: of(&record.previous),
            group,
        }
    });
    all.collect()
}
