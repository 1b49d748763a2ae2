//! What retention looks at in a backup: small, so that a million of them are planned at once.

use std::collections::HashMap;

use backhaul_provider_api::{Kind, Timestamp};

use super::reason::Reason;
use crate::catalog::BackupRecord;
use crate::mirror::identity::BackupId;

/// The facts about one backup. Relations are indexes into the same list.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// From when on its data are in it: the beginning of a log, of any other backup its start.
    pub from: Timestamp,
    /// The instant up to which its data reach.
    pub reaches: Timestamp,
    /// Whether it is verified.
    pub counts: bool,
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
        let from = record.log_from.unwrap_or(record.started_at);
        Facts {
            kind: record.kind,
            started_at: record.started_at,
            from,
            reaches: record.reaches.max(from),
            counts: record.verification.counts(),
            pinned: is_pinned(&record.id),
            standing: standing(record),
            base: of(&record.base),
            previous: of(&record.previous),
            group,
        }
    });
    all.collect()
}
