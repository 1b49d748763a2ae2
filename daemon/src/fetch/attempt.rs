//! One attempt at a file: from a fresh link to the proof, over one connection or several.

use backhaul_provider_api::{Link, Ranges};

use super::answer::{Answer, Object};
use super::limits::Connection;
use super::link::Stale;
use super::parallel::{self, CHUNK_BYTES, WORTH_BYTES};
use super::request::Span;
use super::sink::{self, Sink};
use super::space::Reservation;
use super::{Broken, FetchError, Fetcher, FileTask, digest, proof, stream};
use crate::mirror::manifest::FileEntry;
use crate::mirror::staging::{LIGHT_BYTES, Progress, Staging, Weight};

/// One attempt.
pub(super) struct Attempt<'a> {
    pub fetcher: &'a Fetcher,
    pub task: &'a FileTask<'a>,
    /// The link that failed the last attempt.
    pub stale: Option<Stale>,
    /// How many connections may be used.
    pub connections: u32,
}

impl Attempt<'_> {
    /// Goes on with what is in staging as far as it can be trusted.
    pub(super) async fn run(
        self,
        staging: &mut Staging,
        connection: Connection,
    ) -> Result<FileEntry, Broken> {
        let Self { fetcher, task, .. } = self;
        let id = &task.file.id;
        let progress = staging.progress(id);
        let (file, start) = staging.open_file(id, task.name).map_err(FetchError::from)?;
        // Only a strong validator proves that the next bytes belong to the same object.
        let start = if progress.etag.is_some() { start } else { 0 };
        if start > 0 && progress.total_bytes == Some(start) {
            // Everything arrived before the program ended; only the proof is missing.
            let object = Object::of_progress(&progress);
            let digests = digests(task, &object);
            let sink = Sink::resume(file, start, digests, staging.data(), task.name)?;
            return finish(task, staging, sink, &object, None);
        }

        let (generation, link) = task.links.link(id, self.stale).await?;
        let broken = |error| Broken {
            error,
            generation: Some(generation),
            reached: 0,
            moved: false,
        };
        let answer = self.open(&link, start, &progress).await.map_err(broken)?;
        let start = answer.start;
        let object = answer.object.clone();
        if object.total_bytes.is_none_or(|total| total > LIGHT_BYTES) {
            // The vendor's word was wrong.
            staging.make_heavy().map_err(|error| broken(error.into()))?;
        }
        // Room that an earlier attempt took behind that byte must not be missed by this one.
        sink::cut(&file, start, staging.data(), task.name).map_err(broken)?;
        let room = self.room(staging, &object, start).map_err(broken)?;

        let digests = digests(task, &object);
        let mut sink =
            Sink::resume(file, start, digests, staging.data(), task.name).map_err(broken)?;
        let heavy = staging.weight() == Weight::Heavy;
        let taken = heavy && sink.reserve(object.total_bytes).map_err(broken)?;
        // Space that the file has taken is no longer free, and must not be counted twice.
        let _room = (!taken).then_some(room);
        let mut mark = Progress {
            total_bytes: object.total_bytes,
            etag: object.strong_etag(),
            checksums: object.checksums.clone(),
            durable_bytes: progress.durable_bytes.min(start),
            scattered: parallel::is_worth_it(self.connections, &link, &object, start),
            finished: None,
        };
        // What the bytes are of must be known before the first of them is on disk.
        staging
            .record(id, mark.clone())
            .map_err(|error| broken(error.into()))?;

        let ended = if mark.scattered {
            let transfer = parallel::Transfer {
                fetcher,
                task,
                connections: self.connections,
                generation,
                first: answer,
                connection,
            };
            let (gathered, ended) = transfer
                .run(staging, sink, &mut mark)
                .await
                .map_err(broken)?;
            sink = gathered;
            ended
        } else {
            stream::stream(fetcher, task, staging, answer, &mut sink, &mut mark).await
        };
        let reached = sink.length();
        if let Err(error) = ended {
            let lost = matches!(&error, FetchError::Disk(error) if error.loses_writes());
            if heavy && !lost && sink.sync().is_ok() {
                // Best effort: the next run resumes from here even after a power cut.
                mark.durable_bytes = reached;
                mark.scattered = false;
                let _ = staging.record(id, mark);
            } else if heavy {
                // Only what the disk took before can be built upon.
                sink.cut(mark.durable_bytes)?;
            }
            return Err(Broken {
                error,
                generation: Some(generation),
                reached,
                moved: reached > start,
            });
        }
        finish(task, staging, sink, &object, Some(generation))
    }

    /// Opens the link where the data on disk ends.
    async fn open(
        &self,
        link: &Link,
        start: u64,
        progress: &Progress,
    ) -> Result<Answer, FetchError> {
        let etag = progress.etag.as_deref().filter(|_| start > 0);
        let whole = Span::from(start);
        let first = if self.will_be_parallel(link, start) {
            // Only the first chunk, so that the connection serves others behind it.
            Span {
                start,
                end: Some(start + CHUNK_BYTES),
            }
        } else {
            whole
        };
        let mut answer = self.fetcher.open(self.task, link, first, etag).await?;
        let parallel = parallel::is_worth_it(self.connections, link, &answer.object, start);
        if first != whole && answer.is_part() && !parallel {
            answer = self.fetcher.open(self.task, link, whole, etag).await?;
        }
        if start > 0 && answer.start == 0 {
            // It takes the place of what is there, so it must be the file.
            answer.refuse_error_page(&self.task.file.name).await?;
            tracing::warn!(
                file = %self.task.name, bytes = start,
                "the server sends the file from its beginning: it changed, or cannot be resumed"
            );
        }
        answer.continues(progress, start)?;
        Ok(answer)
    }

    /// Whether several connections are to be expected, as far as can be told before the first
    /// answer. An empty or small object must not be asked for a part.
    fn will_be_parallel(&self, link: &Link, start: u64) -> bool {
        let expected = self.task.file.size.map_or(0, |size| size.bytes);
        self.connections > 1
            && link.ranges != Ranges::No
            && link.max_uses.is_none()
            && expected.saturating_sub(start) >= 2 * WORTH_BYTES
    }

    /// Reserves what is still missing of the file.
    fn room(
        &self,
        staging: &Staging,
        object: &Object,
        start: u64,
    ) -> Result<Reservation, FetchError> {
        let hint = self.task.file.size.map(|size| size.bytes);
        let whole = object.total_bytes.or(hint).unwrap_or(0);
        let reserve = self.fetcher.limits.rules().reserve_bytes;
        let missing = whole.saturating_sub(start);
        self.fetcher.space.reserve(staging.data(), missing, reserve)
    }
}

/// Proves the file, makes it durable unless the backup is light, and records it as finished.
fn finish(
    task: &FileTask<'_>,
    staging: &mut Staging,
    sink: Sink,
    object: &Object,
    generation: Option<u64>,
) -> Result<FileEntry, Broken> {
    let length = sink.length();
    let heavy = staging.weight() == Weight::Heavy;
    if heavy && let Err(error) = sink.sync() {
        // As if all of it were there, the next try would find nothing left to be written.
        sink.cut(staging.progress(&task.file.id).durable_bytes)?;
        return Err(error.into());
    }
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
                moved: false,
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
    if heavy {
        staging.data().sync().map_err(FetchError::from)?;
    }
    staging
        .record(&task.file.id, finished)
        .map_err(FetchError::from)?;
    Ok(entry)
}

fn digests(task: &FileTask<'_>, object: &Object) -> digest::Digests {
    digest::Digests::wanted(task.name, &proof::expected_checksums(task.file, object))
}
