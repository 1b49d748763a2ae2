//! Group commit: what is fetched becomes visible, durable and recorded, many backups at a time.
//!
//! Waiting for a disk costs milliseconds, however little is written. So whoever is ready while a
//! commit is under way goes into the next one, and all of them wait once. Each gets the same
//! promise: when [`Commits::commit`] returns, the backup survives a power cut, and so does its
//! record.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::fetch_backup::BackupError;
use crate::catalog::mark::Mark;
use crate::catalog::{BackupRecord, Catalog, CatalogError};
use crate::dir::{Dir, FsError};
use crate::mirror::manifest::Manifest;
use crate::mirror::publish;
use crate::mirror::staging::{Staging, Weight};

/// A backup whose files are complete in staging.
pub struct Complete {
    /// Where its files are.
    pub staging: Staging,
    /// What it is.
    pub manifest: Manifest,
    /// Where the damaged copy lies whose place it takes, relative to the job's directory.
    pub replaces: Option<String>,
}

/// The commits of one pass.
pub struct Commits {
    job_dir: Arc<Dir>,
    catalog: Arc<Catalog>,
    waiting: Mutex<Vec<(Complete, Reply)>>,
    /// Held by the one who commits.
    turn: tokio::sync::Mutex<()>,
}

type Reply = oneshot::Sender<Result<BackupRecord, BackupError>>;

impl Commits {
    /// Commits into a job's directory.
    pub fn new(job_dir: Arc<Dir>, catalog: Arc<Catalog>) -> Self {
        Self {
            job_dir,
            catalog,
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Publishes and records a backup, with whatever others are ready. On return it is durable.
    ///
    /// # Errors
    /// When the disk refuses, something is in the way, or the catalog fails.
    pub async fn commit(&self, complete: Complete) -> Result<BackupRecord, BackupError> {
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push((complete, reply));
        let turn = self.turn.lock().await;
        if let Ok(done) = answer.try_recv() {
            return done;
        }
        let batch = std::mem::take(&mut *self.waiting());
        let (job_dir, catalog) = (Arc::clone(&self.job_dir), Arc::clone(&self.catalog));
        let work = tokio::task::spawn_blocking(move || commit_all(&job_dir, &catalog, batch));
        // Cut off: whoever is without an answer is told so, and finds what is there next time.
        let cut_off = |why: String| Shared {
            reason: format!("the commit was cut off: {why}"),
            disk_is_full: false,
        };
        work.await.map_err(|error| cut_off(error.to_string()))?;
        drop(turn);
        answer.await.map_err(|error| cut_off(error.to_string()))?
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(Complete, Reply)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commits a batch. Every member gets its own answer.
fn commit_all(job_dir: &Dir, catalog: &Catalog, batch: Vec<(Complete, Reply)>) {
    let batch = each(batch, |one| {
        publish::write_papers(&one.staging, &one.manifest)?;
        Ok(one)
    });
    // Everything in staging must be durable before it becomes visible.
    let any_light = batch
        .iter()
        .any(|(one, _)| one.staging.weight() == Weight::Light);
    let at_once = any_light && job_dir.syncs_as_a_whole();
    let synced = if at_once {
        job_dir.sync_file_system().map_err(Shared::from)
    } else {
        Ok(())
    };
    let batch = each(batch, |one| {
        if one.staging.weight() == Weight::Light {
            if !at_once {
                one.staging.sync_files()?;
            }
            synced.clone()?;
        }
        Ok(one)
    });

    let mut homes = publish::Homes::new();
    let batch = each(batch, |one| {
        let damaged = one.replaces.as_deref();
        let (staging, manifest) = (&one.staging, &one.manifest);
        let path = publish::place(job_dir, &mut homes, staging, manifest, damaged)?;
        let record = BackupRecord::of(&one.manifest, job_dir.path().to_owned(), path);
        Ok((one.staging, record, damaged.is_some()))
    });
    let visible = homes.values().try_for_each(Dir::sync).map_err(Shared::from);
    let records: Vec<_> = batch
        .iter()
        .map(|((_, record, _), _)| record.clone())
        .collect();
    let recorded = visible.and_then(|()| catalog.put(&records).map_err(Shared::from));
    for ((staging, record, repaired), reply) in batch {
        let clear_up = || {
            if repaired {
                Mark::remove(job_dir, &record.id)?;
            }
            staging.remove()
        };
        let result = match &recorded {
            Ok(()) => clear_up().map(|()| record).map_err(BackupError::from),
            Err(shared) => Err(shared.clone().into()),
        };
        // Who went away does not need the answer; the backup is there all the same.
        let _ = reply.send(result);
    }
}

/// Takes a step for each member of a batch; whoever fails is told and leaves it.
fn each<T, U>(
    batch: Vec<(T, Reply)>,
    mut step: impl FnMut(T) -> Result<U, BackupError>,
) -> Vec<(U, Reply)> {
    let mut passed = Vec::with_capacity(batch.len());
    for (one, reply) in batch {
        match step(one) {
            Ok(next) => passed.push((next, reply)),
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }
    passed
}

/// Why a step failed that all members of a batch take together.
#[derive(Clone, Debug)]
struct Shared {
    reason: String,
    disk_is_full: bool,
}

impl From<FsError> for Shared {
    fn from(error: FsError) -> Self {
        Self {
            disk_is_full: error.is_full(),
            reason: error.to_string(),
        }
    }
}

impl From<CatalogError> for Shared {
    fn from(error: CatalogError) -> Self {
        Self {
            reason: error.to_string(),
            disk_is_full: false,
        }
    }
}

impl From<Shared> for BackupError {
    fn from(shared: Shared) -> Self {
        Self::Commit {
            reason: shared.reason,
            disk_is_full: shared.disk_is_full,
        }
    }
}
