//! Fetching: brings one file of a backup from the vendor into staging, whole and proved.
//!
//! [`Fetcher::file`] is the loop: ask for a link as late as possible ([`link`]), open it at the
//! byte where the data on disk ends ([`request`]), check what the server answers ([`answer`]),
//! write and hash the bytes as they come ([`sink`]), and when they are all there prove that they
//! are the vendor's object ([`proof`]). Decisions about another try are taken here, from what
//! [`FetchError::remedy`] says; publication is the business of [`crate::mirror`].

pub mod answer;
pub mod digest;
pub mod error;
pub mod format;
pub mod limits;
pub mod link;
mod parallel;
pub mod proof;
pub mod request;
pub mod sink;

use std::time::Duration;

use backhaul_provider_api::{File, FileId, Link, ResolveReason, SizeHint};
use backon::BackoffBuilder;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::dir::Dir;
use crate::mirror::file_name::SafeName;
use crate::mirror::manifest::FileEntry;
use crate::mirror::staging::{Progress, Staging};
use answer::{Answer, Object};
pub use error::{FetchError, Remedy};
use limits::Limits;
use link::{Links, Stale};
use request::{Opener, Span};
use sink::Sink;

/// How often a file is tried again without any new byte before it is given up for this pass.
const TRIES_WITHOUT_PROGRESS: usize = 7;
/// How often a file is begun anew because the object changed or failed its proof.
const RESTARTS: u32 = 2;
/// How much is written between two checkpoints that survive a power cut.
const CHECKPOINT_BYTES: u64 = 64 << 20;
/// How long a connection may send nothing.
const STALL: Duration = Duration::from_secs(30);

/// Fetches files. One per pass: it holds the hosts that links of the account may lead to.
pub struct Fetcher {
    opener: Opener,
    limits: Limits,
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
    /// Cancelled when the work shall stop; what is on disk is then checkpointed.
    pub cancel: &'a CancellationToken,
}

impl Fetcher {
    /// A fetcher that opens links with `opener` within `limits`.
    pub fn new(opener: Opener, limits: Limits) -> Self {
        Self { opener, limits }
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
        let mut connections = self.limits.connections_per_file();
        let mut backoff = backoff();
        let mut stale = None;
        let mut reached = 0;
        loop {
            // Held for the attempt only: a file that waits must not keep others from being fetched.
            let slot = self.limits.slot(task.cancel).await?;
            let attempt = self.attempt(task, staging, stale.take(), connections).await;
            drop(slot);
            let error = match attempt {
                Ok(entry) => return Ok(entry),
                Err(error) => error,
            };
            let now = staging
                .progress(&task.file.id)
                .durable_bytes
                .max(error.reached());
            if now > reached {
                reached = now;
                backoff = self::backoff();
            }
            tracing::debug!(file = %task.name, %error, "a transfer broke off");
            match error.remedy() {
                Remedy::Never => return Err(error.error),
                Remedy::OneConnection => connections = 1,
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
                    if reason != ResolveReason::Expired || error.reached() == 0 {
                        pause(&mut backoff, None, task.cancel, &error.error).await?;
                    }
                }
                Remedy::Later(after) => {
                    pause(&mut backoff, after, task.cancel, &error.error).await?;
                }
            }
        }
    }

    /// One connection's worth of work.
    async fn attempt(
        &self,
        task: &FileTask<'_>,
        staging: &mut Staging,
        stale: Option<Stale>,
        connections: u32,
    ) -> Result<FileEntry, Broken> {
        let id = &task.file.id;
        let progress = staging.progress(id);
        let (file, start) = staging.open_file(id, task.name).map_err(FetchError::from)?;
        // Only a strong validator proves that the next bytes belong to the same object.
        let start = if progress.etag.is_some() { start } else { 0 };
        if start > 0 && progress.total_bytes == Some(start) {
            // Everything arrived before the program ended; only the proof is missing.
            let object = Object::of_progress(&progress);
            let sink = Sink::resume(
                file,
                start,
                self.digests(task, &object),
                staging.data(),
                task.name,
            )?;
            return self.finish(task, staging, sink, &object, None);
        }

        let (generation, link) = task.links.link(id, stale).await?;
        let broken = |error| Broken {
            error,
            generation: Some(generation),
            reached: 0,
        };
        let answer = self
            .open(task, &link, Span::from(start), progress.etag.as_deref())
            .await;
        let answer = answer.map_err(broken)?;
        let object = answer.object.clone();
        answer.continues(&progress, start).map_err(broken)?;
        let start = answer.start;
        self.check_space(staging.data(), &object, task.file.size, start)
            .map_err(broken)?;

        let mut sink = Sink::resume(
            file,
            start,
            self.digests(task, &object),
            staging.data(),
            task.name,
        )
        .map_err(broken)?;
        sink.reserve(object.total_bytes).map_err(broken)?;
        let mut mark = Progress {
            total_bytes: object.total_bytes,
            etag: object.strong_etag(),
            checksums: object.checksums.clone(),
            durable_bytes: progress.durable_bytes.min(start),
            scattered: false,
            finished: None,
        };
        let parallel = parallel::is_worth_it(connections, &link, &object, start);
        mark.scattered = parallel;
        // What the bytes are of must be known before the first of them is on disk.
        staging
            .record(id, mark.clone())
            .map_err(|error| broken(error.into()))?;

        let ended = if parallel {
            let transfer = parallel::Transfer {
                fetcher: self,
                task,
                link: &link,
                connections,
                first: answer,
            };
            let (gathered, ended) = transfer
                .run(staging, sink, &mut mark)
                .await
                .map_err(broken)?;
            sink = gathered;
            ended
        } else {
            self.stream(task, staging, answer, &mut sink, &mut mark)
                .await
        };
        let reached = sink.length();
        if let Err(error) = ended {
            // Best effort: the next run resumes from here even after a power cut.
            if sink.sync().is_ok() {
                mark.durable_bytes = reached;
                mark.scattered = false;
                let _ = staging.record(id, mark);
            }
            return Err(Broken {
                error,
                generation: Some(generation),
                reached: reached - start,
            });
        }
        self.finish(task, staging, sink, &object, Some(generation))
    }

    /// Opens a link, at most as long as a connection may send nothing.
    async fn open(
        &self,
        task: &FileTask<'_>,
        link: &Link,
        span: Span,
        etag: Option<&str>,
    ) -> Result<Answer, FetchError> {
        let stalled = FetchError::Stalled {
            after: STALL,
            at_bytes: span.start,
        };
        tokio::select! {
            answer = tokio::time::timeout(STALL, self.opener.open(link, span, etag)) => {
                answer.unwrap_or(Err(stalled))
            }
            () = task.cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }

    /// The next piece of a body, as the limits allow; nothing at its end.
    async fn piece(
        &self,
        task: &FileTask<'_>,
        body: &mut reqwest::Response,
        at_bytes: u64,
    ) -> Result<Option<Bytes>, FetchError> {
        let piece = tokio::select! {
            piece = tokio::time::timeout(STALL, body.chunk()) => piece,
            () = task.cancel.cancelled() => return Err(FetchError::Cancelled),
        };
        let piece = piece
            .map_err(|_| FetchError::Stalled {
                after: STALL,
                at_bytes,
            })?
            .map_err(|error| FetchError::network(&error, at_bytes))?;
        if let Some(piece) = &piece {
            self.limits.bandwidth(piece.len()).await;
        }
        Ok(piece)
    }

    /// Takes the body in, piece by piece, with checkpoints.
    async fn stream(
        &self,
        task: &FileTask<'_>,
        staging: &mut Staging,
        mut answer: Answer,
        sink: &mut Sink,
        mark: &mut Progress,
    ) -> Result<(), FetchError> {
        loop {
            let Some(piece) = self.piece(task, &mut answer.body, sink.length()).await? else {
                break;
            };
            let excess = mark
                .total_bytes
                .filter(|total| sink.length() + piece.len() as u64 > *total);
            if let Some(expected) = excess {
                return Err(FetchError::TooLong { expected });
            }
            sink.write(&piece)?;
            (task.on_bytes)(piece.len() as u64);
            if sink.length() - mark.durable_bytes >= CHECKPOINT_BYTES {
                sink.sync()?;
                mark.durable_bytes = sink.length();
                staging.record(&task.file.id, mark.clone())?;
            }
        }
        match mark.total_bytes {
            Some(expected) if sink.length() < expected => Err(FetchError::Truncated {
                got: sink.length(),
                expected,
            }),
            _ => Ok(()),
        }
    }

    /// Proves the file, makes it durable and records it as finished.
    fn finish(
        &self,
        task: &FileTask<'_>,
        staging: &mut Staging,
        sink: Sink,
        object: &Object,
        generation: Option<u64>,
    ) -> Result<FileEntry, Broken> {
        let length = sink.length();
        sink.sync()?;
        let bytes = sink.finish();
        let entry = match proof::prove(task.file, task.name, object, &bytes) {
            Ok(entry) => entry,
            Err(error) => {
                // These bytes are of no use to anybody; the next try begins anew.
                staging
                    .record(&task.file.id, Progress::default())
                    .map_err(FetchError::from)?;
                return Err(Broken {
                    error,
                    generation,
                    reached: 0,
                });
            }
        };
        let finished = Progress {
            total_bytes: Some(length),
            etag: object.strong_etag(),
            checksums: object.checksums.clone(),
            durable_bytes: length,
            scattered: false,
            finished: Some(entry.clone()),
        };
        staging.data().sync().map_err(FetchError::from)?;
        staging
            .record(&task.file.id, finished)
            .map_err(FetchError::from)?;
        Ok(entry)
    }

    fn digests(&self, task: &FileTask<'_>, object: &Object) -> digest::Digests {
        digest::Digests::wanted(&proof::expected_checksums(task.file, object))
    }

    fn check_space(
        &self,
        dir: &Dir,
        object: &Object,
        hint: Option<SizeHint>,
        start: u64,
    ) -> Result<(), FetchError> {
        let whole = object
            .total_bytes
            .or(hint.map(|hint| hint.bytes))
            .unwrap_or(0);
        let needed = whole.saturating_sub(start);
        let free = dir.free_bytes()?;
        let reserve = self.limits.reserve_bytes();
        if free < needed.saturating_add(reserve) {
            let path = dir.path().to_owned();
            return Err(FetchError::NoSpace {
                path,
                needed,
                free,
                reserve,
            });
        }
        Ok(())
    }
}

/// A broken attempt: why, with which generation of links, after how many new bytes.
#[derive(Debug)]
struct Broken {
    error: FetchError,
    generation: Option<u64>,
    reached: u64,
}

impl Broken {
    fn reached(&self) -> u64 {
        self.reached
    }

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
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

fn backoff() -> backon::ExponentialBackoff {
    backon::ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(30))
        .with_max_times(TRIES_WITHOUT_PROGRESS)
        .with_jitter()
        .build()
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
