//! Backups and logs of MySQL: one file each, shown by both APIs.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::postgres::COS_BUCKET;
use super::{BackupStatus, usual_end};
use crate::cloud::object::{Address, ObjectSpec};
use crate::cloud::percent::hex;

/// A backup or a log of MySQL.
#[derive(Debug, Clone)]
pub struct MysqlBackupSpec {
    /// `BackupId` in decimal for a data backup; `instance/file name` for a log, which has no id
    /// at the vendor.
    pub id: String,
    /// Instance it belongs to.
    pub instance_id: String,
    /// Kind.
    pub kind: MysqlKind,
    /// Whether it is a physical backup; a logical one otherwise.
    pub physical: bool,
    /// `Method`: whether it holds some tables only.
    pub partial: bool,
    /// `Way`: whether somebody asked for it.
    pub manual: bool,
    /// State.
    pub status: BackupStatus,
    /// `StartTime`, or the time of the first event in a binlog.
    pub start: DateTime<Utc>,
    /// `FinishTime`, or the time of the last event in a binlog; nothing while it is being made.
    pub finish: Option<DateTime<Utc>>,
    /// Its file, whose name is that of the backup.
    pub file: ObjectSpec,
    /// `Size` in bytes, if it is not that of the file.
    pub size_override: Option<u64>,
    /// `EncryptionFlag`.
    pub encrypted: bool,
    /// Whether it lies in archive storage, where it cannot be read.
    pub archived: bool,
    /// What is in it, for API 2.0.
    pub databases: Vec<Database>,
}

/// Kind of a backup of MySQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MysqlKind {
    /// A backup of the data.
    Data,
    /// A binlog.
    Binlog,
    /// The slow log of a day.
    SlowLog,
}

/// A database in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its tables.
    pub tables: Vec<String>,
}

impl MysqlBackupSpec {
    /// A finished automatic physical backup that took two minutes.
    pub fn data(
        id: u64,
        instance_id: impl Into<String>,
        start: DateTime<Utc>,
        file: ObjectSpec,
    ) -> Self {
        Self {
            id: id.to_string(),
            instance_id: instance_id.into(),
            kind: MysqlKind::Data,
            physical: true,
            partial: false,
            manual: false,
            status: BackupStatus::Finished,
            start,
            finish: Some(usual_end(start)),
            file,
            size_override: None,
            encrypted: false,
            archived: false,
            databases: Vec::new(),
        }
    }

    /// A binlog that was closed two minutes after its first event.
    pub fn binlog(instance_id: impl Into<String>, start: DateTime<Utc>, file: ObjectSpec) -> Self {
        Self::log(MysqlKind::Binlog, instance_id.into(), start, file)
    }

    /// The slow log of the day of `start`.
    pub fn slow_log(
        instance_id: impl Into<String>,
        start: DateTime<Utc>,
        file: ObjectSpec,
    ) -> Self {
        Self::log(MysqlKind::SlowLog, instance_id.into(), start, file)
    }

    fn log(kind: MysqlKind, instance: String, start: DateTime<Utc>, file: ObjectSpec) -> Self {
        Self {
            id: format!("{instance}/{}", file.name),
            kind,
            ..Self::data(0, instance, start, file)
        }
    }

    /// Adds a database that is in it.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>, tables: &[&str]) -> Self {
        self.databases.push(Database {
            name: name.into(),
            tables: tables.iter().map(|&table| table.to_owned()).collect(),
        });
        self
    }

    /// `DecryptionKey` of an encrypted backup; different for every backup.
    pub fn decryption_key(&self) -> Option<String> {
        let digest = Sha256::digest(format!("key/{}", self.id));
        self.encrypted
            .then(|| hex(digest.get(..16).unwrap_or_default()))
    }

    /// `Size` in bytes.
    pub(in crate::cloud::tencent) fn size(&self) -> u64 {
        self.size_override
            .unwrap_or_else(|| self.file.content.len())
    }

    /// `Date`: when it was stored.
    pub(in crate::cloud::tencent) fn stored(&self) -> DateTime<Utc> {
        match self.kind {
            MysqlKind::Binlog => self.finish.unwrap_or(self.start),
            MysqlKind::Data | MysqlKind::SlowLog => self.start,
        }
    }

    /// Whether it is there to be downloaded.
    pub(in crate::cloud::tencent) fn is_finished(&self) -> bool {
        self.status == BackupStatus::Finished
    }

    /// The part of its name in counts and faults that comes before the file name.
    pub(in crate::cloud::tencent) fn owner(&self) -> &str {
        match self.kind {
            MysqlKind::Data => &self.id,
            MysqlKind::Binlog | MysqlKind::SlowLog => &self.instance_id,
        }
    }

    /// Where its file is in the object store.
    pub(in crate::cloud::tencent) fn address(&self) -> Address {
        let mark = match self.kind {
            MysqlKind::Data => &self.id,
            MysqlKind::Binlog => "binlog",
            MysqlKind::SlowLog => "slowlog",
        };
        Address {
            bucket: COS_BUCKET.to_owned(),
            key: format!("mysql/{}/{mark}_{}", self.instance_id, self.file.name),
        }
    }

    /// Where its file is on the hosts behind the links of API 2.0: 30 hexadecimal digits.
    pub(in crate::cloud::tencent) fn dl_address(&self) -> Address {
        let digest = Sha256::digest(format!("dl/{}", self.id));
        Address {
            bucket: "dl".to_owned(),
            key: hex(digest.get(..15).unwrap_or_default()),
        }
    }
}
