//! `backhaul why`: why a backup is kept, let go, in quarantine, or was not fetched.

use std::path::PathBuf;
use std::sync::Arc;

use backhaul_config::{Config, Job};
use backhaul_provider_api::Timestamp;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::catalog::record::Unfetched;
use crate::catalog::{BackupRecord, Catalog, CatalogError};
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::pins::{self, Pin};
use crate::mirror::quarantine;
use crate::prune::{Basis, Decided, PruneError};
use crate::retention::Decision;

/// Where a backup is, or is not, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Whereabouts {
    /// It is in the mirror.
    Mirrored(Box<Mirrored>),
    /// It was let go and can still be restored.
    Quarantined {
        /// The backup.
        id: BackupId,
        /// The job whose quarantine it is in, as its manifest says.
        job: String,
        /// Since when.
        since: Timestamp,
        /// When it may be deleted for good; nothing while no job of that name is configured.
        until: Option<Timestamp>,
        /// Why it was let go.
        why: String,
    },
    /// The vendor listed it, but it was not fetched.
    NotFetched {
        /// The job whose pass saw it.
        job: String,
        /// When that pass ended.
        seen_at: Option<Timestamp>,
        /// The backup, and why it was not fetched.
        #[serde(flatten)]
        backup: Unfetched,
    },
}

/// A copy in the mirror.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mirrored {
    /// The backup.
    pub id: BackupId,
    /// Where it lies.
    pub path: PathBuf,
    /// The job that mirrored it.
    pub job: String,
    /// What retention decides about it.
    #[serde(flatten)]
    pub decision: Decision,
    /// Why it would stay for now although it would be let go.
    pub held_back: Vec<String>,
    /// Its pin.
    pub pin: Option<Pin>,
    /// Since when the vendor does not list it any more.
    pub unlisted_since: Option<Timestamp>,
}

/// Finds out about a backup, by its id, or the vendor's name or id of one that was not fetched.
///
/// # Errors
/// When the catalog or a directory cannot be read.
pub fn why(
    config: &Config,
    catalog: &Catalog,
    asked: &str,
    now: Timestamp,
) -> Result<Vec<Whereabouts>, PruneError> {
    let mut found = Vec::new();
    if let Ok(id) = asked.parse::<BackupId>() {
        for record in catalog.find(&id)? {
            found.push(Whereabouts::Mirrored(Box::new(mirrored(
                config, catalog, record, now,
            )?)));
        }
        found.extend(quarantined(config, &id));
    }
    // What was not fetched is remembered per job; two may have seen the same.
    for job in config.jobs.values() {
        let Some(survey) = catalog.survey(&job.name)? else {
            continue;
        };
        let meant = survey.unfetched.into_iter().filter(|one| {
            one.id.as_str() == asked || one.name == asked || one.key.as_str() == asked
        });
        for backup in meant {
            if !catalog.has(&backup.id, &job.directory)? {
                found.push(Whereabouts::NotFetched {
                    job: job.name.to_string(),
                    seen_at: survey.at,
                    backup,
                });
            }
        }
    }
    Ok(found)
}

fn mirrored(
    config: &Config,
    catalog: &Catalog,
    record: BackupRecord,
    now: Timestamp,
) -> Result<Mirrored, PruneError> {
    let directory = Dir::open(&record.directory)?;
    let pins = pins::list(&directory)?;
    let (decision, held_back) = match owner(config, &record) {
        Some(job) => decision(catalog, job, &record, &pins, now)?,
        None => {
            let reason = format!(
                "the configuration has no job `{}` with this directory: nobody lets it go",
                record.job
            );
            (
                Decision::Keep {
                    reasons: vec![reason],
                },
                Vec::new(),
            )
        }
    };
    Ok(Mirrored {
        path: record.directory.join(&record.path),
        unlisted_since: catalog.unlisted_since(&record)?,
        pin: pins.get(&record.id).cloned(),
        job: record.job,
        id: record.id,
        decision,
        held_back,
    })
}

/// The job that decides about a backup.
fn owner<'a>(config: &'a Config, record: &BackupRecord) -> Option<&'a Arc<Job>> {
    let mut jobs = config.jobs.values();
    jobs.find(|job| job.name.as_str() == record.job && job.directory == record.directory)
}

fn decision(
    catalog: &Catalog,
    job: &Job,
    record: &BackupRecord,
    pins: &std::collections::BTreeMap<BackupId, Pin>,
    now: Timestamp,
) -> Result<(Decision, Vec<String>), CatalogError> {
    let basis = Basis::remembered(catalog, job, now)?;
    let instance = &record.identity.instance;
    let records = match catalog.instances(&job.directory)?.get(instance) {
        Some(keys) => catalog.of_instance(keys)?,
        None => Vec::new(),
    };
    let listed = basis.instances.contains(instance);
    let decided = Decided::new(job, records, pins, listed, false, now);
    let decision = decided
        .of_job(job)
        .find(|(one, _)| one.identity == record.identity)
        .map(|(_, decision)| decision);
    let mut held_back: Vec<_> = decided.held_back.clone().into_iter().collect();
    let decision = decision.unwrap_or(Decision::Keep {
        reasons: Vec::new(),
    });
    if matches!(decision, Decision::Delete { .. }) {
        held_back.extend(
            basis
                .frozen
                .iter()
                .map(|why| format!("retention is frozen: {why}")),
        );
    } else {
        held_back.clear();
    }
    Ok((decision, held_back))
}

fn quarantined(config: &Config, id: &BackupId) -> Vec<Whereabouts> {
    let mut found = Vec::new();
    let directories: std::collections::BTreeSet<_> =
        config.jobs.values().map(|job| &job.directory).collect();
    for path in directories {
        let Ok(directory) = Dir::open(path) else {
            continue;
        };
        for one in quarantine::list(&directory).unwrap_or_default() {
            let Ok(manifest) = one.manifest(&directory) else {
                continue;
            };
            if one.id != *id {
                continue;
            }
            let mut jobs = config.jobs.values();
            let job = jobs.find(|job| job.name.as_str() == manifest.job && job.directory == *path);
            let grace = job
                .map(|job| TimeDelta::from_std(job.retention.quarantine).unwrap_or(TimeDelta::MAX));
            found.push(Whereabouts::Quarantined {
                id: one.id.clone(),
                job: manifest.job,
                since: one.since,
                until: grace.and_then(|grace| one.since.checked_add_signed(grace)),
                why: one
                    .why(&directory)
                    .unwrap_or_else(|_| "it is not recorded".to_owned()),
            });
        }
    }
    found
}
