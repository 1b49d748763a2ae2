//! Gathers the objects of a list into backups, as the list goes by.
//!
//! Keys come in ascending order, and all keys of a backup begin with the same text, its head. So
//! a backup is over as soon as a key comes that does not begin with it, and memory holds only
//! those that are not over: with a pattern in which `{file}` is last, one; at worst, when a
//! wildcard stands in front, every backup of the instance, but never every object.

use std::collections::BTreeMap;
use std::sync::Arc;

use backhaul_provider_api::{Kind, Timestamp};

use crate::layout::{Layout, Member};
use crate::objects::Object;
use crate::set_id::SetId;

/// A backup as far as its objects were seen.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) layout: Arc<Layout>,
    pub(crate) id: SetId,
    pub(crate) kind: Kind,
    /// The time in the keys, and whether they tell its zone too.
    pub(crate) time: Option<(Timestamp, bool)>,
    /// What people may call it: the key up to the file's name.
    pub(crate) name: String,
    /// What the keys of all its objects begin with.
    pub(crate) head: String,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) oldest: Timestamp,
    pub(crate) newest: Timestamp,
    /// Whether the object was seen that says that it is whole.
    pub(crate) marked: bool,
    /// Why it cannot be read now.
    pub(crate) obstacle: Option<String>,
    /// Its only object, while it has only one.
    pub(crate) only: Option<Object>,
}

impl Draft {
    fn begin(member: Member, key: &str, object: &Object) -> Self {
        let name = if member.layout.is_single() {
            key
        } else {
            key.get(..member.file_at).unwrap_or(key)
        };
        Self {
            name: plain(name),
            layout: member.layout,
            kind: member.kind,
            time: member.time,
            head: member.head,
            id: member.id,
            files: 0,
            bytes: 0,
            oldest: object.modified,
            newest: object.modified,
            marked: false,
            obstacle: None,
            only: None,
        }
    }

    fn add(&mut self, object: &Object, is_marker: bool, obstacle: Option<String>) {
        self.only = (self.files == 0).then(|| object.clone());
        self.files += 1;
        self.bytes = self.bytes.saturating_add(object.size);
        self.oldest = self.oldest.min(object.modified);
        self.newest = self.newest.max(object.modified);
        self.marked |= is_marker;
        if self.obstacle.is_none() {
            self.obstacle = obstacle;
        }
    }
}

/// The backups that are not over yet.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    /// By their heads; each head begins with the one before it.
    levels: Vec<(String, BTreeMap<SetId, Draft>)>,
    last_key: String,
}

/// A list whose keys are in no order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unordered;

impl Sets {
    /// Goes on to a key; gives the backups that are over.
    pub(crate) fn advance(&mut self, key: &str) -> Result<Vec<Draft>, Unordered> {
        if key < self.last_key.as_str() {
            return Err(Unordered);
        }
        key.clone_into(&mut self.last_key);
        let open = self
            .levels
            .iter()
            .position(|(head, _)| !key.starts_with(head.as_str()))
            .unwrap_or(self.levels.len());
        Ok(over(self.levels.split_off(open)))
    }

    /// Takes an object in, whose key was advanced to.
    pub(crate) fn add(
        &mut self,
        member: Member,
        key: &str,
        object: &Object,
        obstacle: Option<String>,
    ) {
        let at = self
            .levels
            .iter()
            .position(|(head, _)| head.len() >= member.head.len())
            .unwrap_or(self.levels.len());
        if self
            .levels
            .get(at)
            .is_none_or(|(head, _)| *head != member.head)
        {
            self.levels
                .insert(at, (member.head.clone(), BTreeMap::new()));
        }
        let is_marker = member.is_marker;
        let draft = self.levels[at]
            .1
            .entry(member.id.clone())
            .or_insert_with(|| Draft::begin(member, key, object));
        draft.add(object, is_marker, obstacle);
    }

    /// The list is over, and with it every backup.
    pub(crate) fn finish(&mut self) -> Vec<Draft> {
        over(std::mem::take(&mut self.levels))
    }
}

/// A name for people.
fn plain(key: &str) -> String {
    let plain = key
        .trim_end_matches('/')
        .chars()
        .filter(|letter| !letter.is_control());
    plain.take(NAME_CHARS).collect()
}

/// The longest name, in characters of up to four bytes.
const NAME_CHARS: usize = 250;

fn over(levels: Vec<(String, BTreeMap<SetId, Draft>)>) -> Vec<Draft> {
    levels
        .into_iter()
        .flat_map(|(_, sets)| sets.into_values())
        .collect()
}
