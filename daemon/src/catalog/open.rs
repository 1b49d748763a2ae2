//! Opens the catalog, whatever state it is in: new, sound, of an older version, cut off in the
//! middle of a rebuild, locked, broken.

use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use backhaul_provider_api::Timestamp;

use super::schema::Version;
use super::{Catalog, CatalogError, Result};
use crate::dir::Dir;

const DIRECTORY: &str = "catalog";
const CACHE_BYTES: u64 = 32 << 20;

/// What was found on opening.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// A sound catalog.
    Sound,
    /// No catalog: it must be rebuilt from the manifests.
    New,
    /// One whose rebuilding was cut off: rebuild.
    Unfinished,
    /// One of that older version, by now of this one: rebuild.
    Migrated(u32),
    /// A broken or foreign one, now set aside at the path: rebuild.
    SetAside(PathBuf, String),
}

enum Failure {
    Locked,
    Disk(std::io::Error),
    Broken(String),
}

impl Catalog {
    /// Opens the catalog in the state directory, setting a broken one aside.
    ///
    /// # Errors
    /// When another process has it, or the disk does not let a new one be made.
    pub fn open(state_dir: &Path, now: Timestamp) -> Result<(Self, Opened)> {
        let state = Dir::create_all(state_dir)?;
        let path = state_dir.join(DIRECTORY);
        let existed = state.has(DIRECTORY);
        match Self::try_open(&path) {
            Ok(catalog) if !existed => {
                catalog.set_version()?;
                state.dir(DIRECTORY)?.sync()?;
                state.sync()?;
                Ok((catalog, Opened::New))
            }
            Ok(catalog) => match catalog.version() {
                Version::Current if catalog.is_unfinished() => Ok((catalog, Opened::Unfinished)),
                Version::Current => Ok((catalog, Opened::Sound)),
                Version::Older(number) => {
                    catalog.migrate(number)?;
                    Ok((catalog, Opened::Migrated(number)))
                }
                Version::Foreign(why) => {
                    drop(catalog);
                    Self::set_aside(&state, now, why)
                }
            },
            Err(Failure::Locked) => Err(CatalogError::InUse { path }),
            Err(Failure::Disk(source)) if !existed || is_full(&source) => Err(CatalogError::File(
                state.error("open", DIRECTORY.as_ref(), source),
            )),
            Err(Failure::Disk(source)) => Self::set_aside(&state, now, source.to_string()),
            Err(Failure::Broken(why)) => Self::set_aside(&state, now, why),
        }
    }

    /// sled may panic on damaged files, inside `open` or at the first read.
    fn try_open(path: &Path) -> std::result::Result<Self, Failure> {
        let open = || -> std::result::Result<Self, sled::Error> {
            let db = sled::Config::new()
                .path(path)
                .cache_capacity(CACHE_BYTES)
                .open()?;
            let catalog = Self {
                backups: db.open_tree("backups")?,
                ids: db.open_tree("ids")?,
                gone: db.open_tree("gone")?,
                jobs: db.open_tree("jobs")?,
                runs: db.open_tree("runs")?,
                skips: db.open_tree("skips")?,
                surveys: db.open_tree("surveys")?,
                file: Mutex::new(File::open(path.join("db"))?),
                changing_job: Mutex::default(),
                summaries: Mutex::new(BTreeMap::new()),
                db,
            };
            if let Some(first) = catalog.backups.iter().next() {
                first?;
            }
            Ok(catalog)
        };
        // The damaged database is dropped with everything that the closure captured.
        match catch_unwind(AssertUnwindSafe(open)) {
            Ok(Ok(catalog)) => Ok(catalog),
            Ok(Err(sled::Error::Io(error))) if error.to_string().contains("acquire lock") => {
                Err(Failure::Locked)
            }
            Ok(Err(sled::Error::Io(error))) => Err(Failure::Disk(error)),
            Ok(Err(error)) => Err(Failure::Broken(error.to_string())),
            Err(_) => Err(Failure::Broken("sled panicked while opening it".to_owned())),
        }
    }

    fn set_aside(state: &Dir, now: Timestamp, why: String) -> Result<(Self, Opened)> {
        let name = format!("{DIRECTORY}.broken-{}", now.format("%Y%m%dT%H%M%S%.3fZ"));
        state.move_new(DIRECTORY, state, &name)?;
        let (catalog, _) = Self::open(state.path(), now)?;
        Ok((catalog, Opened::SetAside(state.path().join(name), why)))
    }
}

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | PermissionDenied)
}
