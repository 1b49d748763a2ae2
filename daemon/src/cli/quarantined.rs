//! `backhaul restore-quarantined`: takes a backup out of quarantine.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::local;
use super::output::say;
use crate::catalog::BackupRecord;
use crate::catalog::mark::Mark;
use crate::decision::{self, Action, Entry};
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::quarantine;

pub fn restore(main: &Path, id: &BackupId) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    // The catalog is opened first: while a daemon has it, nothing may move.
    let catalog = local::catalog(&config)?;
    let decisions = decision::Log::new(&config.daemon.state_dir, config.daemon.log_keep);
    for job in config.jobs.values() {
        let Ok(dir) = Dir::open(&job.directory) else {
            continue;
        };
        let (path, manifest) = match quarantine::restore(&dir, id) {
            Ok(restored) => restored,
            Err(error) if error.is_missing() => continue,
            Err(error) => return Err(Failure::Plain(error.to_string())),
        };
        let place = job.directory.join(&path);
        let mark = Mark::read(&dir, id);
        let record = BackupRecord::of(&manifest, job.directory.clone(), path).marked(mark.as_ref());
        let entry = Entry::new(&job.name, Action::Restored, "somebody asked for it");
        decisions.announce([entry.of_record(&record)])?;
        catalog.put(&[record])?;
        say!("{} is back", place.display());
        say!("the next pass quarantines it again unless the job's retention holds it");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::Plain(format!(
        "backup {id} is not in the quarantine of any job"
    )))
}
