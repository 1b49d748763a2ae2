//! `backhaul restore-quarantined`: takes a backup out of quarantine.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::local;
use super::output::say;
use crate::catalog::BackupRecord;
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::Manifest;
use crate::mirror::quarantine;

pub fn restore(main: &Path, id: &BackupId) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    // The catalog is opened first: while a daemon has it, nothing may move.
    let catalog = local::catalog(&config)?;
    for job in config.jobs.values() {
        let Ok(dir) = Dir::open(&job.directory) else {
            continue;
        };
        let path = match quarantine::restore(&dir, id) {
            Ok(path) => path,
            Err(error) if error.is_missing() => continue,
            Err(error) => return Err(error.into()),
        };
        let manifest = dir
            .dir(&path)
            .map_err(Into::into)
            .and_then(|dir| Manifest::read(&dir));
        let manifest = manifest.map_err(|error| Failure::Plain(error.to_string()))?;
        let place = job.directory.join(&path);
        catalog.put(&[BackupRecord::of(&manifest, job.directory.clone(), path)])?;
        say!("{} is back", place.display());
        say!("the next pass quarantines it again unless the job's retention holds it");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::Plain(format!(
        "backup {id} is not in the quarantine of any job"
    )))
}
