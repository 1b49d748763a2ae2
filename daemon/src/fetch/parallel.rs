//! One large file over several connections.
//!
//! The file is cut into chunks that connections take in order. Bytes are written where they
//! belong, out of order; a follower on a thread of its own hashes them in order, reading from the
//! page cache what was just written there. Everything before the *frontier* is written: that is
//! what the mark and the checkpoints record, and where a broken transfer goes on.
//!
//! Any failing connection ends the transfer; what to do about it is decided in [`super`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use backhaul_provider_api::{Link, Ranges};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;

use super::answer::{Answer, Object};
use super::digest::Digests;
use super::request::Span;
use super::sink::Sink;
use super::{CHECKPOINT_BYTES, FetchError, Fetcher, FileTask};
use crate::dir::FsError;
use crate::mirror::staging::{Mark, Progress, Staging};

/// How much one request fetches. A broken transfer loses at most this much per connection.
const CHUNK_BYTES: u64 = 8 << 20;
/// Less than this is not worth a second connection.
const WORTH_BYTES: u64 = 32 << 20;
/// How much the follower reads at once.
const FOLLOW_BYTES: usize = 256 << 10;

/// Whether several connections may be used and gain anything: the link must survive several
/// requests and answer ranges, and a strong validator must tell that all parts are of one object.
pub(super) fn is_worth_it(connections: u32, link: &Link, object: &Object, start: u64) -> bool {
    let left = object.total_bytes.unwrap_or(0).saturating_sub(start);
    connections > 1
        && left >= WORTH_BYTES
        && link.max_uses.is_none()
        && object.strong_etag().is_some()
        && match link.ranges {
            Ranges::Yes => true,
            Ranges::No => false,
            Ranges::Unknown => object.takes_ranges,
        }
}

/// A transfer over several connections.
pub(super) struct Transfer<'a> {
    pub fetcher: &'a Fetcher,
    pub task: &'a FileTask<'a>,
    pub link: &'a Link,
    pub connections: u32,
    /// The answer that told what the object is; it serves the first chunk.
    pub first: Answer,
}

type Part<'a> = BoxFuture<'a, Result<Span, FetchError>>;

impl Transfer<'_> {
    /// Fetches the rest of the file. Returns the sink as far as the file is whole, with how the
    /// transfer ended.
    pub(super) async fn run(
        self,
        staging: &mut Staging,
        sink: Sink,
        progress: &mut Progress,
    ) -> Result<(Sink, Result<(), FetchError>), FetchError> {
        let Self {
            fetcher,
            task,
            link,
            connections,
            first,
        } = self;
        let object = first.object.clone();
        let total = object.total_bytes.unwrap_or(0);
        let mut frontier = Frontier::begin(sink, staging.mark(task.name)?)?;
        let file = frontier
            .file
            .try_clone()
            .map_err(|source| frontier.failed("open", source))?;
        let one = Connection {
            fetcher,
            task,
            link,
            file: &file,
            path: &frontier.path.clone(),
            object: &object,
            front: Arc::clone(&frontier.front),
            mark: Arc::clone(&frontier.mark),
        };
        let mut first = Some(first);
        let mut next = frontier.at;
        let mut parts: FuturesUnordered<Part<'_>> = FuturesUnordered::new();
        let ended = loop {
            while next < total && parts.len() < connections as usize {
                let span = Span {
                    start: next,
                    end: Some((next + CHUNK_BYTES).min(total)),
                };
                next += CHUNK_BYTES;
                let answer = first.take();
                parts.push(Box::pin(one.fetch(span, answer)));
            }
            match parts.next().await {
                None => break Ok(()),
                Some(Err(error)) => break Err(error),
                Some(Ok(span)) => {
                    if let Err(error) = frontier.take(span) {
                        break Err(error);
                    }
                }
            }
            if frontier.at - progress.durable_bytes >= CHECKPOINT_BYTES {
                file.sync_data()
                    .map_err(|source| frontier.failed("sync", source))?;
                progress.durable_bytes = frontier.at;
                staging.record(&task.file.id, progress.clone())?;
            }
        };
        drop(parts);
        Ok((frontier.end().await?, ended))
    }
}

/// What all connections of a transfer share.
struct Connection<'a> {
    fetcher: &'a Fetcher,
    task: &'a FileTask<'a>,
    link: &'a Link,
    file: &'a File,
    path: &'a Path,
    object: &'a Object,
    /// Where the chunk at the frontier begins.
    front: Arc<AtomicU64>,
    mark: Arc<Mark>,
}

impl Connection<'_> {
    /// Fetches one chunk to its place.
    async fn fetch(&self, span: Span, answer: Option<Answer>) -> Result<Span, FetchError> {
        let mut answer = match answer {
            Some(answer) => answer,
            None => self.open(span).await?,
        };
        let end = span.end.unwrap_or(u64::MAX);
        let mut at = span.start;
        while at < end {
            let piece = self.fetcher.piece(self.task, &mut answer.body, at).await?;
            let Some(piece) = piece else {
                return Err(FetchError::Truncated {
                    got: at,
                    expected: end,
                });
            };
            // The first answer goes on beyond its chunk; the rest of it is left.
            let room = usize::try_from(end - at).unwrap_or(usize::MAX);
            let piece = &piece[..piece.len().min(room)];
            self.file
                .write_all_at(piece, at)
                .map_err(|source| self.failed("write", source))?;
            at += piece.len() as u64;
            if self.front.load(Ordering::Relaxed) == span.start {
                // The chunk at the frontier moves the mark piece by piece.
                self.mark
                    .set(at)
                    .map_err(|source| self.failed("mark", source))?;
            }
            (self.task.on_bytes)(piece.len() as u64);
        }
        Ok(span)
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> FsError {
        FsError {
            doing,
            path: self.path.to_owned(),
            source,
        }
    }

    async fn open(&self, span: Span) -> Result<Answer, FetchError> {
        let etag = self.object.strong_etag();
        let answer = self
            .fetcher
            .open(self.task, self.link, span, etag.as_deref())
            .await?;
        let same = answer.object.strong_etag() == etag;
        match (same, answer.start == span.start) {
            (false, _) => Err(FetchError::Changed {
                what: "another ETag".to_owned(),
            }),
            (true, false) => Err(FetchError::RangesIgnored),
            (true, true) => Ok(answer),
        }
    }
}

/// The front of the part of the file that is whole, and the follower that hashes up to it.
struct Frontier {
    at: u64,
    /// Chunks that arrived ahead of it, by their start.
    ahead: BTreeMap<u64, u64>,
    front: Arc<AtomicU64>,
    mark: Arc<Mark>,
    file: File,
    path: PathBuf,
    lead: mpsc::Sender<u64>,
    follower: JoinHandle<(Digests, io::Result<()>)>,
}

impl Frontier {
    fn begin(sink: Sink, mark: Mark) -> Result<Self, FetchError> {
        let (file, own, at, digests, path) = sink.scatter()?;
        let (lead, targets) = mpsc::channel();
        let follower = tokio::task::spawn_blocking(move || follow(&own, at, digests, &targets));
        let frontier = Self {
            at,
            ahead: BTreeMap::new(),
            front: Arc::new(AtomicU64::new(at)),
            mark: Arc::new(mark),
            file,
            path,
            lead,
            follower,
        };
        frontier
            .mark
            .set(at)
            .map_err(|source| frontier.failed("mark", source))?;
        Ok(frontier)
    }

    /// Takes a finished chunk in.
    fn take(&mut self, span: Span) -> Result<(), FetchError> {
        self.ahead
            .insert(span.start, span.end.unwrap_or(span.start));
        let before = self.at;
        while let Some(end) = self.ahead.remove(&self.at) {
            self.at = end;
        }
        if self.at == before {
            // The chunk at the frontier is still under way and has moved the mark beyond `at`.
            return Ok(());
        }
        self.front.store(self.at, Ordering::Relaxed);
        self.mark
            .set(self.at)
            .map_err(|source| self.failed("mark", source))?;
        // A follower that ended early says so when it is joined.
        let _ = self.lead.send(self.at);
        Ok(())
    }

    /// Waits for the follower and puts the sink together again.
    async fn end(self) -> Result<Sink, FetchError> {
        let Self {
            at,
            file,
            path,
            lead,
            follower,
            ..
        } = self;
        drop(lead);
        let failed = |source| FsError {
            doing: "read",
            path: path.clone(),
            source,
        };
        let (digests, followed) = follower
            .await
            .map_err(|error| failed(io::Error::other(error)))?;
        followed.map_err(failed)?;
        Sink::gather(file, at, digests, path)
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> FetchError {
        FsError {
            doing,
            path: self.path.clone(),
            source,
        }
        .into()
    }
}

/// Hashes the file in order, up to each target in turn.
fn follow(
    file: &File,
    mut at: u64,
    mut digests: Digests,
    targets: &mpsc::Receiver<u64>,
) -> (Digests, io::Result<()>) {
    let mut buffer = vec![0; FOLLOW_BYTES];
    while let Ok(target) = targets.recv() {
        while at < target {
            let want = buffer
                .len()
                .min(usize::try_from(target - at).unwrap_or(buffer.len()));
            if let Err(error) = file.read_exact_at(&mut buffer[..want], at) {
                return (digests, Err(error));
            }
            digests.update(&buffer[..want]);
            at += want as u64;
        }
    }
    (digests, Ok(()))
}
