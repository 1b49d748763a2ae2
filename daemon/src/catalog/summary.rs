//! What a directory holds, in a few numbers, for status and metrics.

use std::collections::BTreeMap;

use backhaul_provider_api::{InstanceId, Kind, Timestamp};
use serde::{Deserialize, Serialize};

use super::record::BackupRecord;

/// A directory's backups in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many backups.
    pub backups: u64,
    /// Their length together, in bytes.
    pub size_bytes: u64,
    /// How many of them are suspect, those left out that are damaged.
    pub suspect: u64,
    /// How many of them each job mirrored.
    #[serde(skip)]
    pub jobs: BTreeMap<String, u64>,
    /// How many of them are damaged.
    #[serde(default)]
    pub damaged: u64,
    /// When the backup was last verified that has waited longest for it.
    #[serde(default)]
    pub longest_unverified: Option<Timestamp>,
    /// Each instance.
    pub instances: BTreeMap<InstanceId, InstanceSummary>,
}

/// An instance's backups in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSummary {
    /// The name it had last.
    pub name: String,
    /// How many backups.
    pub backups: u64,
    /// Their length together, in bytes.
    pub size_bytes: u64,
    /// The start of the newest backup that counts, slow logs left out.
    pub newest_verified: Option<Timestamp>,
    /// The start of the oldest backup that counts.
    pub oldest_verified: Option<Timestamp>,
}

impl Summary {
    /// Counts one backup in.
    pub fn add(&mut self, record: &BackupRecord) {
        self.backups += 1;
        self.size_bytes += record.size_bytes;
        match self.jobs.get_mut(&record.job) {
            Some(count) => *count += 1,
            None => {
                self.jobs.insert(record.job.clone(), 1);
            }
        }
        let instance = self
            .instances
            .entry(record.identity.instance.clone())
            .or_default();
        instance.backups += 1;
        instance.size_bytes += record.size_bytes;
        let verified = record.last_verified();
        if self.longest_unverified.is_none_or(|at| verified < at) {
            self.longest_unverified = Some(verified);
        }
        if !record.damage.is_empty() {
            self.damaged += 1;
        } else if !record.verification.counts() {
            self.suspect += 1;
        } else if record.kind != Kind::Slowlog {
            let at = Some(record.started_at);
            if at > instance.newest_verified {
                instance.newest_verified = at;
                instance.name.clone_from(&record.instance_name);
            }
            if instance.oldest_verified.is_none() || at < instance.oldest_verified {
                instance.oldest_verified = at;
            }
        }
        if instance.name.is_empty() {
            instance.name.clone_from(&record.instance_name);
        }
    }
}
