//! One large file over several connections.
//!
//! The file is cut into chunks that connections take in order; bytes are written where they
//! belong, out of order. Everything before the [`Frontier`] is written: that is what the mark and
//! the checkpoints record, and where a broken transfer goes on.
//!
//! A connection that fails costs nothing but its time: what it wrote is kept, the rest of its
//! chunk is taken up again, with a fresh link where that was the cause. Only a failure that
//! concerns the whole file, or one after another without any progress, ends the transfer; what to
//! do then is decided in [`super`].

mod queue;
mod trouble;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backhaul_provider_api::{Link, Ranges};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::answer::{Answer, Object};
use super::checkpoint::Checkpoints;
use super::frontier::{Edge, Frontier};
use super::limits::Connection;
use super::pace::Pace;
use super::request::Span;
use super::sink::Sink;
use super::{FetchError, Fetcher, FileTask};
use crate::dir::FsError;
use crate::mirror::staging::{Progress, Staging};
use queue::{Part, Queue};
use trouble::{Trouble, Verdict};

/// How much one request fetches. A power cut loses at most this much per connection, besides what
/// was not synced yet.
pub(super) const CHUNK_BYTES: u64 = 8 << 20;
/// Less than this is not worth a second connection.
pub(super) const WORTH_BYTES: u64 = 32 << 20;

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
    pub connections: u32,
    /// The links that the first answer came from.
    pub generation: u64,
    /// The answer that told what the object is; it serves the first chunk.
    pub first: Answer,
    /// The right to the first connection.
    pub connection: Connection,
}

/// How a connection's work on a part ended.
struct Worked {
    part: Part,
    /// Everything before this byte of the part is written.
    at: u64,
    generation: u64,
    /// When it asked for it.
    began: Instant,
    result: Result<(), FetchError>,
}

type Work<'a> = BoxFuture<'a, Worked>;

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
            connections,
            generation,
            first,
            connection,
        } = self;
        let object = first.object.clone();
        let path = sink.path().to_owned();
        let mut frontier = Frontier::begin(sink, staging.mark(task.name)?)?;
        let mut checkpoints = Checkpoints::of(frontier.file(), &path);
        let one = Worker {
            fetcher,
            task,
            file: frontier.file(),
            path: &path,
            object: &object,
            edge: frontier.edge(),
            received: AtomicU64::new(0),
        };
        let mut queue = Queue::new(frontier.at(), object.total_bytes.unwrap_or(0));
        let mut pace = Pace::new(connections, Instant::now());
        let mut trouble = Trouble::new(fetcher);
        let mut works: FuturesUnordered<Work<'_>> = FuturesUnordered::new();
        if let Some(part) = queue.next() {
            works.push(Box::pin(one.fetch(
                part,
                connection,
                Some((generation, first)),
            )));
        }
        let ended = loop {
            pace.limit(connections.min(fetcher.limits.rules().connections_per_file));
            while works.len() < pace.connections() as usize
                && queue.has_next(frontier.at())
                && let Some(connection) = fetcher.limits.spare_connection()
            {
                let Some(part) = queue.next() else { break };
                works.push(Box::pin(one.fetch(part, connection, None)));
            }
            let Some(worked) = works.next().await else {
                break Ok(());
            };
            let Worked {
                part,
                at,
                generation,
                began,
                result,
            } = worked;
            let now = Instant::now();
            pace.arrived(at - part.start, now);
            if let Err(error) = frontier.take(part.start, at) {
                break Err(error);
            }
            if let Err(error) = result {
                trouble.moved(one.received.load(Ordering::Relaxed));
                match trouble.consider(&error, generation, began, now) {
                    Verdict::End => break Err(error),
                    Verdict::GiveUp => break Err(error.exhausted()),
                    Verdict::Again {
                        stale,
                        delay,
                        overload,
                    } => {
                        tracing::debug!(file = %task.name, %error, at, "a connection broke off");
                        if overload {
                            pace.refused(now);
                        }
                        queue.again(Part {
                            start: at,
                            end: part.end,
                            stale,
                            delay,
                        });
                    }
                }
            }
            // Its connection is given back by now; somebody else may have taken it.
            if works.is_empty()
                && let Some(part) = queue.next()
            {
                let connection = match fetcher.limits.connection(task.cancel).await {
                    Ok(connection) => connection,
                    Err(error) => break Err(error),
                };
                works.push(Box::pin(one.fetch(part, connection, None)));
            }
            let checked = checkpoints
                .pass(frontier.at(), &task.file.id, progress, staging)
                .await;
            if let Err(error) = checked {
                break Err(error);
            }
        };
        drop(works);
        let last = checkpoints.finish(&task.file.id, progress, staging).await;
        Ok((frontier.end().await?, ended.and(last)))
    }
}

/// What all connections of a transfer share.
struct Worker<'a> {
    fetcher: &'a Fetcher,
    task: &'a FileTask<'a>,
    file: Arc<File>,
    path: &'a Path,
    object: &'a Object,
    edge: Arc<Edge>,
    /// How much all connections have received.
    received: AtomicU64,
}

impl Worker<'_> {
    /// Fetches one part to its place, as far as it can.
    async fn fetch(
        &self,
        part: Part,
        connection: Connection,
        answer: Option<(u64, Answer)>,
    ) -> Worked {
        let mut at = part.start;
        let mut generation = part.stale.map_or(0, |stale| stale.generation);
        let mut began = Instant::now();
        let waited = self.wait(part.delay).await;
        let result = match waited {
            Ok(()) => {
                began = Instant::now();
                self.stretch(&part, answer, &mut generation, &mut at).await
            }
            Err(error) => Err(error),
        };
        drop(connection);
        Worked {
            part,
            at,
            generation,
            began,
            result,
        }
    }

    async fn wait(&self, delay: Duration) -> Result<(), FetchError> {
        if delay.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(delay) => Ok(()),
            () = self.task.cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }

    async fn stretch(
        &self,
        part: &Part,
        answer: Option<(u64, Answer)>,
        generation: &mut u64,
        at: &mut u64,
    ) -> Result<(), FetchError> {
        let mut answer = match answer {
            Some((of, answer)) => {
                *generation = of;
                answer
            }
            None => {
                let (of, link) = self.task.links.link(&self.task.file.id, part.stale).await?;
                *generation = of;
                self.open(&link, part).await?
            }
        };
        let mut speed = self.fetcher.limits.speed();
        while *at < part.end {
            let piece = self
                .fetcher
                .piece(self.task, &mut answer.body, *at, &mut speed)
                .await?;
            let Some(piece) = piece else {
                return Err(FetchError::Truncated {
                    got: *at,
                    expected: part.end,
                });
            };
            // An answer that nobody could ask to end here goes on beyond the part.
            let room = usize::try_from(part.end - *at).unwrap_or(usize::MAX);
            let piece = &piece[..piece.len().min(room)];
            self.file
                .write_all_at(piece, *at)
                .map_err(|source| self.failed("write", source))?;
            *at += piece.len() as u64;
            self.received
                .fetch_add(piece.len() as u64, Ordering::Relaxed);
            self.edge
                .reached(part.start, *at)
                .map_err(|source| self.failed("mark", source))?;
            (self.task.on_bytes)(piece.len() as u64);
        }
        Ok(())
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> FsError {
        FsError {
            doing,
            path: self.path.to_owned(),
            source,
        }
    }

    async fn open(&self, link: &Link, part: &Part) -> Result<Answer, FetchError> {
        let span = Span {
            start: part.start,
            end: Some(part.end),
        };
        let etag = self.object.strong_etag();
        let mut answer = self
            .fetcher
            .open(self.task, link, span, etag.as_deref())
            .await?;
        if answer.start != span.start {
            // The whole object where a part was asked for: another object, or an error page.
            answer.refuse_error_page(&self.task.file.name).await?;
        }
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
