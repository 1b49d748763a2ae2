//! From a key to the backup it belongs to.
//!
//! A layout is a pattern with its rules: which words mean which kind, and when a backup counts as
//! whole. Objects with the same values, `{file}` and wildcards left aside, are one backup; the
//! values are also its key, so that it stays the same for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use backhaul_provider_api::{Kind, Timestamp, chrono::Datelike};
use backhaul_provider_kit::zone::Zone;

use crate::objects::Object;
use crate::pattern::{Found, Free, Pattern, Values};
use crate::set_id::SetId;

/// How long a backup of several files must not have grown to count as whole.
const SETTLE_S: u64 = 15 * 60;

/// The rules of a layout as they are configured.
pub(crate) struct Rules {
    pub(crate) pattern: Pattern,
    /// Where the pattern has no `{kind}`.
    pub(crate) kind: Kind,
    pub(crate) kinds: BTreeMap<String, Kind>,
    pub(crate) complete_when: Option<String>,
    pub(crate) settle_s: Option<u64>,
    pub(crate) versions: bool,
}

/// A pattern and its rules, checked.
#[derive(Debug)]
pub(crate) struct Layout {
    pattern: Pattern,
    marker: Option<Pattern>,
    kind: Kind,
    kinds: BTreeMap<String, Kind>,
    settle_s: u64,
    /// What tells backups of the same values apart.
    further: Further,
}

/// What tells backups of the same values apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Further {
    /// Nothing: the values are enough.
    Nothing,
    /// The version of the object.
    Version,
    /// When the object was written: it is overwritten by each backup.
    Modified,
}

/// An object as a part of a backup.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) layout: Arc<Layout>,
    pub(crate) instance: String,
    pub(crate) id: SetId,
    pub(crate) kind: Kind,
    /// What the keys of all the backup's objects begin with.
    pub(crate) head: String,
    /// The time in the key, and whether the key tells its zone too.
    pub(crate) time: Option<(Timestamp, bool)>,
    /// Where the file's name begins in the key.
    pub(crate) file_at: usize,
    /// Whether its presence says that the backup is whole.
    pub(crate) is_marker: bool,
}

/// What a key turned out to be.
#[derive(Debug)]
pub(crate) enum Reading {
    /// A part of a backup.
    Member(Box<Member>),
    /// No pattern matches.
    Stray,
    /// A pattern matches, but its values make no sense.
    Odd(String),
}

impl Layout {
    /// Checks the rules against each other.
    ///
    /// # Errors
    /// What does not go together, naming the option.
    pub(crate) fn new(rules: Rules) -> Result<Self, String> {
        let Rules {
            pattern,
            kind,
            kinds,
            complete_when,
            settle_s,
            versions,
        } = rules;
        // The contract reads words of the future as unknown.
        if kind == Kind::Unknown || kinds.values().any(|kind| *kind == Kind::Unknown) {
            return Err("`kind` or `kinds` names no kind; there are full, differential, incremental, log and slowlog".to_owned());
        }
        let identified = pattern.has(Free::Set) || pattern.has_time();
        let further = match (versions, identified) {
            (true, _) if pattern.gathers() => {
                return Err("with `versions` every object is a backup of its own, so the pattern can have neither {file} nor {*} nor {**}".to_owned());
            }
            (true, _) => Further::Version,
            (false, true) => Further::Nothing,
            (false, false) if pattern.gathers() => {
                return Err("the pattern has neither {time:…} nor {set}, so that all objects of an instance would be one backup".to_owned());
            }
            (false, false) => Further::Modified,
        };
        let marker = complete_when
            .map(|text| marker(&pattern, &text))
            .transpose()?;
        if marker.is_some() && settle_s.is_some() {
            return Err("`complete_when` and `settle` exclude each other; with `complete_when` a backup is whole once that object is there".to_owned());
        }
        // An object appears as a whole or not at all; only sets of several are half there.
        let alone = !pattern.gathers();
        let settle_s = settle_s.unwrap_or(if alone { 0 } else { SETTLE_S });
        Ok(Self {
            pattern,
            marker,
            kind,
            kinds,
            settle_s,
            further,
        })
    }

    /// Whether a backup with these circumstances is whole at that time.
    pub(crate) fn is_whole(&self, marked: bool, newest: Timestamp, now: Timestamp) -> bool {
        match self.marker {
            Some(_) => marked,
            None => {
                let age_s = (now - newest).num_seconds();
                self.settle_s == 0 || u64::try_from(age_s).is_ok_and(|age_s| age_s >= self.settle_s)
            }
        }
    }

    /// Whether a backup is always a single object.
    pub(crate) fn is_single(&self) -> bool {
        !self.pattern.gathers() && self.marker.is_none()
    }

    /// Whether a backup is identified by the time at which its object was written.
    pub(crate) fn is_overwritten(&self) -> bool {
        self.further == Further::Modified
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.marker.iter().chain([&self.pattern])
    }

    /// What all keys with these values begin with.
    fn head(&self, values: &Values) -> String {
        let heads = self.patterns().map(|pattern| pattern.head(values));
        heads
            .reduce(|one, other| common(&one, &other).to_owned())
            .unwrap_or_default()
    }

    fn kind_of(&self, word: Option<&str>) -> Option<(Kind, String)> {
        let Some(word) = word else {
            return Some((self.kind, self.kind.as_str().to_owned()));
        };
        let own = || Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let kind = self.kinds.get(word).copied().or_else(own)?;
        Some((kind, word.to_owned()))
    }
}

/// The layouts of a job.
#[derive(Debug)]
pub(crate) struct Layouts {
    pub(crate) list: Vec<Arc<Layout>>,
    /// The zone of times without one, where an option names it.
    pub(crate) zone: Option<Zone>,
    /// The instance where a pattern has none.
    pub(crate) instance: String,
    /// Whether every version of an object is looked at.
    pub(crate) versions: bool,
}

impl Layouts {
    /// What an object is, by its key below the prefix.
    pub(crate) fn read(&self, key: &str, object: &Object) -> Reading {
        for layout in &self.list {
            for pattern in layout.patterns() {
                if let Some(found) = pattern.read(key) {
                    let is_marker = layout.marker.as_ref() == Some(pattern);
                    return match self.member(layout, key, object, found, is_marker) {
                        Ok(member) => Reading::Member(Box::new(member)),
                        Err(why) => Reading::Odd(why),
                    };
                }
            }
        }
        Reading::Stray
    }

    fn member(
        &self,
        layout: &Arc<Layout>,
        key: &str,
        object: &Object,
        found: Found,
        is_marker: bool,
    ) -> Result<Member, String> {
        let head = layout.head(&found.values);
        let values = found.values;
        let texts = [&values.instance, &values.kind, &values.set];
        if texts
            .into_iter()
            .flatten()
            .any(|text| text.contains(char::is_control))
        {
            return Err("its key holds a control character".to_owned());
        }
        let (kind, word) = layout.kind_of(values.kind.as_deref()).ok_or_else(|| {
            format!(
                "the word {:?} in the place of {{kind}} is not in the option `kinds`",
                values.kind.as_deref().unwrap_or_default()
            )
        })?;
        let time = found
            .time
            .map(|pieces| {
                pieces
                    .instant(self.zone.unwrap_or_else(Zone::utc))
                    .filter(|(instant, _)| (1990..2200).contains(&instant.year()))
                    .map(|(instant, told)| (instant, told || self.zone.is_some()))
                    .ok_or_else(|| format!("{:?} is no time", values.times.join(" ")))
            })
            .transpose()?;
        let modified = Some(object.modified);
        let (modified, version) = match layout.further {
            Further::Nothing => (None, None),
            Further::Modified => (modified, None),
            // The version `null` can be overwritten, all others stay what they are.
            Further::Version => match object.version.as_deref() {
                None | Some("null") => (modified, None),
                version => (None, version.map(str::to_owned)),
            },
        };
        // Without values of its own, a backup is told from those of other layouts by its key.
        let set = match layout.further {
            Further::Nothing => values.set,
            Further::Modified | Further::Version => {
                Some(values.set.unwrap_or_else(|| key.to_owned()))
            }
        };
        let last_segment = || key.rfind('/').map_or(0, |slash| slash + 1);
        let id = SetId {
            times: values.times,
            kind: word,
            set,
            modified,
            version,
        };
        if id.key().len() > 1024 {
            return Err("its key is too long".to_owned());
        }
        Ok(Member {
            layout: Arc::clone(layout),
            instance: values.instance.unwrap_or_else(|| self.instance.clone()),
            id,
            kind,
            head,
            time,
            file_at: found.file_at.unwrap_or_else(|| match layout.file_at(key) {
                Some(at) if is_marker => at,
                _ => last_segment(),
            }),
            is_marker,
        })
    }

    /// The shortest prefixes (below the option's) under which all objects of an instance lie, in
    /// ascending order.
    pub(crate) fn prefixes(&self, instance: &str) -> Vec<String> {
        let values = Values {
            instance: Some(instance.to_owned()),
            ..Values::default()
        };
        let own = |pattern: &&Pattern| pattern.has(Free::Instance) || instance == self.instance;
        let patterns = self
            .list
            .iter()
            .flat_map(|layout| layout.patterns())
            .filter(own);
        shortest(patterns.map(|pattern| pattern.head(&values)))
    }

    /// Where instances are to be looked for.
    pub(crate) fn sources(&self) -> Sources {
        let mut sources = Sources::default();
        let mut scans = Vec::new();
        for layout in &self.list {
            if !layout.pattern.has(Free::Instance) {
                sources.fixed = Some(self.instance.clone());
            } else if let Some(folder) = layout.pattern.instance_folder() {
                if !sources.folders.contains(&folder) {
                    sources.folders.push(folder);
                }
            } else {
                scans.push(layout.pattern.head(&Values::default()));
            }
        }
        sources.scans = shortest(scans);
        sources
    }
}

impl Layout {
    /// Where `{file}` begins in the key of a marker that is a file of the pattern.
    fn file_at(&self, key: &str) -> Option<usize> {
        self.pattern.read(key)?.file_at
    }
}

/// Where instances are to be looked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// The one instance of the patterns without `{instance}`.
    pub(crate) fixed: Option<String>,
    /// Folders in which every instance is a folder.
    pub(crate) folders: Vec<String>,
    /// Prefixes under which every key must be looked at.
    pub(crate) scans: Vec<String>,
}

/// The pattern of the object that says that a backup is whole.
fn marker(pattern: &Pattern, text: &str) -> Result<Pattern, String> {
    if !text.contains(['{', '}']) {
        return if pattern.has(Free::File) {
            Ok(pattern.with_file(text))
        } else {
            Err(format!(
                "`complete_when` names the file {text:?}, but the pattern has no {{file}}; write a pattern with the same placeholders"
            ))
        };
    }
    let marker = Pattern::parse(text)?;
    if marker.has(Free::File) || !marker.agrees_with(pattern) {
        return Err(
            "the pattern in `complete_when` has other placeholders than `pattern`; it needs the same, but no {file}"
                .to_owned(),
        );
    }
    Ok(marker)
}

/// What both texts begin with.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one
        .char_indices()
        .zip(other.chars())
        .find(|((_, a), b)| a != b)
        .map_or(one.len().min(other.len()), |((at, _), _)| at);
    &one[..same]
}

/// Those that begin with no other, in ascending order.
fn shortest(prefixes: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut sorted: Vec<String> = prefixes.into_iter().collect();
    sorted.sort();
    sorted.dedup_by(|next, kept| next.starts_with(kept.as_str()));
    sorted
}

#[cfg(test)]
mod tests;
