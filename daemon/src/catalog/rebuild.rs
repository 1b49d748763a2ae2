//! Makes the catalog anew from the manifests of the mirrors.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::mark::{self, Mark};
use super::record::BackupRecord;
use super::{Catalog, CatalogError};
use crate::dir::Dir;
use crate::mirror::scan::{Found, scan};

/// How many records are committed at once.
const BATCH: usize = 1000;

/// What a rebuild found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    /// How many backups were recorded.
    pub backups: u64,
    /// Directories whose manifest cannot be read, and why.
    pub unreadable: Vec<String>,
}

/// Empties the catalog's backups and reads them back from the given job directories.
///
/// # Errors
/// When the catalog cannot be written. A directory that cannot be listed is reported, not fatal.
pub fn rebuild(
    catalog: &Catalog,
    directories: &BTreeSet<PathBuf>,
) -> Result<Rebuilt, CatalogError> {
    catalog.clear_backups()?;
    let mut rebuilt = Rebuilt::default();
    let mut batch = Vec::new();
    let mut failed = None;
    for directory in directories {
        let job_dir = Dir::open(directory).ok();
        let scanned = scan(directory, |found| match found {
            Found::Backup(path, manifest) => {
                let mark = job_dir
                    .as_ref()
                    .and_then(|dir| Mark::read(dir, &manifest.id));
                let record = BackupRecord::of(&manifest, directory.clone(), path);
                batch.push(record.marked(mark.as_ref()));
                rebuilt.backups += 1;
                if batch.len() >= BATCH {
                    failed = catalog
                        .put(&std::mem::take(&mut batch))
                        .err()
                        .or(failed.take());
                }
            }
            Found::Unreadable(path, error) => {
                rebuilt.unreadable.push(format!("{path}: {error}"));
            }
        });
        if let Err(error) = scanned {
            rebuilt.unreadable.push(error.to_string());
        }
    }
    catalog.put(&batch)?;
    for directory in directories {
        match mark::recover(catalog, directory) {
            Ok((recovered, _)) => rebuilt.backups += recovered as u64,
            Err(CatalogError::File(error)) => rebuilt.unreadable.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(rebuilt),
    }
}
