//! Makes the catalog anew from the manifests of the mirrors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::mark::{self, Mark};
use super::record::BackupRecord;
use super::{Catalog, CatalogError, Result, prefix, read_failed, write_failed};
use crate::crash::crash_point;
use crate::dir::Dir;
use crate::mirror::layout;
use crate::mirror::scan::{Found, scan};

/// How many records are committed at once.
const BATCH: usize = 1000;

/// The key that is there while the backups are being read back from the manifests.
const REBUILDING: &str = "rebuilding";

/// What becomes of the records of directories in which no mirror is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// They stay: the directory may not be mounted, and must not be filled anew.
    Stays,
    /// They go: whoever asks for it says that the directory is empty.
    Goes,
}

/// What a rebuild found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    /// How many backups were recorded.
    pub backups: u64,
    /// Directories whose manifest cannot be read, and why.
    pub unreadable: Vec<String>,
}

impl Catalog {
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(self.db.contains_key(REBUILDING), Ok(true))
    }

    /// Remembers durably that the catalog is being rebuilt.
    ///
    /// # Errors
    /// When sled or the disk fails.
    pub(super) fn begin_rebuild(&self) -> Result<()> {
        self.db.insert(REBUILDING, &[]).map_err(write_failed)?;
        self.commit()
    }

    /// The catalog is whole from now on.
    ///
    /// # Errors
    /// When sled or the disk fails.
    fn end_rebuild(&self) -> Result<()> {
        self.db.remove(REBUILDING).map_err(write_failed)?;
        self.commit()
    }

    fn clear(&self) -> Result<()> {
        self.summaries().clear();
        for tree in [&self.backups, &self.ids] {
            crash_point("empty the catalog");
            tree.clear().map_err(write_failed)?;
        }
        Ok(())
    }

    fn clear_directory(&self, directory: &Path) -> Result<()> {
        crash_point("empty the catalog of a directory");
        for key in self.backups.scan_prefix(prefix(directory)).keys() {
            let key = key.map_err(read_failed)?;
            self.backups.remove(key).map_err(write_failed)?;
        }
        self.summaries().remove(directory);
        Ok(())
    }
}

/// Forgets the backups and reads them back from the given job directories.
///
/// # Errors
/// When the catalog cannot be written. A directory that cannot be listed is reported, not fatal.
pub fn rebuild(
    catalog: &Catalog,
    directories: &BTreeSet<PathBuf>,
    absent: Absent,
) -> Result<Rebuilt> {
    // Cut off in between, it is done again at the next start.
    catalog.begin_rebuild()?;
    match absent {
        Absent::Goes => catalog.clear()?,
        Absent::Stays => {
            let there = |directory: &&PathBuf| {
                Dir::open(directory).is_ok_and(|directory| directory.has(layout::HIDDEN))
            };
            for directory in directories.iter().filter(there) {
                catalog.clear_directory(directory)?;
            }
        }
    }
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
        None => {
            catalog.end_rebuild()?;
            Ok(rebuilt)
        }
    }
}
