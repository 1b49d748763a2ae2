//! What is asked of the file system that a directory lies on.

use std::os::fd::AsFd;

use super::{Dir, Result, fail};
use crate::crash::crash_point;

impl Dir {
    /// Whether [`Dir::sync_file_system`] makes everything durable: so it is known of these file
    /// systems, while network ones and those in user space may only promise it.
    pub fn syncs_as_a_whole(&self) -> bool {
        const EXT4: i64 = 0xef53;
        const XFS: i64 = 0x5846_5342;
        const BTRFS: i64 = 0x9123_683e;
        const F2FS: i64 = 0xf2f5_2010;
        const TMPFS: i64 = 0x0102_1994;
        rustix::fs::fstatfs(&self.fd)
            .is_ok_and(|stat| [EXT4, XFS, BTRFS, F2FS, TMPFS].contains(&stat.f_type))
    }

    /// Makes everything durable that was written to its file system by anybody.
    ///
    /// # Errors
    /// When the disk did not take something, written by anybody since this directory was opened
    /// (Linux 5.8).
    pub fn sync_file_system(&self) -> Result<()> {
        crash_point("sync the file system");
        rustix::fs::syncfs(&self.fd).map_err(|errno| fail("sync", &self.path, errno))
    }

    /// Bytes of its file system that an unprivileged process can still write.
    ///
    /// # Errors
    /// When the file system does not tell.
    pub fn free_bytes(&self) -> Result<u64> {
        let stat = rustix::fs::fstatvfs(self.fd.as_fd())
            .map_err(|errno| fail("ask for the free space of", &self.path, errno))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// The id of its file system.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn file_system(&self) -> Result<u64> {
        let stat =
            rustix::fs::fstat(&self.fd).map_err(|errno| fail("look at", &self.path, errno))?;
        Ok(stat.st_dev)
    }
}
