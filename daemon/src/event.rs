//! What happens, told to whoever listens: the command line's progress, the tests, the journal.
//!
//! An event is not a log line: it is small, typed, serialised, and lost when nobody listens.

use backhaul_config::JobName;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::catalog::RunRecord;
use crate::mirror::identity::BackupId;

/// How many events a slow listener may lag behind before it loses some.
const BACKLOG: usize = 4096;

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// A pass began.
    PassStarted {
        /// The job.
        job: JobName,
    },
    /// The vendor's lists were read.
    Listed {
        /// The job.
        job: JobName,
        /// How many backups the vendor lists.
        listed: u64,
        /// How many of them are to be fetched.
        to_fetch: u64,
        /// About how many bytes those are, as far as the vendor tells.
        bytes: u64,
    },
    /// The transfer of a backup began or goes on.
    FetchStarted {
        /// The job.
        job: JobName,
        /// The backup.
        id: BackupId,
        /// Its name for people.
        name: String,
        /// Its length in bytes, as far as it is known.
        bytes: Option<u64>,
    },
    /// More of a backup arrived.
    Received {
        /// The job.
        job: JobName,
        /// The backup.
        id: BackupId,
        /// How many bytes since the last such event.
        bytes: u64,
    },
    /// A transfer waits for something that only people can mend, such as space on a disk.
    Waiting {
        /// The job.
        job: JobName,
        /// The backup.
        id: BackupId,
        /// What is missing.
        reason: String,
    },
    /// A backup is mirrored and durable.
    Mirrored {
        /// The job.
        job: JobName,
        /// The backup.
        id: BackupId,
        /// Where it lies.
        path: String,
        /// Its length in bytes.
        bytes: u64,
        /// Whether it took the place of a damaged copy.
        #[serde(default)]
        repaired: bool,
        /// Why it is suspect, if it is.
        suspect: Vec<String>,
    },
    /// Damage was found in a mirrored backup.
    Damaged {
        /// The job.
        job: JobName,
        /// The backup.
        id: BackupId,
        /// Where it lies.
        path: String,
        /// What is wrong with it, file by file.
        damage: Vec<String>,
    },
    /// Scheduled verification did its share.
    Verified {
        /// The job.
        job: JobName,
        /// How many backups it verified.
        backups: u64,
        /// Their length together, in bytes.
        bytes: u64,
        /// How many of them are damaged.
        damaged: u64,
    },
    /// A backup could not be mirrored in this pass.
    BackupFailed {
        /// The job.
        job: JobName,
        /// The backup.
        id: BackupId,
        /// Why.
        error: String,
    },
    /// A pass ended.
    PassEnded {
        /// What it did.
        run: Box<RunRecord>,
    },
    /// A new configuration is in force.
    ConfigApplied {
        /// What changed, in words.
        changes: Vec<String>,
    },
    /// A new configuration was refused; the old one stays.
    ConfigRefused {
        /// What is wrong with it.
        problems: String,
    },
}

impl Event {
    /// The job that it concerns, if it concerns one.
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::PassStarted { job }
            | Self::Listed { job, .. }
            | Self::FetchStarted { job, .. }
            | Self::Received { job, .. }
            | Self::Waiting { job, .. }
            | Self::Mirrored { job, .. }
            | Self::Damaged { job, .. }
            | Self::Verified { job, .. }
            | Self::BackupFailed { job, .. } => Some(job),
            Self::PassEnded { run } => Some(&run.job),
            Self::ConfigApplied { .. } | Self::ConfigRefused { .. } => None,
        }
    }
}

/// Sends events to all listeners.
#[derive(Clone)]
pub struct Events(broadcast::Sender<Event>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Events {
    /// Tells everybody who listens now.
    pub fn tell(&self, event: Event) {
        // Nobody listening is fine.
        let _ = self.0.send(event);
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}
