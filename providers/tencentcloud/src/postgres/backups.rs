//! `DescribeBaseBackups` and `DescribeLogBackups`: the backups of an instance.
//!
//! Without `MinFinishTime` the vendor shows the last 7 days only, so it is always sent.
//! `MaxFinishTime` never is: its default is now, and a backup that began within a window may have
//! ended after it.

use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Backup, BackupKey, Kind, LogSpan, Method, Origin, Quality, SizeHint, State, Window,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::{self, Record};

use crate::times::Times;
use crate::v3::client::PAGE;
use crate::v3::listing::{Entry, List};

/// Before the vendor's oldest backup.
const EVER: &str = "2000-01-01 00:00:00";

/// The two lists of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backups {
    Base,
    Log,
}

impl Backups {
    /// Both lists.
    pub(super) const ALL: [Self; 2] = [Self::Base, Self::Log];

    /// The list with the backups of a kind.
    pub(super) fn of(kind: Kind) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.kind() == kind)
    }

    /// The word in a request for a link.
    pub(super) fn backup_type(self) -> &'static str {
        match self {
            Self::Base => "BaseBackup",
            Self::Log => "LogBackup",
        }
    }
}

impl List for Backups {
    fn kind(self) -> Kind {
        match self {
            Self::Base => Kind::Full,
            Self::Log => Kind::Log,
        }
    }

    fn call(self, instance: &str) -> Call {
        let (name, permission, word) = match self {
            Self::Base => (
                "DescribeBaseBackups",
                "postgres:DescribeBaseBackups",
                "base",
            ),
            Self::Log => ("DescribeLogBackups", "postgres:DescribeLogBackups", "log"),
        };
        Call {
            name,
            purpose: format!("list the {word} backups of instance {instance}"),
            permission: Some(permission),
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Base => "BaseBackupSet",
            Self::Log => "LogBackupSet",
        }
    }

    fn question(self, instance: &str, offset: u64, window: Window, times: Times) -> Value {
        // What begins at an instant ends no earlier; the day is for the vendor's idea of the end.
        let from = window
            .from
            .and_then(|from| from.checked_sub_signed(Duration::days(1)))
            .map_or_else(|| EVER.to_owned(), |from| times.zone.format(from));
        json!({
            "Filters": [{"Name": "db-instance-id", "Values": [instance]}],
            "MinFinishTime": from,
            "OrderBy": "StartTime",
            // What appears or vanishes then does so at an end, and moves the list the least.
            "OrderByType": "desc",
            "Limit": PAGE,
            "Offset": offset,
        })
    }

    fn key(self, entry: &Record<'_>) -> Option<String> {
        entry.text("Id").map(str::to_owned)
    }

    fn read(self, entry: &Entry<'_>) -> Result<Backup, String> {
        let record = &entry.record;
        let other = record
            .text("DBInstanceId")
            .filter(|id| *id != entry.instance.id.as_str());
        if let Some(other) = other {
            return Err(format!(
                "the field `DBInstanceId` names another instance, {:?}",
                record::beginning(other)
            ));
        }
        let state = record.text("State").ok_or("the field `State` is missing")?;
        let started_at = entry.start(&["StartTime"])?;
        let finished_at = entry.time("FinishTime");
        Ok(Backup {
            key: BackupKey::new(&entry.key),
            handle: None,
            name: record.text("Name").unwrap_or_default().to_owned(),
            kind: self.kind(),
            method: method(record.text("BackupMethod")),
            origin: origin(record.text("BackupMode")),
            state: self::state(state),
            started_at,
            finished_at,
            consistent_at: None,
            zone_assumed: entry.times.assumed,
            log_span: finished_at
                .filter(|until| self == Self::Log && *until >= started_at)
                .map(|until| LogSpan {
                    from: started_at,
                    until,
                }),
            node: None,
            group: None,
            chain: None,
            // In bytes, but nowhere said to be the length of the file.
            size: record
                .number("Size")
                .filter(|bytes| *bytes > 0)
                .map(|bytes| SizeHint {
                    bytes,
                    quality: Quality::Approximate,
                    tolerance: 0,
                }),
            engine: entry.instance.engine.clone(),
            engine_version: None,
            databases: Vec::new(),
            encryption: None,
            expires_at: entry.time("ExpireTime"),
            vendor: record::without_links(entry.value),
        })
    }
}

fn state(word: &str) -> State {
    match word.to_ascii_lowercase().as_str() {
        "init" | "running" => State::Running,
        "finished" => State::Available,
        "failed" | "canceled" => State::Failed,
        _ => State::Unknown,
    }
}

fn method(word: Option<&str>) -> Method {
    match word {
        Some("physical") => Method::Physical,
        Some("logical") => Method::Logical,
        Some("snapshot") => Method::Snapshot,
        _ => Method::Unknown,
    }
}

fn origin(word: Option<&str>) -> Origin {
    match word {
        Some("automatic") => Origin::Automatic,
        Some("manual") => Origin::Manual,
        _ => Origin::Unknown,
    }
}
