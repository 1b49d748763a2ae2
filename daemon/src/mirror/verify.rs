//! Verification: hashes what lies in the mirror and compares it with the manifest.

use std::io::Read;

use sha2::{Digest, Sha256};

use super::file_name::{CHECKSUMS, hex};
use super::manifest::{FileEntry, Manifest};
use crate::dir::{Dir, FsError};

const BUFFER_BYTES: usize = 256 << 10;

/// Damage found in a mirrored backup.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Damage {
    /// The file, relative to the backup's directory.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// Checks every file of a backup's directory against its manifest. `progress` is told the bytes
/// that were read.
pub fn verify(dir: &Dir, manifest: &Manifest, mut progress: impl FnMut(u64)) -> Vec<Damage> {
    let mut damage: Vec<_> = manifest
        .files
        .iter()
        .filter_map(|file| {
            let what = match compare(dir, file, &mut progress) {
                Ok(None) => return None,
                Ok(Some(what)) => what,
                Err(error) => error.to_string(),
            };
            Some(Damage {
                file: file.name.to_string(),
                what,
            })
        })
        .collect();
    let listed = dir.read(CHECKSUMS, 32 << 20);
    if !listed.is_ok_and(|listed| listed == manifest.checksums().as_bytes()) {
        damage.push(Damage {
            file: CHECKSUMS.to_owned(),
            what: "it is missing or differs from the manifest".to_owned(),
        });
    }
    damage
}

/// Compares one file with what its manifest says of it. Returns what is wrong, if anything is.
///
/// # Errors
/// When it cannot be read.
pub fn compare(
    dir: &Dir,
    entry: &FileEntry,
    progress: &mut impl FnMut(u64),
) -> Result<Option<String>, FsError> {
    let name = entry.name.as_str();
    let failed = |source| dir.error("read", name.as_ref(), source);
    let mut file = dir.open_file(name)?;
    let length = file.metadata().map_err(failed)?.len();
    if length != entry.size_bytes {
        return Ok(Some(format!(
            "it has {length} bytes instead of {}",
            entry.size_bytes
        )));
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        progress(count as u64);
    }
    let sha256 = hex(&hash.finalize());
    Ok((sha256 != entry.sha256).then(|| {
        format!(
            "its SHA-256 is {sha256}, the manifest says {}",
            entry.sha256
        )
    }))
}
