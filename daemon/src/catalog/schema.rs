//! The version of the catalog's records, and the way to it from an older one.
//!
//! Backups are never converted: what an older version knows of them is read back from their
//! manifests. Only what nothing else remembers is: runs, and until when schedules are served. A
//! field that is added to a record has a default, so that records of any older version can be read.

use super::{Catalog, Result, RunRecord, read_failed, write_failed};
use crate::crash::crash_point;

/// The version of the records.
///
/// - 1: the first.
/// - 2: runs are numbered; surveys and what is gone at the vendor are remembered.
const CURRENT: u32 = 2;
const KEY: &str = "schema";

/// The version that a catalog was written by.
pub(super) enum Version {
    Current,
    Older(u32),
    /// A newer one, or none at all: it cannot be used, for the reason given.
    Foreign(String),
}

impl Catalog {
    pub(super) fn version(&self) -> Version {
        let stored = self.db.get(KEY).ok().flatten();
        let number = stored
            .and_then(|stored| String::from_utf8(stored.to_vec()).ok())
            .and_then(|stored| stored.parse().ok());
        match number {
            Some(CURRENT) => Version::Current,
            Some(number) if (1..CURRENT).contains(&number) => Version::Older(number),
            Some(number) => Version::Foreign(format!(
                "it is of version {number}, and this backhaul knows none above {CURRENT}"
            )),
            None => Version::Foreign("it does not say its version".to_owned()),
        }
    }

    pub(super) fn set_version(&self) -> Result<()> {
        let number = CURRENT.to_string();
        self.db
            .insert(KEY, number.as_bytes())
            .map_err(write_failed)?;
        self.commit()
    }

    /// Brings the records to this version, leaving the backups to a rebuild. Cut off anywhere, it
    /// is done again at the next start.
    pub(super) fn migrate(&self, from: u32) -> Result<()> {
        self.begin_rebuild()?;
        if from < 2 {
            self.number_runs()?;
        }
        crash_point("set the version of the catalog");
        self.set_version()
    }

    /// Version 1 kept runs by `job 0 start time`.
    fn number_runs(&self) -> Result<()> {
        let mut batch = sled::Batch::default();
        for run in &self.runs {
            let (key, value) = run.map_err(read_failed)?;
            // Only what is kept by time ends in it; a number that is there already stays.
            if key.last() == Some(&b'Z') {
                let run: RunRecord = serde_json::from_slice(&value)?;
                batch.insert(self.new_run_key(&run.job)?.into_bytes(), value);
                batch.remove(key);
            }
        }
        crash_point("number the runs");
        self.runs.apply_batch(batch).map_err(write_failed)
    }
}
