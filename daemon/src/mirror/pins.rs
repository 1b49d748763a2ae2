//! Pins: backups that stay for ever, whatever retention says.
//!
//! `.backhaul/pins/<id>` in the job's directory, beside what it holds, so that no lost catalog
//! loses a pin. The file's presence is the pin; what it says is for people.

use std::collections::BTreeMap;

use backhaul_provider_api::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::BackupId;
use super::layout::{HIDDEN, PINS};
use crate::dir::{Dir, FsError};

const MAX_BYTES: u64 = 64 << 10;

/// What is known about a pin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pin {
    /// When it was set.
    pub at: Option<Timestamp>,
    /// Why, in somebody's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Pins a backup of that directory. Durable on return.
///
/// # Errors
/// When the disk refuses.
pub fn set(job_dir: &Dir, id: &BackupId, pin: &Pin) -> Result<(), FsError> {
    let place = job_dir.ensure_dir(HIDDEN)?.ensure_dir(PINS)?;
    // Plain data with text keys always serialises.
    let mut text = serde_json::to_vec_pretty(pin).unwrap_or_default();
    text.push(b'\n');
    place.write_durable(id.as_str(), &text)
}

/// Takes a pin away. Returns whether there was one.
///
/// # Errors
/// When the disk refuses.
pub fn remove(job_dir: &Dir, id: &BackupId) -> Result<bool, FsError> {
    let place = match open(job_dir) {
        Ok(place) => place,
        Err(error) if error.is_missing() => return Ok(false),
        Err(error) => return Err(error),
    };
    let there = place.has(id.as_str());
    place.remove_file(id.as_str())?;
    Ok(there)
}

/// The pins of a directory.
///
/// # Errors
/// When they cannot be listed: then nothing may be let go.
pub fn list(job_dir: &Dir) -> Result<BTreeMap<BackupId, Pin>, FsError> {
    let place = match open(job_dir) {
        Ok(place) => place,
        Err(error) if error.is_missing() => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut pins = BTreeMap::new();
    for (name, _) in place.entries()? {
        let Some(id) = name.to_str().and_then(|name| name.parse::<BackupId>().ok()) else {
            continue;
        };
        // One that cannot be read holds all the same.
        let pin = place.read(id.as_str(), MAX_BYTES).ok();
        let pin = pin.and_then(|text| serde_json::from_slice(&text).ok());
        pins.insert(id, pin.unwrap_or_default());
    }
    Ok(pins)
}

fn open(job_dir: &Dir) -> Result<Dir, FsError> {
    job_dir.dir(HIDDEN)?.dir(PINS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_holds_until_it_is_taken_away() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = Dir::open(scratch.path()).unwrap();
        let id: BackupId = "0123456789abcdef".parse().unwrap();
        assert!(list(&dir).unwrap().is_empty());
        assert!(!remove(&dir, &id).unwrap());
        let pin = Pin {
            at: None,
            reason: Some("before the migration".to_owned()),
        };
        set(&dir, &id, &pin).unwrap();
        assert_eq!(list(&dir).unwrap(), [(id.clone(), pin)].into());
        assert!(remove(&dir, &id).unwrap());
        assert!(list(&dir).unwrap().is_empty());
    }

    #[test]
    fn one_that_cannot_be_read_holds_all_the_same() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = Dir::open(scratch.path()).unwrap();
        let id: BackupId = "0123456789abcdef".parse().unwrap();
        set(&dir, &id, &Pin::default()).unwrap();
        std::fs::write(scratch.path().join(".backhaul/pins").join(id.as_str()), "{").unwrap();
        std::fs::write(scratch.path().join(".backhaul/pins/note"), "").unwrap();
        assert_eq!(list(&dir).unwrap(), [(id, Pin::default())].into());
    }
}
