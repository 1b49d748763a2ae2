//! `backup.json`: what a mirrored backup is, where it came from, and how it was proved.
//!
//! The manifest is the truth about a backup; the catalog is only an index over manifests. Its
//! format is versioned: fields are only added, and every version ever written stays readable.
//! It holds no link and no secret.

use backhaul_provider_api::{Backup, Checksum, Instance, Timestamp};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use super::file_name::{CHECKSUMS, MANIFEST, SafeName};
use super::identity::{BackupId, Identity};
use crate::dir::{Dir, FsError};

/// The version of the format that this program writes.
pub const FORMAT: u32 = 1;

/// The longest manifest that is read: one with some 50,000 files.
const MAX_BYTES: u64 = 32 << 20;

/// One mirrored backup.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The backup's short id.
    pub id: BackupId,
    /// What makes it this backup.
    pub identity: Identity,
    /// The provider's service.
    pub service: String,
    /// The version of the provider library that listed it.
    pub provider_version: String,
    /// The account's name in the configuration at that time.
    pub account: String,
    /// The job's name in the configuration at that time.
    pub job: String,
    /// The instance as listed.
    pub instance: Instance,
    /// The backup as listed, with the vendor's own record.
    pub backup: Backup,
    /// The files, in the vendor's order.
    pub files: Vec<FileEntry>,
    /// The length of all files together, in bytes.
    pub size_bytes: u64,
    /// How it was verified.
    pub verification: Verification,
    /// When it was complete on disk.
    pub mirrored_at: Timestamp,
    /// How to restore it, step by step.
    pub restore: Vec<String>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Its name in the backup's directory.
    pub name: SafeName,
    /// The vendor's name for it.
    pub vendor_name: String,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// Its SHA-256, lower-case hex, computed from the bytes as they arrived.
    pub sha256: String,
    /// The vendor's checksums that it was compared with and that agreed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreed: Vec<Checksum>,
    /// The object's `ETag` as the server told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The one database in it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The format its first bytes show, such as `gzip`.
    pub format: String,
    /// Whether it is a sound file of its format.
    pub content: Content,
}

/// Whether a file is sound, as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Content {
    /// It is whole from the first byte to the last, as far as its framing shows.
    Good,
    /// It is not; mirrored all the same, because it is what the vendor has.
    Bad {
        /// What is wrong.
        reason: String,
    },
    /// Its format does not let one know, or is not known.
    CannotTell {
        /// Why; empty in manifests of early versions.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
}

/// How far a mirrored backup can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum Verification {
    /// It is the vendor's object and nothing speaks against its content. Counts in retention.
    Verified,
    /// It is what the vendor has, but something is wrong with it. Never counts.
    Suspect {
        /// What is wrong, for people.
        reasons: Vec<String>,
    },
}

impl Verification {
    /// Whether retention may count the backup.
    pub fn counts(&self) -> bool {
        *self == Self::Verified
    }
}

/// All that every format has.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(reader).map_err(|error| error.to_string())
}

/// The JSON Schema of a manifest, for whoever reads one with a program. Fields that it does not
/// name are allowed: a later version may have written them.
pub fn schema() -> serde_json::Value {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    generator.root_schema_for::<Manifest>().to_value()
}

/// A manifest that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FsError),
    /// It was written by a later version of this program.
    #[error(
        "{path}: not a manifest: format {format} was written by a newer Backhaul; this one reads up to {FORMAT}"
    )]
    Newer {
        /// Where it lies.
        path: String,
        /// The version of its format.
        format: u32,
    },
    /// Its content.
    #[error("{path}: not a manifest: {reason}")]
    Content {
        /// Where it lies.
        path: String,
        /// What is wrong, naming the field.
        reason: String,
    },
}

impl Manifest {
    /// Reads the manifest of a backup's directory.
    ///
    /// # Errors
    /// When it is missing, not readable, from a newer format, or contradicts itself.
    pub fn read(dir: &Dir) -> Result<Self, ManifestError> {
        let bytes = dir.read(MANIFEST, MAX_BYTES)?;
        let wrong = |reason: String| ManifestError::Content {
            path: dir.path().join(MANIFEST).display().to_string(),
            reason,
        };
        // The format first: of a newer one nothing else can be relied upon.
        let header: Header = parse(&bytes).map_err(&wrong)?;
        if header.format > FORMAT {
            return Err(ManifestError::Newer {
                path: dir.path().join(MANIFEST).display().to_string(),
                format: header.format,
            });
        }
        let manifest: Self = parse(&bytes).map_err(&wrong)?;
        if manifest.identity.id() != manifest.id {
            return Err(wrong("`id` does not belong to `identity`".to_owned()));
        }
        Ok(manifest)
    }

    /// The text of `backup.json`.
    pub fn to_json(&self) -> Vec<u8> {
        // Plain data with text keys always serialises.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The text of `SHA256SUMS`, which `sha256sum -c` checks.
    pub fn checksums(&self) -> String {
        self.files
            .iter()
            .map(|file| format!("{}  {}\n", file.sha256, file.name))
            .collect()
    }

    /// The names that belong to a complete directory of this backup.
    pub fn expected_names(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .map(|file| file.name.as_str())
            .chain([MANIFEST, CHECKSUMS])
    }
}

#[cfg(test)]
mod tests;
