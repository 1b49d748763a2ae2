//! Mirrors one backup: prepare, resolve, fetch every file, publish, record.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use backhaul_config::{Account, Job};
use backhaul_provider_api::{Backup, File, PrepareToken, Quality, ReleaseRequest};
use tokio::sync::Semaphore;

use super::commit::{Commits, Complete};
use super::context::Context;
use super::listing::Wanted;
use super::quota::Quota;
use super::vendor::Vendor;
use super::{keys, prepare, share};
use crate::catalog::{BackupRecord, CatalogError};
use crate::dir::{Dir, FsError};
use crate::event::Event;
use crate::fetch::link::Links;
use crate::fetch::{self, FetchError, Fetcher, FileTask};
use crate::mirror::manifest::{Content, FORMAT, FileEntry, Manifest, Verification};
use crate::mirror::publish::PublishError;
use crate::mirror::staging::{LIGHT_BYTES, Staging, Weight};
use crate::provider::{GaveUp, ProviderError};
use crate::recipe;
use crate::redact::Redactor;

/// How much must have arrived before listeners are told.
const TELL_EVERY_BYTES: u64 = 1 << 20;
/// By how much a vendor may have rounded up the size of a file.
const ROUNDING_BYTES: u64 = 1024;
/// How many files a backup may have.
const FILES_MAX: usize = 50_000;

/// One backup to be mirrored.
pub struct Task<'a> {
    /// What all passes share.
    pub context: &'a Context,
    /// The job.
    pub job: &'a Job,
    /// The job's account.
    pub account: &'a Account,
    /// The vendor.
    pub vendor: &'a Vendor,
    /// Fetches files.
    pub fetcher: &'a Fetcher,
    /// The job's directory.
    pub directory: &'a Dir,
    /// Where its downloads are staged.
    pub staging: &'a Arc<Dir>,
    /// Publishes and records.
    pub commits: &'a Commits,
    /// How many backups may be fetched at a time.
    pub turns: &'a Semaphore,
    /// What the job may keep.
    pub quota: &'a Quota,
    /// The backup.
    pub wanted: &'a Wanted,
    /// Counts the bytes of the whole pass.
    pub received: &'a AtomicU64,
    /// Counts the backups that are taken from other mirrors.
    pub shared: &'a AtomicU64,
}

/// Why a backup could not be mirrored in this pass.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The pass was told to stop.
    #[error("stopped")]
    Stopped,
    /// Another job with the same directory is at it.
    #[error("another job with the same directory fetches it right now")]
    Busy,
    /// The vendor takes longer than a pass waits.
    #[error("the vendor is still preparing it; the next pass asks again")]
    StillPreparing,
    /// The vendor names no file.
    #[error("the vendor names no file in it")]
    NoFiles,
    /// Too many files.
    #[error("it has {0} files, more than the {FILES_MAX} that Backhaul takes")]
    TooManyFiles(usize),
    /// The provider or the vendor.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A file.
    #[error("file {file}: {source}")]
    File {
        /// The vendor's name for it.
        file: String,
        /// What happened.
        source: FetchError,
    },
    /// The links.
    #[error(transparent)]
    Links(FetchError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// The publication.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A step that several backups take together.
    #[error("{reason}")]
    Commit {
        /// What happened.
        reason: String,
        /// Whether the disk is full.
        disk_is_full: bool,
    },
    /// The job has used up what it may keep.
    #[error(
        "the job may keep {quota} bytes and has {used} already; raise `limits.quota`, or let its retention keep less"
    )]
    Quota {
        /// What it may keep.
        quota: u64,
        /// What it has.
        used: u64,
    },
}

impl From<GaveUp> for BackupError {
    fn from(gave_up: GaveUp) -> Self {
        match gave_up {
            GaveUp::Cancelled => Self::Stopped,
            GaveUp::Failed(error) => Self::Provider(error),
        }
    }
}

impl BackupError {
    /// Whether the disk is full, so that trying further backups is of no use.
    pub fn disk_is_full(&self) -> bool {
        match self {
            Self::Disk(error) | Self::Publish(PublishError::File(error)) => error.is_full(),
            Self::Commit { disk_is_full, .. } => *disk_is_full,
            Self::Quota { .. }
            | Self::File {
                source: FetchError::NoSpace { .. },
                ..
            } => true,
            Self::File {
                source: FetchError::Disk(error),
                ..
            } => error.is_full(),
            _ => false,
        }
    }

    fn of_links(error: FetchError) -> Self {
        match error {
            FetchError::Cancelled => Self::Stopped,
            FetchError::Provider(error) => Self::Provider(error),
            error => Self::Links(error),
        }
    }

    fn of_file(file: &File, source: FetchError) -> Self {
        match source {
            FetchError::Cancelled => Self::Stopped,
            FetchError::Provider(error @ ProviderError::Ended { .. }) => Self::Provider(error),
            source => Self::File {
                file: file.name.clone(),
                source,
            },
        }
    }
}

/// Mirrors one backup. On return it is published and recorded, and survives a power cut.
///
/// # Errors
/// When it cannot be had in this pass; what arrived stays in staging for the next.
pub async fn mirror(task: &Task<'_>) -> Result<BackupRecord, BackupError> {
    let cancel = task.vendor.cancel();
    // Many may be committed at a time, but only some fetched: links are asked for late.
    let turn = tokio::select! {
        turn = task.turns.acquire() => turn,
        () = cancel.cancelled() => return Err(BackupError::Stopped),
    };
    let id = task.wanted.identity.id();
    let _claim = task
        .context
        .claim(&task.job.directory, &id)
        .ok_or(BackupError::Busy)?;
    // Another job may be bringing it into its own directory; then it is taken from there.
    let sole = tokio::select! {
        sole = task.context.turn(&id) => sole,
        () = cancel.cancelled() => return Err(BackupError::Stopped),
    };
    let expected = task.wanted.backup.size.map_or(0, |size| size.bytes);
    let promise = task.quota.promise(expected)?;
    let complete = match share::take(task).await? {
        Some(complete) => complete,
        None => fetch(task).await?,
    };
    drop(turn);
    let token = complete.staging.token().cloned();
    let record = task.commits.commit(complete).await?;
    drop(sole);
    promise.keep(record.size_bytes);
    if let Some(token) = token {
        release(task, token, &record).await;
    }
    tell(task, &record);
    Ok(record)
}

/// Fetches the files of a backup into staging.
async fn fetch(task: &Task<'_>) -> Result<Complete, BackupError> {
    let Task {
        context,
        job,
        wanted,
        ..
    } = *task;
    let cancel = task.vendor.cancel();
    let id = wanted.identity.id();
    let mut staging = Staging::open(
        task.staging,
        &wanted.identity,
        &context.boot,
        weight(&wanted.backup),
    )?;
    let token = prepare::prepare(task.vendor, wanted, &mut staging, cancel).await?;

    keys::keep(context, task.vendor, wanted).await?;
    let links = Links::resolve(
        task.vendor,
        &wanted.instance,
        &wanted.backup,
        token,
        job.network,
    )
    .await
    .map_err(BackupError::of_links)?;
    let files = links.files().await;
    match files.len() {
        0 => return Err(BackupError::NoFiles),
        count if count > FILES_MAX => return Err(BackupError::TooManyFiles(count)),
        _ => {}
    }
    let named: BTreeSet<_> = files.iter().map(|file| &file.id).collect();
    if staging.known_files().any(|known| !named.contains(known)) {
        // The vendor's set of files is another one than last time.
        staging.restart()?;
    }

    context.events.tell(Event::FetchStarted {
        job: job.name.clone(),
        id: id.clone(),
        name: wanted.label().to_owned(),
        bytes: files.iter().try_fold(0_u64, |sum, file| {
            Some(sum.saturating_add(file.size?.bytes))
        }),
    });
    let untold = AtomicU64::new(0);
    let tell_received = |bytes| {
        context.events.tell(Event::Received {
            job: job.name.clone(),
            id: id.clone(),
            bytes,
        });
    };
    let on_bytes = |bytes| {
        task.received.fetch_add(bytes, Ordering::Relaxed);
        if untold.fetch_add(bytes, Ordering::Relaxed) + bytes >= TELL_EVERY_BYTES {
            tell_received(untold.swap(0, Ordering::Relaxed));
        }
    };
    let on_wait = |missing: &FetchError| {
        tracing::warn!(job = %job.name, backup = %id, %missing, "the download waits for space");
        context.events.tell(Event::Waiting {
            job: job.name.clone(),
            id: id.clone(),
            reason: missing.to_string(),
        });
    };
    let mut entries = Vec::with_capacity(files.len());
    for (file, (_, name)) in files.iter().zip(fetch::names(&files)) {
        let one = FileTask {
            links: &links,
            file,
            name: &name,
            on_bytes: &on_bytes,
            on_wait: &on_wait,
            cancel,
        };
        let fetched = task.fetcher.file(&one, &mut staging).await;
        entries.push(fetched.map_err(|source| BackupError::of_file(file, source))?);
    }
    tell_received(untold.into_inner());
    Ok(Complete {
        staging,
        manifest: manifest(task, entries),
        replaces: wanted.replaces.clone(),
        taken_from: None,
    })
}

/// How much care the download needs: a small backup is fetched again rather than resumed.
pub(super) fn weight(backup: &Backup) -> Weight {
    let small = backup
        .size
        .is_some_and(|size| size.quality != Quality::Other && size.bytes <= LIGHT_BYTES);
    if small { Weight::Light } else { Weight::Heavy }
}

async fn release(task: &Task<'_>, token: PrepareToken, record: &BackupRecord) {
    let request = ReleaseRequest {
        instance: task.wanted.instance.as_ref().clone(),
        token,
    };
    if let Err(error) = task.vendor.release(request).await {
        tracing::warn!(job = %task.job.name, backup = %record.id, %error, "the vendor's preparation could not be given up");
    }
}

fn tell(task: &Task<'_>, record: &BackupRecord) {
    let job = &task.job;
    let repaired = task.wanted.replaces.is_some();
    if repaired {
        tracing::info!(job = %job.name, backup = %record.id, "a sound copy took the place of the damaged one, which is in quarantine");
    }
    tracing::info!(
        job = %job.name, backup = %record.id, name = task.wanted.label(),
        bytes = record.size_bytes, path = %record.path, "backup mirrored"
    );
    task.context.events.tell(Event::Mirrored {
        job: job.name.clone(),
        id: record.id.clone(),
        path: job.directory.join(&record.path).display().to_string(),
        bytes: record.size_bytes,
        repaired,
        suspect: match &record.verification {
            Verification::Verified => Vec::new(),
            Verification::Suspect { reasons } => reasons.clone(),
        },
    });
}

/// The manifest of a backup with these files.
pub(super) fn manifest(task: &Task<'_>, files: Vec<FileEntry>) -> Manifest {
    let Task {
        context,
        job,
        account,
        wanted,
        vendor,
        ..
    } = *task;
    let reasons: Vec<_> = files
        .iter()
        .filter_map(|file| match &file.content {
            Content::Bad { reason } => Some(format!("{}: {reason}", file.name)),
            Content::Good | Content::CannotTell { .. } => None,
        })
        .chain(shortfall(&wanted.backup, &files))
        .collect();
    Manifest {
        format: FORMAT,
        id: wanted.identity.id(),
        identity: wanted.identity.clone(),
        service: job.service.clone(),
        provider_version: vendor.provider_version().to_owned(),
        account: account.name.to_string(),
        job: job.name.to_string(),
        instance: wanted.instance.as_ref().clone(),
        restore: recipe::steps(&wanted.backup, &files),
        backup: scrubbed(&wanted.backup),
        size_bytes: files.iter().map(|file| file.size_bytes).sum(),
        files,
        verification: match reasons.is_empty() {
            true => Verification::Verified,
            false => Verification::Suspect { reasons },
        },
        mirrored_at: context.now(),
    }
}

/// What makes the set of files suspect: it is so much smaller than the backup as listed that the
/// vendor may not have named all of them. An approximate size may be of something slightly
/// different, so only a quarter missing counts; false alarms make people deaf.
fn shortfall(backup: &Backup, files: &[FileEntry]) -> Option<String> {
    let total: u64 = files.iter().map(|file| file.size_bytes).sum();
    // A size in KB may be the sum of sizes that were each rounded up.
    let rounded_up = ROUNDING_BYTES.saturating_mul(files.len() as u64);
    let size = backup.size?;
    let short = match size.quality {
        Quality::Exact => total < size.bytes,
        Quality::Approximate => total.saturating_add(rounded_up) < size.bytes / 4 * 3,
        Quality::Other => false,
    };
    short.then(|| {
        format!(
            "its files have {total} bytes together, but the vendor lists about {}; perhaps it did not name all of them",
            size.bytes
        )
    })
}

/// The backup as listed, without secrets that the vendor's record may echo.
fn scrubbed(backup: &Backup) -> Backup {
    let mut backup = backup.clone();
    Redactor::global().scrub_json(&mut backup.vendor);
    backup
}
