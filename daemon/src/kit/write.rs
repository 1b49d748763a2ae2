//! Writes a kit: whole and durable under its name, or not at all.

use std::fs::Permissions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use backhaul_provider_api::Timestamp;
use rustix::fs::FlockOperation;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::contents::{Contents, Entry, Role};
use super::copy::{CopyError, can_share, copy};
use super::{KitError, guide};
use crate::dir::{Dir, FsError};
use crate::mirror::file_name::{CHECKSUMS, MANIFEST, hex};
use crate::mirror::identity::BackupId;
use crate::recipe::packing::{LOG_LIST, log_list};

const CHECK: &str = include_str!("check.sh");
const KEYS: &str = "keys";
const KEY_MAX_BYTES: u64 = 1 << 20;
const MANIFEST_MAX_BYTES: u64 = 32 << 20;
/// For the kit's own files, and what a file system needs for names.
const OWN_BYTES: u64 = 1 << 20;
const FILE_BYTES: u64 = 8 << 10;

/// What `kit.json` and `--json` say.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The version of this format.
    pub format: u32,
    /// The version of Backhaul that made it.
    pub backhaul: &'static str,
    /// When it was made.
    pub made_at: Timestamp,
    /// The instance, for people.
    pub instance: String,
    /// What was wanted, for people.
    pub wanted: String,
    /// The instant that it restores.
    pub reaches: Timestamp,
    /// What is missing between that instant and the wanted one.
    pub gap: Option<crate::chain::Gap>,
    /// What to know about it.
    pub warnings: Vec<String>,
    /// Whether keys of encrypted backups are in it.
    pub with_keys: bool,
    /// The bytes of all backups.
    pub size_bytes: u64,
    /// The backups, in the order of their application.
    pub backups: Vec<SummaryEntry>,
}

/// One backup of a kit.
#[derive(Debug, Serialize)]
pub struct SummaryEntry {
    /// What it is there for.
    pub role: Role,
    /// Its directory in the kit.
    pub directory: String,
    /// Its directory in the mirror.
    pub source: PathBuf,
    /// Its id.
    pub id: BackupId,
    /// What it contains in relation to others.
    pub kind: backhaul_provider_api::Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// How many files it has.
    pub files: usize,
    /// Their length together, in bytes.
    pub size_bytes: u64,
}

impl Summary {
    /// The summary of a kit's contents.
    pub fn of(contents: &Contents, with_keys: bool, made_at: Timestamp) -> Self {
        let entry = |entry: &Entry| SummaryEntry {
            role: entry.role,
            directory: entry.dir.clone(),
            source: entry.source.clone(),
            id: entry.manifest.id.clone(),
            kind: entry.manifest.backup.kind,
            started_at: entry.manifest.backup.started_at,
            files: entry.manifest.files.len(),
            size_bytes: entry.manifest.size_bytes,
        };
        Self {
            format: 1,
            backhaul: env!("CARGO_PKG_VERSION"),
            made_at,
            instance: contents.instance.clone(),
            wanted: contents.wanted.clone(),
            reaches: contents.reaches,
            gap: contents.gap.clone(),
            warnings: contents.warnings.clone(),
            with_keys,
            size_bytes: contents.size_bytes(),
            backups: contents.entries.iter().map(entry).collect(),
        }
    }
}

/// Writes a kit to `target`, which must not exist or be empty. `keys` is the directory with the
/// keys that go in. `progress` is told the bytes that were copied. On return the kit is durable;
/// after an error there is nothing at `target`, and nothing beside it but what a killed program
/// leaves: a hidden directory that the next attempt removes.
///
/// # Errors
/// When the target cannot be used, a mirrored file is damaged, or the disk refuses.
pub fn write(
    contents: &Contents,
    target: &Path,
    keys: Option<&Path>,
    made_at: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<(), KitError> {
    let (parent, name) = place(target)?;
    let hidden = format!(".{name}.backhaul-kit");
    let lock = claim(&parent, &hidden)?;
    let written = fill(contents, &parent, &hidden, keys, made_at, progress)
        .and_then(|()| Ok(parent.move_onto_empty(&hidden, &name)?));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = parent.remove_tree(&hidden);
    }
    drop(lock);
    written
}

/// The directory that the kit will lie in, and its name there.
fn place(target: &Path) -> Result<(Dir, String), KitError> {
    let refuse = |what: &str| KitError::Target {
        path: target.to_owned(),
        what: what.to_owned(),
    };
    let absolute = std::path::absolute(target).map_err(|error| refuse(&error.to_string()))?;
    let name = absolute
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| refuse("a kit needs a directory with a name of its own"))?;
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let parent_dir = Dir::create_all(parent)?;
    match std::fs::symlink_metadata(&absolute) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refuse(&error.to_string())),
        Ok(found) if !found.is_dir() => return Err(refuse("it is there and no directory")),
        Ok(found) => {
            let is_empty = Dir::open(&absolute)?.entries()?.is_empty();
            let of_parent = std::fs::metadata(parent).map(|parent| parent.dev());
            if !is_empty {
                return Err(refuse(
                    "it is not empty; a kit is written into a new or empty directory",
                ));
            }
            if of_parent.is_ok_and(|device| device != found.dev()) {
                return Err(refuse(
                    "it is where a file system is mounted; name a new directory in it",
                ));
            }
        }
    }
    Ok((parent_dir, name.to_owned()))
}

/// Makes the hidden directory and locks it. What an earlier attempt left is removed.
fn claim(parent: &Dir, hidden: &str) -> Result<Dir, KitError> {
    loop {
        let dir = parent.ensure_dir(hidden)?;
        if rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(KitError::Target {
                path: dir.path().to_owned(),
                what: "another `backhaul kit` is writing there".to_owned(),
            });
        }
        if dir.entries()?.is_empty() {
            return Ok(dir);
        }
        parent.remove_tree(hidden)?;
    }
}

/// The kit under way: its directory, and the lines of its `SHA256SUMS`.
struct Kit<'a> {
    dir: Dir,
    sums: String,
    progress: &'a mut dyn FnMut(u64),
}

fn fill(
    contents: &Contents,
    parent: &Dir,
    hidden: &str,
    keys: Option<&Path>,
    made_at: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<(), KitError> {
    let mut kit = Kit {
        dir: parent.dir(hidden)?,
        sums: String::new(),
        progress,
    };
    kit.check_space(contents)?;
    for entry in &contents.entries {
        kit.add_backup(entry)?;
    }
    if let Some(keys) = keys {
        kit.add_keys(contents, keys)?;
    }
    if let Some(list) = log_list(&contents.restoration()) {
        kit.add_text(LOG_LIST, list.as_bytes(), 0o640)?;
    }
    let summary = Summary::of(contents, keys.is_some(), made_at);
    // Plain data with text keys always serialises.
    let mut json = serde_json::to_vec_pretty(&summary).unwrap_or_default();
    json.push(b'\n');
    kit.add_text("kit.json", &json, 0o640)?;
    kit.add_text(
        "RESTORE.md",
        guide::write(contents, keys.is_some()).as_bytes(),
        0o640,
    )?;
    kit.add_text("check.sh", CHECK.as_bytes(), 0o750)?;
    let sums = std::mem::take(&mut kit.sums);
    Ok(kit.dir.write_durable(CHECKSUMS, sums.as_bytes())?)
}

impl Kit<'_> {
    /// Files that can be shared need no space.
    fn check_space(&self, contents: &Contents) -> Result<(), KitError> {
        const PROBE: &str = "probe";
        let first = contents.entries.iter().find_map(|entry| {
            let file = entry
                .manifest
                .files
                .iter()
                .find(|file| file.size_bytes > 0)?;
            Dir::open(&entry.source)
                .ok()?
                .open_file(file.name.as_str())
                .ok()
        });
        let probe = self.dir.create(PROBE)?;
        let shares = first.is_some_and(|first| can_share(&first, &probe));
        drop(probe);
        self.dir.remove_file(PROBE)?;
        let own = OWN_BYTES + FILE_BYTES * contents.files() as u64;
        let needed = if shares {
            own
        } else {
            contents.size_bytes().saturating_add(own)
        };
        let free = self.dir.free_bytes()?;
        if needed > free {
            return Err(KitError::Space {
                path: self.dir.path().to_owned(),
                needed,
                free,
            });
        }
        Ok(())
    }

    fn add_backup(&mut self, entry: &Entry) -> Result<(), KitError> {
        let source = Dir::open(&entry.source)?;
        let dir = self.dir.ensure_dir(&entry.dir)?;
        for file in &entry.manifest.files {
            let name = file.name.as_str();
            let (from, to) = (source.open_file(name)?, dir.create(name)?);
            copy(from, to, file, self.progress).map_err(|error| match error {
                CopyError::Read(error) => source.error("read", name.as_ref(), error).into(),
                CopyError::Write(error) => dir.error("write", name.as_ref(), error).into(),
                CopyError::Damaged(what) => KitError::Damaged {
                    path: entry.source.join(name),
                    what,
                },
            })?;
            self.sums += &format!("{}  {}/{name}\n", file.sha256, entry.dir);
        }
        // As it is: it may say more than this version knows.
        let manifest = source.read(MANIFEST, MANIFEST_MAX_BYTES)?;
        let checksums = entry.manifest.checksums();
        for (name, bytes) in [
            (MANIFEST, manifest.as_slice()),
            (CHECKSUMS, checksums.as_bytes()),
        ] {
            dir.write_durable(name, bytes)?;
            self.sums += &format!("{}  {}/{name}\n", hex(&Sha256::digest(bytes)), entry.dir);
        }
        Ok(())
    }

    fn add_keys(&mut self, contents: &Contents, keys: &Path) -> Result<(), KitError> {
        let mut target = None;
        for id in contents.encrypted() {
            let name = format!("{id}.json");
            let read = Dir::open(keys).and_then(|keys| keys.read(&name, KEY_MAX_BYTES));
            let bytes = match read {
                Err(error) if error.is_missing() => {
                    return Err(KitError::NoKeys {
                        id: id.clone(),
                        directory: keys.to_owned(),
                    });
                }
                other => other?,
            };
            let dir = match target.take() {
                Some(dir) => dir,
                None => self.dir.ensure_dir(KEYS)?,
            };
            add(&dir, &name, &bytes, 0o600)?;
            self.sums += &format!("{}  {KEYS}/{name}\n", hex(&Sha256::digest(&bytes)));
            dir.sync()?;
            target = Some(dir);
        }
        Ok(())
    }

    fn add_text(&mut self, name: &str, bytes: &[u8], mode: u32) -> Result<(), KitError> {
        add(&self.dir, name, bytes, mode)?;
        self.sums += &format!("{}  {name}\n", hex(&Sha256::digest(bytes)));
        Ok(())
    }
}

/// Writes a new file with that mode from its first byte on.
fn add(dir: &Dir, name: &str, bytes: &[u8], mode: u32) -> Result<(), FsError> {
    let mut file = dir.create(name)?;
    file.set_permissions(Permissions::from_mode(mode))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .map_err(|error| dir.error("write", name.as_ref(), error))
}

#[cfg(test)]
mod tests;
