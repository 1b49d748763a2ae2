//! Instances and backups: what the customer of the emulated cloud owns.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::object::{Address, ObjectSpec};

/// A product of the API, by the path it has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// `/mysql`.
    MySql,
    /// `/redis`.
    Redis,
}

impl Product {
    /// The product of a path, with or without a slash at its end.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/mysql" | "/mysql/" => Some(Self::MySql),
            "/redis" | "/redis/" => Some(Self::Redis),
            _ => None,
        }
    }
}

/// An edition of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// A pair of servers.
    HighAvailability,
    /// Several servers; of Redis, several shards.
    Cluster,
    /// One server, without any backups.
    Basic,
}

/// A database instance.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    /// `InstanceUuid`, such as `5ac7c945-ae47-4bbf-82e6-2823d64b57c5`.
    pub id: String,
    /// Name given by the customer.
    pub name: String,
    /// Version, such as `5.7.24`.
    pub version: String,
    /// Edition.
    pub edition: Edition,
    /// `RegionId`, such as `CN_Beijing_A`.
    pub region: String,
    /// `Status`; `RUNNING` is the only documented value.
    pub status: String,
    /// Address inside the vendor's network.
    pub ip: String,
    /// Names of its tags.
    pub tags: Vec<String>,
    /// Creation time.
    pub created: DateTime<Utc>,
}

impl InstanceSpec {
    /// A running instance in Beijing, created a year before the epoch of most tests.
    pub fn new(id: impl Into<String>, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            version: version.into(),
            edition: Edition::HighAvailability,
            region: "CN_Beijing_A".to_owned(),
            status: "RUNNING".to_owned(),
            ip: "66.66.0.46".to_owned(),
            tags: Vec::new(),
            created: DateTime::from_timestamp(1_672_531_200, 0).unwrap_or_default(),
        }
    }
}

/// `BackupType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupType {
    /// `physical-backup` of MySQL, `full-backup` of Redis.
    Physical,
    /// `logical-backup`, of MySQL only.
    Logical,
    /// Another word.
    Other(String),
}

/// `BackupStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupStrategy {
    /// `instance`: all of it.
    Instance,
    /// `db`: chosen databases.
    Db,
}

/// `BackupMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupMode {
    /// `auto`.
    Auto,
    /// `manual`.
    Manual,
}

/// `Status` of a backup. Only `finished` is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupStatus {
    /// `finished`.
    Finished,
    /// `running`.
    Running,
    /// `failed`.
    Failed,
    /// Another word.
    Other(String),
}

impl BackupStatus {
    /// The word of the API.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Finished => "finished",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Other(word) => word,
        }
    }
}

/// A backup and its one file.
#[derive(Debug, Clone)]
pub struct BackupSpec {
    /// `BackupId`.
    pub id: String,
    /// `InstanceUuid` of the instance it belongs to.
    pub instance_id: String,
    /// How it is made.
    pub backup_type: BackupType,
    /// How much of the instance is in it.
    pub strategy: BackupStrategy,
    /// Who asked for it.
    pub mode: BackupMode,
    /// State.
    pub status: BackupStatus,
    /// `StartTime`.
    pub start: DateTime<Utc>,
    /// `EndTime`; nothing while it is being made.
    pub end: Option<DateTime<Utc>>,
    /// `Desc`.
    pub description: String,
    /// `ShardId` of a Redis cluster.
    pub shard: Option<String>,
    /// `BackupSize`, instead of the true length.
    pub size_override: Option<u64>,
    /// The file.
    pub file: ObjectSpec,
}

impl BackupSpec {
    /// A finished automatic backup of a whole instance that took two minutes.
    pub fn new(
        id: impl Into<String>,
        instance_id: impl Into<String>,
        start: DateTime<Utc>,
        file: ObjectSpec,
    ) -> Self {
        Self {
            id: id.into(),
            instance_id: instance_id.into(),
            backup_type: BackupType::Physical,
            strategy: BackupStrategy::Instance,
            mode: BackupMode::Auto,
            status: BackupStatus::Finished,
            start,
            end: Some(start + TimeDelta::minutes(2)),
            description: String::new(),
            shard: None,
            size_override: None,
            file,
        }
    }

    /// The stated size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size_override
            .unwrap_or_else(|| self.file.content.len())
    }

    /// Where its file is stored. A name of nothing but dots would vanish from a path.
    pub(super) fn address(&self) -> Address {
        let name = &self.file.name;
        let name = if name.chars().all(|letter| letter == '.') {
            "_"
        } else {
            name
        };
        Address {
            bucket: self.id.clone(),
            key: name.to_owned(),
        }
    }
}

/// All instances and backups, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Instances with their products.
    pub instances: Vec<(Product, InstanceSpec)>,
    /// Backups of all of them.
    pub backups: Vec<BackupSpec>,
}

impl Inventory {
    /// The instance of a product.
    pub fn instance(&self, product: Product, id: &str) -> Option<&InstanceSpec> {
        self.instances
            .iter()
            .find(|(of, instance)| *of == product && instance.id == id)
            .map(|(_, instance)| instance)
    }

    /// The backup of this id.
    pub fn backup(&self, id: &str) -> Option<&BackupSpec> {
        self.backups.iter().find(|backup| backup.id == id)
    }
}
