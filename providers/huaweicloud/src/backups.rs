//! `GET /v3/{project_id}/backups`: the backups of one instance, type by type.
//!
//! What the vendor lists when no `backup_type` is given is not documented, so every type that a
//! wanted kind needs is a walk of its own.

use backhaul_provider_api::{
    Backup, BackupKey, Completeness, Error, Host, Instance, Kind, ListPage, ListRequest, LogLevel,
    LogSpan, Method, Next, Origin, PassedOver, SizeHint, State, Timestamp, Window,
    chrono::Duration, serde_json::Value,
};

use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::{self, Record};
use backhaul_provider_kit::walk::{Position, Walks};

use crate::client::{Client, PAGE};
use crate::instances::{identity, is_instance_id};
use crate::time;

/// Whether the vendor's window filters by the begin or by the end of a backup is not documented.
/// It is asked for a window that is wider by the longest time that a backup may take.
const MARGIN_DAYS: i64 = 3;

/// The vendor's word for what a backup contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Auto,
    Manual,
    Fragment,
    Incremental,
}

impl Type {
    const ALL: [Self; 4] = [Self::Auto, Self::Manual, Self::Fragment, Self::Incremental];

    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
            Self::Fragment => "fragment",
            Self::Incremental => "incremental",
        }
    }

    fn read(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// The vendor's incremental backups are binlogs, WAL and transaction logs.
    fn kind(self) -> Kind {
        match self {
            Self::Auto | Self::Manual => Kind::Full,
            Self::Fragment => Kind::Differential,
            Self::Incremental => Kind::Log,
        }
    }

    fn origin(self) -> Origin {
        match self {
            Self::Manual => Origin::Manual,
            Self::Auto | Self::Fragment | Self::Incremental => Origin::Automatic,
        }
    }
}

/// The kinds that the vendor has.
pub(crate) fn kinds() -> Vec<Kind> {
    vec![Kind::Full, Kind::Differential, Kind::Log]
}

/// One page of an instance's backups.
pub(crate) fn list(
    client: &mut Client,
    host: &dyn Host,
    walks: &mut Walks,
    request: &ListRequest,
) -> Result<ListPage, Error> {
    let instance = request.instance.id.as_str();
    let call = Call {
        name: "ListBackups",
        purpose: format!("list the backups of instance {instance}"),
        permission: Some("rds:backup:list"),
    };
    let window = request.window;
    let types: Vec<Type> = Type::ALL
        .into_iter()
        .filter(|of| request.kinds.contains(&of.kind()))
        .collect();
    let empty = matches!((window.from, window.until), (Some(from), Some(until)) if from >= until);
    if empty || types.is_empty() {
        let next = Next::End(Completeness::within(window, 0));
        return Ok(ListPage {
            backups: Vec::new(),
            passed_over: Vec::new(),
            next,
        });
    }
    let position = Position::of(request.cursor.as_ref(), types.len())?;
    let of = types[position.part];

    let mut query = vec![
        ("instance_id", instance.to_owned()),
        ("backup_type", of.as_str().to_owned()),
        ("limit", PAGE.to_string()),
        ("offset", position.offset().to_string()),
    ];
    query.extend(window_query(window, host.now()));
    let body = client.get(host, &call, "backups", &query)?;
    let entries = body
        .get("backups")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `backups` is not a list"))?;

    let ids: Vec<String> = entries.iter().map(identity).collect();
    let total = body.get("total_count").and_then(Value::as_u64);
    let seen = walks.memory(instance, request.cursor.as_ref());
    let turn = position.turn(seen, &ids, total, types.len(), PAGE);

    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for (entry, fresh) in entries.iter().zip(&turn.fresh) {
        if !fresh {
            continue;
        }
        match read(entry, of, &request.instance, host) {
            Ok(backup) if !request.kinds.contains(&backup.kind) => passed_over.push(PassedOver {
                what: what(entry),
                reason: format!("the field `type` says that it is of kind {}", backup.kind),
            }),
            Ok(backup) if !is_within(&backup, window) => {}
            Ok(backup) => backups.push(backup),
            Err(reason) => passed_over.push(PassedOver {
                what: what(entry),
                reason,
            }),
        }
    }
    if turn.is_last() {
        walks.forget(instance);
    }
    let next = turn.next(backups.len() + passed_over.len(), window)?;
    Ok(ListPage {
        backups,
        passed_over,
        next,
    })
}

/// `begin_time` and `end_time`, both or none. Without a beginning everything is asked for.
fn window_query(window: Window, now: Timestamp) -> Vec<(&'static str, String)> {
    let margin = Duration::days(MARGIN_DAYS);
    let begin = window.from.and_then(|from| from.checked_sub_signed(margin));
    let end = window.until.unwrap_or(now).checked_add_signed(margin);
    match begin.zip(end) {
        Some((begin, end)) if begin < end => {
            vec![
                ("begin_time", time::format(begin)),
                ("end_time", time::format(end)),
            ]
        }
        _ => Vec::new(),
    }
}

/// A log belongs to a window that it overlaps, any other backup to the one it begins in.
fn is_within(backup: &Backup, window: Window) -> bool {
    let last = backup.log_span.map_or(backup.started_at, |span| span.until);
    window.until.is_none_or(|until| backup.started_at < until)
        && window.from.is_none_or(|from| last >= from)
}

/// Reads one entry; the error says which field cannot be understood.
fn read(
    entry: &Value,
    asked: Type,
    instance: &Instance,
    host: &dyn Host,
) -> Result<Backup, String> {
    let record = Record::of(entry).ok_or("the entry is not an object")?;
    let id = record.text("id").ok_or("the field `id` is missing")?;
    let of = match record.text("type") {
        Some(text) => Type::read(text).ok_or_else(|| {
            format!(
                "the field `type` has the unknown value {:?}",
                record::beginning(text)
            )
        })?,
        None => asked,
    };
    // The printed samples put a backup's id into this field; only another instance's id counts.
    if let Some(other) = record.text("instance_id")
        && is_instance_id(other)
        && other != instance.id.as_str()
    {
        return Err(format!(
            "the field `instance_id` names another instance, {other}"
        ));
    }
    let began = record
        .text("begin_time")
        .ok_or("the field `begin_time` is missing")?;
    let started_at = time::parse(began).ok_or_else(|| {
        format!(
            "the field `begin_time` is not a time: {:?}",
            record::beginning(began)
        )
    })?;
    let finished_at = record.text("end_time").and_then(|text| {
        let parsed = time::parse(text);
        if parsed.is_none() {
            let line = format!(
                "backup {id}: the field `end_time` is not a time: {:?}",
                record::beginning(text)
            );
            host.log(LogLevel::Warn, &line);
        }
        parsed
    });
    let state = match record.text("status") {
        Some(text) => state(text),
        None => return Err("the field `status` is missing".to_owned()),
    };
    let datastore = record.inner("datastore");
    let of_datastore = |name| {
        datastore
            .as_ref()
            .and_then(|datastore| datastore.text(name))
            .map(str::to_owned)
    };
    let engine = of_datastore("type").or_else(|| instance.engine.clone());
    let databases: Vec<String> = record
        .list("databases")
        .filter_map(|database| database.text("name").map(str::to_owned))
        .collect();
    Ok(Backup {
        key: BackupKey::new(id),
        handle: None,
        name: record.text("name").unwrap_or_default().to_owned(),
        kind: of.kind(),
        method: method(of, engine.as_deref(), &databases),
        origin: of.origin(),
        state,
        started_at,
        finished_at,
        consistent_at: None,
        zone_assumed: false,
        log_span: finished_at
            .filter(|until| of == Type::Incremental && *until >= started_at)
            .map(|until| LogSpan {
                from: started_at,
                until,
            }),
        node: None,
        group: None,
        chain: None,
        // Zero means that the vendor does not know yet.
        size: record
            .number("size")
            .filter(|kb| *kb > 0)
            .map(SizeHint::kilobytes),
        engine,
        engine_version: of_datastore("version"),
        databases,
        encryption: None,
        expires_at: None,
        vendor: record::without_links(entry),
    })
}

/// What an entry is called that could not be understood.
fn what(entry: &Value) -> String {
    let record = Record::of(entry);
    let text = record.and_then(|record| record.text("id").or(record.text("name")));
    text.map_or_else(
        || "an entry without id and name".to_owned(),
        record::beginning,
    )
}

fn state(status: &str) -> State {
    match status.to_ascii_uppercase().as_str() {
        "BUILDING" => State::Running,
        "COMPLETED" => State::Available,
        "FAILED" => State::Failed,
        "DELETING" => State::Deleting,
        _ => State::Unknown,
    }
}

/// The vendor's restore guides: full backups of MySQL are xbstream archives, those of PostgreSQL
/// tar archives of the data directory, those of SQL Server `.bak` files. Of the rest, and of
/// backups of single databases, they say nothing.
fn method(of: Type, engine: Option<&str>, databases: &[String]) -> Method {
    let known = ["mysql", "postgresql", "sqlserver"];
    let engine = engine.unwrap_or_default().to_ascii_lowercase();
    let whole = databases.is_empty() || engine == "sqlserver";
    if of.kind() == Kind::Full && known.contains(&engine.as_str()) && whole {
        Method::Physical
    } else {
        Method::Unknown
    }
}
