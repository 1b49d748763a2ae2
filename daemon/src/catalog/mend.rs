//! Finds what lies in the mirror but is missing in the catalog.
//!
//! sled begins anew after the last sound part of a damaged file and says nothing, so that a
//! catalog which opens may still have lost records.

use std::path::Path;

use super::record::BackupRecord;
use super::{Catalog, CatalogError};
use crate::mirror::layout;
use crate::mirror::scan::{Found, scan_some};

/// Records the backups in a job's directory that the catalog does not have. Only their manifests
/// are read. Returns which they are.
///
/// # Errors
/// When the directory cannot be listed or the catalog fails.
pub fn mend(catalog: &Catalog, directory: &Path) -> Result<Vec<BackupRecord>, CatalogError> {
    let mut failed = None;
    let mut missing = Vec::new();
    let lost = |name: &str| {
        let known = layout::backup_id(name).map(|id| catalog.has(&id, directory));
        match known {
            // Not named like a backup of ours.
            None | Some(Ok(true)) => false,
            Some(Ok(false)) => true,
            Some(Err(error)) => {
                failed.get_or_insert(error);
                false
            }
        }
    };
    scan_some(directory, lost, |found| match found {
        Found::Backup(path, manifest) => {
            missing.push(BackupRecord::of(&manifest, directory.to_owned(), path));
        }
        Found::Unreadable(path, error) => {
            tracing::warn!("not in the catalog: {path}: {error}");
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if !missing.is_empty() {
        catalog.put(&missing)?;
    }
    Ok(missing)
}
