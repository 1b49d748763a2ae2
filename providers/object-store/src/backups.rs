//! The backups of one instance: pages of objects in, backups out.
//!
//! Each call asks for one page of the store's list. What the list holds by halves stays in the
//! session until its other half has come.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use backhaul_provider_api::{
    Backup, BackupKey, Completeness, Cursor, Error, Host, ListPage, ListRequest, Method, Next,
    Origin, PassedOver, SizeHint, State, Timestamp, Window,
    serde_json::{self, json},
};
use backhaul_provider_kit::record;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::layout::Reading;
use crate::objects::{self, Marker, Object, PAGE, Page, Wanted};
use crate::options::Options;
use crate::set_id::SetId;
use crate::sets::{Draft, Sets};

/// How many objects that are part of no backup are named; the rest is counted.
const STRAYS_NAMED: u64 = 20;

/// What finds the files of a backup again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// What tells its objects from others.
    pub(crate) id: SetId,
    /// What their keys begin with, below the prefix.
    pub(crate) head: String,
    /// How many there are, and their size together.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// The object, where a backup is always the same one.
    pub(crate) object: Option<Object>,
}

/// A listing under way.
#[derive(Debug)]
pub(crate) struct Scan {
    instance: String,
    turn: u64,
    /// The prefixes that are still to be read, below the option's.
    prefixes: VecDeque<String>,
    after: Option<Marker>,
    sets: Sets,
    ready: VecDeque<Draft>,
    /// Hashes of the backups found, where two layouts could find the same one.
    found: HashSet<u64>,
    /// Why the listing is not complete.
    doubt: Option<String>,
    strays: u64,
    yielded: u64,
}

/// One page of an instance's backups.
pub(crate) fn list(
    client: &mut Client,
    options: &Options,
    memory: &mut Option<Scan>,
    host: &dyn Host,
    request: &ListRequest,
) -> Result<ListPage, Error> {
    let instance = request.instance.id.as_str();
    if request.cursor.is_none() {
        *memory = Some(Scan::new(options, instance));
    }
    let turn = request.cursor.as_ref().map_or("0", Cursor::as_str);
    let scan = memory
        .as_mut()
        .filter(|scan| scan.instance == instance && scan.turn.to_string() == turn)
        .ok_or_else(|| Error::permanent("the cursor is not one of this listing"))?;

    let mut passed_over = Vec::new();
    if let Some(prefix) = scan.prefixes.front() {
        let page = objects::page(
            client,
            host,
            format!("list the backups of instance {instance}"),
            &Wanted {
                limit: PAGE,
                prefix: &format!("{}{prefix}", options.prefix),
                folders: false,
                versions: options.layouts.versions,
                after: scan.after.as_ref(),
            },
        )?;
        let google = client.bucket().host().ends_with("storage.googleapis.com");
        scan.take(options, page, google, request, &mut passed_over)?;
    }
    let now = host.now();
    let count = scan
        .ready
        .len()
        .min(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let backups: Vec<Backup> = scan
        .ready
        .drain(..count)
        .map(|draft| backup(draft, client, options, request, now))
        .collect();
    scan.turn += 1;
    let over = scan.prefixes.is_empty() && scan.ready.is_empty();
    if over && scan.strays > STRAYS_NAMED {
        passed_over.push(PassedOver {
            what: format!("{} further objects", scan.strays - STRAYS_NAMED),
            reason: "no pattern matches them, or for a reason named before".to_owned(),
        });
    }
    scan.yielded += (backups.len() + passed_over.len()) as u64;
    let next = if over {
        Next::End(match scan.doubt.take() {
            Some(reason) => Completeness::incomplete(scan.yielded, reason),
            None => Completeness::within(request.window, scan.yielded),
        })
    } else {
        Next::More(Cursor::new(scan.turn.to_string()))
    };
    if over {
        *memory = None;
    }
    Ok(ListPage {
        backups,
        passed_over,
        next,
    })
}

impl Scan {
    fn new(options: &Options, instance: &str) -> Self {
        Self {
            instance: instance.to_owned(),
            turn: 0,
            prefixes: options.layouts.prefixes(instance).into(),
            after: None,
            sets: Sets::default(),
            ready: VecDeque::new(),
            found: HashSet::new(),
            doubt: None,
            strays: 0,
            yielded: 0,
        }
    }

    /// Takes a page in.
    fn take(
        &mut self,
        options: &Options,
        page: Page,
        archive_is_readable: bool,
        request: &ListRequest,
        passed_over: &mut Vec<PassedOver>,
    ) -> Result<(), Error> {
        for object in &page.objects {
            let key = below(options, object)?;
            let over = self.sets.advance(key).map_err(|_| {
                Error::unsupported("the store lists keys in no ascending order, so that the files of a backup cannot be gathered from its list")
            })?;
            self.finish(options, over, request, passed_over);
            if object.is_folder() {
                continue;
            }
            let reason = match options.layouts.read(key, object) {
                Reading::Member(member) => {
                    if member.instance == self.instance {
                        let obstacle = object.obstacle(archive_is_readable);
                        self.sets.add(*member, key, object, obstacle);
                    }
                    continue;
                }
                Reading::Stray => "no pattern matches it".to_owned(),
                Reading::Odd(why) => why,
            };
            self.stray(key, reason, passed_over);
        }
        self.after = page.next;
        if self.after.is_none() {
            self.prefixes.pop_front();
        }
        if self.prefixes.is_empty() {
            let over = self.sets.finish();
            self.finish(options, over, request, passed_over);
        }
        Ok(())
    }

    /// Passes an object over: the first ones by name, the rest by number.
    fn stray(&mut self, key: &str, reason: String, passed_over: &mut Vec<PassedOver>) {
        self.strays += 1;
        if self.strays <= STRAYS_NAMED {
            passed_over.push(PassedOver {
                what: format!("object {:?}", end(key)),
                reason,
            });
        }
    }

    /// Takes backups in that are over.
    fn finish(
        &mut self,
        options: &Options,
        over: Vec<Draft>,
        request: &ListRequest,
        passed_over: &mut Vec<PassedOver>,
    ) {
        let wanted = |draft: &Draft| {
            request.kinds.contains(&draft.kind) && is_within(began(draft), request.window)
        };
        for draft in over.into_iter().filter(wanted) {
            let mut hasher = DefaultHasher::new();
            draft.id.hash(&mut hasher);
            if options.layouts.list.len() > 1 && !self.found.insert(hasher.finish()) {
                self.doubt.get_or_insert_with(|| format!("two of the patterns in `layouts` find backups of the same time, kind and set, such as {:?}; give them different kinds or placeholders", draft.name));
                let reason = "another pattern found a backup of the same time, kind and set";
                self.stray(&draft.name, reason.to_owned(), passed_over);
            } else {
                self.ready.push_back(draft);
            }
        }
    }
}

/// The key of an object below the option's prefix.
///
/// # Errors
/// When the store lists what it was not asked for.
pub(crate) fn below<'a>(options: &Options, object: &'a Object) -> Result<&'a str, Error> {
    object.key.strip_prefix(&options.prefix).ok_or_else(|| {
        Error::permanent("the store lists objects that do not begin with the prefix asked for; is `endpoint` an S3 store?")
    })
}

fn began(draft: &Draft) -> Timestamp {
    draft.time.map_or(draft.oldest, |(instant, _)| instant)
}

fn is_within(instant: Timestamp, window: Window) -> bool {
    window.from.is_none_or(|from| instant >= from)
        && window.until.is_none_or(|until| instant < until)
}

fn backup(
    draft: Draft,
    client: &Client,
    options: &Options,
    request: &ListRequest,
    now: Timestamp,
) -> Backup {
    let started_at = began(&draft);
    let whole = draft.layout.is_whole(draft.marked, draft.newest, now);
    let state = match draft.obstacle {
        _ if !whole => State::Running,
        Some(reason) => State::NotDownloadable { reason },
        None => State::Available,
    };
    let lasting = draft.layout.is_single() && !draft.layout.is_overwritten();
    let only = draft.only.as_ref();
    let vendor = json!({
        "bucket": client.bucket().name(),
        "prefix": options.prefix,
        "path": draft.name,
        "objects": draft.files,
        "first_modified": draft.oldest,
        "last_modified": draft.newest,
        "storage_class": only.and_then(|object| object.storage_class.clone()),
        "version_id": draft.id.version,
    });
    let handle = Handle {
        head: draft.head,
        files: draft.files,
        bytes: draft.bytes,
        object: draft.only.filter(|_| lasting),
        id: draft.id,
    };
    Backup {
        key: BackupKey::new(handle.id.key()),
        name: draft.name,
        kind: draft.kind,
        method: Method::Unknown,
        origin: Origin::Unknown,
        state,
        started_at,
        finished_at: Some(draft.newest).filter(|newest| whole && *newest >= started_at),
        consistent_at: None,
        zone_assumed: draft.time.is_some_and(|(_, told)| !told),
        log_span: None,
        node: None,
        group: None,
        chain: None,
        size: Some(SizeHint::exact(draft.bytes)),
        engine: options
            .engine
            .clone()
            .or_else(|| request.instance.engine.clone()),
        engine_version: None,
        databases: Vec::new(),
        encryption: None,
        expires_at: None,
        vendor: record::without_links(&vendor),
        // A handle always serialises.
        handle: serde_json::to_string(&handle).ok(),
    }
}

/// The end of a key, which tells more than its beginning.
fn end(key: &str) -> String {
    let letters: Vec<char> = key.chars().filter(|letter| !letter.is_control()).collect();
    let from = letters.len().saturating_sub(100);
    letters[from..].iter().collect()
}
