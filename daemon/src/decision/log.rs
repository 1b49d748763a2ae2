//! Writes decisions down.
//!
//! A line is one write at the end of the month's file, so a kill leaves whole lines. [`Log::settle`]
//! makes all lines so far durable; a pass calls it at its end, and whoever deletes calls it first.
//! One process writes at a time: whoever decides holds the catalog.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backhaul_provider_api::Timestamp;
use chrono::TimeDelta;

use super::read::{Month, months};
use super::{DIRECTORY, Entry};
use crate::crash::crash_point;
use crate::dir::{Dir, FsError};
use crate::redact::Redactor;
use crate::seal::sealed;

/// The longest reason that is written, in characters: some hold what a vendor said.
const REASON_MAX: usize = 1000;

/// The decision log of a state directory. Clones write to the same.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    /// None: nothing is written down.
    state_dir: Option<PathBuf>,
    keep: TimeDelta,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// The last failure was said.
    complained: bool,
}

struct Open {
    month: Month,
    file: File,
    directory: Dir,
    settled: bool,
}

impl Log {
    /// The log in a state directory, whose files are kept that long. Opened at the first entry.
    pub fn new(state_dir: &Path, keep: Duration) -> Self {
        Self::with(Some(state_dir.to_owned()), keep)
    }

    /// Writes nothing: for whoever only plans.
    pub fn nowhere() -> Self {
        Self::with(None, Duration::MAX)
    }

    fn with(state_dir: Option<PathBuf>, keep: Duration) -> Self {
        Self(Arc::new(Inner {
            state_dir,
            keep: TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX),
            state: Mutex::default(),
        }))
    }

    /// Writes a decision down. A log that cannot be written does not keep backups from being
    /// mirrored: it is said once, until it can be written again.
    pub fn note(&self, entry: Entry) {
        let mut state = self.state();
        if let Err(error) = self.write(&mut state, entry) {
            if !state.complained {
                tracing::error!(%error, "the decision log cannot be written");
            }
            state.complained = true;
        }
    }

    /// Whether decisions are written down at all.
    pub fn writes(&self) -> bool {
        self.0.state_dir.is_some()
    }

    /// Makes all entries so far durable.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn settle(&self) -> Result<(), FsError> {
        match &mut self.state().open {
            Some(open) => open.settle(),
            None => Ok(()),
        }
    }

    /// Writes decisions down durably, before they are carried out.
    ///
    /// # Errors
    /// When they cannot be; then nothing may be carried out.
    pub fn announce(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), FsError> {
        let mut state = self.state();
        for entry in entries {
            self.write(&mut state, entry)?;
        }
        drop(state);
        self.settle()
    }

    fn write(&self, state: &mut State, mut entry: Entry) -> Result<(), FsError> {
        let Some(state_dir) = &self.0.state_dir else {
            return Ok(());
        };
        let reason = Redactor::global().scrub(&entry.reason);
        entry.reason = reason.chars().take(REASON_MAX).collect();
        let mut line = sealed(&entry);
        line.push(b'\n');
        let open = self.open(state, state_dir, entry.time)?;
        open.settled = false;
        let name = open.month.file_name();
        crash_point("write a decision");
        open.file
            .write_all(&line)
            .map_err(|source| open.directory.error("write", name.as_ref(), source))?;
        state.complained = false;
        Ok(())
    }

    /// The file of the month, with all of the last one durable.
    fn open<'a>(
        &self,
        state: &'a mut State,
        state_dir: &Path,
        now: Timestamp,
    ) -> Result<&'a mut Open, FsError> {
        let month = Month::of(now);
        let open = match state.open.take() {
            // A clock that goes back writes on where it was: the order in a file is that of writing.
            Some(open) if open.month >= month => return Ok(state.open.insert(open)),
            Some(mut before) => {
                before.settle()?;
                Open::at(state_dir, month)?
            }
            None => Open::at(state_dir, month)?,
        };
        open.drop_old(self.0.keep)?;
        Ok(state.open.insert(open))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn at(state_dir: &Path, month: Month) -> Result<Self, FsError> {
        let directory = Dir::create_all(&state_dir.join(DIRECTORY))?;
        let name = month.file_name();
        let mut file = directory.append(&name)?;
        end_line(&mut file, &directory, &name)?;
        Ok(Self {
            month,
            file,
            directory,
            settled: false,
        })
    }

    fn settle(&mut self) -> Result<(), FsError> {
        if !self.settled {
            let name = self.month.file_name();
            crash_point("sync the decisions");
            self.file
                .sync_all()
                .map_err(|source| self.directory.error("sync", name.as_ref(), source))?;
            self.directory.sync()?;
            self.settled = true;
        }
        Ok(())
    }

    /// Removes files that are too old. How old they are is told by the latest month before this
    /// one in which something was decided: a clock that jumps ahead must not cost the log.
    fn drop_old(&self, keep: TimeDelta) -> Result<(), FsError> {
        let mut all = months(&self.directory)?;
        all.retain(|month| *month < self.month);
        let Some(latest) = all.last().copied() else {
            return Ok(());
        };
        for month in all {
            if latest.begin().signed_duration_since(month.end()) > keep {
                self.directory.remove_file(&month.file_name())?;
                tracing::info!(%month, "an old part of the decision log was removed");
            }
        }
        Ok(())
    }
}

/// Ends a last line that a power cut left without its end, so that only that one is lost.
fn end_line(file: &mut File, directory: &Dir, name: &str) -> Result<(), FsError> {
    let mut last = [0];
    let torn = file.metadata().and_then(|metadata| {
        let length = metadata.len();
        if length > 0 {
            file.read_exact_at(&mut last, length - 1)?;
        }
        Ok(length > 0 && last != *b"\n")
    });
    let ended = torn.and_then(|torn| {
        if torn {
            tracing::warn!(file = name, "the last line of the decision log is torn");
            file.write_all(b"\n")?;
        }
        Ok(())
    });
    ended.map_err(|source| directory.error("look at", name.as_ref(), source))
}
