//! Publication: makes a complete backup visible under its final name, in one rename.
//!
//! After [`publish`] returns, the backup survives a power cut. A kill or power cut at any earlier
//! instant leaves the staging directory as it was, or the whole backup in its place.

use super::file_name::{CHECKSUMS, MANIFEST};
use super::layout;
use super::manifest::{Manifest, ManifestError};
use super::staging::Staging;
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

/// Publishes a staged backup whose files are all complete and synced. Returns its path relative
/// to the job's directory.
///
/// # Errors
/// When the disk refuses, or something else lies in the backup's place.
pub fn publish(
    job_dir: &Dir,
    staging: Staging,
    manifest: &Manifest,
) -> Result<String, PublishError> {
    let data = staging.data();
    data.write_durable(CHECKSUMS, manifest.checksums().as_bytes())?;
    data.write_durable(MANIFEST, &manifest.to_json())?;
    // Leftovers of a file that the vendor no longer names must not become visible.
    for (name, _) in data.entries()? {
        if !manifest.expected_names().any(|expected| name == expected) {
            match name.to_str() {
                Some(name) => data.remove_file(name)?,
                None => return Err(in_the_way(data, manifest)),
            }
        }
    }

    let instance = layout::instance_dir(&manifest.instance);
    let name = layout::backup_dir(&manifest.backup, &manifest.id);
    let home = job_dir.ensure_dir(instance.as_str())?;
    match staging
        .own()
        .move_new(staging.data_name(), &home, name.as_str())
    {
        Ok(()) => {}
        Err(error) if error.is_taken() => {
            // An earlier run may have been killed right after its rename.
            let there = home.dir(name.as_str())?;
            match Manifest::read(&there) {
                Ok(found) if found.id == manifest.id => {}
                Ok(_) | Err(ManifestError::Content { .. } | ManifestError::File(_)) => {
                    return Err(in_the_way(&there, manifest));
                }
            }
        }
        Err(error) => return Err(error.into()),
    }
    staging.remove()?;
    Ok(format!("{instance}/{name}"))
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
