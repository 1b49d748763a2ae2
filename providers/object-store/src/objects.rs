//! The lists of S3: `ListObjectsV2` and `ListObjectVersions`, one page each.
//!
//! Lists are made by machines: an entry that cannot be read makes the page malformed, because a
//! backup that silently misses a file is worse than none.

use backhaul_provider_api::{
    Error, Host, Timestamp,
    chrono::{DateTime, Datelike},
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::percent;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::xml::Element;

/// The greatest page of S3.
pub(crate) const PAGE: u64 = 1000;

/// The longest key of S3, in bytes.
const KEY_MAX: usize = 1024;

/// Storage classes whose objects must be restored before they can be read: Amazon, OSS, COS, OBS.
/// The class ARCHIVE of Google and GLACIER_IR of Amazon can be read at once.
const ARCHIVED: [&str; 7] = [
    "GLACIER",
    "DEEP_ARCHIVE",
    "COLD",
    "Archive",
    "ColdArchive",
    "DeepColdArchive",
    "ARCHIVE",
];

/// An object, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// The whole key.
    pub(crate) key: String,
    /// The length in bytes.
    pub(crate) size: u64,
    /// When it was written.
    pub(crate) modified: Timestamp,
    /// The version, in a list of versions.
    pub(crate) version: Option<String>,
    /// The storage class, where the store names one.
    pub(crate) storage_class: Option<String>,
    /// Whether an archived object can be read for the time being.
    pub(crate) restored: bool,
    /// Whether the store keeps a SHA-256 or SHA-1 of the whole object.
    pub(crate) has_sha: bool,
}

impl Object {
    /// Why the object cannot be read now, in words for the job's owner.
    pub(crate) fn obstacle(&self, archive_is_readable: bool) -> Option<String> {
        if self.key.len() > KEY_MAX {
            return Some(format!("a key in it is longer than {KEY_MAX} bytes"));
        }
        if self
            .key
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Some(
                "a key in it has a segment `.` or `..`, which no URL can carry".to_owned(),
            );
        }
        if self.key.contains(char::is_control) {
            return Some("a key in it holds a control character".to_owned());
        }
        let class = self.storage_class.as_deref()?;
        let readable = self.restored || (class == "ARCHIVE" && archive_is_readable);
        (ARCHIVED.contains(&class) && !readable).then(|| {
            format!(
                "it is archived (storage class {class}) and must first be restored in the bucket"
            )
        })
    }

    /// Whether it is only there to show a folder in a console.
    pub(crate) fn is_folder(&self) -> bool {
        self.key.ends_with('/') && self.size == 0
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Marker {
    /// A continuation token.
    Token(String),
    /// The last key, and the last version of it.
    Version {
        key: String,
        version: Option<String>,
    },
}

/// Which objects are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// How many at most.
    pub(crate) limit: u64,
    /// What the keys begin with.
    pub(crate) prefix: &'a str,
    /// Whether folders right below the prefix stand for what is in them.
    pub(crate) folders: bool,
    /// Whether every version is asked for.
    pub(crate) versions: bool,
    /// Where to go on; absent at the first page.
    pub(crate) after: Option<&'a Marker>,
}

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Object>,
    /// The folders, each with `/` at its end.
    pub(crate) folders: Vec<String>,
    /// Where the list goes on; absent on the last page.
    pub(crate) next: Option<Marker>,
}

/// Asks for one page.
pub(crate) fn page(
    client: &mut Client,
    host: &dyn Host,
    purpose: String,
    wanted: &Wanted<'_>,
) -> Result<Page, Error> {
    let (name, permission) = if wanted.versions {
        ("ListObjectVersions", "s3:ListBucketVersions")
    } else {
        ("ListObjectsV2", "s3:ListBucket")
    };
    let call = Call {
        name,
        purpose,
        permission: Some(permission),
    };
    let mut query = vec![
        ("encoding-type", "url".to_owned()),
        ("max-keys", wanted.limit.to_string()),
        ("prefix", wanted.prefix.to_owned()),
    ];
    if wanted.versions {
        query.push(("versions", String::new()));
    } else {
        query.push(("list-type", "2".to_owned()));
    }
    if wanted.folders {
        query.push(("delimiter", "/".to_owned()));
    }
    match wanted.after {
        Some(Marker::Token(token)) => query.push(("continuation-token", token.clone())),
        Some(Marker::Version { key, version }) => {
            query.push(("key-marker", key.clone()));
            if let Some(version) = version {
                query.push(("version-id-marker", version.clone()));
            }
        }
        None => {}
    }
    let response = client.list(host, &call, &query)?;
    let root = Element::parse(&response.body)
        .map_err(|what| call.malformed(&format!("the answer is {what}")))?;
    let page = read(&root, wanted.versions).map_err(|why| call.malformed(&why))?;
    if page.next.is_some() && page.next.as_ref() == wanted.after {
        return Err(call.malformed("the list does not go on: its marker came back"));
    }
    Ok(page)
}

/// Reads `ListBucketResult` or `ListVersionsResult`.
fn read(root: &Element, versions: bool) -> Result<Page, String> {
    let (expected, entry) = if versions {
        ("ListVersionsResult", "Version")
    } else {
        ("ListBucketResult", "Contents")
    };
    if root.name != expected {
        return Err(format!("the answer is no `{expected}`"));
    }
    let encoded = root.text_of("EncodingType") == Some("url");
    let text = |text: &str| match encoded {
        // A blank is a plus in this encoding, and a plus is `%2B`.
        true => percent::decode(&text.replace('+', " ")),
        false => text.to_owned(),
    };
    let objects = root
        .children(entry)
        .map(|entry| object(entry, text))
        .collect::<Result<_, _>>()?;
    let folders = root
        .children("CommonPrefixes")
        .filter_map(|folder| folder.text_of("Prefix"))
        .map(&text)
        .collect();
    let truncated = match root.text_of("IsTruncated").map(str::trim) {
        Some("true") => true,
        Some("false") => false,
        _ => return Err("the field `IsTruncated` is neither true nor false".to_owned()),
    };
    let next = match (truncated, versions) {
        (false, _) => None,
        (true, false) => {
            let token = root.text_of("NextContinuationToken").ok_or(
                "the list is not at its end, but has no `NextContinuationToken`; does the store know ListObjectsV2?",
            )?;
            Some(Marker::Token(token.to_owned()))
        }
        (true, true) => {
            let key = root
                .text_of("NextKeyMarker")
                .ok_or("the list is not at its end, but has no `NextKeyMarker`")?;
            Some(Marker::Version {
                key: text(key),
                version: root.text_of("NextVersionIdMarker").map(str::to_owned),
            })
        }
    };
    Ok(Page {
        objects,
        folders,
        next,
    })
}

fn object(entry: &Element, text: impl Fn(&str) -> String) -> Result<Object, String> {
    let key = entry
        .text_of("Key")
        .map(text)
        .ok_or("an entry has no `Key`")?;
    let size = entry
        .text_of("Size")
        .and_then(|size| size.trim().parse().ok())
        .ok_or_else(|| format!("the entry {key:?} has no `Size`"))?;
    let modified = entry
        .text_of("LastModified")
        .and_then(|time| DateTime::parse_from_rfc3339(time.trim()).ok())
        .filter(|time| (1990..2200).contains(&time.year()))
        .ok_or_else(|| format!("the entry {key:?} has no `LastModified`"))?
        .to_utc();
    let restore = entry.child("RestoreStatus");
    let has_sha = entry
        .children("ChecksumAlgorithm")
        .any(|algorithm| matches!(algorithm.text(), "SHA256" | "SHA1"));
    Ok(Object {
        key,
        size,
        modified,
        version: entry.text_of("VersionId").map(str::to_owned),
        storage_class: entry.text_of("StorageClass").map(str::to_owned),
        restored: restore.is_some_and(|status| {
            status.text_of("IsRestoreInProgress") == Some("false")
                && status.text_of("RestoreExpiryDate").is_some()
        }),
        has_sha: has_sha && entry.text_of("ChecksumType") != Some("COMPOSITE"),
    })
}

#[cfg(test)]
mod tests;
