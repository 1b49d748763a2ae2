//! What the system refuses, said with what was tried on which path.

use std::io;
use std::path::PathBuf;

/// A failed operation on a file or directory.
#[derive(Debug)]
pub struct FsError {
    /// What was tried, such as `create`.
    pub doing: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FsError {
    /// True when the disk or a quota is full: waiting may mend it, trying elsewhere will not.
    pub fn is_full(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }

    /// True when bytes that were written before may be lost: a kernel that could not write them to
    /// the disk says so once, forgets them, and succeeds the next time.
    pub fn loses_writes(&self) -> bool {
        self.doing == "sync"
            || self.source.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
    }

    /// True when the thing is not there.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// True when there is one already.
    pub fn is_taken(&self) -> bool {
        self.source.kind() == io::ErrorKind::AlreadyExists
    }
}

impl std::fmt::Display for FsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            doing,
            path,
            source,
        } = self;
        let path = path.display();
        match source.kind() {
            io::ErrorKind::StorageFull => write!(
                f,
                "cannot {doing} {path}: the disk is full; free some space, the work goes on by itself"
            ),
            io::ErrorKind::QuotaExceeded => {
                write!(f, "cannot {doing} {path}: the disk quota is used up")
            }
            io::ErrorKind::PermissionDenied => write!(
                f,
                "cannot {doing} {path}: permission denied; give the user that Backhaul runs as access to it"
            ),
            io::ErrorKind::NotFound => write!(f, "cannot {doing} {path}: it does not exist"),
            io::ErrorKind::ReadOnlyFilesystem => {
                write!(f, "cannot {doing} {path}: the file system is read-only")
            }
            _ => write!(f, "cannot {doing} {path}: {source}"),
        }
    }
}

impl std::error::Error for FsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
