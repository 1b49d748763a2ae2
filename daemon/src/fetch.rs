//! Fetching: brings one file of a backup from the vendor into staging, whole and proved.
//!
//! [`Fetcher::file`] is the loop: ask for a link as late as possible ([`link`]), open it at the
//! byte where the data on disk ends ([`request`]), check what the server answers ([`answer`]),
//! write and hash the bytes as they come ([`sink`]), and when they are all there prove that they
//! are the vendor's object ([`proof`]). Decisions about another try are taken here, from what
//! [`FetchError::remedy`] says; publication is the business of [`crate::mirror`].

pub mod answer;
mod attempt;
mod checkpoint;
pub mod digest;
pub mod error;
mod frontier;
pub mod limits;
pub mod link;
mod pace;
mod parallel;
pub mod proof;
pub mod request;
pub mod sink;
pub mod space;
mod stream;

use std::time::Duration;

use backhaul_provider_api::{File, FileId, Link, ResolveReason};
use backon::BackoffBuilder;
use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::mirror::file_name::SafeName;
use crate::mirror::manifest::FileEntry;
use crate::mirror::staging::{Progress, Staging};
use answer::{Answer, Body};
use attempt::Attempt;
pub use error::{FetchError, Remedy};
use limits::{Share, Speed};
use link::{Links, Stale};
use request::{Opener, Span};
use space::Space;

/// How often a file is tried again without any new byte before it is given up for this pass.
const TRIES_WITHOUT_PROGRESS: usize = 7;
/// The longest pause between two tries, unless the server asks for more.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often a file is begun anew because the object changed or failed its proof.
const RESTARTS: u32 = 2;

/// Fetches files. One per pass: it holds the hosts that links of the account may lead to.
pub struct Fetcher {
    opener: Opener,
    limits: Share,
    space: Space,
}

/// One file to be fetched.
pub struct FileTask<'a> {
    /// Where its links come from.
    pub links: &'a Links<'a>,
    /// The file as resolved.
    pub file: &'a File,
    /// Its name on disk.
    pub name: &'a SafeName,
    /// Told about each piece that arrived, in bytes.
    pub on_bytes: &'a (dyn Fn(u64) + Sync),
    /// Told when the transfer waits for space on the disk, and what is missing.
    pub on_wait: &'a (dyn Fn(&FetchError) + Sync),
    /// Cancelled when the work shall stop; what is on disk is then checkpointed.
    pub cancel: &'a CancellationToken,
}

impl Fetcher {
    /// A fetcher that opens links with `opener` within the limits of a job, and takes its room
    /// on disk from `space`.
    pub fn new(opener: Opener, limits: Share, space: Space) -> Self {
        Self {
            opener,
            limits,
            space,
        }
    }

    /// Fetches one file into staging, going on where an earlier run ended. On return it is whole,
    /// proved and on disk.
    ///
    /// # Errors
    /// When it cannot be had now; what arrived stays in staging.
    pub async fn file(
        &self,
        task: &FileTask<'_>,
        staging: &mut Staging,
    ) -> Result<FileEntry, FetchError> {
        match staging.finished(&task.file.id) {
            Some(entry) if entry.name == *task.name => return Ok(entry),
            _ if staging.progress(&task.file.id).finished.is_some() => {
                // Somebody took it away, or it has another name now.
                staging.record(&task.file.id, Progress::default())?;
            }
            _ => {}
        }
        let mut restarts = 0;
        let mut most_connections = u32::MAX;
        let mut backoff = self.backoff();
        let mut stale = None;
        let mut reached = 0;
        let mut began = None;
        loop {
            // Held for the attempt only: a file that waits must not keep others from being fetched.
            let slot = self.limits.slot(task.cancel).await?;
            let connection = self.limits.connection(task.cancel).await?;
            // Waiting for its first turn costs a file nothing of its time.
            let began = *began.get_or_insert_with(Instant::now);
            let deadline = self.limits.rules().file_timeout.map(|time| began + time);
            let attempt = Attempt {
                fetcher: self,
                task,
                stale: stale.take(),
                connections: self
                    .limits
                    .rules()
                    .connections_per_file
                    .min(most_connections),
            };
            let attempt = Box::pin(attempt.run(staging, connection));
            let attempt = match deadline {
                // What arrived is kept without a checkpoint: the next pass goes on from there.
                Some(at) => tokio::time::timeout_at(at, attempt)
                    .await
                    .unwrap_or_else(|_| Err(FetchError::TooLate.into())),
                None => attempt.await,
            };
            drop(slot);
            let error = match attempt {
                Ok(entry) => return Ok(entry),
                Err(error) => error,
            };
            if error.reached > reached {
                reached = error.reached;
                backoff = self.backoff();
            }
            tracing::debug!(file = %task.name, %error, "a transfer broke off");
            match error.remedy() {
                Remedy::Never => return Err(error.error),
                Remedy::OneConnection => most_connections = 1,
                Remedy::Restart if restarts == RESTARTS => return Err(error.error),
                Remedy::Restart => {
                    restarts += 1;
                    reached = 0;
                    tracing::warn!(file = %task.name, %error, "the file is begun anew");
                    staging.record(&task.file.id, Progress::default())?;
                }
                Remedy::Resolve(reason) => {
                    stale = error
                        .generation
                        .map(|generation| Stale { generation, reason });
                    // A link that expired after it brought bytes is ordinary; others count.
                    if reason != ResolveReason::Expired || !error.moved {
                        pause(&mut backoff, None, task.cancel, &error.error).await?;
                    }
                }
                Remedy::Later(after) => {
                    pause(&mut backoff, after, task.cancel, &error.error).await?;
                }
                Remedy::Room => self.wait_for_room(task, staging, error.error).await?,
            }
        }
    }

    /// Waits until what the file still needs is free.
    async fn wait_for_room(
        &self,
        task: &FileTask<'_>,
        staging: &Staging,
        missing: FetchError,
    ) -> Result<(), FetchError> {
        let FetchError::NoSpace { needed, .. } = missing else {
            return Err(missing);
        };
        let rules = || {
            let rules = self.limits.rules();
            (rules.reserve_bytes, rules.space_timeout)
        };
        self.space
            .wait(staging.data(), needed, rules, task.cancel, task.on_wait)
            .await
    }

    /// The pauses between tries that bring nothing.
    fn backoff(&self) -> backon::ExponentialBackoff {
        let first = self.limits.rules().retry_pause;
        backon::ExponentialBuilder::default()
            .with_min_delay(first)
            .with_max_delay(PAUSE_MAX.max(first))
            .with_max_times(TRIES_WITHOUT_PROGRESS)
            .with_jitter()
            .build()
    }

    /// Opens a link, at most as long as a connection may send nothing.
    async fn open(
        &self,
        task: &FileTask<'_>,
        link: &Link,
        span: Span,
        etag: Option<&str>,
    ) -> Result<Answer, FetchError> {
        let after = self.limits.rules().stall;
        let at_bytes = span.start;
        tokio::select! {
            answer = tokio::time::timeout(after, self.opener.open(link, span, etag)) => {
                answer.unwrap_or(Err(FetchError::Stalled { after, at_bytes }))
            }
            () = task.cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }

    /// The next piece of a body, as the limits allow; nothing at its end.
    async fn piece(
        &self,
        task: &FileTask<'_>,
        body: &mut Body,
        at_bytes: u64,
        speed: &mut Speed,
    ) -> Result<Option<Bytes>, FetchError> {
        let after = speed.stall();
        let asked = Instant::now();
        let piece = tokio::select! {
            piece = tokio::time::timeout(after, body.piece()) => piece,
            () = task.cancel.cancelled() => return Err(FetchError::Cancelled),
        };
        let piece = piece
            .map_err(|_| FetchError::Stalled { after, at_bytes })?
            .map_err(|error| FetchError::network(&error, at_bytes))?;
        if let Some(piece) = &piece {
            let bytes = piece.len();
            if let Some(rate) = speed.came(bytes as u64, asked.elapsed()) {
                return Err(FetchError::TooSlow { rate, at_bytes });
            }
            tokio::select! {
                () = self.limits.bandwidth(bytes) => {}
                () = task.cancel.cancelled() => return Err(FetchError::Cancelled),
            }
        }
        Ok(piece)
    }
}

/// A broken attempt: why, with which generation of links, and how far the file is now.
#[derive(Debug)]
struct Broken {
    error: FetchError,
    generation: Option<u64>,
    /// The byte before which the file is whole.
    reached: u64,
    /// Whether the attempt brought any byte.
    moved: bool,
}

impl Broken {
    fn remedy(&self) -> Remedy {
        self.error.remedy()
    }
}

impl From<FetchError> for Broken {
    fn from(error: FetchError) -> Self {
        Self {
            error,
            generation: None,
            reached: 0,
            moved: false,
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

/// Waits before the next try, at least as long as the server asks. With no try left, fails with
/// the last error.
async fn pause(
    backoff: &mut backon::ExponentialBackoff,
    after: Option<Duration>,
    cancel: &CancellationToken,
    error: &FetchError,
) -> Result<(), FetchError> {
    let Some(delay) = backoff.next() else {
        return Err(error.exhausted());
    };
    tokio::select! {
        () = tokio::time::sleep(delay.max(after.unwrap_or_default())) => Ok(()),
        () = cancel.cancelled() => Err(FetchError::Cancelled),
    }
}

/// Gives each file of a backup a name of its own on disk, the same in whatever order the vendor
/// tells them: files that share a name are told apart by their ids.
pub fn names(files: &[File]) -> Vec<(FileId, SafeName)> {
    let mut uses = std::collections::BTreeMap::new();
    for file in files {
        *uses.entry(&file.name).or_insert(0) += 1;
    }
    let name = |file: &File| match uses.get(&file.name) {
        Some(1) => SafeName::from_vendor(&file.name),
        _ => SafeName::from_vendor(&format!("{}~{}", file.id, file.name)),
    };
    files
        .iter()
        .map(|file| (file.id.clone(), name(file)))
        .collect()
}
