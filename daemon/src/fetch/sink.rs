//! The end of the line: writes bytes to the staged file and hashes them on the way.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FallocateFlags;

use super::digest::{Digested, Digests};
use super::error::FetchError;
use crate::dir::{Dir, FsError};
use crate::mirror::file_name::SafeName;

const BUFFER_BYTES: usize = 256 << 10;

/// A staged file that grows from its front. Writing blocks; passes run on threads of their own.
pub struct Sink {
    file: Arc<File>,
    length: u64,
    digests: Digests,
    path: PathBuf,
}

impl Sink {
    /// Goes on after the first `start` bytes, which are hashed again from disk; what lies behind
    /// them is cut off.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn resume(
        file: File,
        start: u64,
        mut digests: Digests,
        dir: &Dir,
        name: &SafeName,
    ) -> Result<Self, FetchError> {
        let path = dir.path().join(name.as_str());
        let failed = |doing, source| FsError {
            doing,
            path: path.clone(),
            source,
        };
        cut(&file, start, dir, name)?;
        let mut buffer = vec![0; BUFFER_BYTES.min(usize::try_from(start).unwrap_or(BUFFER_BYTES))];
        let mut at = 0;
        while at < start {
            let want = buffer
                .len()
                .min(usize::try_from(start - at).unwrap_or(buffer.len()));
            file.read_exact_at(&mut buffer[..want], at)
                .map_err(|source| failed("read", source))?;
            digests.update(&buffer[..want]);
            at += want as u64;
        }
        Ok(Self {
            file: Arc::new(file),
            length: start,
            digests,
            path,
        })
    }

    /// Takes the room for the whole file now, so that a full disk shows at once. False when the
    /// length is not known or the file system cannot; writing will tell.
    ///
    /// # Errors
    /// When there is not enough room.
    pub fn reserve(&self, total_bytes: Option<u64>) -> Result<bool, FetchError> {
        let Some(total_bytes) = total_bytes else {
            return Ok(false);
        };
        let missing = total_bytes.saturating_sub(self.length);
        if missing == 0 {
            return Ok(true);
        }
        match rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.length, missing) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(false),
            Err(errno) => {
                // Some file systems keep what they had taken until then.
                let _ = self.file.set_len(self.length);
                Err(self.failed("reserve space for", errno.into()).into())
            }
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file
            .write_all_at(bytes, self.length)
            .map_err(|source| self.failed("write", source))?;
        self.digests.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes everything written so far survive a power cut.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> Result<(), FetchError> {
        Ok(self
            .file
            .sync_all()
            .map_err(|source| self.failed("sync", source))?)
    }

    /// Leaves only the first `length` bytes, for another sink to go on from.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn cut(self, length: u64) -> Result<(), FetchError> {
        let cut = self.file.set_len(length.min(self.length));
        Ok(cut.map_err(|source| self.failed("cut", source))?)
    }

    /// Where the file lies, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, for syncing it meanwhile.
    pub fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Takes it apart for writing out of order: file, length so far, digests of those bytes, path.
    pub(super) fn scatter(self) -> (Arc<File>, u64, Digests, PathBuf) {
        (self.file, self.length, self.digests, self.path)
    }

    /// Puts it together again: everything before `length` is written and hashed, and what lies
    /// behind is cut off.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn gather(
        file: Arc<File>,
        length: u64,
        digests: Digests,
        path: PathBuf,
    ) -> Result<Self, FetchError> {
        let sink = Self {
            file,
            length,
            digests,
            path,
        };
        sink.file
            .set_len(length)
            .map_err(|source| sink.failed("cut", source))?;
        Ok(sink)
    }

    /// The digests over the whole file.
    pub fn finish(self) -> Digested {
        self.digests.finish(self.length)
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> FsError {
        FsError {
            doing,
            path: self.path.clone(),
            source,
        }
    }
}

/// Cuts off what lies behind the first `length` bytes, with the room that was taken there. A new
/// file is left alone: ext4 writes out at once, on closing, what was ever cut to nothing.
///
/// # Errors
/// When the disk fails.
pub(super) fn cut(file: &File, length: u64, dir: &Dir, name: &SafeName) -> Result<(), FetchError> {
    let failed = |source| FsError {
        doing: "cut",
        path: dir.path().join(name.as_str()),
        source,
    };
    let there = file.metadata().map_err(failed)?;
    if there.len() == 0 && there.blocks() == 0 && length == 0 {
        return Ok(());
    }
    Ok(file.set_len(length).map_err(failed)?)
}
