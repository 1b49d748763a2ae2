//! Why a transfer failed, and what can be done about it.

use std::path::PathBuf;
use std::time::Duration;

use backhaul_provider_api::{ChecksumAlgorithm, ErrorClass, ResolveReason};

use crate::dir::FsError;
use crate::egress::EgressError;
use crate::provider::{GaveUp, ProviderError};

/// What to do about a failed transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Give the file up for this pass.
    Never,
    /// Go on after a while, not before the given time.
    Later(Option<Duration>),
    /// Ask for a fresh link and go on.
    Resolve(ResolveReason),
    /// Go on at once with a single connection.
    OneConnection,
    /// Throw the bytes away and begin anew.
    Restart,
    /// Go on when there is room on the disk.
    Room,
}

/// A failed transfer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The work was told to stop.
    #[error("stopped; what arrived is kept and the transfer goes on later")]
    Cancelled,
    /// No link could be had.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider no longer names the file.
    #[error("the vendor no longer names the file {file} in this backup")]
    NoSuchFile {
        /// The file's id.
        file: String,
    },
    /// The vendor does not name all files.
    #[error("the vendor did not name all files of the backup: {why}")]
    FilesMissing {
        /// Why not.
        why: String,
    },
    /// The link leads where it must not.
    #[error("the download link is refused: {0}")]
    Egress(#[from] EgressError),
    /// The link is not a URL.
    #[error("the provider gave a download link that is not a URL")]
    NotAUrl,
    /// The link's time is over.
    #[error("the download link has expired")]
    LinkExpired,
    /// The server refused the link.
    #[error("the server refused the download link: HTTP {status} {code}")]
    LinkRefused {
        /// The status.
        status: u16,
        /// The code in the answer's body, or nothing.
        code: String,
    },
    /// The object is not there any more.
    #[error("the file is gone at the vendor: HTTP {status} {code}")]
    Gone {
        /// The status.
        status: u16,
        /// The code in the answer's body, or nothing.
        code: String,
    },
    /// The object must be thawed first.
    #[error("the vendor has archived the file ({code}); ask the vendor to restore it first")]
    Archived {
        /// The code in the answer's body.
        code: String,
    },
    /// The server is overloaded or broken.
    #[error("the server answered HTTP {status} {code}")]
    Server {
        /// The status.
        status: u16,
        /// The code in the answer's body, or nothing.
        code: String,
        /// How long it asks to wait.
        after: Option<Duration>,
    },
    /// The server answered a request for a part with the whole file.
    #[error("the server ignores byte ranges")]
    RangesIgnored,
    /// Another answer than a file.
    #[error("the server answered with {what} instead of the file")]
    Unexpected {
        /// What it is.
        what: String,
    },
    /// The connection.
    #[error("the connection failed after {at_bytes} bytes: {reason}")]
    Network {
        /// What happened, without the link.
        reason: String,
        /// How much of the file was there.
        at_bytes: u64,
    },
    /// Nothing arrived for too long.
    #[error("nothing arrived for {after:?} after {at_bytes} bytes")]
    Stalled {
        /// For how long.
        after: Duration,
        /// How much of the file was there.
        at_bytes: u64,
    },
    /// Bytes came, but too few.
    #[error("only {rate} bytes per second arrived after {at_bytes} bytes, less than `min_speed`")]
    TooSlow {
        /// How many per second.
        rate: u64,
        /// How much of the file was there.
        at_bytes: u64,
    },
    /// The file took longer than it may.
    #[error(
        "the file was not whole within `file_timeout`; what arrived is kept and the next pass goes on"
    )]
    TooLate,
    /// The body ended too early.
    #[error("the transfer ended after {got} of {expected} bytes")]
    Truncated {
        /// What arrived.
        got: u64,
        /// What was announced.
        expected: u64,
    },
    /// The body is longer than announced.
    #[error("the server sent more than the {expected} bytes it announced")]
    TooLong {
        /// What was announced.
        expected: u64,
    },
    /// The object at the vendor is another one than at the beginning.
    #[error("the file changed at the vendor during the transfer ({what})")]
    Changed {
        /// What differs.
        what: String,
    },
    /// The length contradicts what the vendor said.
    #[error("the file has {got} bytes, but the vendor says {expected}")]
    WrongLength {
        /// What arrived.
        got: u64,
        /// What the vendor says.
        expected: u64,
    },
    /// The bytes contradict the vendor's checksum.
    #[error(
        "the file does not match the vendor's {algorithm:?} checksum ({got} instead of {expected})"
    )]
    WrongChecksum {
        /// The algorithm.
        algorithm: ChecksumAlgorithm,
        /// The vendor's value.
        expected: String,
        /// The value of what arrived.
        got: String,
    },
    /// The disk.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// Not enough room.
    #[error(
        "not enough space on {}: {needed} bytes are needed and {reserve} are kept in reserve, but only {free} are free; free at least {} bytes", path.display(), needed.saturating_add(*reserve).saturating_sub(*free)
    )]
    NoSpace {
        /// Where.
        path: PathBuf,
        /// What the file still needs.
        needed: u64,
        /// What is free.
        free: u64,
        /// What is never used.
        reserve: u64,
    },
    /// Every try failed.
    #[error("given up for this pass after several tries: {last}")]
    Exhausted {
        /// What the last try said.
        last: String,
    },
}

impl From<GaveUp> for FetchError {
    fn from(gave_up: GaveUp) -> Self {
        match gave_up {
            GaveUp::Cancelled => Self::Cancelled,
            GaveUp::Failed(error) => Self::Provider(error),
        }
    }
}

impl FetchError {
    /// A failed connection, without the link that the library would print.
    pub fn network(error: &reqwest::Error, at_bytes: u64) -> Self {
        let mut reason = String::new();
        let mut source: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(inner) = source {
            // The innermost cause is the one that says something: connection refused, reset.
            reason = inner.to_string();
            source = inner.source();
        }
        if reason.is_empty() {
            reason = if error.is_timeout() {
                "it took too long"
            } else {
                "it broke"
            }
            .to_owned();
        }
        Self::Network { reason, at_bytes }
    }

    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::LinkExpired => Remedy::Resolve(ResolveReason::Expired),
            Self::LinkRefused { .. } => Remedy::Resolve(ResolveReason::Refused),
            Self::Server { after, .. } => Remedy::Later(*after),
            Self::RangesIgnored => Remedy::OneConnection,
            Self::Network { .. }
            | Self::Stalled { .. }
            | Self::TooSlow { .. }
            | Self::Truncated { .. } => Remedy::Later(None),
            Self::Unexpected { .. } => Remedy::Resolve(ResolveReason::Refused),
            Self::Changed { .. } | Self::TooLong { .. } | Self::WrongChecksum { .. } => {
                Remedy::Restart
            }
            Self::WrongLength { .. } => Remedy::Restart,
            Self::NoSpace { .. } => Remedy::Room,
            Self::Provider(error) => match error.class() {
                ErrorClass::LinkExpired | ErrorClass::LinkUsed => Remedy::Later(None),
                _ => Remedy::Never,
            },
            Self::Cancelled
            | Self::TooLate
            | Self::NoSuchFile { .. }
            | Self::FilesMissing { .. }
            | Self::Egress(_)
            | Self::NotAUrl
            | Self::Gone { .. }
            | Self::Archived { .. }
            | Self::Disk(_)
            | Self::Exhausted { .. } => Remedy::Never,
        }
    }

    /// The same, after the last try.
    pub fn exhausted(&self) -> Self {
        Self::Exhausted {
            last: self.to_string(),
        }
    }
}
