//! Publication: makes a complete backup visible under its final name, in one rename.
//!
//! The steps are: [`write_papers`], make everything durable, [`place`], make the new name durable.
//! `pass/commit.rs` takes them, for many backups at once where they are small. A kill or power cut
//! at any instant leaves the staging directory as it was, or the whole backup in its place.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::file_name::{CHECKSUMS, MANIFEST};
use super::manifest::Manifest;
use super::staging::{Staging, Weight};
use super::{layout, quarantine};
use crate::dir::{Dir, FsError};

/// A failed publication.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The disk.
    #[error(transparent)]
    File(#[from] FsError),
    /// Something else lies where the backup belongs.
    #[error("{path} is in the way: it does not hold backup {id}; move it away")]
    InTheWay {
        /// What lies there.
        path: String,
        /// The backup that should.
        id: String,
    },
}

/// Writes manifest and checksums beside the files of a staged backup, and takes away what does
/// not belong to it. Durable unless the backup is light.
///
/// # Errors
/// When the disk refuses, or something lies there that cannot be a leftover.
pub fn write_papers(staging: &Staging, manifest: &Manifest) -> Result<(), PublishError> {
    let data = staging.data();
    let (checksums, json) = (manifest.checksums(), manifest.to_json());
    match staging.weight() {
        Weight::Heavy => {
            data.write_durable(CHECKSUMS, checksums.as_bytes())?;
            data.write_durable(MANIFEST, &json)?;
        }
        Weight::Light => {
            data.write_new(CHECKSUMS, checksums.as_bytes())?;
            data.write_new(MANIFEST, &json)?;
        }
    }
    if !staging.is_known() {
        return Ok(());
    }
    // Leftovers of a file that the vendor no longer names must not become visible.
    for (name, _) in data.entries()? {
        if !manifest.expected_names().any(|expected| name == expected) {
            match name.to_str() {
                Some(name) => data.remove_file(name)?,
                None => return Err(in_the_way(data, manifest)),
            }
        }
    }
    Ok(())
}

/// The directories of instances that backups were moved into.
pub type Homes = BTreeMap<String, Dir>;

/// Makes a staged backup visible, all of which is durable by now. That it is visible is durable
/// once its home, which is put to the others, is synced. Returns its path relative to the job's
/// directory. A damaged copy at `damaged` goes into quarantine in the same step.
///
/// # Errors
/// When the disk refuses, or something else lies in the backup's place.
pub fn place(
    job_dir: &Dir,
    homes: &mut Homes,
    staging: &Staging,
    manifest: &Manifest,
    damaged: Option<&str>,
) -> Result<String, PublishError> {
    let instance = layout::instance_dir(&manifest.instance);
    let name = layout::backup_dir(&manifest.backup, &manifest.id);
    let home = match homes.entry(instance.to_string()) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => new.insert(job_dir.ensure_dir(instance.as_str())?),
    };
    let path = format!("{instance}/{name}");
    let (staged, data) = staging.staged();
    let there = |old: &&str| job_dir.has(old);
    if let Some(damaged) = damaged.filter(there) {
        let now = manifest.mirrored_at;
        if damaged == path {
            quarantine::exchange(job_dir, damaged, &manifest.id, now, (staged, &data))?;
            return Ok(path);
        }
        // The instance has another name by now, so it lies elsewhere.
        quarantine::put_damaged(job_dir, damaged, &manifest.id, now)?;
    }
    match staged.rename_new(&data, home, name.as_str()) {
        Ok(()) => {}
        Err(error) if error.is_taken() => {
            // An earlier run may have been killed right after its rename.
            let there = home.dir(name.as_str())?;
            match Manifest::read(&there) {
                Ok(found) if found.id == manifest.id => {}
                Ok(_) | Err(_) => {
                    return Err(in_the_way(&there, manifest));
                }
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(path)
}

/// Finds a backup that is published already though the catalog does not know it.
///
/// # Errors
/// When something else lies in its place.
pub fn find_published(
    job_dir: &Dir,
    instance: &backhaul_provider_api::Instance,
    backup: &backhaul_provider_api::Backup,
    id: &super::identity::BackupId,
) -> Option<(String, Manifest)> {
    let instance = layout::instance_dir(instance);
    let name = layout::backup_dir(backup, id);
    let path = format!("{instance}/{name}");
    let manifest = Manifest::read(&job_dir.dir(&path).ok()?).ok()?;
    (manifest.id == *id).then_some((path, manifest))
}

fn in_the_way(dir: &Dir, manifest: &Manifest) -> PublishError {
    PublishError::InTheWay {
        path: dir.path().display().to_string(),
        id: manifest.id.to_string(),
    }
}
