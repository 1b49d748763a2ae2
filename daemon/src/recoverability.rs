//! Could the database be recovered from what is mirrored, and does the vendor still do its part?
//!
//! Pure: looks at what a pass listed and at what is mirrored, and finds what somebody should look
//! at. The mirrored copies stay whatever the vendor does. [`crate::pass`] feeds it after each
//! listing and keeps the [`Watch`]; [`crate::status`] shows it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use backhaul_config::duration;
use backhaul_provider_api::{InstanceId, Kind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::mirror::identity::BackupId;

mod cadence;
mod logs;
mod size;
mod vanished;

pub use cadence::Recent;
pub use logs::{TOLD_FOR, gaps};
pub use size::shrunk;
pub use vanished::Missing;

/// What is remembered of a vendor's side between the passes of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// Each instance that was ever listed for the job.
    pub instances: BTreeMap<InstanceId, InstanceWatch>,
}

/// What is remembered of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceWatch {
    /// Its name when last listed.
    pub name: String,
    /// Since when the vendor lists it no more, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Timestamp>,
    /// When the newest backups of each kind were made.
    pub recent: BTreeMap<Kind, Recent>,
    /// Mirrored backups that vanished out of turn.
    pub missing: Vec<Missing>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Something about an instance that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "finding")]
pub enum Finding {
    /// Backups are gone at the vendor though older ones are still there.
    Vanished {
        /// How many.
        count: u64,
        /// The newest of them.
        newest: BackupId,
        /// When it was made.
        started_at: Timestamp,
        /// When its absence was noticed.
        noticed_at: Timestamp,
    },
    /// The vendor made no backup for much longer than usual.
    Stopped {
        /// Of this kind.
        kind: Kind,
        /// The newest one.
        newest: Timestamp,
        /// The longest usual pause, in seconds.
        usual_seconds: u64,
    },
    /// The newest backup is much smaller than those before it.
    Shrunk {
        /// The backup.
        id: BackupId,
        /// When it was made.
        started_at: Timestamp,
        /// Its length in bytes.
        size_bytes: u64,
        /// The usual length in bytes.
        usual_bytes: u64,
    },
    /// A stretch of the log is not in the mirror: no recovery to a time in it.
    LogGap {
        /// The log before it.
        after: BackupId,
        /// The log behind it.
        before: BackupId,
        /// The end of the one before.
        from: Timestamp,
        /// The beginning of the one behind.
        until: Timestamp,
        /// How many logs are missing, where they are numbered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<u64>,
    },
}

impl Finding {
    /// Its name in metrics and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Vanished { .. } => "vanished",
            Self::Stopped { .. } => "stopped",
            Self::Shrunk { .. } => "shrunk",
            Self::LogGap { .. } => "log-gap",
        }
    }

    /// Every name that [`Finding::name`] can give.
    pub const NAMES: [&'static str; 4] = ["vanished", "stopped", "shrunk", "log-gap"];
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vanished {
                count,
                newest,
                started_at,
                ..
            } => write!(
                f,
                "{count} mirrored backups are gone at the vendor though older ones are still there, the newest {newest} of {}; the copies stay",
                minute(*started_at)
            ),
            Self::Stopped {
                kind,
                newest,
                usual_seconds,
            } => write!(
                f,
                "the vendor has made no {kind} backup since {}, usually at least every {}",
                minute(*newest),
                duration::format(Duration::from_secs(*usual_seconds))
            ),
            Self::Shrunk {
                id,
                started_at,
                size_bytes,
                usual_bytes,
            } => write!(
                f,
                "the newest full backup {id} of {} has {size_bytes} bytes, usual are about {usual_bytes}",
                minute(*started_at)
            ),
            Self::LogGap {
                after,
                before,
                from,
                until,
                missing,
            } => {
                write!(
                    f,
                    "the log has a gap from {} to {}, between {after} and {before}",
                    minute(*from),
                    minute(*until)
                )?;
                match missing {
                    Some(count) => write!(f, ": {count} missing"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn minute(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

#[cfg(test)]
mod tests;
