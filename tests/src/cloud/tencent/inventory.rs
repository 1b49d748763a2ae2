//! Instances and backups: what the customer of the emulated cloud owns.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

pub use self::instance::{InstanceRole, InstanceSpec, InstanceStatus};
pub use self::mysql::{Database, MysqlBackupSpec, MysqlKind};
pub use self::postgres::{PgBackupSpec, PgKind};

mod instance;
mod mysql;
mod postgres;

/// State of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupStatus {
    /// About to be made.
    Init,
    /// Being made.
    Running,
    /// Can be downloaded.
    Finished,
    /// Will never be there.
    Failed,
    /// Was given up.
    Canceled,
}

impl BackupStatus {
    /// The name in `postgres`.
    pub(super) fn postgres_name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// The name in `cdb`, which has fewer.
    pub(super) fn mysql_name(self) -> &'static str {
        match self {
            Self::Init | Self::Running => "RUNNING",
            Self::Finished => "SUCCESS",
            Self::Failed | Self::Canceled => "FAILED",
        }
    }
}

/// All instances and backups, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Instances of PostgreSQL.
    pub postgres: Vec<InstanceSpec>,
    /// Instances of MySQL.
    pub mysql: Vec<InstanceSpec>,
    /// Backups of the former.
    pub postgres_backups: Vec<PgBackupSpec>,
    /// Backups of the latter.
    pub mysql_backups: Vec<MysqlBackupSpec>,
    /// Ids of all backups, so that adding many is quick.
    pub backup_ids: HashSet<String>,
}

impl Inventory {
    /// The instance of PostgreSQL with this id.
    pub fn postgres_instance(&self, id: &str) -> Option<&InstanceSpec> {
        self.postgres.iter().find(|instance| instance.id == id)
    }

    /// The instance of MySQL with this id.
    pub fn mysql_instance(&self, id: &str) -> Option<&InstanceSpec> {
        self.mysql.iter().find(|instance| instance.id == id)
    }
}

/// Adds an instance to a list, or replaces the one with the same id.
pub fn add_instance(instances: &mut Vec<InstanceSpec>, instance: InstanceSpec) {
    match instances.iter_mut().find(|known| known.id == instance.id) {
        Some(known) => *known = instance,
        None => instances.push(instance),
    }
}

/// When a backup of a test ends that says nothing else: two minutes after its start.
fn usual_end(start: DateTime<Utc>) -> DateTime<Utc> {
    start + chrono::TimeDelta::minutes(2)
}
