//! Backups of PostgreSQL: one file each.

use chrono::{DateTime, TimeDelta, Utc};

use super::{BackupStatus, usual_end};
use crate::cloud::object::{Address, ObjectSpec};

/// A backup of PostgreSQL.
#[derive(Debug, Clone)]
pub struct PgBackupSpec {
    /// Such as `88d3a71e-b822-5728-9d41-d8cfc0d0556e`.
    pub id: String,
    /// Instance it belongs to.
    pub instance_id: String,
    /// Kind.
    pub kind: PgKind,
    /// `BackupMethod`: `physical`, `logical` or `snapshot`.
    pub method: String,
    /// `BackupMode`: whether somebody asked for it.
    pub manual: bool,
    /// State.
    pub status: BackupStatus,
    /// `StartTime`.
    pub start: DateTime<Utc>,
    /// `FinishTime`; nothing while it is being made.
    pub finish: Option<DateTime<Utc>>,
    /// `ExpireTime`.
    pub expires: DateTime<Utc>,
    /// Its file, whose name is that of the backup.
    pub file: ObjectSpec,
    /// `Size` in bytes, if it is not that of the file.
    pub size_override: Option<u64>,
}

/// Kind of a backup of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PgKind {
    /// `BaseBackup`: the whole.
    Base,
    /// `LogBackup`: WAL.
    Log,
}

impl PgBackupSpec {
    /// A finished automatic base backup that took two minutes.
    pub fn base(
        id: impl Into<String>,
        instance_id: impl Into<String>,
        start: DateTime<Utc>,
        file: ObjectSpec,
    ) -> Self {
        Self {
            id: id.into(),
            instance_id: instance_id.into(),
            kind: PgKind::Base,
            method: "physical".to_owned(),
            manual: false,
            status: BackupStatus::Finished,
            start,
            finish: Some(usual_end(start)),
            expires: start + TimeDelta::days(7),
            file,
            size_override: None,
        }
    }

    /// A finished log backup that starts and finishes in the same second, as in the vendor's sample.
    pub fn log(
        id: impl Into<String>,
        instance_id: impl Into<String>,
        start: DateTime<Utc>,
        file: ObjectSpec,
    ) -> Self {
        Self {
            kind: PgKind::Log,
            finish: Some(start),
            ..Self::base(id, instance_id, start, file)
        }
    }

    /// `Size` in bytes.
    pub(in crate::cloud::tencent) fn size(&self) -> u64 {
        self.size_override
            .unwrap_or_else(|| self.file.content.len())
    }

    /// Where its file is.
    pub(in crate::cloud::tencent) fn address(&self) -> Address {
        Address {
            bucket: COS_BUCKET.to_owned(),
            key: format!("pgsql/{}/{}_{}", self.instance_id, self.id, self.file.name),
        }
    }
}

/// The one bucket behind the listener of the object store.
pub(super) const COS_BUCKET: &str = "cos";
