//! Objects and where they are kept.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::content::Content;
use super::entity_tag::EntityTag;
use super::fault::FaultBook;
use super::gate::Gate;
use super::percent::hex;
use super::shared::Shared;
use super::traffic::TrafficCounter;

/// A file of a backup, as a test describes it.
#[derive(Debug, Clone)]
pub struct ObjectSpec {
    /// File name as the vendor lists it; may be hostile.
    pub name: String,
    /// What it contains.
    pub content: Content,
    /// The database it belongs to, for a backup of single databases.
    pub database_name: Option<String>,
    /// The size the vendor states in KB, instead of the true one.
    pub size_kb_override: Option<u64>,
    /// What its entity tag is made of.
    pub entity_tag: EntityTagForm,
}

/// What an entity tag is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntityTagForm {
    /// As an object store would: MD5 up to 64 MiB; above, a tag that looks like that of a multipart
    /// upload but costs nothing to make.
    #[default]
    Natural,
    /// MD5 of the content, whatever its length.
    Md5,
    /// `MD5(M1 M2 … MN)-N` over parts of so many bytes.
    Multipart {
        /// Length of each part but the last.
        part_bytes: u64,
    },
    /// 32 digits that are no digest, as with server-side encryption.
    Opaque,
}

impl ObjectSpec {
    /// A file with this name and content.
    pub fn new(name: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
            database_name: None,
            size_kb_override: None,
            entity_tag: EntityTagForm::default(),
        }
    }

    /// The size the vendor states, in KB of 1024 bytes, rounded up.
    pub fn size_kb(&self) -> u64 {
        self.size_kb_override
            .unwrap_or_else(|| self.content.len().div_ceil(1024))
    }
}

/// Where an object is: bucket and key, decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Bucket name.
    pub bucket: String,
    /// Object key, without a leading separator.
    pub key: String,
}

/// An object as it is stored. Never changes: a changed object is another one at the same address.
#[derive(Debug)]
pub struct StoredObject {
    /// `backup id/file name`, the name used in counts.
    pub identity: String,
    /// File name alone.
    pub name: String,
    /// What it contains.
    pub content: Content,
    /// `Last-Modified`.
    pub modified: DateTime<Utc>,
    form: EntityTagForm,
    version: u64,
    tag: OnceLock<EntityTag>,
    crc64: OnceLock<Option<u64>>,
}

impl StoredObject {
    /// The first version of an object of a backup.
    pub fn new(backup: &str, spec: &ObjectSpec, modified: DateTime<Utc>) -> Self {
        Self {
            identity: format!("{backup}/{}", spec.name),
            name: spec.name.clone(),
            content: spec.content.clone(),
            modified,
            form: spec.entity_tag,
            version: 0,
            tag: OnceLock::new(),
            crc64: OnceLock::new(),
        }
    }

    /// The same object with another content of the same length.
    fn changed(&self, now: DateTime<Utc>) -> Self {
        let version = self.version + 1;
        Self {
            identity: self.identity.clone(),
            name: self.name.clone(),
            content: Content::generated(CHANGED_SEED + version, self.content.len()),
            modified: now,
            form: self.form,
            version,
            tag: OnceLock::new(),
            crc64: OnceLock::new(),
        }
    }

    /// The names that faults and gates know it by.
    pub fn names(&self) -> [&str; 2] {
        [&self.name, &self.identity]
    }

    /// Its entity tag, made when first asked for.
    pub fn entity_tag(&self) -> EntityTag {
        self.tag.get_or_init(|| self.make_tag()).clone()
    }

    /// CRC-64/XZ of the content, computed when first asked for; nothing if it cannot be read.
    pub fn crc64(&self) -> Option<u64> {
        *self.crc64.get_or_init(|| self.content.crc64().ok())
    }

    fn make_tag(&self) -> EntityTag {
        let length = self.content.len();
        let digest = match self.form {
            EntityTagForm::Natural if length <= NATURAL_MD5_MAX => self.plain_md5(),
            EntityTagForm::Natural => Some(format!(
                "{}-{}",
                self.opaque(),
                length.div_ceil(NATURAL_PART_BYTES)
            )),
            EntityTagForm::Md5 => self.plain_md5(),
            EntityTagForm::Multipart { part_bytes } => self.multipart_md5(part_bytes.max(1)),
            EntityTagForm::Opaque => None,
        };
        // A file that cannot be read fails when it is sent; its tag may be anything.
        EntityTag::strong(digest.unwrap_or_else(|| self.opaque()))
    }

    fn plain_md5(&self) -> Option<String> {
        let digest = self.content.md5(0, self.content.len()).ok()?;
        Some(hex(&digest))
    }

    fn multipart_md5(&self, part_bytes: u64) -> Option<String> {
        let parts = self.content.len().div_ceil(part_bytes).max(1);
        let mut digests = Vec::new();
        for part in 0..parts {
            let start = part * part_bytes;
            digests.extend(self.content.md5(start, start + part_bytes).ok()?);
        }
        let all = Content::from(digests);
        Some(format!("{}-{parts}", hex(&all.md5(0, all.len()).ok()?)))
    }

    fn opaque(&self) -> String {
        let source = format!(
            "opaque/{}/{}/{}",
            self.identity,
            self.version,
            self.content.len()
        );
        let source = Content::from(source.as_str());
        source
            .md5(0, source.len())
            .map(|digest| hex(&digest))
            .unwrap_or_default()
    }
}

/// The objects of one emulated cloud, with all that bears on their delivery.
#[derive(Debug, Default)]
pub struct ObjectStore {
    objects: Shared<BTreeMap<Address, Arc<StoredObject>>>,
    dead_links: Shared<HashSet<String>>,
    gates: Shared<Vec<Gate>>,
    /// Faults of downloads and calls.
    pub faults: FaultBook,
    /// Counts of downloads and calls.
    pub traffic: TrafficCounter,
}

impl ObjectStore {
    /// Puts an object at an address, replacing what was there.
    pub fn put(&self, address: Address, object: StoredObject) {
        self.objects.lock().insert(address, Arc::new(object));
    }

    /// The object at an address.
    pub fn get(&self, address: &Address) -> Option<Arc<StoredObject>> {
        self.objects.lock().get(address).cloned()
    }

    /// Whether there is anything in a bucket.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.objects
            .lock()
            .keys()
            .any(|address| address.bucket == bucket)
    }

    /// Removes the object at an address.
    pub fn remove(&self, address: &Address) {
        self.objects.lock().remove(address);
    }

    /// Gives an object another content of the same length; downloads in progress keep the old one.
    pub fn change(&self, address: &Address, now: DateTime<Utc>) {
        if let Some(object) = self.objects.lock().get_mut(address) {
            *object = Arc::new(object.changed(now));
        }
    }

    /// Closes a gate across downloads.
    pub fn gate(&self, object: Option<&str>, offset: u64) -> Gate {
        let gate = Gate::new(object, offset);
        let mut gates = self.gates.lock();
        gates.retain(|gate| !gate.is_open());
        gates.push(gate.clone());
        gate
    }

    /// The closed gates that stand in the way of an object.
    pub(super) fn gates(&self, object: &StoredObject) -> Vec<Gate> {
        self.gates
            .lock()
            .iter()
            .filter(|gate| !gate.is_open() && gate.concerns(object.names()))
            .cloned()
            .collect()
    }

    /// Opens all gates and takes back all faults.
    pub fn calm(&self) {
        for gate in self.gates.lock().drain(..) {
            gate.release();
        }
        self.faults.clear();
    }

    /// Ends the life of a link, known by its signature.
    pub fn kill_link(&self, link: &str) {
        self.dead_links.lock().insert(link.to_owned());
    }

    /// Whether a link was ended by a fault.
    pub fn is_dead(&self, link: &str) -> bool {
        self.dead_links.lock().contains(link)
    }
}

/// Far from the seeds that tests choose, so that a changed object does change.
const CHANGED_SEED: u64 = 1 << 63;
const NATURAL_MD5_MAX: u64 = 64 * 1024 * 1024;
const NATURAL_PART_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(content: Content, entity_tag: EntityTagForm) -> StoredObject {
        let spec = ObjectSpec {
            entity_tag,
            ..ObjectSpec::new("f", content)
        };
        StoredObject::new("b", &spec, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_tag_of_a_small_object_is_its_md5() {
        let object = stored("123456789".into(), EntityTagForm::Natural);
        assert_eq!(
            object.entity_tag().value(),
            "25f9e794323b453885f5181f1b624d0b"
        );
    }

    #[test]
    fn the_tag_of_a_multipart_upload_is_the_md5_of_md5s() {
        let object = stored(
            "123456789".into(),
            EntityTagForm::Multipart { part_bytes: 4 },
        );
        // printf of the three binary MD5 digests of 1234, 5678 and 9, piped to md5sum.
        assert_eq!(
            object.entity_tag().value(),
            "393e928fcf5925fcbd3a06aaf20b2d38-3"
        );
    }

    #[test]
    fn the_tag_of_a_huge_object_costs_nothing() {
        let object = stored(Content::generated(1, 1 << 40), EntityTagForm::Natural);
        assert!(object.entity_tag().value().ends_with("-16384"));
    }

    #[test]
    fn a_changed_object_differs_in_all_but_length() {
        let old = stored("123456789".into(), EntityTagForm::Natural);
        let new = old.changed(DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1));
        assert_eq!(old.content.len(), new.content.len());
        assert_ne!(old.entity_tag(), new.entity_tag());
        assert_ne!(old.modified, new.modified);
        assert_ne!(old.crc64(), new.crc64());
    }
}
