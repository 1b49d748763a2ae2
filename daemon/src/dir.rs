//! A directory held by its descriptor, and what is done beneath it.
//!
//! Every file of a mirror and of the state directory is reached through a [`Dir`], so that no
//! name, however hostile, and no symbolic link leads out of it (`openat2` with `RESOLVE_BENEATH`,
//! Linux 5.6), and so that each error names the path and each durable step is one call.

mod error;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags};

pub use error::FsError;

const FILE_MODE: Mode = Mode::from_raw_mode(0o640);
const DIR_MODE: Mode = Mode::from_raw_mode(0o750);

/// The result of a file system operation.
pub type Result<T> = std::result::Result<T, FsError>;

/// An open directory. Names given to its methods are single components or relative paths, and
/// resolve beneath it, through no symbolic link.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

impl Dir {
    /// Opens an existing directory. Symbolic links on the way to it are the administrator's own.
    ///
    /// # Errors
    /// When it is missing, not a directory or not accessible.
    pub fn open(path: &Path) -> Result<Self> {
        let fd = rustix::fs::open(
            path,
            OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(|errno| fail("open the directory", path, errno))?;
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    /// Opens a directory, making it and its missing parents durably.
    ///
    /// # Errors
    /// As [`Dir::open`], or when one cannot be made.
    pub fn create_all(path: &Path) -> Result<Self> {
        match Self::open(path) {
            Err(error) if error.is_missing() => {}
            opened => return opened,
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Self::open(path);
        };
        Self::create_all(parent)?;
        match rustix::fs::mkdir(path, DIR_MODE) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(errno) => return Err(fail("create the directory", &parent.join(name), errno)),
        }
        Self::open(parent)?.sync()?;
        Self::open(path)
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a directory beneath.
    ///
    /// # Errors
    /// When it is missing, not a directory, or reached through a link.
    pub fn dir(&self, name: impl AsRef<Path>) -> Result<Self> {
        let fd = self.open_beneath(
            "open the directory",
            name.as_ref(),
            OFlags::DIRECTORY | OFlags::RDONLY,
        )?;
        Ok(Self {
            fd,
            path: self.path.join(name),
        })
    }

    /// Opens a directory right beneath, making it durably if it is missing.
    ///
    /// # Errors
    /// When it can be neither made nor opened.
    pub fn ensure_dir(&self, name: &str) -> Result<Self> {
        if self.make_dir(name)? {
            self.sync()?;
        }
        self.dir(name)
    }

    /// Makes a directory right beneath, not yet durable. False when there is one already.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_dir(&self, name: &str) -> Result<bool> {
        match rustix::fs::mkdirat(&self.fd, name, DIR_MODE) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::EXIST) => Ok(false),
            Err(errno) => Err(fail("create the directory", &self.path.join(name), errno)),
        }
    }

    /// Makes a new file for reading and writing.
    ///
    /// # Errors
    /// When there is one already, or it cannot be made.
    pub fn create(&self, name: &str) -> Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        self.open_beneath("create", name.as_ref(), flags)
            .map(File::from)
    }

    /// Opens a file for reading and writing, making it if it is missing.
    ///
    /// # Errors
    /// When it can be neither opened nor made.
    pub fn open_or_create(&self, name: &str) -> Result<File> {
        self.open_beneath("open", name.as_ref(), OFlags::RDWR | OFlags::CREATE)
            .map(File::from)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it is missing or not readable.
    pub fn open_file(&self, name: impl AsRef<Path>) -> Result<File> {
        self.open_beneath("open", name.as_ref(), OFlags::RDONLY)
            .map(File::from)
    }

    /// Reads a whole file of at most `max_bytes`.
    ///
    /// # Errors
    /// When it is missing, not readable, or longer.
    pub fn read(&self, name: impl AsRef<Path>, max_bytes: u64) -> Result<Vec<u8>> {
        let name = name.as_ref();
        let mut bytes = Vec::new();
        self.open_file(name)?
            .take(max_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| self.error("read", name, source))?;
        if bytes.len() as u64 > max_bytes {
            let why = format!("it is longer than {max_bytes} bytes");
            return Err(self.error("read", name, io::Error::other(why)));
        }
        Ok(bytes)
    }

    /// Writes a whole file so that after a crash or power cut there is the old one or the new one.
    /// On return the new one is on disk.
    ///
    /// # Errors
    /// When any step fails; the old file is then untouched.
    pub fn write_durable(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let partial = format!(".{name}.new");
        let mut file = self
            .open_beneath(
                "create",
                partial.as_ref(),
                OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
            )
            .map(File::from)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|source| self.error("write", partial.as_ref(), source))?;
        rustix::fs::renameat(&self.fd, &partial, &self.fd, name)
            .map_err(|errno| fail("write", &self.path.join(name), errno))?;
        self.sync()
    }

    /// Writes a whole new file, not yet durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_new(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC;
        let mut file = self
            .open_beneath("create", name.as_ref(), flags)
            .map(File::from)?;
        file.write_all(bytes)
            .map_err(|source| self.error("write", name.as_ref(), source))
    }

    /// Moves `name` to `target` in another directory of the same file system, never over
    /// something that is there. Durable on return.
    ///
    /// # Errors
    /// `is_taken` when the target exists.
    pub fn move_new(&self, name: &str, to: &Dir, target: &str) -> Result<()> {
        self.rename_new(name, to, target)?;
        to.sync()?;
        self.sync()
    }

    /// The same, durable once the other directory is synced.
    ///
    /// # Errors
    /// `is_taken` when the target exists.
    pub fn rename_new(&self, name: &str, to: &Dir, target: &str) -> Result<()> {
        rustix::fs::renameat_with(&self.fd, name, &to.fd, target, RenameFlags::NOREPLACE)
            .map_err(|errno| fail("move a backup to", &to.path.join(target), errno))
    }

    /// Exchanges `name` with `other` in another directory of the same file system, in one step.
    /// Durable on return.
    ///
    /// # Errors
    /// When one of them is missing, or the file system cannot do it.
    pub fn exchange(&self, name: &str, with: &Dir, other: &str) -> Result<()> {
        rustix::fs::renameat_with(&self.fd, name, &with.fd, other, RenameFlags::EXCHANGE)
            .map_err(|errno| fail("exchange a backup with", &with.path.join(other), errno))?;
        with.sync()?;
        self.sync()
    }

    /// Sees to it that a file right beneath, if there is one, has no other name: one that has is
    /// removed here, because to write into it would change what the other name stands for.
    ///
    /// # Errors
    /// When it cannot be looked at or removed.
    pub fn own_file(&self, name: &str) -> Result<()> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if stat.st_nlink > 1 => self.remove_file(name),
            Ok(_) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(errno) => Err(fail("look at", &self.path.join(name), errno)),
        }
    }

    /// Makes a hard link to a file of another directory of the same file system, not yet durable.
    ///
    /// # Errors
    /// `is_taken` when there is something of that name; when the file system cannot do it.
    pub fn link_new(&self, name: &str, from: &Dir, source: &str) -> Result<()> {
        rustix::fs::linkat(&from.fd, source, &self.fd, name, AtFlags::empty())
            .map_err(|errno| fail("link to", &self.path.join(name), errno))
    }

    /// Renames a directory right beneath, in place of nothing or of an empty directory. Durable on
    /// return.
    ///
    /// # Errors
    /// When something else is there.
    pub fn move_onto_empty(&self, name: &str, target: &str) -> Result<()> {
        rustix::fs::renameat(&self.fd, name, &self.fd, target).map_err(|errno| {
            fail(
                "put the directory in place at",
                &self.path.join(target),
                errno,
            )
        })?;
        self.sync()
    }

    /// Removes a file durably. A missing file is fine.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove_file(&self, name: &str) -> Result<()> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => self.sync(),
            Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(errno) => Err(fail("remove", &self.path.join(name), errno)),
        }
    }

    /// Removes a directory right beneath with everything in it, following no link; durable on
    /// return. A missing one is fine.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove_tree(&self, name: impl AsRef<Path>) -> Result<()> {
        self.clear_away(name)?;
        self.sync()
    }

    /// The same, not yet durable: for what does no harm when it comes back.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn clear_away(&self, name: impl AsRef<Path>) -> Result<()> {
        let name = name.as_ref();
        let inner = match self.dir(name) {
            Ok(inner) => inner,
            Err(error) if error.is_missing() => return Ok(()),
            Err(error) => return Err(error),
        };
        for (entry, kind) in inner.entries()? {
            if kind == FileType::Directory {
                inner.clear_away(Path::new(&entry))?;
            } else {
                rustix::fs::unlinkat(&inner.fd, &entry, AtFlags::empty())
                    .map_err(|errno| fail("remove", &inner.path.join(&entry), errno))?;
            }
        }
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)
            .map_err(|errno| fail("remove", &self.path.join(name), errno))
    }

    /// Removes a directory right beneath if it is empty, not yet durable. False when it is not, or
    /// cannot be removed.
    pub fn remove_empty(&self, name: &str) -> bool {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR).is_ok()
    }

    /// The names in it and what they are, `.` and `..` left out, in no order.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn entries(&self) -> Result<Vec<(OsString, FileType)>> {
        let failed = |errno| fail("list", &self.path, errno);
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                // Some file systems do not tell the type in the listing.
                let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(|errno| fail("look at", &self.path.join(name), errno))?;
                kind = FileType::from_raw_mode(stat.st_mode);
            }
            entries.push((name.to_owned(), kind));
        }
        Ok(entries)
    }

    /// Whether there is something of that name.
    pub fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Makes names made, moved or removed in it durable.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn sync(&self) -> Result<()> {
        rustix::fs::fsync(&self.fd).map_err(|errno| fail("sync", &self.path, errno))
    }

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

    /// An error about something beneath.
    pub fn error(&self, doing: &'static str, name: &Path, source: io::Error) -> FsError {
        FsError {
            doing,
            path: self.path.join(name),
            source,
        }
    }

    fn open_beneath(&self, doing: &'static str, name: &Path, flags: OFlags) -> Result<OwnedFd> {
        let mode = if flags.contains(OFlags::CREATE) {
            FILE_MODE
        } else {
            Mode::empty()
        };
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&self.fd, name, flags | OFlags::CLOEXEC, mode, resolve)
            .map_err(|errno| fail(doing, &self.path.join(name), errno))
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn fail(doing: &'static str, path: &Path, errno: rustix::io::Errno) -> FsError {
    FsError {
        doing,
        path: path.to_owned(),
        source: errno.into(),
    }
}

#[cfg(test)]
mod tests;
