//! `DescribeBackups`, `DescribeBinlogs` and `DescribeSlowLogs`: the data backups and logs of an
//! instance, one file each.
//!
//! The lists are asked for whole: the filters by time that some editions of the API have count
//! from the beginning of a binlog, which may lie many days before its end.

use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Backup, BackupKey, Kind, LogSpan, Method, Origin, Quality, SizeHint, State, Timestamp, Window,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::{self, Record};

use super::links::Urls;
use crate::times::Times;
use crate::v3::client::PAGE;
use crate::v3::listing::{Entry, List};

/// `CosStorageType` of what cannot be read before somebody restores it.
const ARCHIVE: u64 = 1;

/// Fields that hold links, whatever these look like.
const LINK_FIELDS: [&str; 3] = ["IntranetUrl", "InternetUrl", "Url"];

/// The three lists of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    Data,
    Binlog,
    SlowLog,
}

impl Files {
    /// All lists.
    pub(super) const ALL: [Self; 3] = [Self::Data, Self::Binlog, Self::SlowLog];

    /// The list with the backups of a kind.
    pub(super) fn of(kind: Kind) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.kind() == kind)
    }
}

impl List for Files {
    fn kind(self) -> Kind {
        match self {
            Self::Data => Kind::Full,
            Self::Binlog => Kind::Log,
            Self::SlowLog => Kind::Slowlog,
        }
    }

    fn call(self, instance: &str) -> Call {
        let (name, permission, what) = match self {
            Self::Data => ("DescribeBackups", "cdb:DescribeBackups", "data backups"),
            Self::Binlog => ("DescribeBinlogs", "cdb:DescribeBinlogs", "binlogs"),
            Self::SlowLog => ("DescribeSlowLogs", "cdb:DescribeSlowLogs", "slow logs"),
        };
        Call {
            name,
            purpose: format!("list the {what} of instance {instance}"),
            permission: Some(permission),
        }
    }

    fn field(self) -> &'static str {
        "Items"
    }

    fn question(self, instance: &str, offset: u64, _: Window, _: Times) -> Value {
        json!({"InstanceId": instance, "Offset": offset, "Limit": PAGE})
    }

    /// A log has no id. Its name alone may come again, when counting begins anew after a switch
    /// of servers; so the vendor's digits of its beginning, or of its day, are part of the key.
    fn key(self, entry: &Record<'_>) -> Option<String> {
        let digits = |fields: &[&str], count: usize| -> Option<String> {
            let told = fields.iter().filter_map(|field| entry.text(field));
            told.map(|text| text.chars().filter(char::is_ascii_digit).take(count))
                .map(String::from_iter)
                .find(|digits| digits.len() == count && !digits.starts_with("0000"))
        };
        let name = entry.text("Name");
        match self {
            Self::Data => entry.text_or_number("BackupId"),
            Self::Binlog => {
                let begun = digits(&["BinlogStartTime", "Date"], "YYYYMMDDhhmmss".len())?;
                Some(format!("binlog/{}@{begun}", name?))
            }
            Self::SlowLog => {
                let day = digits(&["Date"], "YYYYMMDD".len())?;
                Some(format!("slowlog/{}@{day}", name?))
            }
        }
    }

    fn read(self, entry: &Entry<'_>) -> Result<Backup, String> {
        let record = &entry.record;
        let is_encrypted = record
            .text("EncryptionFlag")
            .is_some_and(|flag| flag.eq_ignore_ascii_case("on"));
        let times = self.times(entry)?;
        Ok(Backup {
            key: BackupKey::new(&entry.key),
            // Links are found again by the place in the list, which moves little.
            handle: Some(entry.place.to_string()),
            name: record.text("Name").unwrap_or_default().to_owned(),
            kind: self.kind(),
            method: method(record.text("Type")),
            origin: origin(record.text("Way")),
            state: state(record),
            started_at: times.started,
            finished_at: times.finished,
            consistent_at: times.consistent,
            zone_assumed: entry.times.assumed,
            log_span: times.span,
            node: None,
            group: None,
            chain: None,
            size: size(record, is_encrypted),
            engine: entry.instance.engine.clone(),
            engine_version: None,
            databases: Vec::new(),
            encryption: is_encrypted.then(|| {
                "by TencentDB for MySQL, with the key that DescribeBackupDecryptionKey gives"
                    .to_owned()
            }),
            expires_at: None,
            vendor: without_links(entry.value),
        })
    }
}

/// The times of an entry, whose fields mean something else in every list.
struct Instants {
    started: Timestamp,
    finished: Option<Timestamp>,
    consistent: Option<Timestamp>,
    span: Option<LogSpan>,
}

impl Files {
    fn times(self, entry: &Entry<'_>) -> Result<Instants, String> {
        Ok(match self {
            Self::Data => Instants {
                started: entry.start(&["StartTime", "Date"])?,
                finished: entry.time("FinishTime"),
                consistent: entry.time("Date"),
                span: None,
            },
            Self::Binlog => Instants {
                started: entry.start(&["BinlogStartTime", "Date"])?,
                finished: entry.time("Date"),
                consistent: None,
                span: entry
                    .time("BinlogStartTime")
                    .zip(entry.time("BinlogFinishTime"))
                    .filter(|(from, until)| from <= until)
                    .map(|(from, until)| LogSpan { from, until }),
            },
            Self::SlowLog => Instants {
                started: entry.start(&["Date"])?,
                finished: None,
                consistent: None,
                span: None,
            },
        })
    }
}

/// A state in the vendor's words. Slow logs and the samples of 2018 have none.
fn state(record: &Record<'_>) -> State {
    let word = record.text("Status").map(str::to_ascii_uppercase);
    match word.as_deref() {
        Some("RUNNING") => State::Running,
        Some("FAILED") => State::Failed,
        // The documentation has the first word, samples of binlogs the second.
        Some("SUCCESS" | "FINISHED") | None => finished(record),
        Some(_) => State::Unknown,
    }
}

fn finished(record: &Record<'_>) -> State {
    let reason = if record.number("CosStorageType") == Some(ARCHIVE) {
        "it lies in archive storage (`CosStorageType` 1), which cannot be read before it is restored at the vendor's"
    } else if Urls::of(record).are_absent() {
        match record.number("Size") {
            Some(0) => "it is empty, and the vendor gives no link to it",
            _ => "the vendor lists it without a link",
        }
    } else {
        return State::Available;
    };
    State::NotDownloadable {
        reason: reason.to_owned(),
    }
}

/// The bytes of the file. Of an encrypted one it is not told whether before or after encryption.
fn size(record: &Record<'_>, is_encrypted: bool) -> Option<SizeHint> {
    let bytes = record.number("Size").filter(|bytes| *bytes > 0)?;
    Some(SizeHint {
        quality: if is_encrypted {
            Quality::Approximate
        } else {
            Quality::Exact
        },
        ..SizeHint::exact(bytes)
    })
}

fn method(word: Option<&str>) -> Method {
    match word {
        Some("physical") => Method::Physical,
        Some("logical") => Method::Logical,
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

/// The entry as it is kept in the manifest.
fn without_links(value: &Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.retain(|name, _| !LINK_FIELDS.contains(&name.trim()));
                object.values_mut().for_each(strip);
            }
            Value::Array(entries) => entries.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut kept = record::without_links(value);
    strip(&mut kept);
    kept
}

#[cfg(test)]
mod tests;
