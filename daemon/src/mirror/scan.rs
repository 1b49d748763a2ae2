//! Reads a job's directory back: every backup in it by its manifest.

use std::path::Path;

use rustix::fs::FileType;

use super::layout;
use super::manifest::{Manifest, ManifestError};
use crate::dir::{Dir, FsError};

/// What a scan found.
pub enum Found {
    /// A backup, and its path relative to the job's directory.
    Backup(String, Box<Manifest>),
    /// A directory that looks like a backup but whose manifest cannot be read.
    Unreadable(String, ManifestError),
}

/// Calls `visit` for each backup in a job's directory, one at a time. A missing directory holds
/// no backup.
///
/// # Errors
/// When a directory cannot be listed.
pub fn scan(job_dir: &Path, visit: impl FnMut(Found)) -> Result<(), FsError> {
    scan_some(job_dir, |_| true, visit)
}

/// The same for the directories of whose names `wanted` holds; manifests of others are not read.
///
/// # Errors
/// When a directory cannot be listed.
pub fn scan_some(
    job_dir: &Path,
    mut wanted: impl FnMut(&str) -> bool,
    mut visit: impl FnMut(Found),
) -> Result<(), FsError> {
    let root = match Dir::open(job_dir) {
        Ok(root) => root,
        Err(error) if error.is_missing() => return Ok(()),
        Err(error) => return Err(error),
    };
    for (instance, kind) in root.entries()? {
        let Some(instance) = visible(&instance, kind) else {
            continue;
        };
        let home = root.dir(instance)?;
        for (name, kind) in home.entries()? {
            let Some(name) = visible(&name, kind).filter(|name| wanted(name)) else {
                continue;
            };
            let path = format!("{instance}/{name}");
            let read = home.dir(name).map_err(ManifestError::from);
            match read.and_then(|dir| Manifest::read(&dir)) {
                Ok(manifest) => visit(Found::Backup(path, Box::new(manifest))),
                // Somebody's own directory beside the backups is none of our business.
                Err(error) if error.is_missing() && layout::backup_id(name).is_none() => {}
                Err(error) => visit(Found::Unreadable(path, error)),
            }
        }
    }
    Ok(())
}

fn visible(name: &std::ffi::OsStr, kind: FileType) -> Option<&str> {
    let name = name.to_str()?;
    (kind == FileType::Directory && !name.starts_with('.')).then_some(name)
}
