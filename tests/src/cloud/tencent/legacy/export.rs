//! Partial exports: some tables of a backup, as an object of its own.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::inventory::MysqlBackupSpec;
use super::reply::LegacyError;
use crate::cloud::content::Content;
use crate::cloud::object::{Address, ObjectSpec};
use crate::cloud::shared::Shared;

/// `dbTableList`: databases, each with some tables or, with none, all of them.
#[derive(Debug)]
pub struct Selection(Vec<SelectedDatabase>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectedDatabase {
    dbname: String,
    #[serde(rename = "tableList")]
    tables: Vec<String>,
}

/// The numbers of the exports that were asked for, which links carry as `dbtbcode`.
#[derive(Debug, Default)]
pub struct ExportBook(Shared<HashMap<(String, Vec<String>), u64>>);

impl Selection {
    /// Reads the JSON text.
    ///
    /// # Errors
    /// When it is no list of that form, or empty.
    pub fn parse(text: &str) -> Result<Self, LegacyError> {
        let databases = serde_json::from_str::<Vec<SelectedDatabase>>(text)
            .ok()
            .filter(|databases| !databases.is_empty());
        databases
            .map(Self)
            .ok_or_else(|| LegacyError::invalid("dbTableList is not acceptable."))
    }

    /// The tables as `database.table`, sorted.
    ///
    /// # Errors
    /// When one is not in the backup.
    pub fn tables(&self, backup: &MysqlBackupSpec) -> Result<Vec<String>, LegacyError> {
        let absent = |name: &str| LegacyError::invalid(format!("{name} is not in the backup."));
        let mut tables = Vec::new();
        for selected in &self.0 {
            let database = backup
                .databases
                .iter()
                .find(|database| database.name == selected.dbname)
                .ok_or_else(|| absent(&selected.dbname))?;
            let wanted = match selected.tables.as_slice() {
                [] => &database.tables,
                some => some,
            };
            for table in wanted {
                if !database.tables.contains(table) {
                    return Err(absent(table));
                }
                tables.push(format!("{}.{table}", database.name));
            }
        }
        tables.sort();
        tables.dedup();
        Ok(tables)
    }
}

impl ExportBook {
    /// The number of an export; the same for the same tables of the same backup.
    pub fn number(&self, backup: &str, tables: &[String]) -> u64 {
        let mut known = self.0.lock();
        let next = FIRST_NUMBER + known.len() as u64;
        *known
            .entry((backup.to_owned(), tables.to_vec()))
            .or_insert(next)
    }

    /// The numbers of all exports from a backup.
    pub fn of_backup(&self, backup: &str) -> Vec<u64> {
        let known = self.0.lock();
        let of_backup = known.iter().filter(|((id, _), _)| id == backup);
        of_backup.map(|(_, number)| *number).collect()
    }
}

/// Where an export is, beside the backup that it was made of.
pub fn address(backup: &Address, number: u64) -> Address {
    Address {
        bucket: backup.bucket.clone(),
        key: format!("{}/{number}", backup.key),
    }
}

/// An export as a file: it has the name of the backup, and says what is in it.
pub fn file(backup: &MysqlBackupSpec, tables: &[String]) -> ObjectSpec {
    let mut text = format!("-- Export from backup {}\n", backup.id);
    for table in tables {
        text.push_str(&format!("-- Table {table}\n"));
    }
    ObjectSpec::new(&backup.file.name, Content::bytes(text))
}

/// As in the vendor's sample.
const FIRST_NUMBER: u64 = 272;
