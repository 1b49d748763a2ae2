//! What the vendor offers of a file: a name, a size and up to two addresses. From it, a file with
//! a link through the network that the job wants.

use backhaul_provider_api::chrono::{DateTime, Duration};
use backhaul_provider_api::{
    Error, ErrorClass, File, FileId, Link, Network, Quality, Ranges, Secret, SizeHint, Timestamp,
};
use backhaul_provider_kit::percent;
use backhaul_provider_kit::record::Record;

use super::link_signature::{self, Reading};
use crate::cos;
use crate::credentials::Credentials;

/// How long links live by the page on `GetExportBackupUrl`.
pub(super) const LIFE_HOURS: u8 = 12;

/// Whether `time` in a link is the time of issue or the end is not documented. What lies further
/// ahead than this is no time of issue.
const AHEAD_MINUTES: i64 = 30;

/// The longest name that is kept, in characters.
const NAME_CHARS: usize = 255;

/// Host patterns of the old download servers, for the vendor's own network and for the internet.
pub(super) const LINK_HOSTS: [&str; 2] = ["*.dl.cdb.tencentyun.com", "*.dl.cdb.qcloud.com"];

/// A file as the vendor offers it.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// The vendor's name for it, decoded.
    pub(super) name: String,
    /// The size that the vendor tells, in bytes.
    pub(super) bytes: Option<u64>,
    /// Through the vendor's own network.
    inside: Option<Secret>,
    /// Through the internet. No page documents it any more.
    outside: Option<Secret>,
}

/// What goes into every link of one answer.
pub(super) struct Making<'a> {
    /// The keys that sign links.
    pub(super) credentials: &'a Credentials,
    /// Which network the link shall lead through.
    pub(super) network: Network,
    /// How the page on signing links is read.
    pub(super) reading: Reading,
    /// When the vendor gave the addresses.
    pub(super) issued: Timestamp,
    /// How far the vendor's size can be trusted.
    pub(super) quality: Quality,
}

impl Offer {
    /// Reads what an entry offers; addresses that are none are left out.
    pub(super) fn read(record: &Record<'_>) -> Self {
        let address = |field| {
            record
                .text(field)
                .filter(|url| cos::is_url(url))
                .map(Secret::new)
        };
        Self {
            name: readable(record.text("file_name").unwrap_or_default()),
            // Zero means that the vendor does not know.
            bytes: record.number("size").filter(|bytes| *bytes > 0),
            inside: address("in_url"),
            outside: address("out_url"),
        }
    }

    /// The address in that network.
    ///
    /// # Errors
    /// Why there is none, and what to do about it.
    pub(super) fn address(&self, network: Network) -> Result<&Secret, &'static str> {
        let address = match network {
            Network::Public => self.outside.as_ref(),
            Network::Intranet => self.inside.as_ref(),
            Network::Auto => self.inside.as_ref().or(self.outside.as_ref()),
        };
        address.ok_or(match (&self.inside, &self.outside) {
            (None, None) => "the vendor gives no link to it",
            (Some(_), _) => {
                "the vendor gives a link within its own network only; run Backhaul on a machine there and set the job's `network` to intranet"
            }
            (None, Some(_)) => {
                "the vendor gives a link through the internet only; set the job's `network` to public or auto"
            }
        })
    }

    /// The file with its link.
    ///
    /// # Errors
    /// `unsupported` when there is no address in that network.
    pub(super) fn file(&self, making: &Making<'_>) -> Result<File, Error> {
        let address = self
            .address(making.network)
            .map_err(|reason| Error::new(ErrorClass::Unsupported, reason))?;
        Ok(File {
            id: FileId::new(&self.name),
            name: self.name.clone(),
            size: self.size(making.quality),
            checksums: Vec::new(),
            database: None,
            link: link(address.expose(), making),
        })
    }

    /// The size, of that quality.
    pub(super) fn size(&self, quality: Quality) -> Option<SizeHint> {
        self.bytes.map(|bytes| SizeHint {
            bytes,
            quality,
            tolerance: 0,
        })
    }
}

fn link(url: &str, making: &Making<'_>) -> Link {
    let life = Duration::hours(i64::from(LIFE_HOURS));
    if link_signature::wants_second_signature(url) {
        let signed = link_signature::sign(url, making.credentials, making.reading);
        return Link {
            expires_at: Some(end(url, making.issued, life)),
            // Not documented, and the servers may be gone: try, and check the answer.
            ranges: Ranges::Unknown,
            ..Link::new(signed)
        };
    }
    let mut link = cos::link(url);
    link.expires_at.get_or_insert(making.issued + life);
    link
}

/// When a link of the old download servers ends, on the safe side.
fn end(url: &str, issued: Timestamp, life: Duration) -> Timestamp {
    let told = link_signature::parameter(url, "time")
        .and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    match told {
        Some(time) if time > issued + Duration::minutes(AHEAD_MINUTES) => time,
        Some(time) if time > issued - life => time.min(issued) + life,
        _ => issued + life,
    }
}

/// A name for people. The vendor's are percent-encoded.
pub(super) fn readable(name: &str) -> String {
    percent::decode(name)
        .chars()
        .filter(|letter| !letter.is_control())
        .take(NAME_CHARS)
        .collect()
}

#[cfg(test)]
mod tests;
