//! Copies one file of a mirror, and proves on the way that it is what its manifest says.
//!
//! A reflink where the file system has them: it costs neither space nor time to write, and what
//! happens to one file does not happen to the other. Never a hard link: both names would be one
//! file, so a kit whose files are changed, or handed to another user, would change the mirror.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use sha2::{Digest, Sha256};

use crate::mirror::file_name::hex;
use crate::mirror::manifest::FileEntry;

const BUFFER_BYTES: usize = 1 << 20;

/// Why a file was not copied.
pub enum CopyError {
    /// The mirrored file cannot be read.
    Read(io::Error),
    /// The copy cannot be written.
    Write(io::Error),
    /// The mirrored file is not what its manifest says.
    Damaged(String),
}

/// Whether files can be shared between the two by reflink. Makes `to` a clone where they can.
pub fn can_share(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

/// Copies a file. On return the copy is on disk and has the digest that the manifest says.
/// `progress` is told the bytes.
pub fn copy(
    mut from: File,
    mut to: File,
    entry: &FileEntry,
    progress: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let length = from.metadata().map_err(CopyError::Read)?.len();
    if length != entry.size_bytes {
        return Err(CopyError::Damaged(format!(
            "it has {length} bytes instead of {}",
            entry.size_bytes
        )));
    }
    let shared = can_share(&from, &to);
    if shared {
        // What is in the kit is what counts.
        to.rewind().map_err(CopyError::Write)?;
        std::mem::swap(&mut from, &mut to);
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut copied = 0;
    loop {
        let count = from.read(&mut buffer).map_err(CopyError::Read)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        if !shared {
            to.write_all(&buffer[..count]).map_err(CopyError::Write)?;
        }
        copied += count as u64;
        progress(count as u64);
    }
    let sha256 = hex(&hash.finalize());
    if copied != entry.size_bytes || sha256 != entry.sha256 {
        return Err(CopyError::Damaged(format!(
            "its SHA-256 is {sha256}, the manifest says {}",
            entry.sha256
        )));
    }
    let kept = if shared { from } else { to };
    kept.sync_all().map_err(CopyError::Write)
}

#[cfg(test)]
mod tests {
    use crate::mirror::file_name::SafeName;
    use crate::mirror::manifest::Content;

    use super::*;

    fn entry(bytes: &[u8]) -> FileEntry {
        FileEntry {
            name: SafeName::from_vendor("a"),
            vendor_name: "a".to_owned(),
            size_bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
            agreed: Vec::new(),
            etag: None,
            database: None,
            format: "unknown".to_owned(),
            content: Content::CannotTell {
                reason: String::new(),
            },
        }
    }

    fn copied(bytes: &[u8], expected: &[u8]) -> (Result<(), CopyError>, Vec<u8>, u64) {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        std::fs::write(&from, bytes).unwrap();
        let mut told = 0;
        let target = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&to)
            .unwrap();
        let done = copy(
            File::open(&from).unwrap(),
            target,
            &entry(expected),
            &mut |bytes| told += bytes,
        );
        (done, std::fs::read(&to).unwrap(), told)
    }

    #[test]
    fn a_sound_file_is_copied_whole() {
        let bytes = vec![7; 3 * BUFFER_BYTES + 1];
        let (done, copy, told) = copied(&bytes, &bytes);
        assert!(done.is_ok());
        assert_eq!((copy.len(), told), (bytes.len(), bytes.len() as u64));
    }

    #[test]
    fn damage_is_noticed_whether_it_changes_the_length_or_not() {
        let told = |bytes, expected| match copied(bytes, expected).0 {
            Err(CopyError::Damaged(what)) => what,
            _ => panic!("it is damaged"),
        };
        assert!(told(b"bit", b"bot").contains("SHA-256"));
        assert!(told(b"bi", b"bot").contains("2 bytes instead of 3"));
    }
}
