//! What the supervisor can be asked, and what it answers.

use std::collections::BTreeSet;

use backhaul_config::JobName;
use tokio::sync::{mpsc, oneshot};

use crate::catalog::RunRecord;

/// What can be asked of the supervisor.
pub enum Command {
    /// Read the configuration again now.
    Reload(oneshot::Sender<Verdict>),
    /// Run these jobs now, all of them when none is named; a job that runs already is joined.
    Sync(Vec<JobName>, oneshot::Sender<Result<Passes, UnknownJob>>),
    /// Answer, to show that the loop is alive.
    Ping(oneshot::Sender<()>),
}

/// The passes that a request waits for.
pub struct Passes {
    /// The jobs.
    pub jobs: BTreeSet<JobName>,
    /// One run of each, as it ends; closed after the last.
    pub ended: mpsc::UnboundedReceiver<RunRecord>,
}

/// What became of a new configuration.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase", tag = "verdict")]
pub enum Verdict {
    /// It is in force.
    Applied {
        /// What changed, in words; nothing when nothing did.
        changes: Vec<String>,
        /// Changes that take effect at the next start.
        needs_restart: Vec<String>,
    },
    /// It was refused; the old one stays in force.
    Refused {
        /// What is wrong.
        problems: String,
    },
}

/// A job that the configuration does not have.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there is no job `{0}`; `backhaul status` lists them")]
pub struct UnknownJob(pub JobName);
