//! Verification: hashes what lies in the mirror and compares it with the manifest.
//!
//! Only reads. What is found out is recorded by `verification.rs`.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;

use rustix::fs::Advice;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file_name::{CHECKSUMS, MANIFEST, hex};
use super::identity::BackupId;
use super::manifest::{Content, FileEntry, Manifest, ManifestError};
use crate::content::{Checker, Depth};
use crate::dir::{Dir, FsError};

const BUFFER_BYTES: usize = 256 << 10;

/// Damage found in a mirrored backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The file, relative to the backup's directory.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

impl Damage {
    /// What is wrong with a file.
    pub fn of(file: &str, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            what: what.into(),
        }
    }
}

/// Why nothing was found out about a backup.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    /// It was told to stop.
    #[error("stopped")]
    Stopped,
    /// The machine or its permissions, which says nothing about the backup.
    #[error(transparent)]
    File(#[from] FsError),
    /// The manifest is of a version that this program does not know.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Told the bytes as they are read; may wait, or stop the verification.
pub type Pace<'a> = &'a mut dyn FnMut(&[u8]) -> ControlFlow<()>;

/// How closely a backup is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Is every byte what it was when it was mirrored?
    Hashes,
    /// And is every file sound all the way through, as its format shows? Costs much more CPU.
    Inside,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is no longer as it was mirrored.
    pub damage: Vec<Damage>,
    /// What is, and yet is not sound inside: the vendor handed it out so.
    pub unsound: Vec<Damage>,
}

impl From<Damage> for Verdict {
    fn from(damage: Damage) -> Self {
        Self {
            damage: vec![damage],
            unsound: Vec::new(),
        }
    }
}

/// Verifies the backup that should lie at `path` in a job's directory.
///
/// # Errors
/// When it was stopped, or nothing can be said about the backup.
pub fn verify_at(
    job_dir: &Dir,
    path: &str,
    id: &BackupId,
    look: Look,
    pace: Pace<'_>,
) -> Result<Verdict, Unverified> {
    let dir = match job_dir.dir(path) {
        Ok(dir) => dir,
        Err(error) => return Ok(Damage::of(".", blame(error)?).into()),
    };
    match Manifest::read(&dir) {
        Ok(manifest) if manifest.id == *id => verify(&dir, &manifest, look, pace),
        Ok(manifest) => {
            let what = format!("it is the manifest of another backup, {}", manifest.id);
            Ok(Damage::of(MANIFEST, what).into())
        }
        Err(error) => Ok(manifest_damage(error)?.into()),
    }
}

/// The damage that makes a manifest unreadable.
///
/// # Errors
/// When it is not the manifest's fault.
pub fn manifest_damage(error: ManifestError) -> Result<Damage, Unverified> {
    match error {
        ManifestError::File(error) => Ok(Damage::of(MANIFEST, blame(error)?)),
        ManifestError::Content { reason, .. } => Ok(Damage::of(MANIFEST, reason)),
        error @ ManifestError::Newer { .. } => Err(error.into()),
    }
}

/// Checks every file of a backup's directory against its manifest.
///
/// # Errors
/// When it was stopped, or nothing can be said about the backup.
pub fn verify(
    dir: &Dir,
    manifest: &Manifest,
    look: Look,
    pace: Pace<'_>,
) -> Result<Verdict, Unverified> {
    let mut verdict = Verdict::default();
    for entry in &manifest.files {
        let name = entry.name.as_str();
        let mut checker = (look == Look::Inside).then(|| Checker::new(name, Depth::Whole));
        let damage = compare(dir, entry, &mut |bytes| {
            if let Some(checker) = &mut checker {
                checker.update(bytes);
            }
            pace(bytes)
        })?;
        match (damage, checker) {
            (Some(what), _) => verdict.damage.push(Damage::of(name, what)),
            (None, Some(checker)) => {
                if let Content::Bad { reason } = checker.finish(entry.size_bytes).content {
                    verdict.unsound.push(Damage::of(name, reason));
                }
            }
            (None, None) => {}
        }
    }
    let what = match dir.read(CHECKSUMS, 32 << 20) {
        Ok(listed) if listed == manifest.checksums().as_bytes() => None,
        Ok(_) => Some("it differs from the manifest".to_owned()),
        Err(error) => Some(blame(error)?),
    };
    let damage = what.map(|what| Damage::of(CHECKSUMS, what));
    verdict.damage.extend(damage);
    Ok(verdict)
}

/// Compares one file with what its manifest says of it. Returns what is wrong, if anything is.
///
/// # Errors
/// When it was stopped, or nothing can be said about the file.
pub fn compare(dir: &Dir, entry: &FileEntry, pace: Pace<'_>) -> Result<Option<String>, Unverified> {
    let name = entry.name.as_str();
    let file = match dir.open_file(name) {
        Ok(file) => file,
        Err(error) => return Ok(Some(blame(error)?)),
    };
    let failed = |source| dir.error("read", name.as_ref(), source);
    let length = file.metadata().map_err(failed)?.len();
    if length != entry.size_bytes {
        return Ok(Some(format!(
            "it has {length} bytes instead of {}",
            entry.size_bytes
        )));
    }
    match sha256(&file, pace) {
        Ok(ControlFlow::Break(())) => Err(Unverified::Stopped),
        Ok(ControlFlow::Continue(sha256)) if sha256 == entry.sha256 => Ok(None),
        Ok(ControlFlow::Continue(sha256)) => Ok(Some(format!(
            "its SHA-256 is {sha256}, the manifest says {}",
            entry.sha256
        ))),
        Err(source) => Ok(Some(blame(failed(source))?)),
    }
}

/// The SHA-256 of a whole file, from the disk rather than from memory.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(file: &File, pace: Pace<'_>) -> std::io::Result<ControlFlow<(), String>> {
    // The page cache would hide what became of the bytes on disk, and what is read here is not
    // worth the memory. Advice only: a file system that ignores it is fine.
    let forget = || rustix::fs::fadvise(file, 0, None, Advice::DontNeed).unwrap_or_default();
    forget();
    let mut reader = file;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        if pace(&buffer[..count]).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    forget();
    Ok(ControlFlow::Continue(hex(&hash.finalize())))
}

/// What an error says about the backup, or the error itself where it is about the machine.
fn blame(error: FsError) -> Result<String, FsError> {
    use ErrorKind::{OutOfMemory, PermissionDenied};
    let about_machine = matches!(error.source.kind(), PermissionDenied | OutOfMemory)
        || matches!(
            error
                .source
                .raw_os_error()
                .map(rustix::io::Errno::from_raw_os_error),
            Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
        );
    if about_machine {
        return Err(error);
    }
    Ok(if error.is_missing() {
        "it is missing".to_owned()
    } else {
        error.to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_refuses_is_no_damage() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::open(place.path()).unwrap();
        let error = |kind| dir.error("open", "a".as_ref(), std::io::Error::from(kind));
        assert!(blame(error(ErrorKind::PermissionDenied)).is_err());
        let too_many = std::io::Error::from(rustix::io::Errno::MFILE);
        assert!(blame(dir.error("open", "a".as_ref(), too_many)).is_err());
        assert_eq!(blame(error(ErrorKind::NotFound)).unwrap(), "it is missing");
        let broken = std::io::Error::from(rustix::io::Errno::IO);
        assert!(blame(dir.error("read", "a".as_ref(), broken)).is_ok());
    }

    #[test]
    fn a_hash_is_stopped_where_its_pace_says_so() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        std::fs::write(&path, vec![7; 3 * BUFFER_BYTES]).unwrap();
        let file = File::open(&path).unwrap();
        let mut left = 2;
        let stopped = sha256(&file, &mut |_| {
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        assert!(stopped.unwrap().is_break());
    }
}
