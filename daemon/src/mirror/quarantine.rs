//! Quarantine: backups that retention has let go, hidden but whole for a grace period; and damaged
//! ones that a sound copy has taken the place of.
//!
//! `.backhaul/quarantine/<quarantined at>_<id>/` holds the backup's directory under `backup/`; and,
//! for people, `from`, the path it came from, and `why`: where a backup belongs is told by its
//! manifest. Moving a backup in and out is one rename. A deletion begins with one too, to
//! `….deleting`, so that what is half deleted never comes back.

use std::ops::ControlFlow;

use backhaul_provider_api::Timestamp;
use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::identity::BackupId;
use super::layout::{self, HIDDEN, QUARANTINE};
use super::manifest::{Manifest, ManifestError};
use super::verify::{self, Look};
use crate::dir::{Dir, FsError};

const BACKUP: &str = "backup";
const FROM: &str = "from";
const WHY: &str = "why";
/// Why a damaged backup is there.
const DAMAGED: &str = "it is damaged, and a sound copy took its place";
const DELETING: &str = ".deleting";
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// A backup in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The backup.
    pub id: BackupId,
    /// When it was put there.
    pub since: Timestamp,
    /// The name of its slot.
    entry: String,
}

impl Quarantined {
    /// Its manifest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn manifest(&self, job_dir: &Dir) -> Result<Manifest, ManifestError> {
        Manifest::read(&open(job_dir)?.dir(format!("{}/{BACKUP}", self.entry))?)
    }

    /// Why it was put there, in words.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn why(&self, job_dir: &Dir) -> Result<String, FsError> {
        let text = open(job_dir)?.dir(&self.entry)?.read(WHY, 4096)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn holds_something(&self, job_dir: &Dir) -> bool {
        open(job_dir).is_ok_and(|place| place.has(&format!("{}/{BACKUP}", self.entry)))
    }

    /// The job that mirrored it, as its manifest says. That of a damaged one may be what is
    /// damaged; then that of the sound copy in its place says it.
    fn owner(&self, job_dir: &Dir) -> Option<String> {
        let claimed = |manifest: Manifest| (manifest.id == self.id).then_some(manifest.job);
        let sound = || {
            let slot = open(job_dir)
                .and_then(|place| place.dir(&self.entry))
                .ok()?;
            let from = String::from_utf8(slot.read(FROM, 4096).ok()?).ok()?;
            claimed(Manifest::read(&job_dir.dir(from).ok()?).ok()?)
        };
        self.manifest(job_dir).ok().and_then(claimed).or_else(sound)
    }
}

/// Moves a published backup into quarantine. Durable on return.
///
/// Backhaul deletes only what its own manifest claims: a directory without the manifest of that
/// very backup is not touched.
///
/// # Errors
/// When the manifest does not claim the directory, or the disk refuses.
pub fn put(
    job_dir: &Dir,
    path: &str,
    id: &BackupId,
    why: &str,
    now: Timestamp,
) -> Result<(), FsError> {
    let Some((home, name)) = path.rsplit_once('/') else {
        let why = std::io::Error::other("it is not the path of a backup");
        return Err(job_dir.error("quarantine", path.as_ref(), why));
    };
    let home = job_dir.dir(home)?;
    let claimed = Manifest::read(&home.dir(name)?).is_ok_and(|manifest| manifest.id == *id);
    if !claimed {
        let why = std::io::Error::other("its manifest does not claim it; it is left alone");
        return Err(job_dir.error("quarantine", path.as_ref(), why));
    }
    let slot = slot(job_dir, path, id, why, now)?;
    home.move_new(name, &slot, BACKUP)
}

/// Puts a staged backup, durable by now, in the place of a damaged one, which goes into quarantine:
/// in one step, so that at any instant one of them is there. `data` is the staged directory in
/// `staged`. Durable on return.
///
/// # Errors
/// When the damaged directory is not named like that backup, or the disk refuses.
pub fn exchange(
    job_dir: &Dir,
    path: &str,
    id: &BackupId,
    now: Timestamp,
    (staged, data): (&Dir, &str),
) -> Result<(), FsError> {
    let (home, name) = damaged(job_dir, path, id)?;
    // By way of the slot: a kill in between leaves the sound copy there and the damaged one where
    // it was, and never a damaged one in staging, where it would be taken for sound.
    let slot = slot(job_dir, path, id, DAMAGED, now)?;
    staged.move_new(data, &slot, BACKUP)?;
    slot.exchange(BACKUP, &home, name)
}

/// Finishes repairs that a kill cut off between the two steps of [`exchange`]: the sound copy lies in
/// quarantine still, and the damaged one in its place. Returns what took its place, with its path.
///
/// # Errors
/// When the disk refuses.
pub fn finish_exchanges(job_dir: &Dir) -> Result<Vec<(String, Manifest)>, FsError> {
    let mut finished = Vec::new();
    for quarantined in list(job_dir)? {
        if !quarantined.why(job_dir).is_ok_and(|why| why == DAMAGED) {
            continue;
        }
        let Ok(manifest) = quarantined.manifest(job_dir) else {
            continue;
        };
        let path = layout::path(&manifest);
        let Ok((home, name)) = damaged(job_dir, &path, &quarantined.id) else {
            continue;
        };
        // The newer one is the repair, and it is believed only if it is whole.
        let newer = match home.dir(name).map(|there| Manifest::read(&there)) {
            Ok(Ok(there)) => manifest.mirrored_at > there.mirrored_at,
            Ok(Err(_)) => true,
            Err(_) => continue,
        };
        let slot = open(job_dir)?.dir(&quarantined.entry)?;
        let sound = || {
            let backup = slot.dir(BACKUP)?;
            verify::verify(&backup, &manifest, Look::Hashes, &mut |_| {
                ControlFlow::Continue(())
            })
        };
        if newer && sound().is_ok_and(|verdict| verdict.damage.is_empty()) {
            slot.exchange(BACKUP, &home, name)?;
            finished.push((path, manifest));
        }
    }
    Ok(finished)
}

/// Moves a damaged backup into quarantine; a sound copy lies elsewhere. Durable on return.
///
/// # Errors
/// When the directory is not named like that backup, or the disk refuses.
pub fn put_damaged(
    job_dir: &Dir,
    path: &str,
    id: &BackupId,
    now: Timestamp,
) -> Result<(), FsError> {
    let (home, name) = damaged(job_dir, path, id)?;
    let slot = slot(job_dir, path, id, DAMAGED, now)?;
    home.move_new(name, &slot, BACKUP)
}

/// The place of a damaged backup. Its manifest may be what is damaged, so its name, which nobody
/// else gives, has to claim it.
fn damaged<'a>(job_dir: &Dir, path: &'a str, id: &BackupId) -> Result<(Dir, &'a str), FsError> {
    let claimed = |name| layout::backup_id(name).as_ref() == Some(id);
    match path.rsplit_once('/') {
        Some((home, name)) if claimed(name) => Ok((job_dir.dir(home)?, name)),
        _ => {
            let why = std::io::Error::other("its name does not claim it; it is left alone");
            Err(job_dir.error("quarantine", path.as_ref(), why))
        }
    }
}

/// Makes the place in quarantine for a backup that lies at `path`.
fn slot(
    job_dir: &Dir,
    path: &str,
    id: &BackupId,
    why: &str,
    now: Timestamp,
) -> Result<Dir, FsError> {
    let place = job_dir.ensure_dir(HIDDEN)?.ensure_dir(QUARANTINE)?;
    // Another copy may have gone in the same second, or may be half deleted under that name.
    let mut since = now;
    let slot = loop {
        let name = format!("{}_{id}", since.format(TIME_FORMAT));
        if !place.has(&format!("{name}{DELETING}")) {
            let slot = place.ensure_dir(&name)?;
            if !slot.has(BACKUP) {
                break slot;
            }
        }
        since += TimeDelta::seconds(1);
    };
    slot.write_durable(FROM, path.as_bytes())?;
    slot.write_durable(WHY, why.as_bytes())?;
    Ok(slot)
}

/// How many bytes lie in quarantine, by their manifests.
///
/// # Errors
/// When the directory cannot be read.
pub fn bytes(job_dir: &Dir) -> Result<u64, FsError> {
    let mut bytes = 0u64;
    for quarantined in list(job_dir)? {
        let manifest = quarantined.manifest(job_dir);
        bytes = bytes.saturating_add(manifest.map_or(0, |manifest| manifest.size_bytes));
    }
    Ok(bytes)
}

/// What is in quarantine, oldest first.
///
/// # Errors
/// When the directory cannot be read.
pub fn list(job_dir: &Dir) -> Result<Vec<Quarantined>, FsError> {
    let place = match open(job_dir) {
        Ok(place) => place,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found: Vec<_> = place
        .entries()?
        .into_iter()
        .filter_map(|(name, _)| {
            let entry = name.into_string().ok()?;
            let (since, id) = entry.split_once('_')?;
            let since = NaiveDateTime::parse_from_str(since, TIME_FORMAT)
                .ok()?
                .and_utc();
            Some(Quarantined {
                id: id.parse().ok()?,
                since,
                entry,
            })
        })
        .collect();
    found.sort_by_key(|quarantined| quarantined.since);
    Ok(found)
}

/// What has been there longer than the grace period and may be deleted for good: only what its
/// manifest says that this job mirrored. Slots that a crash left empty are among them.
///
/// # Errors
/// When the directory cannot be read.
pub fn expired(
    job_dir: &Dir,
    job: &str,
    grace: TimeDelta,
    now: Timestamp,
) -> Result<Vec<Quarantined>, FsError> {
    let mut all = list(job_dir)?;
    all.retain(|quarantined| {
        now.signed_duration_since(quarantined.since) > grace
            && (!quarantined.holds_something(job_dir)
                || quarantined.owner(job_dir).is_some_and(|owner| owner == job))
    });
    Ok(all)
}

/// Deletes backups in quarantine for good, and what is left of a deletion that was cut off.
///
/// # Errors
/// When something cannot be removed.
pub fn delete(job_dir: &Dir, doomed: &[Quarantined]) -> Result<(), FsError> {
    let place = match open(job_dir) {
        Ok(place) => place,
        Err(error) if error.is_missing() => return Ok(()),
        Err(error) => return Err(error),
    };
    for Quarantined { entry, .. } in doomed {
        place.move_new(entry, &place, &format!("{entry}{DELETING}"))?;
    }
    for (name, _) in place.entries()? {
        if name.to_str().is_some_and(|name| name.ends_with(DELETING)) {
            place.remove_tree(&name)?;
        }
    }
    Ok(())
}

/// Moves a backup back to where it belongs, if it is whole. Returns its path and its manifest.
///
/// # Errors
/// `is_missing` when it is not in quarantine. When its manifest cannot be read or names files that
/// are not there, it stays where it is.
pub fn restore(job_dir: &Dir, id: &BackupId) -> Result<(String, Manifest), ManifestError> {
    let mut all = list(job_dir)?;
    // A kill may have left an entry that nothing was moved into.
    all.retain(|entry| entry.id == *id && entry.holds_something(job_dir));
    let Some(quarantined) = all.pop() else {
        let why = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(job_dir
            .error("find in quarantine", id.as_str().as_ref(), why)
            .into());
    };
    let place = open(job_dir)?;
    let slot = place.dir(&quarantined.entry)?;
    let manifest = whole(&slot.dir(BACKUP)?, id)?;
    let home = layout::instance_dir(&manifest.instance);
    let name = layout::backup_dir(&manifest.backup, &manifest.id);
    let path = layout::path(&manifest);
    if !slot
        .read(FROM, 4096)
        .is_ok_and(|from| from == path.as_bytes())
    {
        tracing::warn!(
            backup = %id, %path,
            "`{FROM}` of the quarantined backup is missing or damaged; it goes where its manifest says"
        );
    }
    slot.move_new(BACKUP, &job_dir.ensure_dir(home.as_str())?, name.as_str())?;
    place.remove_tree(&quarantined.entry)?;
    Ok((path, manifest))
}

/// The manifest of a backup in quarantine, all of whose files are there.
fn whole(backup: &Dir, id: &BackupId) -> Result<Manifest, ManifestError> {
    let manifest = Manifest::read(backup)?;
    if manifest.id != *id {
        let why = std::io::Error::other("its manifest is of another backup; it is left alone");
        return Err(backup.error("restore", "".as_ref(), why).into());
    }
    for file in &manifest.files {
        let name = file.name.as_str();
        let length = backup.open_file(name)?.metadata().map(|it| it.len());
        if !length.is_ok_and(|length| length == file.size_bytes) {
            let why = format!(
                "it does not have {} bytes; it is left alone",
                file.size_bytes
            );
            let why = std::io::Error::other(why);
            return Err(backup.error("restore", name.as_ref(), why).into());
        }
    }
    Ok(manifest)
}

fn open(job_dir: &Dir) -> Result<Dir, FsError> {
    job_dir.dir(HIDDEN)?.dir(QUARANTINE)
}

#[cfg(test)]
mod tests;
