//! Finds what lies in the mirror but is missing in the catalog, and repairs that were cut off.
//!
//! sled begins anew after the last sound part of a damaged file and says nothing, so that a
//! catalog which opens may still have lost records.

use std::collections::BTreeSet;
use std::path::Path;

use super::mark::{self, Mark};
use super::record::BackupRecord;
use super::{Catalog, CatalogError};
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::ManifestError;
use crate::mirror::scan::{Found, scan_some};
use crate::mirror::verify::manifest_damage;
use crate::mirror::{layout, quarantine};

/// What was mended.
#[derive(Debug, Default)]
pub struct Mended {
    /// Backups that the catalog did not have.
    pub found: Vec<BackupRecord>,
    /// Damaged backups whose sound copies are in their places only now.
    pub repaired: Vec<BackupRecord>,
}

/// Records the backups in a job's directory that the catalog does not have, of which only the
/// manifests are read; and finishes repairs that were cut off.
///
/// # Errors
/// When the directory cannot be listed or the catalog fails.
pub fn mend(catalog: &Catalog, directory: &Path) -> Result<Mended, CatalogError> {
    // Without the directory nothing is found in it, either.
    let job_dir = Dir::open(directory).ok();
    let repaired = match &job_dir {
        Some(job_dir) => finish_repairs(catalog, job_dir)?,
        None => Vec::new(),
    };
    let known = catalog.ids_of_directory(directory)?;
    let mut missing = Vec::new();
    // What is not named like a backup of ours is none.
    let lost = |name: &str| layout::backup_id(name).is_some_and(|id| !known.contains(&id));
    scan_some(directory, lost, |found| match found {
        Found::Backup(path, manifest) => {
            let mark = job_dir
                .as_ref()
                .and_then(|dir| Mark::read(dir, &manifest.id));
            let record = BackupRecord::of(&manifest, directory.to_owned(), path);
            missing.push(record.marked(mark.as_ref()));
        }
        Found::Unreadable(path, error) => {
            tracing::warn!("not in the catalog: {path}: {error}");
            if let Some(dir) = &job_dir {
                note(dir, path, error);
            }
        }
    })?;
    if !missing.is_empty() {
        catalog.put(&missing)?;
    }
    let (_, orphans) = mark::recover(catalog, directory)?;
    if let Some(job_dir) = job_dir.filter(|_| !orphans.is_empty()) {
        clear_away(&job_dir, orphans)?;
    }
    Ok(Mended {
        found: missing,
        repaired,
    })
}

fn finish_repairs(catalog: &Catalog, job_dir: &Dir) -> Result<Vec<BackupRecord>, CatalogError> {
    let finished = quarantine::finish_exchanges(job_dir)?.into_iter();
    let repaired: Vec<_> = finished
        .map(|(path, manifest)| BackupRecord::of(&manifest, job_dir.path().to_owned(), path))
        .collect();
    if !repaired.is_empty() {
        catalog.put(&repaired)?;
    }
    for record in &repaired {
        Mark::remove(job_dir, &record.id)?;
    }
    Ok(repaired)
}

/// Removes the marks of backups that were deleted.
fn clear_away(job_dir: &Dir, orphans: Vec<BackupId>) -> Result<(), CatalogError> {
    // From quarantine a backup may come back.
    let quarantined: BTreeSet<_> = quarantine::list(job_dir)?
        .into_iter()
        .map(|one| one.id)
        .collect();
    for id in orphans.iter().filter(|id| !quarantined.contains(id)) {
        Mark::remove(job_dir, id)?;
    }
    Ok(())
}

/// Marks a backup whose manifest is damaged, so that a copy of it may take its place.
fn note(job_dir: &Dir, path: String, error: ManifestError) {
    let id = path.rsplit('/').next().and_then(layout::backup_id);
    let (Some(id), Ok(damage)) = (id, manifest_damage(error)) else {
        return;
    };
    if Mark::read(job_dir, &id).is_some_and(|mark| !mark.damage.is_empty()) {
        return;
    }
    if let Err(error) = Mark::new(path, chrono::Utc::now(), vec![damage]).write(job_dir, &id) {
        tracing::warn!("the damage could not be recorded: {error}");
    }
}
