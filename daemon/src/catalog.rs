//! The catalog: an index over the manifests of all mirrors, kept in sled.
//!
//! It answers "is this backup known?" in microseconds and holds the history of runs. It is never
//! the truth: [`Catalog::open`] sets a broken one aside, and [`rebuild`] makes it anew from the
//! manifests. Order for a backup: publish the files, then the manifest with them, then a record
//! here.
//!
//! sled's `flush` alone does not survive a power cut (it ends in `sync_file_range`), so a commit
//! is `flush` plus an fsync of the database file by ourselves.

mod history;
mod instances;
pub mod mark;
pub mod mend;
mod open;
pub mod rebuild;
pub mod record;
mod schema;
mod skip;
pub mod summary;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::crash::crash_point;
use crate::dir::FsError;
use crate::mirror::identity::{BackupId, Identity};
pub use open::Opened;
pub use record::{BackupRecord, JobRecord, RunRecord, SurveyRecord};
pub use summary::Summary;

/// The open catalog. Calls block for a disk access; async code calls it from the threads that
/// passes run on.
pub struct Catalog {
    db: sled::Db,
    backups: sled::Tree,
    ids: sled::Tree,
    /// Since when the vendor does not list a mirrored backup any more, by the keys of `backups`.
    gone: sled::Tree,
    jobs: sled::Tree,
    runs: sled::Tree,
    /// Why a listed backup was last not fetched, as a digest.
    skips: sled::Tree,
    surveys: sled::Tree,
    /// A second handle to sled's file, for the fsync. The lock makes commits one at a time.
    file: Mutex<File>,
    /// Held while a job's record is changed.
    changing_job: Mutex<()>,
    /// Summaries of directories that nothing was put into or taken out of since.
    summaries: Mutex<BTreeMap<PathBuf, Arc<Summary>>>,
}

/// A failed access to the catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Another process has it.
    #[error(
        "{path} is in use by another backhaul process; stop that one, or let it do the work (`backhaul sync` does)"
    )]
    InUse {
        /// The catalog.
        path: PathBuf,
    },
    /// The disk.
    #[error(transparent)]
    File(#[from] FsError),
    /// sled.
    #[error("the catalog cannot be {doing}: {source}")]
    Store {
        /// What was tried.
        doing: &'static str,
        /// What sled says.
        source: sled::Error,
    },
    /// A record.
    #[error("the catalog holds a record that cannot be read: {0}; run `backhaul reindex`")]
    Record(#[from] serde_json::Error),
}

type Result<T> = std::result::Result<T, CatalogError>;

impl Catalog {
    /// The copy of a backup in that directory, if it is known.
    ///
    /// # Errors
    /// When sled fails.
    pub fn get(&self, identity: &Identity, directory: &Path) -> Result<Option<BackupRecord>> {
        let value = self
            .backups
            .get(key(identity, directory))
            .map_err(read_failed)?;
        Ok(value
            .map(|value| serde_json::from_slice(&value))
            .transpose()?)
    }

    /// Whether a backup is recorded in that directory.
    ///
    /// # Errors
    /// When sled fails.
    pub fn has(&self, id: &BackupId, directory: &Path) -> Result<bool> {
        match self.ids.get(id_key(id, directory)).map_err(read_failed)? {
            Some(key) => self.backups.contains_key(key).map_err(read_failed),
            None => Ok(false),
        }
    }

    /// Records backups durably: on return a power cut does not lose them.
    ///
    /// # Errors
    /// When sled or the disk fails.
    pub fn put(&self, records: &[BackupRecord]) -> Result<()> {
        for record in records {
            crash_point("put a record");
            let key = key(&record.identity, &record.directory);
            self.ids
                .insert(id_key(&record.id, &record.directory), key.clone())
                .map_err(write_failed)?;
            crash_point("put the rest of a record");
            self.backups
                .insert(key, serde_json::to_vec(record)?)
                .map_err(write_failed)?;
            self.skips
                .remove(skip::key(&record.job, record.id.as_str()))
                .map_err(write_failed)?;
            self.summaries().remove(&record.directory);
        }
        self.commit()
    }

    /// Changes the record of a backup in that directory, if there is one and `change` still wants
    /// to; never brings back one that was forgotten meanwhile. Not synced. Returns the new one.
    ///
    /// # Errors
    /// When sled fails.
    pub fn update(
        &self,
        identity: &Identity,
        directory: &Path,
        mut change: impl FnMut(BackupRecord) -> Option<BackupRecord>,
    ) -> Result<Option<BackupRecord>> {
        let key = key(identity, directory);
        loop {
            let Some(old) = self.backups.get(&key).map_err(read_failed)? else {
                return Ok(None);
            };
            let Some(new) = change(serde_json::from_slice(&old)?) else {
                return Ok(None);
            };
            let bytes = serde_json::to_vec(&new)?;
            let swapped = self
                .backups
                .compare_and_swap(&key, Some(old), Some(bytes))
                .map_err(write_failed)?;
            if swapped.is_ok() {
                self.summaries().remove(directory);
                return Ok(Some(new));
            }
        }
    }

    /// Forgets backups, durably.
    ///
    /// # Errors
    /// When sled or the disk fails.
    pub fn forget<'a>(&self, records: impl IntoIterator<Item = &'a BackupRecord>) -> Result<()> {
        for record in records {
            let key = key(&record.identity, &record.directory);
            crash_point("forget a record");
            self.backups.remove(&key).map_err(write_failed)?;
            self.gone.remove(&key).map_err(write_failed)?;
            crash_point("forget the rest of a record");
            self.ids
                .remove(id_key(&record.id, &record.directory))
                .map_err(write_failed)?;
            self.summaries().remove(&record.directory);
        }
        self.commit()
    }

    /// All backups in key order, one at a time.
    pub fn backups(&self) -> impl Iterator<Item = Result<BackupRecord>> + '_ {
        self.backups
            .iter()
            .values()
            .map(|value| Ok(serde_json::from_slice(&value.map_err(read_failed)?)?))
    }

    /// What a directory holds, in numbers. Cheap unless something changed since the last time.
    ///
    /// # Errors
    /// When sled fails.
    pub fn summary(&self, directory: &Path) -> Result<Arc<Summary>> {
        if let Some(known) = self.summaries().get(directory) {
            return Ok(Arc::clone(known));
        }
        let mut summary = Summary::default();
        for value in self.backups.scan_prefix(prefix(directory)).values() {
            summary.add(&serde_json::from_slice(&value.map_err(read_failed)?)?);
        }
        let summary = Arc::new(summary);
        self.summaries()
            .insert(directory.to_owned(), Arc::clone(&summary));
        Ok(summary)
    }

    fn summaries(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Arc<Summary>>> {
        self.summaries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The copy of a backup in that directory, by its id.
    ///
    /// # Errors
    /// When sled fails.
    pub fn copy(&self, id: &BackupId, directory: &Path) -> Result<Option<BackupRecord>> {
        let Some(key) = self.ids.get(id_key(id, directory)).map_err(read_failed)? else {
            return Ok(None);
        };
        let value = self.backups.get(key).map_err(read_failed)?;
        Ok(value
            .map(|value| serde_json::from_slice(&value))
            .transpose()?)
    }

    /// The copies of a backup.
    ///
    /// # Errors
    /// When sled fails.
    pub fn find(&self, id: &BackupId) -> Result<Vec<BackupRecord>> {
        let mut found = Vec::new();
        for key in self.ids.scan_prefix(id.as_str()).values() {
            if let Some(value) = self
                .backups
                .get(key.map_err(read_failed)?)
                .map_err(read_failed)?
            {
                found.push(serde_json::from_slice(&value)?);
            }
        }
        Ok(found)
    }

    fn commit(&self) -> Result<()> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        crash_point("flush the catalog");
        self.db.flush().map_err(|source| CatalogError::Store {
            doing: "flushed",
            source,
        })?;
        crash_point("sync the catalog");
        file.sync_all().map_err(|source| CatalogError::Store {
            doing: "synced",
            source: sled::Error::Io(source),
        })
    }
}

fn read_failed(source: sled::Error) -> CatalogError {
    CatalogError::Store {
        doing: "read",
        source,
    }
}

fn write_failed(source: sled::Error) -> CatalogError {
    CatalogError::Store {
        doing: "written",
        source,
    }
}

/// The directory first, so that a job's backups lie side by side; the tree `ids` finds the copies
/// of one backup. No part holds a zero byte: paths cannot, the rest is checked at the border.
fn key(identity: &Identity, directory: &Path) -> Vec<u8> {
    let parts: [&[u8]; 4] = [
        identity.provider.as_bytes(),
        identity.scope.as_bytes(),
        identity.instance.as_str().as_bytes(),
        identity.key.as_str().as_bytes(),
    ];
    [prefix(directory), parts.join(&0)].concat()
}

fn prefix(directory: &Path) -> Vec<u8> {
    [directory.as_os_str().as_bytes(), &[0]].concat()
}

fn id_key(id: &BackupId, directory: &Path) -> Vec<u8> {
    [id.as_str().as_bytes(), directory.as_os_str().as_bytes()].join(&0)
}

#[cfg(test)]
mod tests;
