//! `GetCdbExportLogUrl`: the backups and logs of one instance, each with its links.
//!
//! There is a list for each kind. It comes whole, without paging and without a window, so a page
//! of the contract is a piece of it that the session keeps.

use std::collections::{HashMap, HashSet};

use backhaul_provider_api::{
    Backup, Completeness, Cursor, Error, Host, Kind, ListPage, ListRequest, Next, PassedOver,
    Timestamp, Window,
    serde_json::{self, Value},
};
use backhaul_provider_kit::call::Call;
use serde::{Deserialize, Serialize};

use super::Session;
use super::entry::{self, Entry};

/// The call.
pub(super) const LIST: &str = "GetCdbExportLogUrl";

/// How many entries a page of the contract has at most.
const PAGE: usize = 2000;

/// The kinds that there are lists of, and the vendor's word for each list.
const LISTS: [(Kind, &str); 3] = [
    (Kind::Full, "coldbackup"),
    (Kind::Log, "binlog"),
    (Kind::Slowlog, "slowlog_day"),
];

/// The kinds that the vendor has.
pub(super) fn kinds() -> Vec<Kind> {
    LISTS.map(|(kind, _)| kind).to_vec()
}

/// A list as the vendor gave it.
pub(super) struct Listed {
    /// When it came.
    pub(super) at: Timestamp,
    /// What could be understood, each once.
    pub(super) entries: Vec<Entry>,
    /// What could not.
    pub(super) passed_over: Vec<PassedOver>,
}

/// Asks for the whole list of a kind.
pub(super) fn ask(
    session: &mut Session,
    host: &dyn Host,
    instance: &str,
    kind: Kind,
) -> Result<Listed, Error> {
    let call = Call {
        name: LIST,
        purpose: format!("list the backups of kind {kind} of instance {instance}"),
        permission: Some(LIST),
    };
    let word = LISTS.iter().find(|(known, _)| *known == kind);
    let (_, word) = word.ok_or_else(|| {
        Error::unsupported(format!("cannot {}: the vendor has none", call.purpose))
    })?;
    let own = [
        ("cdbInstanceId", instance.to_owned()),
        ("type", (*word).to_owned()),
    ];
    let at = host.now();
    let body = session.client.ask(host, &call, &own)?;
    let list = body
        .get("data")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `data` is not a list"))?;

    let (mut entries, mut passed_over) = (Vec::new(), Vec::new());
    let mut keys = HashSet::new();
    for value in list {
        let read = Entry::read(value, kind, &session.options).and_then(|entry| {
            let new = keys.insert(entry.identity.key());
            new.then_some(entry)
                .ok_or_else(|| "the list holds another entry of the same identity".to_owned())
        });
        match read {
            Ok(entry) => entries.push(entry),
            Err(reason) => passed_over.push(PassedOver {
                what: entry::what(value),
                reason,
            }),
        }
    }
    Ok(Listed {
        at,
        entries,
        passed_over,
    })
}

/// The rest of listings under way, by instance.
#[derive(Debug, Default)]
pub(super) struct Rests(HashMap<String, Vec<Backup>>);

/// Where a listing stands.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    /// Which of the wanted lists is read.
    list: usize,
    /// How many of its backups were handed out.
    at: usize,
    /// How many entries all pages have yielded.
    count: u64,
}

/// One page of an instance's backups.
pub(super) fn list(
    session: &mut Session,
    host: &dyn Host,
    request: &ListRequest,
) -> Result<ListPage, Error> {
    let instance = request.instance.id.as_str();
    let wanted: Vec<Kind> = kinds()
        .into_iter()
        .filter(|kind| request.kinds.contains(kind))
        .collect();
    let mut position = Position::of(request.cursor.as_ref())?;
    let Some(kind) = wanted.get(position.list).copied() else {
        return Ok(ListPage {
            backups: Vec::new(),
            passed_over: Vec::new(),
            next: Next::End(Completeness::within(request.window, position.count)),
        });
    };

    let mut passed_over = Vec::new();
    if position.at == 0 {
        let listed = ask(session, host, instance, kind)?;
        session
            .lists
            .keep(instance, kind, listed.at, &listed.entries);
        let rest = listed
            .entries
            .into_iter()
            .filter(|entry| is_within(entry.at(), request.window))
            .map(|entry| entry.backup(&session.options, session.network))
            .collect();
        session.rests.0.insert(instance.to_owned(), rest);
        passed_over = listed.passed_over;
    }
    let rest = session.rests.0.get(instance).ok_or_else(foreign_cursor)?;
    let backups: Vec<Backup> = rest.iter().skip(position.at).take(PAGE).cloned().collect();

    position.at += backups.len();
    position.count += (backups.len() + passed_over.len()) as u64;
    if position.at >= rest.len() {
        (position.list, position.at) = (position.list + 1, 0);
    }
    let next = if position.list < wanted.len() {
        Next::More(position.cursor()?)
    } else {
        session.rests.0.remove(instance);
        Next::End(Completeness::within(request.window, position.count))
    };
    Ok(ListPage {
        backups,
        passed_over,
        next,
    })
}

impl Position {
    fn of(cursor: Option<&Cursor>) -> Result<Self, Error> {
        match cursor {
            None => Ok(Self::default()),
            Some(cursor) => serde_json::from_str(cursor.as_str()).map_err(|_| foreign_cursor()),
        }
    }

    fn cursor(self) -> Result<Cursor, Error> {
        let text = serde_json::to_string(&self);
        text.map(Cursor::new)
            .map_err(|error| Error::permanent(format!("the cursor cannot be written: {error}")))
    }
}

fn foreign_cursor() -> Error {
    Error::permanent("the cursor is not one of this listing")
}

fn is_within(at: Timestamp, window: Window) -> bool {
    window.until.is_none_or(|until| at < until) && window.from.is_none_or(|from| at >= from)
}
