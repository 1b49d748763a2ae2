//! Database instances.

use chrono::{DateTime, Utc};

/// A database instance of either product.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    /// Such as `postgres-9n26zs6n` or `cdb-c1nl9rpv`.
    pub id: String,
    /// Name given by the customer.
    pub name: String,
    /// Version, such as `16.2` or `8.0`.
    pub version: String,
    /// What it is beside others.
    pub role: InstanceRole,
    /// Instance that it follows, if it is not a primary.
    pub primary_id: Option<String>,
    /// State.
    pub status: InstanceStatus,
    /// `DBInstanceStatus` of PostgreSQL in other words, such as `job running`.
    pub status_text: Option<String>,
    /// Creation time.
    pub created: DateTime<Utc>,
}

impl InstanceSpec {
    /// A running primary, created long before most tests.
    pub fn new(id: impl Into<String>, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            version: version.into(),
            role: InstanceRole::Primary,
            primary_id: None,
            status: InstanceStatus::Running,
            status_text: None,
            created: DateTime::from_timestamp(1_672_531_200, 0).unwrap_or_default(),
        }
    }

    /// Makes it a follower of another instance.
    #[must_use]
    pub fn following(mut self, role: InstanceRole, primary_id: impl Into<String>) -> Self {
        self.role = role;
        self.primary_id = Some(primary_id.into());
        self
    }

    /// Whether it follows an instance in this role.
    pub(in crate::cloud::tencent) fn follows(&self, primary_id: &str, role: InstanceRole) -> bool {
        self.role == role && self.primary_id.as_deref() == Some(primary_id)
    }

    /// An address in a private network, different for most instances.
    pub(in crate::cloud::tencent) fn private_ip(&self) -> String {
        let sum = self.id.bytes().fold(0_u8, u8::wrapping_add);
        format!("10.0.1.{sum}")
    }
}

/// What an instance is beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceRole {
    /// A database of its own.
    Primary,
    /// For disaster recovery; `guard` in PostgreSQL.
    DisasterRecovery,
    /// For reading.
    ReadOnly,
}

impl InstanceRole {
    /// `DBInstanceType` of PostgreSQL.
    pub(in crate::cloud::tencent) fn postgres_name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::DisasterRecovery => "guard",
            Self::ReadOnly => "readonly",
        }
    }

    /// `InstanceType` of MySQL.
    pub(in crate::cloud::tencent) fn mysql_number(self) -> i64 {
        match self {
            Self::Primary => 1,
            Self::DisasterRecovery => 2,
            Self::ReadOnly => 3,
        }
    }
}

/// State of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceStatus {
    /// Being made.
    Creating,
    /// At work.
    Running,
    /// On its way into isolation.
    Isolating,
    /// Isolated, for want of payment or before its end.
    Isolated,
}

impl InstanceStatus {
    /// `DBInstanceStatus` of PostgreSQL.
    pub(in crate::cloud::tencent) fn postgres_name(self) -> &'static str {
        match self {
            Self::Creating => "initing",
            Self::Running => "running",
            Self::Isolating => "isolating",
            Self::Isolated => "isolated",
        }
    }

    /// `Status` of MySQL.
    pub(in crate::cloud::tencent) fn mysql_number(self) -> i64 {
        match self {
            Self::Creating => 0,
            Self::Running => 1,
            Self::Isolating => 4,
            Self::Isolated => 5,
        }
    }
}
