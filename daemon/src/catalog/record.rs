//! What the catalog stores: small copies of facts whose truth is elsewhere.

use std::collections::BTreeSet;
use std::path::PathBuf;

use backhaul_config::{Job, JobName};
use backhaul_provider_api::{Backup, BackupKey, Chain, InstanceId, Kind, Method, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mirror::file_name::hex;
use crate::mirror::identity::{BackupId, Identity};
use crate::mirror::manifest::{Manifest, Verification};
use crate::mirror::verify::Damage;
use crate::recoverability::Watch;

use super::mark::Mark;

/// One copy of a backup in a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRecord {
    /// The short id.
    pub id: BackupId,
    /// What makes it this backup.
    pub identity: Identity,
    /// The job that mirrored it.
    pub job: String,
    /// The job's directory.
    pub directory: PathBuf,
    /// The backup's directory, relative to the job's.
    pub path: String,
    /// The instance's name.
    pub instance_name: String,
    /// The vendor's name of the backup.
    pub name: String,
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// The instant up to which its data reach: consistency point, end of log, end of backup.
    pub reaches: Timestamp,
    /// For a log: the beginning of the stretch that it covers, where the vendor tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_from: Option<Timestamp>,
    /// For a chain: the key of the full backup it needs, where the vendor tells it.
    pub base: Option<String>,
    /// For a chain: the key of the backup right before it, where the vendor tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The group that is restorable only together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The node that made it, where several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// How it was made and of which databases: only within a series sizes can be compared.
    #[serde(default)]
    pub series: String,
    /// For a log of one file: the vendor's name of that, which often has the engine's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_file: Option<String>,
    /// How many files it has.
    pub files: usize,
    /// The length of all files together, in bytes.
    pub size_bytes: u64,
    /// How far it can be trusted.
    pub verification: Verification,
    /// When it was mirrored.
    pub mirrored_at: Timestamp,
    /// When it was last verified, if it ever was since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// The damage that was found then. A damaged backup is suspect, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<Damage>,
}

impl BackupRecord {
    /// The record of a manifest that lies at `path` in `directory`.
    pub fn of(manifest: &Manifest, directory: PathBuf, path: String) -> Self {
        let backup = &manifest.backup;
        Self {
            id: manifest.id.clone(),
            identity: manifest.identity.clone(),
            job: manifest.job.clone(),
            directory,
            path,
            instance_name: manifest.instance.name.clone(),
            name: backup.name.clone(),
            kind: backup.kind,
            started_at: backup.started_at,
            reaches: reaches(backup),
            log_from: backup.log_span.map(|span| span.from),
            base: chain(backup, |chain| &chain.base),
            previous: chain(backup, |chain| &chain.previous),
            group: backup.group.clone(),
            node: backup.node.clone(),
            series: series(backup),
            log_file: match (&manifest.files[..], backup.kind) {
                ([file], Kind::Log) => Some(file.vendor_name.clone()),
                _ => None,
            },
            files: manifest.files.len(),
            size_bytes: manifest.size_bytes,
            verification: manifest.verification.clone(),
            mirrored_at: manifest.mirrored_at,
            verified_at: None,
            damage: Vec::new(),
        }
    }

    /// The same with what its mark says. A mark from before it was mirrored is of an earlier copy.
    #[must_use]
    pub fn marked(mut self, mark: Option<&Mark>) -> Self {
        let Some(mark) = mark.filter(|mark| mark.verified_at >= self.mirrored_at) else {
            return self;
        };
        self.verified_at = Some(mark.verified_at);
        self.damage.clone_from(&mark.damage);
        if !mark.damage.is_empty() {
            let reasons = mark.damage.iter().map(|one| format!("damaged: {one}"));
            self.verification = Verification::Suspect {
                reasons: reasons.collect(),
            };
        }
        self
    }

    /// When it was last known to be sound: verified, or proved as it was fetched.
    pub fn last_verified(&self) -> Timestamp {
        self.verified_at
            .map_or(self.mirrored_at, |at| at.max(self.mirrored_at))
    }
}

impl BackupRecord {
    /// What the record of a listed backup would be if it were mirrored and verified. Retention
    /// decides by it whether fetching is worth it.
    pub fn expected(identity: &Identity, backup: &Backup, job: &Job) -> Self {
        Self {
            id: identity.id(),
            identity: identity.clone(),
            job: job.name.to_string(),
            directory: job.directory.clone(),
            path: String::new(),
            instance_name: String::new(),
            name: backup.name.clone(),
            kind: backup.kind,
            started_at: backup.started_at,
            reaches: reaches(backup),
            log_from: backup.log_span.map(|span| span.from),
            base: chain(backup, |chain| &chain.base),
            previous: chain(backup, |chain| &chain.previous),
            group: backup.group.clone(),
            node: backup.node.clone(),
            series: series(backup),
            log_file: None,
            files: 0,
            size_bytes: 0,
            verification: Verification::Verified,
            mirrored_at: backup.started_at,
            verified_at: None,
            damage: Vec::new(),
        }
    }
}

fn chain(backup: &Backup, of: impl Fn(&Chain) -> &Option<BackupKey>) -> Option<String> {
    Some(of(backup.chain.as_ref()?).as_ref()?.to_string())
}

fn series(backup: &Backup) -> String {
    let method = match backup.method {
        Method::Physical => "physical",
        Method::Logical => "logical",
        Method::Snapshot => "snapshot",
        Method::Unknown => "",
    };
    if backup.databases.is_empty() {
        return method.to_owned();
    }
    let mut names: Vec<_> = backup.databases.iter().map(String::as_str).collect();
    names.sort_unstable();
    // There may be thousands of databases: their digest says as well whether they are the same.
    let digest = Sha256::digest(names.join("\0"));
    format!("{method} {}", hex(&digest[..8]))
}

/// The instant up to which a backup's data reach.
pub fn reaches(backup: &Backup) -> Timestamp {
    let end = backup.log_span.map(|span| span.until);
    backup
        .consistent_at
        .or(end)
        .or(backup.finished_at)
        .unwrap_or(backup.started_at)
}

/// What is remembered of a job between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobRecord {
    /// Whatever the schedule had due until then has been run or is not to be.
    pub last_due: Option<Timestamp>,
    /// Up to when scheduled verification has done its share.
    pub verified_until: Option<Timestamp>,
}

/// What the last survey of a job found out, for whoever asks before the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SurveyRecord {
    /// What this machine's clock said at the end of that pass.
    pub at: Option<Timestamp>,
    /// What freezes retention since then, in sentences.
    pub frozen: Vec<String>,
    /// What retention held back of single instances, in sentences.
    pub held_back: Vec<String>,
    /// The instances that were listed; of others nothing is let go.
    pub instances: BTreeSet<InstanceId>,
    /// What was listed but not mirrored, the newest first, up to a limit.
    pub unfetched: Vec<Unfetched>,
    /// What is remembered of the vendor's side.
    pub watch: Watch,
}

/// A listed backup that is not mirrored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfetched {
    /// Its id.
    pub id: BackupId,
    /// The vendor's key of it.
    pub key: BackupKey,
    /// The vendor's name for it.
    pub name: String,
    /// Its instance.
    pub instance: InstanceId,
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// Why it was not fetched.
    pub why: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that the vendor offers is mirrored.
    Success,
    /// Something failed.
    Failed,
    /// It was stopped.
    Stopped,
}

/// One pass of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The job.
    pub job: JobName,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// How many instances it looked at.
    pub instances: u64,
    /// How many backups the vendor listed.
    pub listed: u64,
    /// How many of them were mirrored already.
    pub known: u64,
    /// How many were mirrored now.
    pub mirrored: u64,
    /// How many of these took the place of a damaged copy.
    #[serde(default)]
    pub repaired: u64,
    /// How many of these were taken from the mirror of another job.
    #[serde(default)]
    pub shared: u64,
    /// How many bytes were received.
    pub received_bytes: u64,
    /// How many were moved to quarantine.
    pub quarantined: u64,
    /// What was passed over and why, in sentences.
    pub passed_over: Vec<String>,
    /// What failed and why, in sentences.
    pub errors: Vec<String>,
    /// What is worth a look though nothing failed.
    pub warnings: Vec<String>,
}
