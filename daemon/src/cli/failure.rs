//! A command that failed: what to say, and the exit code.

use std::process::ExitCode;

use crate::catalog::CatalogError;
use crate::configuration::ConfigError;
use crate::control::client::ClientError;
use crate::daemon::StartError;
use crate::dir::FsError;
use crate::kit::KitError;
use crate::pass::PassError;
use crate::redact::Redactor;
use crate::upkeep::UpkeepError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A job is named that the configuration does not have.
    #[error("there is no job `{0}` in the configuration{1}")]
    NoJob(String, String),
    /// The daemon did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The running daemon did not do it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The state belongs to the daemon's user.
    #[error("{} belongs to another user; run this as that user: `sudo -u '#{owner}' backhaul …`", state_dir.display())]
    NotOurs {
        /// The state directory.
        state_dir: std::path::PathBuf,
        /// The user id that it belongs to.
        owner: u32,
    },
    /// The disk.
    #[error(transparent)]
    File(#[from] FsError),
    /// A pass.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// Pruning, pinning or restoring.
    #[error(transparent)]
    Upkeep(#[from] UpkeepError),
    /// An emergency kit.
    #[error(transparent)]
    Kit(#[from] KitError),
    /// A thread, a signal handler or the output.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Anything else, in a sentence.
    #[error("{0}")]
    Plain(String),
}

impl Failure {
    /// Says it, and gives the exit code.
    pub fn report(self) -> ExitCode {
        let text = self.to_string();
        complain(&Redactor::global().scrub(text.trim_end()));
        self.code()
    }

    fn code(&self) -> ExitCode {
        match self {
            Self::Config(error) | Self::Start(StartError::Config(error)) if error.is_mistake() => {
                ExitCode::from(2)
            }
            Self::NoJob(..) => ExitCode::from(2),
            Self::Kit(error) if error.is_mistake() => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    /// Something with the output or the system.
    pub fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}

/// Says what is wrong on standard error. When nobody can read that, the exit code has to do.
pub fn complain(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "backhaul: {what}");
}
