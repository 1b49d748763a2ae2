//! The decision log: what was done about each backup, when and why, kept for years.
//!
//! `<state_dir>/decisions/<year>-<month>.jsonl` holds one [`Entry`] a line, in the order in which
//! things were decided. Lines are only ever added ([`log::Log`]), so whoever may read the files can
//! do so at any time ([`read`]), beside a running daemon too. It is a record for people and never
//! asked by a decision: losing it loses nothing else. Each line is sealed ([`crate::seal`]), so that a
//! damaged one is noticed; that whole lines are gone is not.

use std::fmt;

use backhaul_config::JobName;
use backhaul_provider_api::{InstanceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::catalog::BackupRecord;
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::layout;
use crate::mirror::quarantine::Quarantined;

pub mod log;
pub mod read;

pub use log::Log;

/// The folder of the log in the state directory.
pub const DIRECTORY: &str = "decisions";

/// What was decided.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A backup was mirrored.
    Fetched,
    /// A backup lay in the mirror and the catalog did not know it: a kill came between.
    Found,
    /// A backup was to be mirrored and could not be, for now.
    Failed,
    /// A listed backup is not fetched. Written when the reason changes.
    Skipped,
    /// A download that nobody went on with was given up.
    Abandoned,
    /// Retention lets nothing go for now.
    Frozen,
    /// A backup was moved to quarantine.
    Quarantined,
    /// A backup in quarantine is deleted for good. Written down before it is done.
    Deleted,
    /// A backup was taken out of quarantine.
    Restored,
    /// Verification found a mirrored backup damaged.
    Damaged,
    /// A damaged backup was fetched again.
    Repaired,
    /// A backup is held for ever from now on.
    Pinned,
    /// A backup is no longer held.
    Unpinned,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetched => "fetched",
            Self::Found => "found",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Abandoned => "abandoned",
            Self::Frozen => "frozen",
            Self::Quarantined => "quarantined",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Damaged => "damaged",
            Self::Repaired => "repaired",
            Self::Pinned => "pinned",
            Self::Unpinned => "unpinned",
        })
    }
}

/// One decision. Fields are only ever added to the format; whoever reads it leaves out what is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written down, by the machine's clock.
    pub time: Timestamp,
    /// The job.
    pub job: JobName,
    /// The instance that it concerns, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// The backup that it concerns, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupId>,
    /// What was decided.
    pub action: Action,
    /// Why, in a sentence.
    pub reason: String,
    /// Where the backup lies or lay, relative to the job's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many bytes it has, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Entry {
    /// A decision of a job, now, that concerns no backup yet.
    pub fn new(job: &JobName, action: Action, reason: impl Into<String>) -> Self {
        Self {
            time: chrono::Utc::now(),
            job: job.clone(),
            instance: None,
            backup: None,
            action,
            reason: reason.into(),
            path: None,
            bytes: None,
        }
    }

    /// The same about an instance.
    #[must_use]
    pub fn of_instance(mut self, instance: &InstanceId) -> Self {
        self.instance = Some(instance.clone());
        self
    }

    /// The same about a backup of which little is known.
    #[must_use]
    pub fn of_backup(
        mut self,
        backup: &BackupId,
        path: Option<String>,
        bytes: Option<u64>,
    ) -> Self {
        self.backup = Some(backup.clone());
        self.path = path;
        self.bytes = bytes;
        self
    }

    /// The same about a mirrored backup.
    #[must_use]
    pub fn of_record(self, record: &BackupRecord) -> Self {
        self.of_instance(&record.identity.instance).of_backup(
            &record.id,
            Some(record.path.clone()),
            Some(record.size_bytes),
        )
    }

    /// The same about a backup in a job's quarantine.
    #[must_use]
    pub fn of_quarantined(self, job_dir: &Dir, quarantined: &Quarantined) -> Self {
        match quarantined.manifest(job_dir) {
            Ok(manifest) => {
                let record = BackupRecord::of(
                    &manifest,
                    job_dir.path().to_owned(),
                    layout::path(&manifest),
                );
                self.of_record(&record)
            }
            // Damaged, but what it is called is certain.
            Err(_) => self.of_backup(&quarantined.id, None, None),
        }
    }
}

#[cfg(test)]
mod tests;
