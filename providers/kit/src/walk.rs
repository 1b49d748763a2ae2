//! Paging by offset through lists that change meanwhile, without losing or doubling an entry.
//!
//! The vendor pages by counting (`offset`, `limit`) and does not document the order. When entries
//! vanish in front of the offset, the rest moves up and the next page would begin too late; when
//! entries appear there, it would begin too early. So every page overlaps the one before by one
//! entry: if the first entry of a page was seen before, nothing was skipped; if not, the walk
//! steps back until it meets what it has seen. At the end, the number of different entries is
//! held against `total_count`.
//!
//! A walk leads through several *parts*, one after the other: the backup types of a listing, or
//! the filters of a search for instances.
//!
//! ```
//! use backhaul_provider_api::{Next, Window};
//! use backhaul_provider_kit::walk::{Position, Walks};
//!
//! const PAGE: u64 = 100;
//! let mut walks = Walks::default();
//! let (mut cursor, mut got) = (None, 0);
//! loop {
//!     let position = Position::of(cursor.as_ref(), 1).unwrap();
//!     // Ask the vendor for `PAGE` entries from `position.offset()`; it has 150.
//!     let ids: Vec<String> = (position.offset()..150).take(100).map(|id| id.to_string()).collect();
//!     let turn = position.turn(walks.memory("backups", cursor.as_ref()), &ids, Some(150), 1, PAGE);
//!     let fresh = turn.fresh.iter().filter(|fresh| **fresh).count();
//!     got += fresh;
//!     match turn.next(fresh, Window::default()).unwrap() {
//!         Next::More(next) => cursor = Some(next),
//!         Next::End(end) => break assert!(end.complete),
//!     }
//! }
//! assert_eq!(got, 150);
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use backhaul_provider_api::{Completeness, Cursor, Error, Next, Window, serde_json};
use serde::{Deserialize, Serialize};

/// How often a part may step back before its reading counts as incomplete.
const STEPS_BACK_MAX: u32 = 24;

/// How often a part that ended with too few entries is read again from its beginning.
const REREADS_MAX: u32 = 1;

/// A bound for servers that never come to an end.
const PAGES_MAX: u32 = 20_000;

/// Where a walk stands; becomes the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Which part is being read.
    pub part: usize,
    /// How many pages were read before this one.
    page: u32,
    /// How many entries of the part lie behind.
    offset: u64,
    /// How many of them are read again.
    back: u64,
    /// How many different entries of the part were seen.
    found: u64,
    /// How many entries all parts have yielded.
    count: u64,
    steps_back: u32,
    rereads: u32,
    /// Why the walk is not complete.
    doubt: Option<String>,
}

impl Position {
    /// The position in a cursor, or the beginning of a walk through that many parts.
    ///
    /// # Errors
    /// When the cursor is not one of this walk.
    pub fn of(cursor: Option<&Cursor>, parts: usize) -> Result<Self, Error> {
        let Some(cursor) = cursor else {
            return Ok(Self::default());
        };
        serde_json::from_str(cursor.as_str())
            .ok()
            .filter(|position: &Self| position.part < parts)
            .ok_or_else(|| Error::permanent("the cursor is not one of this listing"))
    }

    /// The `offset` to ask for.
    pub fn offset(&self) -> u64 {
        self.offset.saturating_sub(self.back)
    }

    /// Notes why the listing cannot be complete.
    pub fn doubt(&mut self, reason: impl Into<String>) {
        self.doubt.get_or_insert(reason.into());
    }

    /// Goes over a page: which of its entries are new, and where the walk goes on.
    ///
    /// `entries` are the identities of the page's entries in the vendor's order, `total` is the
    /// number of all entries where the vendor tells it, `parts` is the number of parts, `page` is
    /// how many entries were asked for, at least 2.
    pub fn turn(
        mut self,
        seen: &mut Seen,
        entries: &[String],
        total: Option<u64>,
        parts: usize,
        page: u64,
    ) -> Turn {
        let at = self.offset();
        let known = |id: &String| seen.in_part(self.part, id, self.page);
        // The overlap shows at least one entry, unless the list has become shorter than `at`.
        let joins = |id: &String| seen.joined(self.part, id, self.page);
        let unbroken = at == 0 || entries.first().is_some_and(joins);
        let mut on_page = HashSet::new();
        let mut fresh = Vec::with_capacity(entries.len());
        for id in entries {
            let first_here = on_page.insert(id);
            self.found += u64::from(first_here && !known(id));
            fresh.push(first_here && !seen.in_any(id, self.page));
        }
        for id in entries {
            seen.remember(self.part, id, self.page, unbroken);
        }
        self.page += 1;

        if !unbroken && self.steps_back < STEPS_BACK_MAX {
            self.steps_back += 1;
            self.back = (self.back * 2).max(page);
            return Turn::more(fresh, self);
        }
        if !unbroken {
            self.doubt("the vendor's list kept moving while it was read");
        }
        let reached = at + entries.len() as u64;
        let full = entries.len() as u64 >= page;
        let progress = reached > self.offset || self.back > 1;
        let more = match total {
            _ if entries.is_empty() || !progress => false,
            Some(total) if self.rereads > 0 && self.found >= total => false,
            Some(total) => reached < total || (full && reached > total),
            None => full,
        };
        if self.page >= PAGES_MAX {
            self.doubt("the vendor's list has no end");
            return Turn {
                fresh,
                then: self,
                over: true,
            };
        }
        if more {
            self.offset = reached;
            self.back = 1;
            return Turn::more(fresh, self);
        }
        if let Some(total) = total.filter(|total| *total > self.found) {
            if self.rereads < REREADS_MAX {
                self.rereads += 1;
                (self.offset, self.back) = (0, 0);
                return Turn::more(fresh, self);
            }
            let found = self.found;
            self.doubt(format!(
                "the vendor counts {total} entries but shows {found}"
            ));
        }
        let over = self.part + 1 >= parts;
        let then = Self {
            part: self.part + 1,
            page: self.page,
            count: self.count,
            doubt: self.doubt,
            ..Self::default()
        };
        Turn { fresh, then, over }
    }
}

/// What a page was worth.
#[derive(Debug)]
pub struct Turn {
    /// For each entry of the page, whether the walk meets it for the first time.
    pub fresh: Vec<bool>,
    then: Position,
    over: bool,
}

impl Turn {
    fn more(fresh: Vec<bool>, then: Position) -> Self {
        Self {
            fresh,
            then,
            over: false,
        }
    }

    /// Notes why the listing cannot be complete.
    pub fn doubt(&mut self, reason: impl Into<String>) {
        self.then.doubt(reason);
    }

    /// True when there is no further page.
    pub fn is_last(&self) -> bool {
        self.over
    }

    /// The next page or the end, after this page has yielded that many entries. `window` is what
    /// the walk covers.
    ///
    /// # Errors
    /// None in practice: a position always serialises.
    pub fn next(mut self, yielded: usize, window: Window) -> Result<Next, Error> {
        self.then.count += yielded as u64;
        if self.over {
            let count = self.then.count;
            return Ok(Next::End(match self.then.doubt {
                Some(reason) => Completeness::incomplete(count, reason),
                None => Completeness::within(window, count),
            }));
        }
        let cursor = serde_json::to_string(&self.then)
            .map_err(|error| Error::permanent(format!("the cursor cannot be written: {error}")))?;
        Ok(Next::More(Cursor::new(cursor)))
    }
}

/// The entries that a walk has met, with the page that showed them first. Asking for a page a
/// second time gives the same answer, since only earlier pages count. Of an entry 32 bytes are
/// kept, however long its identity is.
///
/// Lives in the session. A cursor that comes without it is no harm: the walk finds nothing it
/// knows and steps back to the beginning.
#[derive(Debug, Default)]
pub struct Seen(Vec<HashMap<u128, Met>>);

/// On which pages an entry was met.
#[derive(Clone, Copy, Debug)]
struct Met {
    first: u32,
    /// The first page without a gap before it. What was met behind a gap proves nothing about
    /// what lies before it.
    joined: Option<u32>,
}

impl Seen {
    fn met(&self, part: usize, id: &str) -> Option<&Met> {
        self.0.get(part)?.get(&digest(id))
    }

    fn in_part(&self, part: usize, id: &str, page: u32) -> bool {
        self.met(part, id).is_some_and(|met| met.first < page)
    }

    fn joined(&self, part: usize, id: &str, page: u32) -> bool {
        let joined = self.met(part, id).and_then(|met| met.joined);
        joined.is_some_and(|joined| joined < page)
    }

    fn in_any(&self, id: &str, page: u32) -> bool {
        (0..self.0.len()).any(|part| self.in_part(part, id, page))
    }

    fn remember(&mut self, part: usize, id: &str, page: u32, unbroken: bool) {
        if self.0.len() <= part {
            self.0.resize_with(part + 1, HashMap::new);
        }
        let met = self.0[part].entry(digest(id)).or_insert(Met {
            first: page,
            joined: None,
        });
        if unbroken {
            met.joined.get_or_insert(page);
        }
    }
}

/// Two different hashes of an identity: among a million entries, two that are taken for one are
/// less likely than a broken memory.
fn digest(id: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, id).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// The walks under way in a session, by what they list.
#[derive(Debug, Default)]
pub struct Walks(BTreeMap<String, Seen>);

impl Walks {
    /// The memory of a walk; a new one at its first page.
    pub fn memory(&mut self, of: &str, cursor: Option<&Cursor>) -> &mut Seen {
        let seen = self.0.entry(of.to_owned()).or_default();
        if cursor.is_none() {
            *seen = Seen::default();
        }
        seen
    }

    /// Forgets a walk that is over.
    pub fn forget(&mut self, of: &str) {
        self.0.remove(of);
    }
}

#[cfg(test)]
mod tests;
