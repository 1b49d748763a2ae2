//! Where in a document a value stands, for messages.

use std::fmt;

/// How many keys of a path are remembered; deeper ones only exist inside `options`.
const DEPTH: usize = 4;

/// The keys that lead to a value, from the top of the file. Positions in lists do not count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    keys: [&'a str; DEPTH],
    depth: usize,
    /// True for an entry of the list that the last key names.
    entry: bool,
}

impl<'a> Place<'a> {
    pub(super) fn key(mut self, key: &'a str) -> Self {
        if let Some(slot) = self.keys.get_mut(self.depth) {
            *slot = key;
            self.depth += 1;
        }
        self.entry = false;
        self
    }

    pub(super) fn entry(self) -> Self {
        Self {
            entry: true,
            ..self
        }
    }

    pub(super) fn keys(&self) -> &[&'a str] {
        &self.keys[..self.depth]
    }

    /// The value, as the subject of a sentence.
    pub(super) fn subject(&self) -> String {
        match (self.keys().last(), self.entry) {
            (None, _) => "the file".to_owned(),
            (Some(key), false) => format!("`{key}`"),
            (Some(key), true) => format!("every entry of `{key}`"),
        }
    }
}

/// The place as a table's name, the way people know it.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.keys() {
            [] => f.write_str("the file"),
            ["job"] => f.write_str("`[[job]]`"),
            ["job", .., key] => write!(f, "`{key}` of a job"),
            ["account", name] => write!(f, "`[account.{name}]`"),
            ["account", name, .., key] => write!(f, "`{key}` of `[account.{name}]`"),
            [table] => write!(f, "`[{table}]`"),
            [table, .., key] => write!(f, "`{key}` of `[{table}]`"),
        }
    }
}
