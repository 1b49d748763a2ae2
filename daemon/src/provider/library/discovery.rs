//! Which provider libraries there are.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the folders hold.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The libraries by provider name, the first on the path for each.
    pub libraries: BTreeMap<String, Discovered>,
    /// Folders that cannot be read, with the reason.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// One provider's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// The file that counts.
    pub path: PathBuf,
    /// Files of the same name in later folders, which do not.
    pub shadowed: Vec<PathBuf>,
}

/// Finds every `libbackhaul_provider_<name>.so` directly in these folders. A folder that is not
/// there is empty.
pub fn discover(folders: &[PathBuf]) -> Discovery {
    let mut found = Discovery::default();
    for folder in folders {
        let entries = match list(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                found.unreadable.push((folder.clone(), error));
                continue;
            }
        };
        for path in entries {
            let Some(name) = provider_name(&path) else {
                continue;
            };
            match found.libraries.get_mut(&name) {
                Some(first) => first.shadowed.push(path),
                None => {
                    let shadowed = Vec::new();
                    found.libraries.insert(name, Discovered { path, shadowed });
                }
            }
        }
    }
    found
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

/// The provider's name by its file's: `libbackhaul_provider_object_store.so` is `object-store`.
pub fn provider_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix("libbackhaul_provider_")?;
    let name = name.strip_suffix(".so")?;
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    (!name.is_empty() && name.chars().all(good)).then(|| name.replace('_', "-"))
}
