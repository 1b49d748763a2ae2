//! Backups: what a listing yields.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, message::is_default};

/// The stable identity of a backup within its instance.
///
/// It must be the same in every listing for ever: the vendor's id, or a composition such as node,
/// file name and start time. Never a link, never a position in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct BackupKey(String);

impl BackupKey {
    /// Takes a key as it is.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a backup contains in relation to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Restorable by itself.
    Full,
    /// All changes since the last full backup.
    Differential,
    /// All changes since the last backup of any kind.
    Incremental,
    /// A stretch of the transaction log: binlog, WAL, transaction log.
    Log,
    /// A slow query log; no use for a restore.
    Slowlog,
    /// A kind this side does not know; listed, never mirrored.
    #[serde(other)]
    Unknown,
}

impl Kind {
    /// The kinds a job can ask for.
    pub const ALL: [Kind; 5] = [
        Kind::Full,
        Kind::Differential,
        Kind::Incremental,
        Kind::Log,
        Kind::Slowlog,
    ];

    /// The word used in configuration, directory names and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Full => "full",
            Kind::Differential => "differential",
            Kind::Incremental => "incremental",
            Kind::Log => "log",
            Kind::Slowlog => "slowlog",
            Kind::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a backup was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A copy of the engine's files.
    Physical,
    /// A dump of statements or rows.
    Logical,
    /// A storage snapshot.
    Snapshot,
    /// The vendor does not say.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Who asked the vendor to make the backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The vendor's own schedule.
    Automatic,
    /// A person or a program of the customer.
    Manual,
    /// The vendor does not say.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Whether a backup can be fetched now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// Still being made.
    Running,
    /// Finished; links can be asked for.
    Available,
    /// Finished, but the vendor must first prepare it for download.
    NeedsPrepare,
    /// Finished, but this vendor does not hand it out.
    NotDownloadable {
        /// Why, in words for the job's owner.
        reason: String,
    },
    /// The vendor failed to make it.
    Failed,
    /// The vendor is deleting it.
    Deleting,
    /// The vendor has dropped its files.
    Expired,
    /// A state this side does not know; passed over and said so.
    #[serde(other)]
    Unknown,
}

/// How far a number of bytes can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Exactly the length of the file.
    Exact,
    /// The length in coarser units, or rounded.
    Approximate,
    /// Another quantity, such as the size of the database before compression.
    #[serde(other)]
    Other,
}

/// A size as the vendor tells it: a hint with a quality, never a proof unless exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SizeHint {
    /// The size in bytes.
    pub bytes: u64,
    /// How far it can be trusted.
    pub quality: Quality,
    /// For an approximate size: the true length lies within `bytes` ± this. Zero means unknown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tolerance: u64,
}

impl SizeHint {
    /// A size that is exactly the file's length.
    pub fn exact(bytes: u64) -> Self {
        Self {
            bytes,
            quality: Quality::Exact,
            tolerance: 0,
        }
    }

    /// A size told in KB, where it is not known whether a KB is 1000 or 1024 bytes and how it
    /// was rounded.
    pub fn kilobytes(kb: u64) -> Self {
        let bytes = kb.saturating_mul(1024);
        Self {
            bytes,
            quality: Quality::Approximate,
            tolerance: kb.saturating_mul(24).saturating_add(1024),
        }
    }

    /// Whether a file of that length contradicts the hint.
    pub fn contradicts(&self, length: u64) -> bool {
        match self.quality {
            Quality::Exact => length != self.bytes,
            Quality::Approximate => {
                self.tolerance > 0 && length.abs_diff(self.bytes) > self.tolerance
            }
            Quality::Other => false,
        }
    }
}

/// A checksum algorithm that vendors use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChecksumAlgorithm {
    /// MD5, as lower-case hex.
    Md5,
    /// SHA-1, as lower-case hex.
    Sha1,
    /// SHA-256, as lower-case hex.
    Sha256,
    /// CRC-64/XZ (also called ECMA-182 reflected), as decimal text.
    Crc64Xz,
    /// An algorithm this side does not know; recorded, not checked.
    #[serde(other)]
    Unknown,
}

/// A checksum of a whole file as the vendor tells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checksum {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// The value in the algorithm's usual text form.
    pub value: String,
}

/// The stretch of time that a log backup covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSpan {
    /// The first transaction's time.
    pub from: Timestamp,
    /// The last transaction's time.
    pub until: Timestamp,
}

/// A backup's place in a chain, where the vendor tells it. No surveyed vendor must.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Chain {
    /// The full backup it builds upon.
    pub base: Option<BackupKey>,
    /// The backup right before it.
    pub previous: Option<BackupKey>,
    /// Its number in the chain.
    pub sequence: Option<u64>,
}

/// One backup as the vendor lists it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backup {
    /// The stable identity within the instance.
    pub key: BackupKey,
    /// What the provider itself needs to find the backup again, if the key is not enough. May
    /// differ from listing to listing. Opaque to the daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The vendor's name for it.
    #[serde(default)]
    pub name: String,
    /// What it contains in relation to others.
    pub kind: Kind,
    /// How it was made.
    #[serde(default)]
    pub method: Method,
    /// Who asked for it.
    #[serde(default)]
    pub origin: Origin,
    /// Whether it can be fetched now.
    pub state: State,
    /// When the vendor began to make it. Orders backups and names their directories.
    pub started_at: Timestamp,
    /// When the vendor finished it.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// The instant whose data a restore yields, where the vendor tells it.
    #[serde(default)]
    pub consistent_at: Option<Timestamp>,
    /// True when the vendor's times carry no zone and one was assumed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub zone_assumed: bool,
    /// For logs: the stretch of time covered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_span: Option<LogSpan>,
    /// The node of the instance that made it, where several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Backups of the same group (shards of one batch) are restorable only together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its place in a chain, where the vendor tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// The size of all its files together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeHint>,
    /// The engine at the time of the backup.
    #[serde(default)]
    pub engine: Option<String>,
    /// The engine's version at the time of the backup.
    #[serde(default)]
    pub engine_version: Option<String>,
    /// The databases in it, where the vendor tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<String>,
    /// How its files are encrypted, if they are, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
    /// When the vendor will drop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The vendor's own record, kept in the manifest. Must hold no link and no secret.
    #[serde(default)]
    pub vendor: serde_json::Value,
}
