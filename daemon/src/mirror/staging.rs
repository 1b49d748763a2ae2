//! Downloads under way, kept so that a restart or a power cut loses little and trusts nothing
//! that is not there.
//!
//! `.backhaul/staging/<id>/` holds `state.json` and `data/`; the latter becomes the backup's
//! directory in one rename. `state.json` records, per file, what it is an image of (length and
//! validator), how many bytes are durable, and its digest once it is complete. A small backup has
//! no more than its data, in `.backhaul/staging/<id>.light/`: nothing of it outlives its run.
//!
//! How far a file can be resumed: after a crash of the program the page cache still holds every
//! byte that was written, so the file's own length counts; after a power cut (the kernel's boot
//! id has changed) only what was synced counts. Files grow strictly from the front.

mod leftovers;
mod mark;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;

use backhaul_provider_api::{Checksum, FileId, PrepareToken};
use serde::{Deserialize, Serialize};

use super::file_name::SafeName;
use super::identity::{BackupId, Identity};
use super::layout::{HIDDEN, STAGING};
use super::manifest::FileEntry;
use super::verify;
use crate::crash::crash_point;
use crate::dir::{Dir, FsError};
use crate::seal::{sealed, unsealed};
pub use leftovers::{discard, ids, sweep};
pub use mark::Mark;

const STATE: &str = "state.json";
const DATA: &str = "data";
/// What the directory of a light one ends in.
const LIGHT: &str = ".light";
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
    /// Where the records lie; a light one has none.
    own: Option<Dir>,
    data: Dir,
    id: BackupId,
    state: State,
    /// The kernel's boot: the page cache still holds what was written at the same one.
    boot: String,
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
        let state = State {
            format: FORMAT,
            identity: identity.clone(),
            token: None,
            files: BTreeMap::new(),
            boots: BTreeMap::new(),
        };
        if weight == Weight::Light && !parent.has(id.as_str()) {
            let name = light_name(&id);
            if !parent.make_dir(&name)? {
                // What a killed run left, which nobody can build upon.
                parent.clear_away(&name)?;
                parent.make_dir(&name)?;
            }
            return Ok(Self {
                data: parent.dir(&name)?,
                parent,
                own: None,
                id,
                state,
                boot: boot.to_owned(),
                known: false,
            });
        }
        let known = !parent.make_dir(id.as_str())?;
        let own = parent.dir(id.as_str())?;
        let earlier = known
            .then(|| own.read(STATE, STATE_MAX_BYTES).ok())
            .flatten()
            .and_then(|bytes| unsealed::<State>(&bytes).ok())
            .filter(|state| state.format == FORMAT && state.identity == *identity);
        if known && earlier.is_none() {
            if own.has(STATE) {
                tracing::warn!(
                    backup = %id,
                    "what is known of an earlier download is damaged; it is begun anew"
                );
            }
            // Bytes of which nothing is recorded are of no use.
            own.remove_tree(DATA)?;
        }
        own.make_dir(DATA)?;
        let staging = Self {
            data: own.dir(DATA)?,
            parent,
            own: Some(own),
            id,
            state: earlier.unwrap_or(state),
            boot: boot.to_owned(),
            known,
        };
        staging.begin_records()?;
        Ok(staging)
    }

    /// Whether an earlier run may have left something in it.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// How much care it needs.
    pub fn weight(&self) -> Weight {
        match self.own {
            Some(_) => Weight::Heavy,
            None => Weight::Light,
        }
    }

    /// Records durably what there is, and from now on each further step.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn make_heavy(&mut self) -> Result<(), FsError> {
        if self.own.is_none() {
            // What is recorded as finished must be on disk, and nobody syncs it later.
            self.sync_files()?;
            let own = self.parent.ensure_dir(self.id.as_str())?;
            let light = light_name(&self.id);
            self.parent.move_new(&light, &own, DATA)?;
            self.data = own.dir(DATA)?;
            self.own = Some(own);
            self.begin_records()?;
        }
        Ok(())
    }

    fn begin_records(&self) -> Result<(), FsError> {
        if let Some(own) = &self.own {
            own.sync()?;
        }
        self.parent.sync()?;
        self.save()
    }

    /// Makes the files of a light one durable, each by itself.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn sync_files(&self) -> Result<(), FsError> {
        for (name, _) in self.data.entries()? {
            crash_point("sync a file");
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

    /// Where [`Staging::data`] lies, for the rename: a directory, and its name in that.
    pub fn staged(&self) -> (&Dir, Cow<'static, str>) {
        match &self.own {
            Some(own) => (own, DATA.into()),
            None => (&self.parent, light_name(&self.id).into()),
        }
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

    /// The entry of a file that an earlier run finished, if the file is still what it was: it is
    /// read back, for it may have lain there for days.
    pub fn finished(&self, id: &FileId) -> Option<FileEntry> {
        let entry = self.state.files.get(id)?.finished.clone()?;
        let damage = match verify::compare(&self.data, &entry, &mut |_| ControlFlow::Continue(())) {
            Ok(None) => return Some(entry),
            Ok(Some(damage)) => damage,
            Err(error) => error.to_string(),
        };
        let name = &entry.name;
        tracing::warn!(backup = %self.id, file = %name, %damage, "a downloaded file was damaged; it is fetched again");
        None
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
        let mark = format!("{name}.mark");
        let Some(own) = &self.own else {
            let why = std::io::Error::other("small backups are not written out of order");
            return Err(self.data.error("open", mark.as_ref(), why));
        };
        own.open_or_create(&mark).map(Mark::new)
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
        let (place, name) = self.staged();
        place.remove_tree(&*name)?;
        self.data = place.ensure_dir(&name)?;
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
        let light = match self.own {
            Some(_) => return self.parent.clear_away(self.id.as_str()),
            None => light_name(&self.id),
        };
        // Publication moved all of it away, unless the backup was there already.
        match self.parent.has(&light) {
            true => self.parent.clear_away(&light),
            false => Ok(()),
        }
    }

    fn save(&self) -> Result<(), FsError> {
        match &self.own {
            Some(own) => own.write_durable(STATE, &sealed(&self.state)),
            None => Ok(()),
        }
    }
}

fn light_name(id: &BackupId) -> String {
    format!("{id}{LIGHT}")
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
