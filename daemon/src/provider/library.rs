//! Provider libraries on disk: finding them, checking them, and keeping what was checked.
//!
//! A library is read once; what was read is checked, hashed, and copied to a place only the
//! daemon writes to, and that copy is what provider processes open. A package upgrade in the
//! middle of a pass can therefore change nothing under anybody's feet, and what is checked is
//! what is loaded.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backhaul_provider_api::Description;
use sha2::{Digest, Sha256};

use super::opening::describe;
use super::process::HostProgram;
use crate::provider_host::sandbox::SandboxLevel;

mod discovery;

pub(super) use discovery::provider_name;
pub use discovery::{Discovered, Discovery, discover};

/// A provider library that was checked, copied, and has described itself.
#[derive(Clone, Debug)]
pub struct Library {
    /// Where it was found.
    pub source: PathBuf,
    /// The private copy that provider processes open.
    pub copy: PathBuf,
    /// The SHA-256 of both, in lower-case hex.
    pub sha256: String,
    /// What the provider says of itself.
    pub description: Description,
    /// The version of the contract it speaks: major, minor.
    pub contract: (u32, u32),
    /// How far the sandbox reached when it was described.
    pub sandbox: SandboxLevel,
    /// How its processes are started.
    pub program: HostProgram,
}

impl Library {
    /// The provider's name, as configurations write it.
    pub fn name(&self) -> &str {
        &self.description.name
    }
}

/// The private copies of libraries, and what is known about each.
#[derive(Debug)]
pub struct Libraries {
    folder: PathBuf,
    program: HostProgram,
    known: Mutex<HashMap<PathBuf, Arc<Library>>>,
}

impl Libraries {
    /// Keeps copies below `state_dir`.
    pub fn new(state_dir: &Path, program: HostProgram) -> Self {
        let folder = state_dir.join("providers");
        Self {
            // Provider processes work in another directory.
            folder: std::path::absolute(&folder).unwrap_or(folder),
            program,
            known: Mutex::default(),
        }
    }

    /// Loads a library: checks and copies the file as it is now, and lets it describe itself in a
    /// process of its own unless these very bytes have done so before. Cheap enough to be called
    /// at every pass, which is how an upgraded file is noticed.
    ///
    /// # Errors
    /// When the file is not fit, cannot be copied, or is no provider.
    pub async fn load(&self, path: &Path) -> Result<Arc<Library>, LibraryError> {
        let (source, folder) = (path.to_owned(), self.folder.clone());
        let checked = tokio::task::spawn_blocking(move || check_and_copy(&source, &folder)).await;
        let (copy, sha256) = checked.map_err(|error| LibraryError::Io {
            path: path.to_owned(),
            doing: "checked",
            source: io::Error::other(error),
        })??;
        let known = self.known().get(path).cloned();
        if let Some(library) = known.filter(|library| library.sha256 == sha256) {
            return Ok(library);
        }
        let described = describe(&copy, &self.program, DESCRIBE_LIMIT).await;
        let described = described.map_err(|reason| LibraryError::Unusable {
            path: path.to_owned(),
            reason,
        })?;
        let from_file = provider_name(path).unwrap_or_default();
        if described.description.name.replace('_', "-") != from_file {
            return Err(LibraryError::Name {
                path: path.to_owned(),
                says: described.description.name.escape_default().to_string(),
            });
        }
        let library = Arc::new(Library {
            source: path.to_owned(),
            copy,
            sha256,
            description: described.description,
            contract: described.contract,
            sandbox: described.sandbox,
            program: self.program.clone(),
        });
        self.known().insert(path.to_owned(), Arc::clone(&library));
        Ok(library)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<Library>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a library cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The system refused.
    #[error("the provider library {} cannot be {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done to it.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// It is a directory, a pipe or the like.
    #[error("the provider library {} is not a regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// It is too large to be one.
    #[error("the provider library {} is larger than {LIBRARY_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else could change it.
    #[error(
        "the provider library {0} belongs to user {owner}, who is neither root nor the daemon's user: `chown root {0}`",
        path.display()
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Somebody else could change it.
    #[error("the provider library {0} can be changed by others: `chmod go-w {0}`", path.display())]
    Writable {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be loaded or described.
    #[error("the provider library {} cannot be used: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It says that it is another provider.
    #[error(
        "the provider library {} says that its name is `{says}`, which does not fit its file name",
        path.display()
    )]
    Name {
        /// The file.
        path: PathBuf,
        /// What it says.
        says: String,
    },
}

impl LibraryError {
    /// Whether only its private copy could not be written, and the library may be sound.
    pub fn is_of_copy(&self) -> bool {
        matches!(self, Self::Io { doing, .. } if *doing == COPYING)
    }
}

/// Checks the file and copies it to a folder named after its hash.
fn check_and_copy(path: &Path, folder: &Path) -> Result<(PathBuf, String), LibraryError> {
    let bytes = read_checked(path)?;
    let digest = Sha256::digest(&bytes);
    let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let home = folder.join(&sha256);
    let copy = home.join(path.file_name().unwrap_or_default());
    if fs::read(&copy).is_ok_and(|present| present == bytes) {
        return Ok((copy, sha256));
    }
    write_durably(&home, &copy, &bytes).map_err(|source| LibraryError::Io {
        path: copy.clone(),
        doing: COPYING,
        source,
    })?;
    Ok((copy, sha256))
}

/// Opens the file once and does everything with what was opened.
fn read_checked(path: &Path) -> Result<Vec<u8>, LibraryError> {
    let failed = |doing| {
        move |source| LibraryError::Io {
            path: path.to_owned(),
            doing,
            source,
        }
    };
    // Without waiting, should it be a pipe.
    let mut file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(failed("opened"))?;
    let status = file.metadata().map_err(failed("examined"))?;
    if !status.is_file() {
        return Err(LibraryError::NotAFile {
            path: path.to_owned(),
        });
    }
    let owner = status.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(LibraryError::Owner {
            path: path.to_owned(),
            owner,
        });
    }
    if status.mode() & 0o022 != 0 {
        return Err(LibraryError::Writable {
            path: path.to_owned(),
        });
    }
    let mut bytes = Vec::new();
    let mut limited = Read::by_ref(&mut file).take(LIBRARY_MAX + 1);
    limited.read_to_end(&mut bytes).map_err(failed("read"))?;
    if bytes.len() as u64 > LIBRARY_MAX {
        return Err(LibraryError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Writes beside the final name and renames, so that a copy is whole or absent even after a power
/// cut.
fn write_durably(home: &Path, copy: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(home)?;
    let mut temporary = tempfile_in(home)?;
    let written = (|| {
        temporary.1.write_all(bytes)?;
        temporary.1.sync_all()?;
        temporary
            .1
            .set_permissions(fs::Permissions::from_mode(0o400))?;
        fs::rename(&temporary.0, copy)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary.0);
    }
    written?;
    File::open(home)?.sync_all()
}

/// A new file with a name that no other load uses.
fn tempfile_in(home: &Path) -> io::Result<(PathBuf, File)> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let path = home.join(format!(".{}-{number}.part", std::process::id()));
    // Left over by a dead process of the same number.
    let _ = fs::remove_file(&path);
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    Ok((path, file))
}

/// What is done to a private copy.
const COPYING: &str = "written";

/// Larger than any library that makes sense, in bytes.
const LIBRARY_MAX: u64 = 256 << 20;

/// How long loading and describing may take.
const DESCRIBE_LIMIT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests;
