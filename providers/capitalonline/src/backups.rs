//! `DescribeBackups`: the backups of one instance, all in one answer.
//!
//! The call takes nothing but the instance, so the window is kept here. No paging is documented:
//! a well-formed answer is a complete listing, unless it counts more entries than it shows.

use std::collections::BTreeMap;

use backhaul_provider_api::{
    Backup, BackupKey, Completeness, Error, Host, Instance, Kind, ListPage, ListRequest, LogLevel,
    Method, Next, Origin, PassedOver, Quality, SizeHint, State, Window, chrono::Datelike,
    serde_json::Value,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::{self, Record};

use crate::clean::{identifier, line};
use crate::client::Client;
use crate::codes::Subject;
use crate::data::Entries;
use crate::options::{BackupSize, Options};
use crate::product::Product;
use crate::shelf::Shelf;

/// Backups not yet handed on, by instance.
pub(crate) type Rest = Shelf<Result<Backup, PassedOver>>;

/// One page of an instance's backups.
///
/// # Errors
/// Classified failures of the vendor.
pub(crate) fn list(
    client: &mut Client,
    host: &dyn Host,
    rest: &mut Rest,
    request: &ListRequest,
) -> Result<ListPage, Error> {
    let window = request.window;
    let nothing = matches!((window.from, window.until), (Some(from), Some(until)) if from >= until);
    let instance = request.instance.id.as_str();
    let (entries, next) = match &request.cursor {
        Some(cursor) => rest.resume(instance, cursor)?,
        // Every backup of this vendor is a full one.
        None if nothing || !request.kinds.contains(&Kind::Full) => {
            (Vec::new(), Next::End(Completeness::within(window, 0)))
        }
        None => {
            let (entries, end) = ask(client, host, &request.instance, window)?;
            rest.begin(instance, entries, end)
        }
    };
    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Ok(backup) => backups.push(backup),
            Err(entry) => passed_over.push(entry),
        }
    }
    Ok(ListPage {
        backups,
        passed_over,
        next,
    })
}

type Listed = (Vec<Result<Backup, PassedOver>>, Completeness);

fn ask(
    client: &mut Client,
    host: &dyn Host,
    instance: &Instance,
    window: Window,
) -> Result<Listed, Error> {
    let id = instance.id.as_str();
    let call = Call {
        name: "DescribeBackups",
        purpose: format!("list the backups of instance {id}"),
        permission: None,
    };
    let body = client.get(host, &call, Subject::Instance, &[("InstanceUuid", id)])?;
    let Entries { list, doubt } = Entries::of(&body, "BackupId", &call)?;
    let mut seen: BTreeMap<String, &Value> = BTreeMap::new();
    let mut entries = Vec::with_capacity(list.len());
    for entry in list {
        let outcome = match read(entry, client.product, &client.options, host) {
            Ok(backup) => match seen.insert(backup.key.as_str().to_owned(), entry) {
                Some(before) if before == entry => continue,
                Some(_) => Err("another entry has the same `BackupId`".to_owned()),
                None if !is_within(&backup, window) => continue,
                None => Ok(backup),
            },
            Err(reason) => Err(reason),
        };
        entries.push(outcome.map_err(|reason| PassedOver {
            what: what(entry),
            reason,
        }));
    }
    let count = entries.len() as u64;
    let end = match doubt {
        Some(reason) => Completeness::incomplete(count, reason),
        None => Completeness::within(window, count),
    };
    Ok((entries, end))
}

fn is_within(backup: &Backup, window: Window) -> bool {
    window.from.is_none_or(|from| backup.started_at >= from)
        && window.until.is_none_or(|until| backup.started_at < until)
}

/// Reads one entry; the error says which field cannot be understood.
fn read(
    entry: &Value,
    product: Product,
    options: &Options,
    host: &dyn Host,
) -> Result<Backup, String> {
    let record = Record::of(entry).ok_or("the entry is not an object")?;
    let id = identifier(&record, "BackupId").ok_or("the field `BackupId` is no id")?;
    let partial = record.text("BackupStrategy") == Some("db");
    if partial && !options.partial_backups {
        return Err(
            "it holds chosen databases only (`BackupStrategy` is db), which the option `partial_backups` excludes"
                .to_owned(),
        );
    }
    let method = method(record.text("BackupType"), partial)?;
    let time = |name: &str| {
        let text = record
            .text(name)
            .ok_or_else(|| format!("the field `{name}` is missing"))?;
        options
            .zone()
            .parse(text)
            // The contract's years; a mistaken unit ends up far outside.
            .filter(|time| (1990..2200).contains(&time.year()))
            .ok_or_else(|| {
                format!(
                    "the field `{name}` is not a time: {:?}",
                    record::beginning(text)
                )
            })
    };
    let started_at = time("StartTime")?;
    // Empty while the backup is being made.
    let finished_at = record.text("EndTime").and_then(|_| {
        time("EndTime")
            .inspect_err(|reason| host.log(LogLevel::Warn, &format!("backup {id}: {reason}")))
            .ok()
    });
    // Documented for the answer of `DownloadBackup` only. Shards that began at the same second
    // are of one backup of the cluster; the vendor names no other tie.
    let shard = record.text_or_number("ShardId").map(|shard| line(&shard));
    Ok(Backup {
        // Backups have no name; only manual ones are described.
        name: record.text("Desc").map_or_else(|| id.clone(), line),
        key: BackupKey::new(id),
        handle: None,
        kind: Kind::Full,
        method,
        origin: origin(record.text("BackupMode")),
        state: record.text("Status").map_or(State::Unknown, state),
        started_at,
        finished_at: finished_at.filter(|end| *end >= started_at),
        consistent_at: None,
        zone_assumed: options.timezone.is_none(),
        log_span: None,
        group: shard.as_ref().map(|_| started_at.to_rfc3339()),
        node: shard,
        chain: None,
        size: size(&record, options),
        engine: Some(product.engine().to_owned()),
        // The instance's version is today's, not that of the backup.
        engine_version: None,
        databases: Vec::new(),
        encryption: None,
        expires_at: None,
        vendor: record::without_links(entry),
    })
}

/// `full-backup` is what MySQL said before 2022 and Redis says: a physical copy, of Redis an RDB
/// file. Backups of chosen databases are dumps.
fn method(of: Option<&str>, partial: bool) -> Result<Method, String> {
    match of {
        Some("logical-backup") => Ok(Method::Logical),
        _ if partial => Ok(Method::Logical),
        Some("physical-backup" | "full-backup") => Ok(Method::Physical),
        None => Ok(Method::Unknown),
        Some(other) => Err(format!(
            "the field `BackupType` has the unknown value {:?}",
            record::beginning(other)
        )),
    }
}

fn origin(mode: Option<&str>) -> Origin {
    match mode {
        Some("auto") => Origin::Automatic,
        Some("manual") => Origin::Manual,
        _ => Origin::Unknown,
    }
}

/// `finished` is the one value that the vendor shows. The others are what such a field may be
/// expected to say; none of them makes a backup available.
pub(crate) fn state(status: &str) -> State {
    match status.to_ascii_lowercase().as_str() {
        "finished" => State::Available,
        "running" | "doing" | "creating" | "processing" | "pending" | "waiting" | "backuping"
        | "backing" => State::Running,
        "failed" | "failure" | "fail" | "error" => State::Failed,
        "deleting" => State::Deleting,
        "deleted" | "expired" => State::Expired,
        _ => State::Unknown,
    }
}

/// `BackupSize` in bytes, a number or a text. Documented as the length of the file but never seen
/// to be, so it is no proof: a file of another length is suspect, not refused.
pub(crate) fn size(record: &Record<'_>, options: &Options) -> Option<SizeHint> {
    let bytes = record.number("BackupSize").filter(|bytes| *bytes > 0)?;
    Some(match options.backup_size {
        BackupSize::File => SizeHint {
            bytes,
            quality: Quality::Approximate,
            // The least there is: zero would mean that it is not known.
            tolerance: 1,
        },
        BackupSize::Other => SizeHint {
            bytes,
            quality: Quality::Other,
            tolerance: 0,
        },
    })
}

/// What an entry is called that could not be understood.
fn what(entry: &Value) -> String {
    Record::of(entry)
        .and_then(|record| record.text_or_number("BackupId"))
        .map_or_else(
            || "an entry without `BackupId`".to_owned(),
            |id| line(&record::beginning(&id)),
        )
}
