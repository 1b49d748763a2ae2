//! Instances and backups: what the customer of the emulated cloud owns.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::object::{Address, ObjectSpec};

/// A database engine, by its name in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `MySQL`.
    MySql,
    /// `PostgreSQL`.
    PostgreSql,
    /// `SQLServer`.
    SqlServer,
    /// `MariaDB`.
    MariaDb,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 4] = [
        Self::MySql,
        Self::PostgreSql,
        Self::SqlServer,
        Self::MariaDb,
    ];

    /// The name in the API, which is case-sensitive there.
    pub fn name(self) -> &'static str {
        match self {
            Self::MySql => "MySQL",
            Self::PostgreSql => "PostgreSQL",
            Self::SqlServer => "SQLServer",
            Self::MariaDb => "MariaDB",
        }
    }

    /// The engine of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.name().eq_ignore_ascii_case(name))
    }

    /// The usual port of the database.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::MySql | Self::MariaDb => 3306,
            Self::PostgreSql => 5432,
            Self::SqlServer => 1433,
        }
    }
}

/// A database instance.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    /// Such as `a48e43ff268f4c0e879652d65e63d0fbin01`.
    pub id: String,
    /// Name given by the customer.
    pub name: String,
    /// Engine.
    pub engine: Engine,
    /// Version, such as `8.0` or `16`.
    pub version: String,
    /// Such as `ACTIVE` or `BACKING UP`.
    pub status: String,
    /// `Single`, `Ha` or `Replica`.
    pub shape: String,
    /// Creation time; nothing while it is being created.
    pub created: Option<DateTime<Utc>>,
}

impl InstanceSpec {
    /// An active single instance, created a year before the epoch of most tests.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        engine: Engine,
        version: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            engine,
            version: version.into(),
            status: "ACTIVE".to_owned(),
            shape: "Single".to_owned(),
            created: DateTime::from_timestamp(1_672_531_200, 0),
        }
    }
}

/// Kind of a backup, by its name in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupType {
    /// `auto`: automatic full backup.
    Auto,
    /// `manual`: full backup made on request.
    Manual,
    /// `fragment`: differential full backup.
    Fragment,
    /// `incremental`: binlog, WAL or transaction log.
    Incremental,
}

impl BackupType {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
            Self::Fragment => "fragment",
            Self::Incremental => "incremental",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Auto, Self::Manual, Self::Fragment, Self::Incremental]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// State of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupStatus {
    /// Being made.
    Building,
    /// Can be downloaded.
    Completed,
    /// Will never be there.
    Failed,
    /// On its way out.
    Deleting,
}

impl BackupStatus {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Building => "BUILDING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Deleting => "DELETING",
        }
    }
}

/// A backup.
#[derive(Debug, Clone)]
pub struct BackupSpec {
    /// Such as `43e4feaab48f11e89039fa163ebaa7e4br01`.
    pub id: String,
    /// Instance it belongs to.
    pub instance_id: String,
    /// Name shown to people.
    pub name: String,
    /// Kind.
    pub backup_type: BackupType,
    /// State.
    pub status: BackupStatus,
    /// `begin_time`.
    pub begin: DateTime<Utc>,
    /// `end_time`; nothing while it is being made.
    pub end: Option<DateTime<Utc>>,
    /// Its files.
    pub files: Vec<ObjectSpec>,
    /// Size stated in the list, in KB, instead of the sum of its files.
    pub size_kb_override: Option<u64>,
}

impl BackupSpec {
    /// A completed backup that took two minutes, with no files yet.
    pub fn new(
        id: impl Into<String>,
        instance_id: impl Into<String>,
        backup_type: BackupType,
        begin: DateTime<Utc>,
    ) -> Self {
        let id = id.into();
        Self {
            name: format!("backup-{id}"),
            id,
            instance_id: instance_id.into(),
            backup_type,
            status: BackupStatus::Completed,
            begin,
            end: Some(begin + TimeDelta::minutes(2)),
            files: Vec::new(),
            size_kb_override: None,
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, file: ObjectSpec) -> Self {
        self.files.push(file);
        self
    }

    /// Size stated in the list, in KB.
    pub(super) fn size_kb(&self) -> u64 {
        self.size_kb_override
            .unwrap_or_else(|| self.files.iter().map(ObjectSpec::size_kb).sum())
    }

    /// Where its file with this number is stored. The key keeps odd characters of the name, but
    /// nothing that an HTTP client would take for a part of the path.
    pub(super) fn address(&self, number: usize, bucket: &str) -> Address {
        let name = self.files.get(number).map_or("", |file| &file.name);
        let safe = name
            .chars()
            .map(|c| {
                if c == '/' || c == '\\' || c.is_control() {
                    '_'
                } else {
                    c
                }
            })
            .collect::<String>();
        let safe = if safe.chars().all(|c| c == '.') {
            "_".to_owned()
        } else {
            safe
        };
        Address {
            bucket: bucket.to_owned(),
            key: format!("{}/{number}/{safe}", self.id),
        }
    }
}

/// All instances and backups, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Instances.
    pub instances: Vec<InstanceSpec>,
    /// Backups of all of them.
    pub backups: Vec<BackupSpec>,
}

impl Inventory {
    /// The instance of this id.
    pub fn instance(&self, id: &str) -> Option<&InstanceSpec> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    /// The backup of this id.
    pub fn backup(&self, id: &str) -> Option<&BackupSpec> {
        self.backups.iter().find(|backup| backup.id == id)
    }
}
