//! The choice of databases and tables that shall be fetched out of a full backup.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use backhaul_provider_api::serde_json::{Value, json};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// How many of the missing names an error lists.
const NAMES_MAX: usize = 8;

/// The tables of a backup by database.
pub(super) type Tables = BTreeMap<String, BTreeSet<String>>;

/// A choice of whole databases and of single tables. Order and repetition of names in the
/// configuration make no difference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Named>")]
pub(super) struct Choice(BTreeMap<String, Part>);

/// What of a database is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Tables(BTreeSet<String>),
}

/// One database of the option.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    tables: Option<BTreeSet<String>>,
}

impl TryFrom<Vec<Named>> for Choice {
    type Error = String;

    fn try_from(databases: Vec<Named>) -> Result<Self, String> {
        let mut choice = BTreeMap::new();
        for Named { name, tables } in databases {
            if !is_name(&name) || !tables.iter().flatten().all(|table| is_name(table)) {
                return Err(format!(
                    "`databases` holds an empty name or one with a control character, near {name:?}"
                ));
            }
            let part = match tables {
                None => Part::Whole,
                Some(tables) if tables.is_empty() => {
                    return Err(format!(
                        "`databases` names no table of {name:?}; leave `tables` out to mean the whole database"
                    ));
                }
                Some(tables) => Part::Tables(tables),
            };
            if choice.contains_key(&name) {
                return Err(format!("`databases` names {name:?} twice"));
            }
            choice.insert(name, part);
        }
        if choice.is_empty() {
            return Err("`databases` is empty; leave it out to mean whole backups".to_owned());
        }
        Ok(Self(choice))
    }
}

impl Choice {
    /// The value of the parameter `dbTableList`: the one canonical JSON text of the choice.
    pub(super) fn table_list(&self) -> String {
        self.record().to_string()
    }

    /// The same as JSON. An empty `tableList` means the whole database.
    pub(super) fn record(&self) -> Value {
        self.0
            .iter()
            .map(|(database, part)| {
                let tables: Vec<&String> = match part {
                    Part::Whole => Vec::new(),
                    Part::Tables(tables) => tables.iter().collect(),
                };
                json!({ "dbname": database, "tableList": tables })
            })
            .collect()
    }

    /// 16 hex digits that stand for the choice in a backup's key, for ever.
    pub(super) fn mark(&self) -> String {
        // Each text with its length before it, so that no two choices can run into each other.
        let mut hash = Sha256::new();
        let mut take = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        for (database, part) in &self.0 {
            take("database");
            take(database);
            if let Part::Tables(tables) = part {
                for table in tables {
                    take("table");
                    take(table);
                }
            }
        }
        mark(&hash.finalize())
    }

    /// The chosen databases.
    pub(super) fn databases(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Whether all that is chosen is there.
    ///
    /// # Errors
    /// What is not, in words.
    pub(super) fn check(&self, held: &Tables) -> Result<(), String> {
        let mut missing = Vec::new();
        for (database, part) in &self.0 {
            let Some(tables) = held.get(database) else {
                let alike = alike(database, held.keys());
                missing.push(format!("no database {database:?}{alike}"));
                continue;
            };
            let Part::Tables(wanted) = part else { continue };
            for table in wanted.difference(tables) {
                let alike = alike(table, tables.iter());
                missing.push(format!(
                    "no table {table:?} in database {database:?}{alike}"
                ));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let more = missing.len().saturating_sub(NAMES_MAX);
        missing.truncate(NAMES_MAX);
        let mut words = missing.join(", ");
        if more > 0 {
            // Writing into a String cannot fail.
            let _ = write!(words, ", and {more} more are missing");
        }
        Err(words)
    }
}

/// The first 16 hex digits of a digest.
pub(super) fn mark(digest: &[u8]) -> String {
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A name that differs in letter case only, for the person who has to correct the option.
fn alike<'a>(name: &str, mut held: impl Iterator<Item = &'a String>) -> String {
    held.find(|other| other.to_lowercase() == name.to_lowercase())
        .map(|other| format!(" (but {other:?})"))
        .unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
