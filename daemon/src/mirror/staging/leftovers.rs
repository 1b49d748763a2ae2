//! What is left in staging by runs that were killed, and by downloads that nobody goes on with.

use std::path::Path;

use super::{LIGHT, STATE, light_name};
use crate::dir::{Dir, FsError};
use crate::mirror::identity::BackupId;
use crate::mirror::layout::{HIDDEN, STAGING};

/// Removes what a run left that was killed between publication and clearing up.
///
/// # Errors
/// When something in it cannot be removed.
pub fn discard(job_dir: &Dir, id: &BackupId) -> Result<(), FsError> {
    match existing(job_dir)? {
        Some(place) => {
            place.clear_away(light_name(id))?;
            place.remove_tree(id.as_str())
        }
        None => Ok(()),
    }
}

/// The backups of which there is something in staging.
///
/// # Errors
/// When the directory cannot be read.
pub fn ids(job_dir: &Dir) -> Result<Vec<BackupId>, FsError> {
    let Some(place) = existing(job_dir)? else {
        return Ok(Vec::new());
    };
    let names = place.entries()?.into_iter();
    Ok(names
        .filter_map(|(name, _)| backup(name.to_str()?).parse().ok())
        .collect())
}

/// Removes downloads that nobody has gone on with for a long time: the vendor has dropped the
/// backup, or the job no longer wants it. Returns their ids.
///
/// # Errors
/// When the directory cannot be read, or something in it cannot be removed.
pub fn sweep(job_dir: &Dir, older_than: std::time::Duration) -> Result<Vec<String>, FsError> {
    let Some(place) = existing(job_dir)? else {
        return Ok(Vec::new());
    };
    let mut swept = Vec::new();
    for (name, _) in place.entries()? {
        let state = Path::new(&name).join(STATE);
        // Of a light one there is no record.
        let age = place
            .open_file(&state)
            .or_else(|_| place.open_file(&name))
            .ok()
            .and_then(|file| file.metadata().ok()?.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age > older_than) {
            place.remove_tree(&name)?;
            swept.push(backup(&name.to_string_lossy()).to_owned());
        }
    }
    Ok(swept)
}

/// The backup that a directory is named for, light or not.
fn backup(name: &str) -> &str {
    name.strip_suffix(LIGHT).unwrap_or(name)
}

fn existing(job_dir: &Dir) -> Result<Option<Dir>, FsError> {
    match job_dir.dir(HIDDEN).and_then(|hidden| hidden.dir(STAGING)) {
        Ok(place) => Ok(Some(place)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}
