//! Retention carried out: delete what has served its grace period, then quarantine what nothing
//! holds. At the end of a pass, or when somebody asks for it (`backhaul prune`).
//!
//! What is let go is decided by [`crate::retention`]; here it is decided whether it may be now, and
//! backups are moved, one instance at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use backhaul_config::Job;
use backhaul_provider_api::{InstanceId, Kind, Timestamp};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::catalog::{BackupRecord, Catalog, CatalogError};
use crate::decision::{self, Action, Entry};
use crate::dir::{Dir, FsError};
use crate::mirror::identity::BackupId;
use crate::mirror::pins::{self, Pin};
use crate::mirror::quarantine;
use crate::recoverability::{Finding, shrunk};
use crate::retention::brake::Brake;
use crate::retention::freeze::{Evidence, Freeze, judge};
use crate::retention::{self, Decision, Policy, Reason, Standing, Verdict};

/// How many backups are moved before the catalog is told.
const BATCH: usize = 256;

/// The right to move backups in and out of quarantine and to pin them, one at a time: what
/// somebody pins must not leave at the same moment.
#[derive(Clone, Default)]
pub struct QuarantineLock(Arc<Mutex<()>>);

impl QuarantineLock {
    /// Does something while nobody else moves a backup.
    pub fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }
}

/// What speaks against letting anything of a job go, and of which instances something may go.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// What freezes retention, in sentences.
    pub frozen: Vec<String>,
    /// The instances that the vendor lists.
    pub instances: BTreeSet<InstanceId>,
}

impl Basis {
    /// What the last pass of a job found, as far as it holds now.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn remembered(catalog: &Catalog, job: &Job, now: Timestamp) -> Result<Self, CatalogError> {
        let survey = catalog.survey(&job.name)?.unwrap_or_default();
        let evidence = Evidence {
            successful: true,
            complete: true,
            vendor_ahead: None,
            last: survey.at,
            now,
        };
        let mut frozen = survey.frozen;
        frozen.extend(judge(&evidence).iter().map(Freeze::to_string));
        if survey.at.is_none() {
            frozen.push(Freeze::NoPass.to_string());
        }
        Ok(Self {
            frozen,
            instances: survey.instances,
        })
    }
}

/// How retention is to be carried out.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Options {
    /// Only tell what would be done.
    pub dry_run: bool,
    /// Let go even what the brake would hold back.
    pub release_brake: bool,
}

/// What retention did, or would do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pruned {
    /// The job.
    pub job: String,
    /// Whether nothing was done but told.
    pub dry_run: bool,
    /// What freezes all of it, in sentences; then nothing else is there.
    pub frozen: Vec<String>,
    /// What is held back of single instances, in sentences.
    pub held_back: Vec<String>,
    /// What went to quarantine.
    pub quarantined: Vec<Leaving>,
    /// What was deleted for good after its grace period.
    pub deleted: Vec<BackupId>,
    /// What is worth a look.
    pub warnings: Vec<String>,
}

/// A backup that is let go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leaving {
    /// The backup.
    pub id: BackupId,
    /// Its instance's name.
    pub instance: String,
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// Where it lay, relative to the job's directory.
    pub path: String,
    /// Why nothing holds it.
    pub reason: String,
}

/// A failed prune.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The disk.
    #[error(transparent)]
    File(#[from] FsError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// What retention decides about the backups of one instance in a job's directory.
pub struct Decided {
    /// All of them, other jobs' included: they need each other.
    pub records: Vec<BackupRecord>,
    /// The verdict about each.
    pub verdicts: Vec<Verdict>,
    /// Why nothing of it is to be let go, in a sentence.
    pub held_back: Option<String>,
}

impl Decided {
    /// Decides about an instance's records, of which this job's own are at stake.
    pub fn new(
        job: &Job,
        records: Vec<BackupRecord>,
        pins: &BTreeMap<BackupId, Pin>,
        listed: bool,
        release_brake: bool,
        now: Timestamp,
    ) -> Self {
        let policy = Policy {
            rules: job.retention.clone(),
            zone: job.zone,
        };
        let own = |record: &BackupRecord| record.job == job.name.as_str();
        let facts = retention::facts(
            &records,
            |id| pins.contains_key(id),
            |record| match (own(record), listed) {
                (false, _) => Standing::Held(Reason::OtherJob),
                (true, false) => Standing::Held(Reason::InstanceGone),
                (true, true) => Standing::Ruled,
            },
        );
        let verdicts = retention::decide(&policy, &facts, now);
        let mut held_back = None;
        if verdicts.iter().any(|verdict| !verdict.keeps()) {
            let name = records.first().map_or("", |record| &record.instance_name);
            let instance = records
                .first()
                .map_or("", |record| record.identity.instance.as_str());
            let small = shrunk(records.iter().filter(|record| own(record)));
            let brake = Brake::look(&facts, &verdicts).filter(|_| !release_brake);
            held_back = match (small.first(), brake) {
                (Some(small @ Finding::Shrunk { .. }), _) => {
                    Some(format!("nothing of {name} ({instance}) is let go: {small}"))
                }
                (_, Some(brake)) => Some(format!(
                    "nothing of {name} ({instance}) is let go: {brake}; `backhaul prune {} --release-brake` does it",
                    job.name
                )),
                _ => None,
            };
        }
        Self {
            records,
            verdicts,
            held_back,
        }
    }

    /// The records of a job and what is decided about them, in words.
    pub fn of_job(&self, job: &Job) -> impl Iterator<Item = (&BackupRecord, Decision)> {
        let own = self.records.iter().zip(&self.verdicts);
        own.filter(|(record, _)| record.job == job.name.as_str())
            .map(|(record, verdict)| (record, Decision::of(verdict, &self.records)))
    }

    /// What is let go, in an order that leaves only usable backups behind if it breaks off: first
    /// what depends on others, the newest first.
    fn leaving(&self) -> Vec<(&BackupRecord, &'static str)> {
        let mut leaving: Vec<_> = self
            .records
            .iter()
            .zip(&self.verdicts)
            .filter_map(|(record, verdict)| match verdict {
                Verdict::LetGo(why) => Some((record, why.words())),
                Verdict::Keep(_) => None,
            })
            .collect();
        leaving.sort_by_key(|(record, _)| {
            (
                std::cmp::Reverse(record.kind),
                std::cmp::Reverse(record.started_at),
            )
        });
        leaving
    }
}

/// Decides about a job's directory, one instance at a time.
///
/// # Errors
/// When the pins cannot be read or the catalog fails.
pub fn decide(
    catalog: &Catalog,
    job: &Job,
    directory: Option<&Dir>,
    instances: &BTreeSet<InstanceId>,
    release_brake: bool,
    now: Timestamp,
    mut visit: impl FnMut(&InstanceId, Decided) -> Result<(), PruneError>,
) -> Result<(), PruneError> {
    let pins = directory.map(pins::list).transpose()?.unwrap_or_default();
    for (instance, keys) in catalog.instances(&job.directory)? {
        let records = catalog.of_instance(&keys)?;
        let listed = instances.contains(&instance);
        visit(
            &instance,
            Decided::new(job, records, &pins, listed, release_brake, now),
        )?;
    }
    Ok(())
}

/// Carries out a job's retention, unless something freezes it. What is done is written down; a
/// deletion before it is done.
///
/// # Errors
/// When the catalog or the disk fails.
pub fn apply(
    (catalog, decisions): (&Catalog, &decision::Log),
    job: &Job,
    directory: &Dir,
    basis: &Basis,
    options: Options,
    now: Timestamp,
) -> Result<Pruned, PruneError> {
    let mut pruned = Pruned {
        job: job.name.to_string(),
        dry_run: options.dry_run,
        ..Pruned::default()
    };
    if job.retention.is_empty() {
        return Ok(pruned);
    }
    if !basis.frozen.is_empty() {
        pruned.frozen.clone_from(&basis.frozen);
        return Ok(pruned);
    }
    let mut leaving = Vec::new();
    decide(
        catalog,
        job,
        Some(directory),
        &basis.instances,
        options.release_brake,
        now,
        |_, decided| {
            match &decided.held_back {
                Some(why) => pruned.held_back.push(why.clone()),
                None => leaving.extend(
                    decided
                        .leaving()
                        .into_iter()
                        .map(|(record, why)| (record.clone(), why)),
                ),
            }
            Ok(())
        },
    )?;
    // When an instance is held back, perhaps nothing of it is to be deleted either.
    if pruned.held_back.is_empty() {
        delete_for_good(decisions, job, directory, options, now, &mut pruned)?;
    }
    for batch in leaving.chunks(BATCH) {
        let moved = quarantine_some(directory, batch, options, now, &mut pruned);
        if options.dry_run {
            continue;
        }
        // First out of sight, then out of the index: a crash in between is mended by the next
        // look at the directory.
        for (record, reason) in &moved {
            let entry = Entry::new(&job.name, Action::Quarantined, *reason);
            decisions.note(entry.of_record(record));
            tracing::info!(job = %job.name, backup = %record.id, reason, "moved to quarantine");
        }
        catalog.forget(moved.iter().map(|(record, _)| record))?;
    }
    Ok(pruned)
}

/// Moves backups to quarantine; returns those that are no longer in the mirror.
fn quarantine_some<'a>(
    directory: &Dir,
    batch: &'a [(BackupRecord, &'static str)],
    options: Options,
    now: Timestamp,
    pruned: &mut Pruned,
) -> Vec<&'a (BackupRecord, &'static str)> {
    let mut moved = Vec::new();
    for leaving in batch {
        let (record, why) = leaving;
        let put = match options.dry_run {
            true => Ok(()),
            false => quarantine::put(directory, &record.path, &record.id, why, now),
        };
        match put {
            Ok(()) => {}
            Err(error) if error.is_missing() => {
                pruned.warnings.push(format!(
                    "backup {} is no longer in the mirror: {error}",
                    record.id
                ));
            }
            Err(error) => {
                pruned.warnings.push(error.to_string());
                continue;
            }
        }
        moved.push(leaving);
        pruned.quarantined.push(Leaving {
            id: record.id.clone(),
            instance: record.instance_name.clone(),
            kind: record.kind,
            started_at: record.started_at,
            size_bytes: record.size_bytes,
            path: record.path.clone(),
            reason: (*why).to_owned(),
        });
    }
    moved
}

fn delete_for_good(
    decisions: &decision::Log,
    job: &Job,
    directory: &Dir,
    options: Options,
    now: Timestamp,
    pruned: &mut Pruned,
) -> Result<(), PruneError> {
    let grace = TimeDelta::from_std(job.retention.quarantine).unwrap_or(TimeDelta::MAX);
    let pins = pins::list(directory)?;
    let mut doomed = quarantine::expired(directory, job.name.as_str(), grace, now)?;
    doomed.retain(|expired| !pins.contains_key(&expired.id));
    if !options.dry_run {
        decisions.announce(doomed.iter().map(|doomed| {
            let reason = "its grace period in quarantine is over";
            Entry::new(&job.name, Action::Deleted, reason).of_quarantined(directory, doomed)
        }))?;
        quarantine::delete(directory, &doomed)?;
        for gone in &doomed {
            tracing::info!(job = %job.name, backup = %gone.id, since = %gone.since, "deleted for good after its grace period");
        }
    }
    pruned
        .deleted
        .extend(doomed.into_iter().map(|gone| gone.id));
    Ok(())
}
