//! Marks: when a backup was last verified and what damage was found, kept beside the mirror.
//!
//! `.backhaul/verified/<id>.json` says what no manifest can, so that losing the catalog loses
//! nothing of it. Of a damaged backup the record is kept, too: its manifest may be what is gone.

use std::path::Path;

use backhaul_provider_api::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::BackupRecord;
use super::{Catalog, CatalogError};
use crate::dir::{Dir, FsError};
use crate::mirror::identity::BackupId;
use crate::mirror::layout::{HIDDEN, VERIFIED};
use crate::mirror::verify::Damage;

const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 32 << 20;

/// How many files of a damaged backup are named; more would tell nobody more.
pub const DAMAGE_MAX: usize = 100;

/// What the last verification of a backup found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    format: u32,
    /// The backup's directory, relative to the job's.
    pub path: String,
    /// When it was verified.
    pub verified_at: Timestamp,
    /// What is wrong with it.
    #[serde(default)]
    pub damage: Vec<Damage>,
    /// The record of a damaged backup, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<BackupRecord>,
}

impl Mark {
    /// The mark of a backup that was verified.
    pub fn new(path: String, verified_at: Timestamp, mut damage: Vec<Damage>) -> Self {
        damage.truncate(DAMAGE_MAX);
        Self {
            format: FORMAT,
            path,
            verified_at,
            damage,
            record: None,
        }
    }

    /// The mark of a backup. None when there is none that can be read: then it is verified again.
    pub fn read(job_dir: &Dir, id: &BackupId) -> Option<Self> {
        let bytes = job_dir
            .dir(Path::new(HIDDEN).join(VERIFIED))
            .ok()?
            .read(file_name(id), MAX_BYTES)
            .ok()?;
        serde_json::from_slice(&bytes)
            .ok()
            .filter(|mark: &Self| mark.format == FORMAT)
    }

    /// Writes the mark; durably when there is damage. One without that a power cut takes costs
    /// another verification.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, job_dir: &Dir, id: &BackupId) -> Result<(), FsError> {
        let place = job_dir.ensure_dir(HIDDEN)?.ensure_dir(VERIFIED)?;
        // Plain data with text keys always serialises.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        let name = file_name(id);
        // What says damage must not be lost for one that does not.
        let was_damaged = Self::read(job_dir, id).is_some_and(|mark| !mark.damage.is_empty());
        if self.damage.is_empty() && !was_damaged {
            place.write_new(&name, &bytes)
        } else {
            place.write_durable(&name, &bytes)
        }
    }

    /// Removes the mark of a backup. A missing one is fine, and one that a power cut brings back
    /// is told apart by its time.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(job_dir: &Dir, id: &BackupId) -> Result<(), FsError> {
        match job_dir.dir(Path::new(HIDDEN).join(VERIFIED)) {
            Ok(place) => place.remove_file(&file_name(id)),
            Err(error) if error.is_missing() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Records the damaged backups of a directory that the catalog does not have because their
/// manifests are gone. What somebody took away altogether is not among them. Returns how many, and
/// the backups of which nothing but a mark is left.
///
/// # Errors
/// When the marks cannot be listed or the catalog fails.
pub fn recover(
    catalog: &Catalog,
    directory: &Path,
) -> Result<(usize, Vec<BackupId>), CatalogError> {
    let opened = Dir::open(directory).and_then(|job_dir| {
        let names = job_dir.dir(Path::new(HIDDEN).join(VERIFIED))?.entries()?;
        Ok((job_dir, names))
    });
    let (job_dir, names) = match opened {
        Ok(opened) => opened,
        Err(error) if error.is_missing() => return Ok((0, Vec::new())),
        Err(error) => return Err(error.into()),
    };
    let (mut lost, mut orphans) = (Vec::new(), Vec::new());
    for (name, _) in names {
        let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
        let Some(id) = id.and_then(|id| id.parse::<BackupId>().ok()) else {
            continue;
        };
        if catalog.has(&id, directory)? {
            continue;
        }
        let Some(mark) = Mark::read(&job_dir, &id).filter(|mark| job_dir.has(&mark.path)) else {
            orphans.push(id);
            continue;
        };
        if let Some(record) = mark.record.clone().filter(|record| record.id == id) {
            let record = BackupRecord {
                directory: directory.to_owned(),
                ..record
            };
            lost.push(record.marked(Some(&mark)));
        }
    }
    if !lost.is_empty() {
        catalog.put(&lost)?;
    }
    Ok((lost.len(), orphans))
}

fn file_name(id: &BackupId) -> String {
    format!("{id}.json")
}
