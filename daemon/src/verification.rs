//! Verification over the years: what was found is recorded, and each job does its share of the
//! work after its passes, so that the whole mirror is covered in a set time.
//!
//! Damage is reported and never deleted. A damaged backup counts for nothing any more; the next
//! pass fetches it again, and the sound copy takes its place (`pass/listing.rs`, `pass/commit.rs`).

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backhaul_config::Job;
use backhaul_provider_api::Timestamp;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::catalog::mark::Mark;
use crate::catalog::{BackupRecord, Catalog, CatalogError};
use crate::decision::{self, Action, Entry};
use crate::dir::Dir;
use crate::event::Event;
use crate::mirror::identity::BackupId;
use crate::mirror::layout;
use crate::mirror::manifest::Manifest;
use crate::mirror::verify::{Damage, Look, Unverified, verify_at};
use crate::pass::{Context, PassError};

/// Into how many shares the time of a whole round is cut at most: whoever runs every five minutes
/// need not look every time.
const SHARES: u32 = 500;
/// The first share of a job that never verified anything.
const FIRST: Duration = Duration::from_secs(86_400);
/// What a backup costs besides its bytes, so that many small ones count for something.
const COST_BYTES: u64 = 64 << 10;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The job's directory.
    pub directory: PathBuf,
    /// The backup's directory, relative to it.
    pub path: String,
    /// The backup.
    pub id: BackupId,
    /// When its verification began.
    pub at: Timestamp,
    /// What is wrong with it.
    pub damage: Vec<Damage>,
}

impl Finding {
    /// What was found of a mirrored backup.
    pub fn of(record: &BackupRecord, at: Timestamp, damage: Vec<Damage>) -> Self {
        Self {
            directory: record.directory.clone(),
            path: record.path.clone(),
            id: record.id.clone(),
            at,
            damage,
        }
    }
}

/// Records what was found, in the catalog and where losing the catalog does not lose it, and writes
/// down damage that nobody knew of; of a backup that the catalog does not have, or has a newer copy of, nothing. Returns whether it did.
///
/// # Errors
/// When the catalog or the disk fails.
pub fn record(
    catalog: &Catalog,
    decisions: &decision::Log,
    finding: &Finding,
) -> Result<bool, CatalogError> {
    let current =
        |record: &BackupRecord| record.path == finding.path && record.last_verified() <= finding.at;
    let known = catalog.copy(&finding.id, &finding.directory)?;
    let Some(known) = known.filter(current) else {
        return Ok(false);
    };
    let job_dir = Dir::open(&finding.directory)?;
    let mut mark = Mark::new(finding.path.clone(), finding.at, finding.damage.clone());
    if !mark.damage.is_empty() {
        mark.record = Some(known.clone());
    }
    mark.write(&job_dir, &known.id)?;
    // Damage that is gone leaves the record as its manifest makes it.
    let mended = mark.damage.is_empty() && !known.damage.is_empty();
    let fresh = mended
        .then(|| Manifest::read(&job_dir.dir(&finding.path).ok()?).ok())
        .flatten()
        .map(|manifest| BackupRecord::of(&manifest, known.directory.clone(), known.path.clone()));
    let updated = catalog.update(&known.identity, &known.directory, |record| {
        let record = current(&record).then_some(record)?;
        Some(fresh.clone().unwrap_or(record).marked(Some(&mark)))
    })?;
    if let Some(damaged) = &updated
        && known.damage.is_empty()
        && !damaged.damage.is_empty()
        && let Ok(job) = damaged.job.parse()
    {
        let entry = Entry::new(&job, Action::Damaged, told(&damaged.damage).join("; "));
        decisions.note(entry.of_record(damaged));
    }
    Ok(updated.is_some())
}

/// Damage in words.
fn told(damage: &[Damage]) -> Vec<String> {
    damage.iter().map(ToString::to_string).collect()
}

/// One backup that waits for its verification.
struct Waiting {
    last: Timestamp,
    cost: u64,
    record: BackupRecord,
}

/// Does a job's share of the verification of its directory: the backups that are longest
/// unverified, as many as the time since the last share demands. Does nothing where the job does
/// not ask for it. Ends early, and is made up for, when cancelled.
pub async fn share(context: &Context, job: &Arc<Job>, cancel: &CancellationToken) {
    let Some(within) = job.verify_within else {
        return;
    };
    match verify_share(context, job, within, cancel).await {
        Ok(()) => {}
        Err(error) => tracing::error!(job = %job.name, %error, "the mirror could not be verified"),
    }
}

async fn verify_share(
    context: &Context,
    job: &Arc<Job>,
    within: Duration,
    cancel: &CancellationToken,
) -> Result<(), PassError> {
    let now = context.now();
    let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
    let first = TimeDelta::from_std(FIRST).unwrap_or(within).min(within);
    let until = context.catalog.job(&job.name)?.verified_until;
    let earliest = now.checked_sub_signed(within).unwrap_or(Timestamp::MIN_UTC);
    let from = until.unwrap_or(now - first).max(earliest);
    let elapsed = now - from;
    if elapsed < within / i32::try_from(SHARES).unwrap_or(i32::MAX) {
        return Ok(());
    }
    let job_dir = Dir::open(&job.directory)?;
    if !job_dir.has(layout::HIDDEN) {
        // Not mounted, more likely than emptied; the next pass says so.
        return Ok(());
    }
    let mut waiting: Vec<_> = context
        .catalog
        .of_directory(&job.directory)?
        .into_values()
        .flatten()
        .map(|record| Waiting {
            last: record.last_verified(),
            cost: record.size_bytes.saturating_add(COST_BYTES),
            record,
        })
        .collect();
    waiting.sort_by_key(|one| one.last);
    let total: u64 = waiting.iter().map(|one| one.cost).sum();
    let owed = portion(total, elapsed, within);
    let mut done = Done::default();
    let mut whole = true;
    for one in waiting {
        if done.cost >= owed {
            whole = false;
            break;
        }
        match verify_one(context, job, one.record, cancel).await? {
            Some(damaged) => done.add(one.cost, damaged),
            None => {
                whole = false;
                break;
            }
        }
    }
    // What was done beyond the share counts for the next one.
    let until = match whole {
        true => now,
        false => from + time_for(done.cost, total, within),
    };
    context
        .catalog
        .change_job(&job.name, |record| record.verified_until = Some(until))?;
    if done.backups > 0 {
        tracing::info!(
            job = %job.name, backups = done.backups, bytes = done.bytes(), damaged = done.damaged,
            "a share of the mirror was verified"
        );
        context.events.tell(Event::Verified {
            job: job.name.clone(),
            backups: done.backups,
            bytes: done.bytes(),
            damaged: done.damaged,
        });
    }
    Ok(())
}

/// Verifies one backup and records what was found. Returns whether it is damaged; nothing when
/// cancelled.
async fn verify_one(
    context: &Context,
    job: &Arc<Job>,
    record: BackupRecord,
    cancel: &CancellationToken,
) -> Result<Option<bool>, PassError> {
    let at = context.now();
    let (limits, stop) = (context.limits.clone(), cancel.clone());
    let (directory, path, id) = (
        record.directory.clone(),
        record.path.clone(),
        record.id.clone(),
    );
    let runtime = tokio::runtime::Handle::current();
    let mut pace = move |bytes: &[u8]| {
        let may_read = limits.verify(bytes.len());
        let stopped = runtime.block_on(async {
            tokio::select! {
                () = stop.cancelled() => true,
                () = may_read => false,
            }
        });
        match stopped {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let work = tokio::task::spawn_blocking(move || {
        let job_dir = Dir::open(&directory)?;
        verify_at(&job_dir, &path, &id, Look::Hashes, &mut pace)
    });
    let damage = match work.await.unwrap_or(Err(Unverified::Stopped)) {
        Ok(verdict) => verdict.damage,
        Err(Unverified::Stopped) => return Ok(None),
        Err(Unverified::File(error)) => return Err(error.into()),
        Err(Unverified::Manifest(error)) => {
            tracing::warn!(job = %job.name, backup = %record.id, %error, "the backup cannot be verified");
            return Ok(Some(false));
        }
    };
    let finding = Finding::of(&record, at, damage);
    // Retention may have let it go meanwhile.
    let recorded = self::record(&context.catalog, &context.decisions, &finding)?;
    if !recorded || finding.damage.is_empty() {
        return Ok(Some(false));
    }
    let damage = told(&finding.damage);
    tracing::error!(
        job = %job.name, backup = %record.id, path = %record.path, damage = damage.join("; "),
        "a mirrored backup is damaged; it is fetched again if the vendor still has it"
    );
    context.events.tell(Event::Damaged {
        job: job.name.clone(),
        id: record.id,
        path: job.directory.join(&record.path).display().to_string(),
        damage,
    });
    Ok(Some(true))
}

/// What a share has done so far.
#[derive(Default)]
struct Done {
    backups: u64,
    cost: u64,
    damaged: u64,
}

impl Done {
    fn add(&mut self, cost: u64, damaged: bool) {
        self.backups += 1;
        self.cost += cost;
        self.damaged += u64::from(damaged);
    }

    fn bytes(&self) -> u64 {
        self.cost - self.backups * COST_BYTES
    }
}

/// The part of the whole that a time is due, rounded up.
fn portion(total: u64, elapsed: TimeDelta, within: TimeDelta) -> u64 {
    let millis = |time: TimeDelta| u128::try_from(time.num_milliseconds()).unwrap_or(0);
    let part = (u128::from(total) * millis(elapsed)).div_ceil(millis(within).max(1));
    u64::try_from(part).unwrap_or(u64::MAX).min(total)
}

/// The time that a part of the whole is good for; the inverse of [`portion`].
fn time_for(cost: u64, total: u64, within: TimeDelta) -> TimeDelta {
    let millis = u128::try_from(within.num_milliseconds()).unwrap_or(0) * u128::from(cost)
        / u128::from(total.max(1));
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    TimeDelta::try_milliseconds(millis).map_or(within, |time| time.min(within))
}

#[cfg(test)]
mod tests;
