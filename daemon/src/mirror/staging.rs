//! Downloads under way, kept so that a restart or a power cut loses little and trusts nothing
//! that is not there.
//!
//! `.backhaul/staging/<id>/` holds `state.json` and `data/`; the latter becomes the backup's
//! directory in one rename. `state.json` records, per file, what it is an image of (length and
//! validator), how many bytes are durable, and its digest once it is complete.
//!
//! How far a file can be resumed: after a crash of the program the page cache still holds every
//! byte that was written, so the file's own length counts; after a power cut (the kernel's boot
//! id has changed) only what was synced counts. Files grow strictly from the front.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use backhaul_provider_api::{Checksum, FileId, PrepareToken};
use serde::{Deserialize, Serialize};

use super::file_name::SafeName;
use super::identity::{BackupId, Identity};
use super::layout::{HIDDEN, STAGING};
use super::manifest::FileEntry;
use crate::dir::{Dir, FsError};

const STATE: &str = "state.json";
const DATA: &str = "data";
const FORMAT: u32 = 1;
const STATE_MAX_BYTES: u64 = 32 << 20;

/// A backup up to this size is not worth the waits for the disk that make it resumable.
pub const LIGHT_BYTES: u64 = 256 << 10;

/// How much care a download needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// How far it is gets recorded durably, so that little of it is ever lost.
    Heavy,
    /// So small that it is rather fetched again: nothing of it is durable before all of it is.
    Light,
}

/// What is known of a download under way.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    format: u32,
    identity: Identity,
    /// The token of a preparation under way; written before the first poll.
    #[serde(default)]
    token: Option<PrepareToken>,
    #[serde(default)]
    files: BTreeMap<FileId, Progress>,
    /// The kernel's boot at which each file was last written.
    #[serde(default)]
    boots: BTreeMap<FileId, String>,
}

/// How far one file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The whole length that the server announced, in bytes.
    pub total_bytes: Option<u64>,
    /// The strong validator of the object that the bytes are of.
    pub etag: Option<String>,
    /// The checksums that the server told of the whole object.
    #[serde(default)]
    pub checksums: Vec<Checksum>,
    /// How many bytes are surely on disk.
    pub durable_bytes: u64,
    /// The bytes are written out of order by several connections: the file's length says nothing,
    /// and how far it is whole stands in its mark.
    #[serde(default)]
    pub scattered: bool,
    /// What the file is, once it is complete and on disk.
    pub finished: Option<FileEntry>,
}

/// The directory that holds a job's staging directories, made durably if it is missing.
///
/// # Errors
/// When it cannot be made.
pub fn place(job_dir: &Dir) -> Result<Dir, FsError> {
    job_dir.ensure_dir(HIDDEN)?.ensure_dir(STAGING)
}

/// The staging directory of one backup.
pub struct Staging {
    parent: Arc<Dir>,
    own: Dir,
    data: Dir,
    id: BackupId,
    state: State,
    /// The kernel's boot: the page cache still holds what was written at the same one.
    boot: String,
    weight: Weight,
    /// Whether an earlier run may have left something in it.
    known: bool,
}

impl Staging {
    /// Opens the staging directory of a backup, with what an earlier run left in it: then it is
    /// heavy, whatever is asked for.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(
        place: &Arc<Dir>,
        identity: &Identity,
        boot: &str,
        weight: Weight,
    ) -> Result<Self, FsError> {
        let id = identity.id();
        let parent = Arc::clone(place);
        let known = !parent.make_dir(id.as_str())?;
        let own = parent.dir(id.as_str())?;
        let earlier = known
            .then(|| own.read(STATE, STATE_MAX_BYTES).ok())
            .flatten()
            .and_then(|bytes| serde_json::from_slice::<State>(&bytes).ok())
            .filter(|state| state.format == FORMAT && state.identity == *identity);
        let fresh = earlier.is_none();
        let weight = if fresh { weight } else { Weight::Heavy };
        let state = earlier.unwrap_or_else(|| State {
            format: FORMAT,
            identity: identity.clone(),
            token: None,
            files: BTreeMap::new(),
            boots: BTreeMap::new(),
        });
        if fresh && known {
            // Bytes of which nothing is recorded are of no use.
            own.remove_tree(DATA)?;
        }
        own.make_dir(DATA)?;
        let data = own.dir(DATA)?;
        let mut staging = Self {
            parent,
            own,
            data,
            id,
            state,
            boot: boot.to_owned(),
            weight: Weight::Light,
            known,
        };
        if weight == Weight::Heavy {
            staging.begin_records()?;
        }
        Ok(staging)
    }

    /// Whether an earlier run may have left something in it.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// How much care it needs.
    pub fn weight(&self) -> Weight {
        self.weight
    }

    /// Records durably what there is, and from now on each further step.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn make_heavy(&mut self) -> Result<(), FsError> {
        if self.weight == Weight::Light {
            // What is recorded as finished must be on disk, and nobody syncs it later.
            self.sync_files()?;
            self.begin_records()?;
        }
        Ok(())
    }

    fn begin_records(&mut self) -> Result<(), FsError> {
        self.weight = Weight::Heavy;
        self.own.sync()?;
        self.parent.sync()?;
        self.save()
    }

    /// Makes the files of a light one durable, each by itself.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn sync_files(&self) -> Result<(), FsError> {
        for (name, _) in self.data.entries()? {
            let file = self.data.open_file(&name)?;
            file.sync_all()
                .map_err(|source| self.data.error("sync", name.as_ref(), source))?;
        }
        self.data.sync()
    }

    /// The directory that becomes the backup's.
    pub fn data(&self) -> &Dir {
        &self.data
    }

    /// The directory that holds [`Staging::data`], for the rename.
    pub fn own(&self) -> &Dir {
        &self.own
    }

    /// The name of the data directory in [`Staging::own`].
    pub fn data_name(&self) -> &'static str {
        DATA
    }

    /// The token of a preparation that an earlier run began.
    pub fn token(&self) -> Option<&PrepareToken> {
        self.state.token.as_ref()
    }

    /// Records a preparation, durably, before it is polled.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn set_token(&mut self, token: Option<PrepareToken>) -> Result<(), FsError> {
        if self.state.token != token {
            self.make_heavy()?;
            self.state.token = token;
            self.save()?;
        }
        Ok(())
    }

    /// How far a file is.
    pub fn progress(&self, id: &FileId) -> Progress {
        self.state.files.get(id).cloned().unwrap_or_default()
    }

    /// The entry of a file that an earlier run finished, if the file is still there.
    pub fn finished(&self, id: &FileId) -> Option<FileEntry> {
        let entry = self.state.files.get(id)?.finished.clone()?;
        let file = self.data.open_file(entry.name.as_str()).ok()?;
        let length = file.metadata().ok()?.len();
        (length == entry.size_bytes).then_some(entry)
    }

    /// Opens a file's data and tells how many bytes from its front may be built upon.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open_file(&mut self, id: &FileId, name: &SafeName) -> Result<(File, u64), FsError> {
        if self.known {
            self.data.own_file(name.as_str())?;
        }
        let file = self.data.open_or_create(name.as_str())?;
        let length = file
            .metadata()
            .map_err(|source| self.data.error("look at", name.as_str().as_ref(), source))?
            .len();
        let progress = self.progress(id);
        let same_boot = self.state.boots.get(id) == Some(&self.boot);
        let trusted = match (same_boot, progress.scattered) {
            (true, false) => length,
            (true, true) => length.min(self.mark(name)?.get().max(progress.durable_bytes)),
            (false, _) => length.min(progress.durable_bytes),
        };
        // Without a record of what the bytes are of, they are of no use.
        let trusted = if progress == Progress::default() {
            0
        } else {
            trusted
        };
        let start = trusted.min(progress.total_bytes.unwrap_or(u64::MAX));
        Ok((file, start))
    }

    /// The mark of a file that is written out of order.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn mark(&self, name: &SafeName) -> Result<Mark, FsError> {
        self.own.open_or_create(&format!("{name}.mark")).map(Mark)
    }

    /// Records how far a file is, durably unless it is light. The caller has synced what it
    /// claims.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn record(&mut self, id: &FileId, progress: Progress) -> Result<(), FsError> {
        self.state.files.insert(id.clone(), progress);
        self.state.boots.insert(id.clone(), self.boot.clone());
        self.save()
    }

    /// Forgets all bytes of all files: the vendor's set of files has changed.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn restart(&mut self) -> Result<(), FsError> {
        self.state.files.clear();
        self.state.boots.clear();
        self.save()?;
        self.own.remove_tree(DATA)?;
        self.data = self.own.ensure_dir(DATA)?;
        Ok(())
    }

    /// The files with a record.
    pub fn known_files(&self) -> impl Iterator<Item = &FileId> {
        self.state.files.keys()
    }

    /// Removes what is left after publication. What comes back after a power cut is discarded
    /// when it is found.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(self) -> Result<(), FsError> {
        // A light one is empty now, which spares looking into it.
        if self.weight == Weight::Light && self.parent.remove_empty(self.id.as_str()) {
            return Ok(());
        }
        self.parent.clear_away(self.id.as_str())
    }

    fn save(&self) -> Result<(), FsError> {
        if self.weight == Weight::Light {
            return Ok(());
        }
        // Plain data with text keys always serialises.
        let bytes = serde_json::to_vec(&self.state).unwrap_or_default();
        self.own.write_durable(STATE, &bytes)
    }
}

/// Removes what a run left that was killed between publication and clearing up.
///
/// # Errors
/// When something in it cannot be removed.
pub fn discard(job_dir: &Dir, id: &BackupId) -> Result<(), FsError> {
    match job_dir.dir(HIDDEN).and_then(|hidden| hidden.dir(STAGING)) {
        Ok(place) => place.remove_tree(id.as_str()),
        Err(error) if error.is_missing() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes downloads that nobody has gone on with for a long time: the vendor has dropped the
/// backup, or the job no longer wants it. Returns their ids.
///
/// # Errors
/// When the directory cannot be read, or something in it cannot be removed.
pub fn sweep(job_dir: &Dir, older_than: std::time::Duration) -> Result<Vec<String>, FsError> {
    let place = match job_dir.dir(HIDDEN).and_then(|hidden| hidden.dir(STAGING)) {
        Ok(place) => place,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut swept = Vec::new();
    for (name, _) in place.entries()? {
        let state = Path::new(&name).join(STATE);
        let age = place
            .open_file(&state)
            .ok()
            .and_then(|file| file.metadata().ok()?.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age > older_than) {
            place.remove_tree(&name)?;
            swept.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(swept)
}

/// How far from its front a file is whole, kept beside it and not synced: it survives the end of
/// the program, and after a power cut nobody looks at it.
pub struct Mark(File);

impl Mark {
    /// The byte before which everything was written.
    pub fn get(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0
            .read_exact_at(&mut bytes, 0)
            .map_or(0, |()| u64::from_le_bytes(bytes))
    }

    /// Moves it. The bytes before it have been written.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn set(&self, bytes: u64) -> std::io::Result<()> {
        self.0.write_all_at(&bytes.to_le_bytes(), 0)
    }
}

/// The kernel's boot id; a new one after every start of the machine.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        // Unknown: then nothing unsynced is ever trusted, because no two are equal.
        .unwrap_or_else(|_| format!("unknown-{}", std::process::id()))
}

#[cfg(test)]
mod tests;
