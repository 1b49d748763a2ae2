//! The backups of one instance at a time: a directory may hold more than fits into memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use backhaul_provider_api::{BackupKey, InstanceId, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{BackupRecord, Catalog, Result, key, prefix, read_failed, write_failed};
use crate::mirror::identity::{BackupId, Identity};

/// An instance in a directory, by which its backups are found.
#[derive(Clone, Debug, Default)]
pub struct InstanceKeys(Vec<Vec<u8>>);

impl Catalog {
    /// The instances in a job's directory. Scopes do not matter: an instance has one id.
    ///
    /// # Errors
    /// When sled fails.
    pub fn instances(&self, directory: &Path) -> Result<BTreeMap<InstanceId, InstanceKeys>> {
        let directory = prefix(directory);
        let mut found = BTreeMap::<_, InstanceKeys>::new();
        let mut from = directory.clone();
        while let Some(next) = self.backups.range(from..).next() {
            let (key, _) = next.map_err(read_failed)?;
            let Some(rest) = key.strip_prefix(directory.as_slice()) else {
                break;
            };
            // Provider, scope and instance, each ended by a zero byte.
            let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == 0);
            let ends: Vec<_> = ends.map(|(place, _)| place).take(3).collect();
            let [_, scope_end, end] = ends[..] else { break };
            let instance = String::from_utf8_lossy(&rest[scope_end + 1..end]).into_owned();
            let own = &key[..directory.len() + end + 1];
            found
                .entry(InstanceId::new(instance))
                .or_default()
                .0
                .push(own.to_vec());
            // On to what follows everything with that prefix.
            from = own.to_vec();
            if let Some(last) = from.last_mut() {
                *last = 1;
            }
        }
        Ok(found)
    }

    /// The backups of an instance in its directory, in no order.
    ///
    /// # Errors
    /// When sled fails.
    pub fn of_instance(&self, instance: &InstanceKeys) -> Result<Vec<BackupRecord>> {
        let values = instance
            .0
            .iter()
            .flat_map(|own| self.backups.scan_prefix(own).values());
        values
            .map(|value| Ok(serde_json::from_slice(&value.map_err(read_failed)?)?))
            .collect()
    }

    /// All backups of a job's directory, by instance. For those who need them all at once.
    ///
    /// # Errors
    /// When sled fails.
    pub fn of_directory(
        &self,
        directory: &Path,
    ) -> Result<BTreeMap<InstanceId, Vec<BackupRecord>>> {
        let instances = self.instances(directory)?.into_iter();
        instances
            .map(|(instance, keys)| Ok((instance, self.of_instance(&keys)?)))
            .collect()
    }

    /// The ids of all backups in a directory. Reading them in a row costs far less than asking for
    /// each, which reads a page of sled every time.
    ///
    /// # Errors
    /// When sled fails.
    pub fn ids_of_directory(&self, directory: &Path) -> Result<HashSet<BackupId>> {
        /// What is looked at of a record.
        #[derive(Deserialize)]
        struct Id {
            id: BackupId,
        }
        let values = self.backups.scan_prefix(prefix(directory)).values();
        values
            .map(|value| Ok(serde_json::from_slice::<Id>(&value.map_err(read_failed)?)?.id))
            .collect()
    }

    /// Where the sound copies of an instance's backups lie in a directory, relative to it; `of` is
    /// any backup of the instance. Read in a row, as in [`Catalog::ids_of_directory`].
    ///
    /// # Errors
    /// When sled fails.
    pub fn sound_copies(
        &self,
        of: &Identity,
        directory: &Path,
    ) -> Result<HashMap<BackupKey, Box<str>>> {
        /// What is looked at of a record.
        #[derive(Deserialize)]
        struct Place<'a> {
            #[serde(borrow)]
            path: Cow<'a, str>,
            #[serde(default)]
            damage: Vec<IgnoredAny>,
        }
        let own = key_of_instance(of, directory);
        let mut sound = HashMap::new();
        for known in self.backups.scan_prefix(&own) {
            let (key, value) = known.map_err(read_failed)?;
            let place: Place<'_> = serde_json::from_slice(&value)?;
            if place.damage.is_empty() {
                let key = BackupKey::new(String::from_utf8_lossy(&key[own.len()..]));
                sound.insert(key, place.path.into());
            }
        }
        Ok(sound)
    }

    /// Notes what a complete listing of an instance does not show any more, and what it shows
    /// again; `of` is any backup of the instance. Only absences that `concern` the listing are
    /// noted. Returns those that are new. Not synced: the next commit does that.
    ///
    /// # Errors
    /// When sled fails.
    pub fn note_unlisted(
        &self,
        of: &Identity,
        directory: &Path,
        listed: &BTreeSet<BackupKey>,
        concern: impl Fn(&BackupRecord) -> bool,
        now: Timestamp,
    ) -> Result<Vec<BackupRecord>> {
        let own = key_of_instance(of, directory);
        let is_listed = |key: &[u8]| {
            let text = String::from_utf8_lossy(&key[own.len()..]);
            listed.contains(&BackupKey::new(text))
        };
        for gone in self.gone.scan_prefix(&own).keys() {
            let gone = gone.map_err(read_failed)?;
            if is_listed(&gone) {
                self.gone.remove(gone).map_err(write_failed)?;
            }
        }
        let mut new = Vec::new();
        for known in self.backups.scan_prefix(&own).keys() {
            let known = known.map_err(read_failed)?;
            if is_listed(&known) || self.gone.contains_key(&known).map_err(read_failed)? {
                continue;
            }
            let Some(value) = self.backups.get(&known).map_err(read_failed)? else {
                continue;
            };
            let record: BackupRecord = serde_json::from_slice(&value)?;
            if concern(&record) {
                let at = serde_json::to_vec(&now)?;
                self.gone.insert(known, at).map_err(write_failed)?;
                new.push(record);
            }
        }
        Ok(new)
    }

    /// Since when the vendor does not list a backup any more, if so.
    ///
    /// # Errors
    /// When sled fails.
    pub fn unlisted_since(&self, record: &BackupRecord) -> Result<Option<Timestamp>> {
        let key = key(&record.identity, &record.directory);
        let value = self.gone.get(key).map_err(read_failed)?;
        Ok(value
            .map(|value| serde_json::from_slice(&value))
            .transpose()?)
    }
}

/// What the keys of an instance's backups begin with.
fn key_of_instance(of: &Identity, directory: &Path) -> Vec<u8> {
    let of = Identity {
        key: BackupKey::new(""),
        ..of.clone()
    };
    key(&of, directory)
}
