//! The identity proof: is what arrived the vendor's object?
//!
//! Exact length where one is known, every checksum the vendor gave, and never an error page. Only
//! then is the other question asked, whether it is a sound file ([`crate::content`]).

use backhaul_provider_api::{Checksum, ChecksumAlgorithm, File, Quality};

use super::answer::Object;
use super::digest::Digested;
use super::error::FetchError;
use crate::mirror::file_name::SafeName;
use crate::mirror::manifest::{Content, FileEntry};

/// The checksums that the whole file will be compared with.
pub fn expected_checksums(file: &File, object: &Object) -> Vec<Checksum> {
    let mut all = file.checksums.clone();
    all.extend(object.checksums.iter().cloned());
    all
}

/// Proves that a whole file is the vendor's object.
///
/// # Errors
/// When length or a checksum contradicts the vendor, or it is an error page.
pub fn prove(
    file: &File,
    name: &SafeName,
    object: &Object,
    bytes: &Digested,
) -> Result<FileEntry, FetchError> {
    // A page that pretends to be the file is told as one, whatever else is wrong with it.
    let page = bytes.finding.page;
    let wrong = |error| page.map_or(error, unexpected);
    let exact_length = file.size.is_some_and(|size| size.quality == Quality::Exact);
    if let Some(size) = file.size
        && exact_length
        && size.contradicts(bytes.length)
    {
        return Err(wrong(FetchError::WrongLength {
            got: bytes.length,
            expected: size.bytes,
        }));
    }
    let mut agreed = Vec::new();
    for checksum in expected_checksums(file, object) {
        let Some(got) = bytes.value(checksum.algorithm) else {
            continue;
        };
        if got != checksum.value.to_ascii_lowercase() {
            return Err(wrong(FetchError::WrongChecksum {
                algorithm: checksum.algorithm,
                expected: checksum.value,
                got: got.to_owned(),
            }));
        }
        if !agreed.contains(&checksum) {
            agreed.push(checksum);
        }
    }
    // What has the length and a checksum that the vendor told is its object, whatever it says.
    let told = exact_length && agreed.iter().any(is_known);
    if let Some(page) = page
        && !told
    {
        return Err(unexpected(page));
    }
    let content = match (
        doubt(file, object, bytes, &agreed),
        bytes.finding.content.clone(),
    ) {
        (_, Content::Bad { reason }) => Content::Bad { reason },
        (Some(reason), _) => Content::Bad { reason },
        (None, content) => content,
    };
    Ok(FileEntry {
        name: name.clone(),
        vendor_name: file.name.clone(),
        size_bytes: bytes.length,
        sha256: bytes.sha256.clone(),
        agreed,
        etag: object.etag.clone(),
        database: file.database.clone(),
        format: bytes.finding.format.to_string(),
        content,
    })
}

fn unexpected(page: &str) -> FetchError {
    FetchError::Unexpected {
        what: page.to_owned(),
    }
}

fn is_known(checksum: &Checksum) -> bool {
    checksum.algorithm != ChecksumAlgorithm::Unknown
}

/// What makes a file suspect though nothing disproves it.
fn doubt(file: &File, object: &Object, bytes: &Digested, agreed: &[Checksum]) -> Option<String> {
    if agreed.iter().any(is_known) {
        return None;
    }
    if bytes.length == 0 {
        return Some("the vendor's file is empty".to_owned());
    }
    let exact = file.size.is_some_and(|size| size.quality == Quality::Exact);
    if object.total_bytes.is_none() && !exact {
        return Some(
            "the server told neither a length nor a checksum, so a shortened transfer would not show"
                .to_owned(),
        );
    }
    let size = file.size.filter(|size| size.contradicts(bytes.length))?;
    Some(format!(
        "the file has {} bytes, but the vendor lists about {}",
        bytes.length, size.bytes
    ))
}
