//! Applies retention after a pass: purge what has served its grace period, then quarantine what
//! no rule holds. Nothing happens after a pass that was not complete and successful.

use std::collections::BTreeSet;

use backhaul_config::Job;
use backhaul_provider_api::InstanceId;
use chrono::TimeDelta;

use super::PassError;
use super::context::Context;
use crate::catalog::BackupRecord;
use crate::decision::{Action, Entry};
use crate::dir::Dir;
use crate::mirror::quarantine::{self, Quarantined};
use crate::retention::{self, Decision};

/// The largest share of an instance's backups that one pass lets go. More than that is taken
/// for a mistake in the policy or the clock.
const BRAKE_SHARE: f64 = 0.5;
/// Below this number the share says nothing.
const BRAKE_LEAST: usize = 10;

/// Applies the job's retention. Returns how many backups went to quarantine.
///
/// # Errors
/// When the catalog or the disk fails.
pub fn apply(
    context: &Context,
    job: &Job,
    directory: &Dir,
    instances: &BTreeSet<InstanceId>,
    sound: bool,
    warnings: &mut Vec<String>,
) -> Result<u64, PassError> {
    if job.retention.is_empty() {
        return Ok(0);
    }
    if !sound {
        let why = "this pass was not complete and successful";
        context
            .decisions
            .note(Entry::new(&job.name, Action::Frozen, why));
        warnings.push(format!("retention is frozen: {why}"));
        return Ok(0);
    }
    let now = context.now();
    let grace = TimeDelta::from_std(job.retention.quarantine).unwrap_or(TimeDelta::MAX);
    let announce = |doomed: &[Quarantined]| {
        let entries = doomed.iter().map(|doomed| {
            let reason = "its grace period in quarantine is over";
            Entry::new(&job.name, Action::Deleted, reason).of_quarantined(directory, doomed)
        });
        context.decisions.announce(entries)
    };
    for gone in quarantine::purge(directory, grace, now, announce)? {
        tracing::info!(job = %job.name, backup = %gone.id, since = %gone.since, "deleted for good after its grace period");
    }

    let mut quarantined = 0;
    for (instance, decided) in plan(context, job, instances)? {
        let total = decided.len();
        let leaving: Vec<_> = decided
            .into_iter()
            .filter(|(_, decision)| !decision.keeps())
            .collect();
        if leaving.len() >= BRAKE_LEAST && leaving.len() as f64 > total as f64 * BRAKE_SHARE {
            let why = format!(
                "it would let go {} of {total} backups at once",
                leaving.len()
            );
            let instance = InstanceId::new(&instance);
            context
                .decisions
                .note(Entry::new(&job.name, Action::Frozen, why).of_instance(&instance));
            warnings.push(format!(
                "retention would let go {} of {total} backups of {instance} at once; nothing was let go (see `backhaul plan`)",
                leaving.len()
            ));
            continue;
        }
        for (record, decision) in leaving {
            if let Decision::Delete { reason } = decision {
                // First out of sight, then out of the index: a crash in between is mended by the
                // next look at the directory.
                match quarantine::put(directory, &record.path, &record.id, now) {
                    Ok(()) => {}
                    Err(error) if error.is_missing() => {
                        warnings.push(format!(
                            "backup {} is no longer in the mirror: {error}",
                            record.id
                        ));
                    }
                    Err(error) => {
                        warnings.push(error.to_string());
                        continue;
                    }
                }
                context.catalog.forget(&record)?;
                quarantined += 1;
                let entry = Entry::new(&job.name, Action::Quarantined, reason.clone());
                context.decisions.note(entry.of_record(&record));
                tracing::info!(job = %job.name, backup = %record.id, %reason, "moved to quarantine");
            }
        }
    }
    Ok(quarantined)
}

/// A job's mirrored backups with what retention decides about each.
pub type Decided = Vec<(String, Vec<(BackupRecord, Decision)>)>;

/// What retention decides about every mirrored backup of a job, by instance. Of an instance that
/// is not among `instances` everything stays: when the vendor has it no more, nothing comes after
/// what is mirrored.
///
/// # Errors
/// When the catalog fails.
pub fn plan(
    context: &Context,
    job: &Job,
    instances: &BTreeSet<InstanceId>,
) -> Result<Decided, PassError> {
    let mut all = Vec::new();
    for (instance, records) in context.catalog.of_directory(&job.directory)? {
        // Two jobs may share a directory; each answers only for what it mirrored.
        let own: Vec<_> = records
            .into_iter()
            .filter(|record| record.job == job.name.as_str())
            .collect();
        let decisions = if instances.contains(&instance) {
            retention::decide(&job.retention, job.zone, &own, context.now())
        } else {
            let reasons = vec!["the vendor no longer lists its instance for this job".to_owned()];
            vec![Decision::Keep { reasons }; own.len()]
        };
        all.push((
            instance.to_string(),
            own.into_iter().zip(decisions).collect(),
        ));
    }
    Ok(all)
}
