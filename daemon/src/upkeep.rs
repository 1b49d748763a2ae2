//! What people do to a mirror by hand: carry out retention now, pin, unpin, take a backup out of
//! quarantine. The same with and without a running daemon.

use std::path::PathBuf;

use backhaul_config::{Config, Job, JobName};
use backhaul_provider_api::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::mark::Mark;
use crate::catalog::{BackupRecord, Catalog, CatalogError};
use crate::decision::{self, Action, Entry};
use crate::dir::{Dir, FsError};
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::ManifestError;
use crate::mirror::pins::{self, Pin};
use crate::mirror::quarantine;
use crate::prune::{self, Basis, Options, PruneError, Pruned, QuarantineLock};

/// Why, when nobody says more.
const ASKED: &str = "somebody asked for it";

/// Something that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// There is no such job.
    #[error("there is no job `{0}`; `backhaul status` lists them")]
    NoJob(JobName),
    /// There is no such backup.
    #[error("no backup {0} is mirrored; `backhaul list` shows the ids")]
    NotMirrored(BackupId),
    /// It is on its way out.
    #[error(
        "backup {0} is in quarantine; `backhaul restore-quarantined {0}` brings it back, then it can be pinned"
    )]
    InQuarantine(BackupId),
    /// It is not in quarantine.
    #[error("backup {0} is not in the quarantine of any job")]
    NotInQuarantine(BackupId),
    /// Retention.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// The disk.
    #[error(transparent)]
    File(#[from] FsError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl UpkeepError {
    /// Whether what was asked for does not exist.
    pub fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::NoJob(_) | Self::NotMirrored(_) | Self::NotInQuarantine(_)
        )
    }
}

/// What was done to the copies of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Where the copies lie.
    pub paths: Vec<PathBuf>,
    /// Whether anything is another than before.
    pub changed: bool,
}

/// Hands on what people ask for, to the mirrors of a configuration.
pub struct Upkeep<'a> {
    /// The configuration in force.
    pub config: &'a Config,
    /// The index of what is mirrored.
    pub catalog: &'a Catalog,
    /// Where what is done is written down.
    pub decisions: &'a decision::Log,
    /// The right to move backups.
    pub quarantine_lock: &'a QuarantineLock,
    /// The time.
    pub now: Timestamp,
}

impl Upkeep<'_> {
    /// Carries out the retention of these jobs, of all when none is named, by what the last passes
    /// found.
    ///
    /// # Errors
    /// When a job is unknown, or the disk or the catalog fails.
    pub fn prune(&self, names: &[JobName], options: Options) -> Result<Vec<Pruned>, UpkeepError> {
        let jobs = &self.config.jobs;
        if let Some(unknown) = names.iter().find(|name| !jobs.contains_key(*name)) {
            return Err(UpkeepError::NoJob(unknown.clone()));
        }
        jobs.values()
            .filter(|job| names.is_empty() || names.contains(&job.name))
            .map(|job| self.prune_job(job, options))
            .collect()
    }

    fn prune_job(&self, job: &Job, options: Options) -> Result<Pruned, UpkeepError> {
        let directory = match Dir::open(&job.directory) {
            Ok(directory) => directory,
            // Nothing was ever mirrored.
            Err(error) if error.is_missing() => {
                return Ok(Pruned {
                    job: job.name.to_string(),
                    dry_run: options.dry_run,
                    ..Pruned::default()
                });
            }
            Err(error) => return Err(error.into()),
        };
        let basis = Basis::remembered(self.catalog, job, self.now)?;
        let to = (self.catalog, self.decisions);
        let apply = || prune::apply(to, job, &directory, &basis, options, self.now);
        let pruned = self.quarantine_lock.hold(apply)?;
        if !options.dry_run
            && pruned.frozen.is_empty()
            && let Some(mut survey) = self.catalog.survey(&job.name)?
            && survey.held_back != pruned.held_back
        {
            survey.held_back.clone_from(&pruned.held_back);
            self.catalog.set_survey(&job.name, &survey)?;
        }
        Ok(pruned)
    }

    /// Pins all copies of a backup: whatever the retention says, they stay.
    ///
    /// # Errors
    /// When it is not mirrored, or the disk refuses.
    pub fn pin(&self, id: &BackupId, reason: Option<String>) -> Result<Done, UpkeepError> {
        self.quarantine_lock.hold(|| {
            let pin = Pin {
                at: Some(self.now),
                reason,
            };
            let mut done = self.copies(id)?;
            for record in self.catalog.find(id)? {
                let directory = Dir::open(&record.directory)?;
                done.changed |= !pins::list(&directory)?.contains_key(id);
                pins::set(&directory, id, &pin)?;
                let why = pin.reason.as_deref().unwrap_or(ASKED);
                self.announce(&record, Action::Pinned, why)?;
            }
            Ok(done)
        })
    }

    /// Takes the pins of a backup away.
    ///
    /// # Errors
    /// When it is not mirrored, or the disk refuses.
    pub fn unpin(&self, id: &BackupId) -> Result<Done, UpkeepError> {
        self.quarantine_lock.hold(|| {
            let mut done = self.copies(id)?;
            for record in self.catalog.find(id)? {
                if pins::remove(&Dir::open(&record.directory)?, id)? {
                    done.changed = true;
                    self.announce(&record, Action::Unpinned, ASKED)?;
                }
            }
            Ok(done)
        })
    }

    fn copies(&self, id: &BackupId) -> Result<Done, UpkeepError> {
        let records = self.catalog.find(id)?;
        if records.is_empty() {
            let in_quarantine = self.directories().any(|directory| {
                quarantine::list(&directory).is_ok_and(|all| all.iter().any(|one| one.id == *id))
            });
            return Err(match in_quarantine {
                true => UpkeepError::InQuarantine(id.clone()),
                false => UpkeepError::NotMirrored(id.clone()),
            });
        }
        Ok(Done {
            paths: records
                .iter()
                .map(|record| record.directory.join(&record.path))
                .collect(),
            changed: false,
        })
    }

    /// Moves a backup out of quarantine, back to where it was.
    ///
    /// # Errors
    /// When it is not in quarantine, or the disk or the catalog fails.
    pub fn restore(&self, id: &BackupId) -> Result<Done, UpkeepError> {
        self.quarantine_lock.hold(|| {
            for directory in self.directories() {
                let (path, manifest) = match quarantine::restore(&directory, id) {
                    Ok(restored) => restored,
                    Err(error) if error.is_missing() => continue,
                    Err(error) => return Err(error.into()),
                };
                let place = directory.path().join(&path);
                let mark = Mark::read(&directory, id);
                let record = BackupRecord::of(&manifest, directory.path().to_owned(), path)
                    .marked(mark.as_ref());
                self.announce(&record, Action::Restored, ASKED)?;
                self.catalog.put(&[record])?;
                return Ok(Done {
                    paths: vec![place],
                    changed: true,
                });
            }
            Err(UpkeepError::NotInQuarantine(id.clone()))
        })
    }

    /// Writes down what was done to a backup, under the name of the job that mirrored it.
    fn announce(&self, record: &BackupRecord, action: Action, why: &str) -> Result<(), FsError> {
        let Ok(job) = record.job.parse::<JobName>() else {
            return Ok(());
        };
        let entry = Entry::new(&job, action, why).of_record(record);
        self.decisions.announce([entry])
    }

    fn directories(&self) -> impl Iterator<Item = Dir> {
        let all: std::collections::BTreeSet<_> = self
            .config
            .jobs
            .values()
            .map(|job| &job.directory)
            .collect();
        all.into_iter()
            .filter_map(|directory| Dir::open(directory).ok())
    }
}
