//! A job's quota: how much it may keep on disk, quarantine included.

use std::sync::atomic::{AtomicU64, Ordering};

use backhaul_config::ByteSize;

use super::fetch_backup::{BackupError, Task};
use crate::mirror::quarantine;

/// The part of what the job may keep that a backup is going to take, given back when dropped.
pub(super) struct Promise<'a> {
    promised: &'a AtomicU64,
    bytes: u64,
}

impl<'a> Promise<'a> {
    /// Takes a backup's part.
    ///
    /// # Errors
    /// `Quota` when there is no room for the backup.
    pub(super) fn of(task: &Task<'a>) -> Result<Self, BackupError> {
        let bytes = task.wanted.backup.size.map_or(0, |size| size.bytes);
        let promised = task.promised.fetch_add(bytes, Ordering::Relaxed);
        let promise = Self {
            promised: task.promised,
            bytes,
        };
        let Some(quota) = task.job.limits.quota.map(ByteSize::bytes) else {
            return Ok(promise);
        };
        let summary = task.context.catalog.summary(&task.job.directory)?;
        let mirrored: u64 = summary
            .instances
            .values()
            .map(|instance| instance.size_bytes)
            .sum();
        let used = mirrored.saturating_add(quarantine::bytes(task.directory)?);
        let needed = promised.saturating_add(bytes);
        if used.saturating_add(needed) > quota {
            return Err(BackupError::Quota { quota, used });
        }
        Ok(promise)
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.promised.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
