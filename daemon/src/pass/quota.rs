//! A job's quota: how much it may keep on disk, quarantine included.

use std::sync::{Mutex, MutexGuard, PoisonError};

use backhaul_config::{ByteSize, Job};

use super::PassError;
use super::context::Context;
use super::fetch_backup::BackupError;
use crate::dir::Dir;
use crate::mirror::quarantine;

/// The quota of one pass.
///
/// What there is gets counted once. From then on the pass keeps account of what it adds itself:
/// backups under way count with what the vendor says of them, mirrored ones with what they have.
pub struct Quota {
    most: Option<u64>,
    used: Mutex<u64>,
}

/// The part of the quota that a backup under way is going to take, given back when dropped.
pub struct Promise<'a> {
    quota: &'a Quota,
    bytes: u64,
}

impl Quota {
    /// Counts what a job keeps.
    ///
    /// # Errors
    /// When the catalog or the quarantine cannot be read.
    pub fn of(context: &Context, job: &Job, directory: &Dir) -> Result<Self, PassError> {
        let most = job.limits.quota.map(ByteSize::bytes);
        let mut used = 0u64;
        if most.is_some() {
            let summary = context.catalog.summary(&job.directory)?;
            let mirrored = summary.instances.values();
            used = mirrored.map(|instance| instance.size_bytes).sum();
            used = used.saturating_add(quarantine::bytes(directory)?);
        }
        Ok(Self {
            most,
            used: Mutex::new(used),
        })
    }

    /// Promises a backup its part.
    ///
    /// # Errors
    /// `Quota` when there is no room for it.
    pub fn promise(&self, bytes: u64) -> Result<Promise<'_>, BackupError> {
        let mut used = self.used();
        let with_it = used.saturating_add(bytes);
        match self.most {
            Some(quota) if with_it > quota => Err(BackupError::Quota { quota, used: *used }),
            _ => {
                *used = with_it;
                Ok(Promise { quota: self, bytes })
            }
        }
    }

    fn used(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promise<'_> {
    /// The backup is there and has so many bytes.
    pub fn keep(mut self, bytes: u64) {
        let mut used = self.quota.used();
        *used = used.saturating_sub(self.bytes).saturating_add(bytes);
        self.bytes = 0;
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        let mut used = self.quota.used();
        *used = used.saturating_sub(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(most: u64, used: u64) -> Quota {
        Quota {
            most: Some(most),
            used: Mutex::new(used),
        }
    }

    #[test]
    fn backups_under_way_count_until_they_fail() {
        let quota = quota(10, 4);
        let first = quota.promise(3).unwrap();
        let _second = quota.promise(3).unwrap();
        let refused = quota.promise(1);
        assert!(matches!(refused, Err(BackupError::Quota { used: 10, .. })));
        drop(first);
        let _third = quota.promise(3).unwrap();
    }

    #[test]
    fn a_mirrored_backup_counts_once_and_with_what_it_has() {
        let quota = quota(10, 0);
        quota.promise(6).unwrap().keep(5);
        let rest = quota.promise(5).unwrap();
        assert!(quota.promise(1).is_err());
        rest.keep(7);
        assert!(quota.promise(0).is_err(), "more came than was said");
    }
}
