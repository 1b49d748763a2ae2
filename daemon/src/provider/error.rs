//! What can go wrong with a provider, and what to do about it.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use backhaul_provider_api::{Error, ErrorClass};

use super::library::LibraryError;

/// A failure of a provider, its process, or its library.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider reported and classified it.
    #[error("{error} (provider `{provider}`, {during})")]
    Reported {
        /// The provider's name.
        provider: String,
        /// What it was doing.
        during: &'static str,
        /// What it reported.
        error: Error,
    },
    /// The provider's process ended in the middle.
    #[error("the process of provider `{provider}` {ending} during {during}{}", aside(.stderr))]
    Crashed {
        /// The provider's name.
        provider: String,
        /// What it was doing.
        during: &'static str,
        /// How it ended.
        ending: Ending,
        /// The last it wrote to its standard error, scrubbed; may be empty.
        stderr: String,
    },
    /// The provider did not answer in time and was killed.
    #[error(
        "provider `{provider}` did not finish {during} within {} s {of} and was killed",
        limit.as_secs_f32()
    )]
    TimedOut {
        /// The provider's name.
        provider: String,
        /// What it was doing.
        during: &'static str,
        /// The limit it exceeded.
        limit: Duration,
        /// What the limit counts.
        of: Deadline,
    },
    /// The provider said something that the contract does not allow.
    #[error("provider `{provider}` broke the contract during {during}: {problem}")]
    Protocol {
        /// The provider's name.
        provider: String,
        /// What it was doing.
        during: &'static str,
        /// What is wrong.
        problem: Problem,
    },
    /// The library cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The provider's process cannot be started.
    #[error("the process of provider `{provider}` cannot be started: {source}")]
    Start {
        /// The provider's name.
        provider: String,
        /// The system's reason.
        source: io::Error,
    },
    /// An earlier call ended the session.
    #[error("the session with provider `{provider}` has ended: {reason}")]
    Ended {
        /// The provider's name.
        provider: String,
        /// What ended it.
        reason: String,
    },
}

impl ProviderError {
    /// The class, as if a provider had given it.
    pub fn class(&self) -> &ErrorClass {
        match self {
            Self::Reported { error, .. } => &error.class,
            // Another process in another pass may fare better.
            Self::Crashed { .. }
            | Self::TimedOut { .. }
            | Self::Start { .. }
            | Self::Ended { .. } => &ErrorClass::Temporary,
            Self::Protocol { .. } | Self::Library(_) => &ErrorClass::Permanent,
        }
    }

    /// Whether the same session should try the same operation again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Reported { error, .. } => match error.class {
                ErrorClass::Throttled { after } => Retry::PauseAccount {
                    after: after.map(|seconds| Duration::from_secs(seconds.0)),
                },
                ErrorClass::Temporary => Retry::BackOff,
                _ => Retry::Never,
            },
            _ => Retry::Never,
        }
    }
}

/// Whether an operation should be tried again within the same session. A clock that is wrong has
/// already been corrected and tried again by the session itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Not by this session.
    Never,
    /// After a while that grows.
    BackOff,
    /// After everything of the account has paused.
    PauseAccount {
        /// How long the vendor asks to wait.
        after: Option<Duration>,
    },
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By a signal.
    Signal(i32),
    /// By itself, with that code.
    Exit(i32),
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match status.signal() {
            Some(signal) => Self::Signal(signal),
            None => Self::Exit(status.code().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::Exit(code) => return write!(f, "exited with code {code}"),
            Self::Signal(libc::SIGABRT) => "SIGABRT",
            Self::Signal(libc::SIGBUS) => "SIGBUS",
            Self::Signal(libc::SIGFPE) => "SIGFPE",
            Self::Signal(libc::SIGILL) => "SIGILL",
            Self::Signal(libc::SIGKILL) => "SIGKILL",
            Self::Signal(libc::SIGSEGV) => "SIGSEGV",
            Self::Signal(libc::SIGSYS) => "SIGSYS",
            Self::Signal(libc::SIGTERM) => "SIGTERM",
            Self::Signal(libc::SIGTRAP) => "SIGTRAP",
            Self::Signal(libc::SIGXCPU) => "SIGXCPU",
            Self::Signal(number) => return write!(f, "was killed by signal {number}"),
        };
        write!(f, "was killed by {name}")
    }
}

/// What a time limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The provider's own work.
    Work,
    /// Everything, the vendor's answers included.
    Total,
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Work => "of its own work",
            Self::Total => "altogether",
        })
    }
}

/// How a provider broke the contract.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Its message is no JSON of the expected form.
    #[error("`{field}`: {reason}")]
    Json {
        /// The path of the field within the message; `.` for the whole.
        field: String,
        /// The parser's words, scrubbed.
        reason: String,
    },
    /// A value that is not allowed.
    #[error("`{field}` {rule}")]
    Value {
        /// The path of the field.
        field: String,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The provider's own process reports it.
    #[error("{0}")]
    Broken(String),
    /// A frame that has no place here, or is none.
    #[error("its messages are out of step: {0}")]
    Frame(String),
    /// Too many questions within one call.
    #[error("it asked for more than {limit} HTTP exchanges in one call")]
    Flood {
        /// How many are allowed.
        limit: u32,
    },
    /// A listing that never ends.
    #[error("the listing {0}")]
    Listing(&'static str),
}

fn aside(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(" (it wrote: {stderr})")
    }
}
