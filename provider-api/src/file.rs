//! The files of a backup and the links that lead to them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Backup, Checksum, ChecksumAlgorithm, Completeness, Cursor, Instance, Network, Next,
    PrepareToken, Seconds, Secret, SizeHint, Timestamp, message::is_default,
};

/// The stable id of a file within its backup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(String);

impl FileId {
    /// Takes an id as it is.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a server's `ETag` says about the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ETagMeaning {
    /// The MD5 of the object when it is 32 hex digits and the answer names no server-side
    /// encryption, as S3 and its relatives do.
    Md5WhenPlain,
    /// Only an identity: equal tags mean the same object.
    #[default]
    #[serde(other)]
    Opaque,
}

/// What the expiry of a link limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpiryLimits {
    /// The transfer must have begun by then.
    Start,
    /// The transfer must have ended by then, or it is not known which.
    #[default]
    #[serde(other)]
    Transfer,
}

/// Whether a link answers byte ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ranges {
    /// It does.
    Yes,
    /// It does not; do not try.
    No,
    /// Not known; try, and check the answer.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Where and how a file can be downloaded. All of it is secret, none of it is ever stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The URL, to be used byte for byte, by `GET`.
    pub url: Secret,
    /// Headers to send; never carried across hosts on a redirect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Secret)>,
    /// When the link dies.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// What the expiry limits.
    #[serde(default)]
    pub expiry_limits: ExpiryLimits,
    /// How many requests the link survives. With 1, nothing is ever probed.
    #[serde(default)]
    pub max_uses: Option<u32>,
    /// Whether it answers byte ranges.
    #[serde(default)]
    pub ranges: Ranges,
    /// What the server's `ETag` says about the bytes.
    #[serde(default)]
    pub etag: ETagMeaning,
    /// Response headers that may carry a checksum of the whole object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checksum_headers: Vec<(String, ChecksumAlgorithm)>,
}

impl Link {
    /// A plain link of which nothing but the URL is known.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url),
            headers: Vec::new(),
            expires_at: None,
            expiry_limits: ExpiryLimits::default(),
            max_uses: None,
            ranges: Ranges::default(),
            etag: ETagMeaning::default(),
            checksum_headers: Vec::new(),
        }
    }
}

/// One file of a backup, with a fresh link to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct File {
    /// The stable id within the backup: the same at every resolve.
    pub id: FileId,
    /// The vendor's name for it. The daemon makes it safe.
    pub name: String,
    /// Its size.
    #[serde(default)]
    pub size: Option<SizeHint>,
    /// Its checksums, as far as they are known before the transfer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub checksums: Vec<Checksum>,
    /// The one database in it, for a backup with one file per database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Where it can be downloaded now.
    pub link: Link,
}

/// Why links are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResolveReason {
    /// The first links of a transfer.
    #[default]
    Start,
    /// The old link expired.
    Expired,
    /// The old link was refused though it should be valid.
    #[serde(other)]
    Refused,
}

/// Asks for the files of a backup and for fresh links to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveRequest {
    /// The instance.
    pub instance: Instance,
    /// The backup, as listed.
    pub backup: Backup,
    /// The token of its preparation, where there was one.
    #[serde(default)]
    pub token: Option<PrepareToken>,
    /// How long the links should live, where the vendor lets one choose.
    #[serde(default)]
    pub lifetime: Option<Seconds>,
    /// Which network the links should lead through.
    #[serde(default)]
    pub network: Network,
    /// Why links are asked for.
    #[serde(default)]
    pub reason: ResolveReason,
    /// Where to go on; absent at the first page.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// One page of a backup's files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedPage {
    /// The files, in the vendor's order.
    pub files: Vec<File>,
    /// The next page, or the end. A set of files that is not complete is not a backup.
    pub next: Next,
}

impl ResolvedPage {
    /// The only page: these are all the files.
    pub fn last(files: Vec<File>) -> Self {
        let count = files.len() as u64;
        Self {
            files,
            next: Next::End(Completeness::complete(count)),
        }
    }
}

/// Asks for the key material of an encrypted backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecretsRequest {
    /// The instance.
    pub instance: Instance,
    /// The backup, as listed.
    pub backup: Backup,
}

/// What decrypts a backup's files. Stored apart from the files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyMaterial {
    /// The cipher in the vendor's words.
    pub cipher: String,
    /// The key in the vendor's encoding.
    pub key: Secret,
    /// The initialisation vector in the vendor's encoding.
    #[serde(default)]
    pub iv: Option<Secret>,
}
