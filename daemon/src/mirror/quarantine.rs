//! Quarantine: backups that retention has let go, hidden but whole for a grace period.
//!
//! `.backhaul/quarantine/<quarantined at>_<id>/` holds the backup's directory under `backup/`,
//! `from`, the path it came from, and `why`. Moving a backup in and out is one rename.

use backhaul_provider_api::Timestamp;
use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::identity::BackupId;
use super::layout::{HIDDEN, QUARANTINE};
use super::manifest::{Manifest, ManifestError};
use crate::dir::{Dir, FsError};

const BACKUP: &str = "backup";
const FROM: &str = "from";
const WHY: &str = "why";
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
    let place = job_dir.ensure_dir(HIDDEN)?.ensure_dir(QUARANTINE)?;
    let slot = place.ensure_dir(&format!("{}_{id}", now.format(TIME_FORMAT)))?;
    slot.write_durable(FROM, path.as_bytes())?;
    slot.write_durable(WHY, why.as_bytes())?;
    home.move_new(name, &slot, BACKUP)
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
        let ours = |manifest: Manifest| manifest.id == quarantined.id && manifest.job == job;
        empty || manifest(job_dir, quarantined).is_ok_and(ours)
    });
    Ok(all)
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
