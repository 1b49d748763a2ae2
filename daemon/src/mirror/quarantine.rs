//! Quarantine: backups that retention has let go, hidden but whole for a grace period; and damaged
//! ones that a sound copy has taken the place of.
//!
//! `.backhaul/quarantine/<quarantined at>_<id>/` holds the backup's directory under `backup/`,
//! `from`, the path it came from, and `why`. Moving a backup in and out is one rename.

use backhaul_provider_api::Timestamp;
use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::identity::BackupId;
use super::layout::{self, HIDDEN, QUARANTINE};
use super::manifest::{Manifest, ManifestError};
use crate::dir::{Dir, FsError};

const BACKUP: &str = "backup";
const FROM: &str = "from";
const WHY: &str = "why";
/// Why a damaged backup is there.
const DAMAGED: &str = "it is damaged, and a sound copy took its place";
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
    // Another copy may have gone in the same second.
    let mut since = now;
    let slot = loop {
        let name = format!("{}_{id}", since.format(TIME_FORMAT));
        let slot = place.ensure_dir(&name)?;
        if !slot.has(BACKUP) {
            break slot;
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
        let backup = open(job_dir)?.dir(format!("{}/{BACKUP}", quarantined.entry));
        let manifest = backup.ok().and_then(|backup| Manifest::read(&backup).ok());
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

/// Why a backup was put there, in words.
///
/// # Errors
/// When that cannot be read.
pub fn why(job_dir: &Dir, quarantined: &Quarantined) -> Result<String, FsError> {
    let slot = open(job_dir)?.dir(&quarantined.entry)?;
    let text = slot.read(WHY, 4096)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The manifest of a backup in quarantine.
///
/// # Errors
/// When it cannot be read.
pub fn manifest(job_dir: &Dir, quarantined: &Quarantined) -> Result<Manifest, ManifestError> {
    let slot = open(job_dir)?.dir(&quarantined.entry)?;
    Manifest::read(&slot.dir(BACKUP)?)
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
    all.retain(|quarantined| now.signed_duration_since(quarantined.since) > grace);
    let place = match open(job_dir) {
        Ok(place) => place,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    all.retain(|quarantined| {
        let empty = place
            .dir(&quarantined.entry)
            .is_ok_and(|slot| !slot.has(BACKUP));
        empty || owner(job_dir, quarantined).is_some_and(|owner| owner == job)
    });
    Ok(all)
}

/// The job that mirrored a backup in quarantine, as its manifest says. That of a damaged one may
/// be what is damaged; then that of the sound copy in its place says it.
fn owner(job_dir: &Dir, quarantined: &Quarantined) -> Option<String> {
    let claimed = |manifest: Manifest| {
        let same = manifest.id == quarantined.id;
        same.then_some(manifest.job)
    };
    let sound = || {
        let slot = open(job_dir)
            .and_then(|place| place.dir(&quarantined.entry))
            .ok()?;
        let from = String::from_utf8(slot.read(FROM, 4096).ok()?).ok()?;
        claimed(Manifest::read(&job_dir.dir(from).ok()?).ok()?)
    };
    manifest(job_dir, quarantined)
        .ok()
        .and_then(claimed)
        .or_else(sound)
}

/// Deletes a backup in quarantine for good.
///
/// # Errors
/// When something cannot be removed.
pub fn delete(job_dir: &Dir, quarantined: &Quarantined) -> Result<(), FsError> {
    open(job_dir)?.remove_tree(&quarantined.entry)
}

/// Moves a backup back to where it was. Returns its path.
///
/// # Errors
/// `is_missing` when it is not in quarantine.
pub fn restore(job_dir: &Dir, id: &BackupId) -> Result<String, FsError> {
    let mut all = list(job_dir)?;
    let whole = |entry: &Quarantined| {
        let slot = open(job_dir).and_then(|place| place.dir(&entry.entry));
        slot.is_ok_and(|slot| slot.has(BACKUP))
    };
    all.retain(|entry| entry.id == *id && whole(entry));
    let Some(quarantined) = all.pop() else {
        let why = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(job_dir.error("find in quarantine", id.as_str().as_ref(), why));
    };
    let place = open(job_dir)?;
    let slot = place.dir(&quarantined.entry)?;
    let path = String::from_utf8(slot.read(FROM, 4096)?)
        .map_err(|error| slot.error("read", FROM.as_ref(), std::io::Error::other(error)))?;
    let Some((home, name)) = path.rsplit_once('/') else {
        let why = std::io::Error::other("it does not say where the backup came from");
        return Err(slot.error("read", FROM.as_ref(), why));
    };
    slot.move_new(BACKUP, &job_dir.ensure_dir(home)?, name)?;
    place.remove_tree(&quarantined.entry)?;
    Ok(path)
}

fn open(job_dir: &Dir) -> Result<Dir, FsError> {
    job_dir.dir(HIDDEN)?.dir(QUARANTINE)
}
