//! What is mirrored, for `list` and `show`; the same with and without a running daemon.

use std::path::PathBuf;

use backhaul_config::{Config, JobName};
use serde::{Deserialize, Serialize};

use crate::catalog::{BackupRecord, Catalog, CatalogError};
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::Manifest;

/// One line of `list`.
pub type Listed = BackupRecord;

/// One copy of a backup, with its manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Copy {
    /// Its directory.
    pub path: PathBuf,
    /// What the catalog says.
    pub record: BackupRecord,
    /// What the mirror says.
    pub manifest: Option<Manifest>,
    /// Why the mirror says nothing.
    pub problem: Option<String>,
}

/// The backups of one job or of all, by directory and instance, newest last. Nothing when there
/// is no such job.
///
/// # Errors
/// When the catalog fails.
pub fn list(
    config: &Config,
    catalog: &Catalog,
    job: Option<&JobName>,
) -> Result<Option<Vec<Listed>>, CatalogError> {
    let mut all = match job {
        None => catalog.backups().collect::<Result<Vec<_>, _>>()?,
        Some(name) => match config.jobs.get(name) {
            Some(job) => {
                let mut all = Vec::new();
                for keys in catalog.instances(&job.directory)?.values() {
                    all.extend(catalog.of_instance(keys)?);
                }
                all
            }
            None => return Ok(None),
        },
    };
    all.sort_by(|a, b| {
        let order = |one: &Listed| {
            (
                one.directory.clone(),
                one.identity.instance.clone(),
                one.started_at,
            )
        };
        order(a).cmp(&order(b))
    });
    Ok(Some(all))
}

/// The copies of a backup.
///
/// # Errors
/// When the catalog fails.
pub fn show(catalog: &Catalog, id: &BackupId) -> Result<Vec<Copy>, CatalogError> {
    let copies = catalog.find(id)?.into_iter().map(|record| {
        let path = record.directory.join(&record.path);
        let read = Dir::open(&path)
            .map_err(Into::into)
            .and_then(|dir| Manifest::read(&dir));
        let (manifest, problem) = match read {
            Ok(manifest) => (Some(manifest), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Copy {
            path,
            record,
            manifest,
            problem,
        }
    });
    Ok(copies.collect())
}
