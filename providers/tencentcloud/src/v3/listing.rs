//! Lists of backups: one walk through every list that the wanted kinds need.

use backhaul_provider_api::{
    Backup, Completeness, Error, Host, Instance, Kind, ListPage, ListRequest, Next, PassedOver,
    Timestamp, Window, serde_json::Value,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::{self, Record};
use backhaul_provider_kit::walk::{Position, Walks};

use super::client::{Client, PAGE};
use crate::times::Times;

/// One of a product's lists of backups.
pub(crate) trait List: Copy {
    /// The kind of all its entries.
    fn kind(self) -> Kind;

    /// The call that shows it.
    fn call(self, instance: &str) -> Call;

    /// The field of the answer that holds it.
    fn field(self) -> &'static str;

    /// The request for the page that begins at `offset`. It may show more than the window,
    /// never less.
    fn question(self, instance: &str, offset: u64, window: Window, times: Times) -> Value;

    /// The stable identity of an entry.
    fn key(self, entry: &Record<'_>) -> Option<String>;

    /// Reads an entry; the error says which field cannot be understood.
    fn read(self, entry: &Entry<'_>) -> Result<Backup, String>;
}

/// An entry of a list, and where it was found.
pub(crate) struct Entry<'a> {
    /// The entry as it came.
    pub(crate) value: &'a Value,
    /// The same for reading.
    pub(crate) record: Record<'a>,
    /// Its identity.
    pub(crate) key: String,
    /// How many entries stand before it.
    pub(crate) place: u64,
    /// The instance whose list it is.
    pub(crate) instance: &'a Instance,
    /// How times are read.
    pub(crate) times: Times,
}

impl Entry<'_> {
    /// The instant in a field; none where the vendor writes that there is none.
    pub(crate) fn time(&self, field: &str) -> Option<Timestamp> {
        let text = self.record.text(field)?;
        let zone = self.times.zone;
        zone.parse(text).or_else(|| zone.parse_day(text))
    }

    /// The instant in the first of the fields that holds one.
    ///
    /// # Errors
    /// When there is none, naming the first field.
    pub(crate) fn start(&self, fields: &[&str]) -> Result<Timestamp, String> {
        let found = fields.iter().find_map(|field| self.time(field));
        let first = fields.first().copied().unwrap_or_default();
        found.ok_or_else(|| match self.record.text(first) {
            None => format!("the field `{first}` is missing"),
            Some(text) => format!(
                "the field `{first}` is not a time: {:?}",
                record::beginning(text)
            ),
        })
    }
}

/// One page of an instance's backups.
pub(crate) fn page<L: List>(
    client: &mut Client,
    host: &dyn Host,
    walks: &mut Walks,
    request: &ListRequest,
    lists: &[L],
    times: Times,
) -> Result<ListPage, Error> {
    let instance = request.instance.id.as_str();
    let window = request.window;
    let lists: Vec<L> = lists
        .iter()
        .copied()
        .filter(|list| request.kinds.contains(&list.kind()))
        .collect();
    let empty = matches!((window.from, window.until), (Some(from), Some(until)) if from >= until);
    if empty || lists.is_empty() {
        return Ok(ListPage {
            backups: Vec::new(),
            passed_over: Vec::new(),
            next: Next::End(Completeness::within(window, 0)),
        });
    }
    let position = Position::of(request.cursor.as_ref(), lists.len())?;
    let list = lists[position.part];
    let offset = position.offset();
    let question = list.question(instance, offset, window, times);
    let page = client.page(host, &list.call(instance), &question, list.field())?;

    let identities: Vec<String> = page
        .entries
        .iter()
        .map(|value| identity(list, value))
        .collect();
    let seen = walks.memory(instance, request.cursor.as_ref());
    let turn = position.turn(seen, &identities, page.total, lists.len(), PAGE);

    let (mut backups, mut passed_over) = (Vec::new(), Vec::new());
    for ((value, place), fresh) in page.entries.iter().zip(offset..).zip(&turn.fresh) {
        if !fresh {
            continue;
        }
        match read(list, value, place, &request.instance, times) {
            Ok(backup) if !is_within(&backup, window) => {}
            Ok(backup) => backups.push(backup),
            Err(reason) => passed_over.push(PassedOver {
                what: what(value),
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

/// What makes an entry the same entry on the next page; no list has the keys of another.
fn identity<L: List>(list: L, value: &Value) -> String {
    let key = Record::of(value).and_then(|record| list.key(&record));
    key.unwrap_or_else(|| record::without_links(value).to_string())
}

fn read<L: List>(
    list: L,
    value: &Value,
    place: u64,
    instance: &Instance,
    times: Times,
) -> Result<Backup, String> {
    let record = Record::of(value).ok_or("the entry is not an object")?;
    let key = list
        .key(&record)
        .ok_or("the fields that identify it are missing")?;
    list.read(&Entry {
        value,
        record,
        key,
        place,
        instance,
        times,
    })
}

/// What an entry is called that could not be understood.
fn what(value: &Value) -> String {
    let text = Record::of(value).and_then(|record| {
        let mut names = ["Id", "BackupId", "Name"].iter();
        names.find_map(|name| record.text_or_number(name))
    });
    text.filter(|text| !text.contains("://")).map_or_else(
        || "an entry without id and name".to_owned(),
        |text| record::beginning(&text),
    )
}

/// A log belongs to a window that it overlaps, any other backup to the one it begins in.
fn is_within(backup: &Backup, window: Window) -> bool {
    let last = backup.log_span.map_or(backup.started_at, |span| span.until);
    window.until.is_none_or(|until| backup.started_at < until)
        && window.from.is_none_or(|from| last >= from)
}
