//! The front of the part of a file that is whole, while chunks arrive out of order.
//!
//! A follower on a thread of its own hashes the file in order up to the front, reading from the
//! page cache what was just written there: no second full read of the disk, and the connections
//! never wait for the hash.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use tokio::task::JoinHandle;

use super::FetchError;
use super::digest::Digests;
use super::sink::Sink;
use crate::dir::FsError;
use crate::mirror::staging::Mark;

/// How much the follower reads at once.
const FOLLOW_BYTES: usize = 256 << 10;

/// The front, and the follower that hashes up to it.
pub(super) struct Frontier {
    at: u64,
    /// Stretches that arrived ahead of it: start and end.
    ahead: BTreeMap<u64, u64>,
    file: Arc<File>,
    path: PathBuf,
    edge: Arc<Edge>,
    lead: mpsc::Sender<u64>,
    follower: JoinHandle<(Digests, io::Result<()>)>,
}

/// What connections know of the front: the one that writes there moves the mark with each piece,
/// so that a killed program loses nothing of it.
pub(super) struct Edge {
    front: AtomicU64,
    mark: Mark,
}

impl Edge {
    /// Everything up to `to` is written of a stretch that began at `start`.
    pub(super) fn reached(&self, start: u64, to: u64) -> io::Result<()> {
        if self.front.load(Ordering::Relaxed) == start {
            self.mark.set(to)?;
        }
        Ok(())
    }
}

impl Frontier {
    /// Begins where the sink ends.
    pub(super) fn begin(sink: Sink, mark: Mark) -> Result<Self, FetchError> {
        let (file, at, digests, path) = sink.scatter();
        let own = Arc::clone(&file);
        let (lead, targets) = mpsc::channel();
        let follower = tokio::task::spawn_blocking(move || follow(&own, at, digests, &targets));
        let frontier = Self {
            at,
            ahead: BTreeMap::new(),
            file,
            edge: Arc::new(Edge {
                front: AtomicU64::new(at),
                mark,
            }),
            path,
            lead,
            follower,
        };
        frontier.set_mark()?;
        Ok(frontier)
    }

    /// The byte before which the file is whole.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The file, for writing at any place.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// What connections know of the front.
    pub(super) fn edge(&self) -> Arc<Edge> {
        Arc::clone(&self.edge)
    }

    /// Takes a written stretch in.
    pub(super) fn take(&mut self, start: u64, end: u64) -> Result<(), FetchError> {
        if start == end {
            return Ok(());
        }
        self.ahead.insert(start, end);
        let before = self.at;
        while let Some(end) = self.ahead.remove(&self.at) {
            self.at = end;
        }
        if self.at == before {
            // The stretch at the front is still under way and has moved the mark beyond `at`.
            return Ok(());
        }
        self.edge.front.store(self.at, Ordering::Relaxed);
        self.set_mark()?;
        // A follower that ended early says so when it is joined.
        let _ = self.lead.send(self.at);
        Ok(())
    }

    /// Waits for the follower and puts the sink together again.
    pub(super) async fn end(self) -> Result<Sink, FetchError> {
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

    /// An error about the file.
    pub(super) fn failed(&self, doing: &'static str, source: io::Error) -> FetchError {
        FsError {
            doing,
            path: self.path.clone(),
            source,
        }
        .into()
    }

    fn set_mark(&self) -> Result<(), FetchError> {
        self.edge
            .mark
            .set(self.at)
            .map_err(|source| self.failed("mark", source))
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
