//! Checkpoints: from time to time what arrived is made durable, and only then claimed.
//!
//! The disk is asked on a thread of its own, so that the transfer goes on meanwhile and the last
//! sync has little left to do. What is on disk is then dropped from the page cache: nobody reads
//! it soon, and a database on the same machine keeps its own pages there.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backhaul_provider_api::FileId;
use rustix::fs::Advice;
use tokio::task::JoinHandle;

use super::FetchError;
use crate::dir::FsError;
use crate::mirror::staging::{Progress, Staging};

/// How much is written between two checkpoints.
const EVERY_BYTES: u64 = 64 << 20;

/// The checkpoints of one transfer.
pub(super) struct Checkpoints {
    file: Arc<File>,
    path: PathBuf,
    under_way: Option<(u64, JoinHandle<io::Result<()>>)>,
}

impl Checkpoints {
    /// Checkpoints of the file that lies at `path`.
    pub(super) fn of(file: Arc<File>, path: &Path) -> Self {
        Self {
            file,
            path: path.to_owned(),
            under_way: None,
        }
    }

    /// Called again and again while a transfer goes on, `at` bytes being written: begins a
    /// checkpoint when one is due, and records one that is done.
    pub(super) async fn pass(
        &mut self,
        at: u64,
        id: &FileId,
        progress: &mut Progress,
        staging: &mut Staging,
    ) -> Result<(), FetchError> {
        if self
            .under_way
            .as_ref()
            .is_some_and(|(_, sync)| sync.is_finished())
        {
            self.finish(id, progress, staging).await?;
        }
        if self.under_way.is_none() && at.saturating_sub(progress.durable_bytes) >= EVERY_BYTES {
            let file = Arc::clone(&self.file);
            let start = progress.durable_bytes;
            let sync = tokio::task::spawn_blocking(move || {
                file.sync_data()?;
                let length = NonZeroU64::new(at - start);
                // Only a hint; where it is not taken, the pages stay.
                let _ = rustix::fs::fadvise(&file, start, length, Advice::DontNeed);
                Ok(())
            });
            self.under_way = Some((at, sync));
        }
        Ok(())
    }

    /// Waits for a checkpoint under way and records it.
    pub(super) async fn finish(
        &mut self,
        id: &FileId,
        progress: &mut Progress,
        staging: &mut Staging,
    ) -> Result<(), FetchError> {
        let Some((at, sync)) = self.under_way.take() else {
            return Ok(());
        };
        let synced = sync
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        synced.map_err(|source| FsError {
            doing: "sync",
            path: self.path.clone(),
            source,
        })?;
        progress.durable_bytes = at;
        staging.record(id, progress.clone())?;
        Ok(())
    }
}
