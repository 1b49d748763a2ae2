//! The declared state of Backhaul: what a configuration says, checked and compared.
//!
//! The crate does no I/O. The daemon reads the files and hands their texts to [`parse`], which
//! yields a [`Config`] or everything that is wrong with it. [`Config::check_providers`] then
//! checks what only the providers know, and [`Config::diff`] tells what a reload changes.
//!
//! Three stages, three kinds of types: `file` holds the tables as written, `check` turns them into
//! a [`Config`] and collects every problem on the way, and nothing else makes a `Config`.
//!
//! Where to start reading: `file` for all keys, [`Job`] for what the daemon sees of them.

#![forbid(unsafe_code)]

mod bandwidth;
mod check;
pub mod code;
mod config;
mod diff;
pub mod duration;
mod endpoint;
mod file;
mod glob;
mod host;
mod instance;
mod limits;
mod name;
mod origin;
mod problem;
mod provider_check;
mod proxy;
mod read;
mod request_rate;
mod retention;
mod schedule;
mod schema;
mod secret;
mod size;
mod socket;
mod source;
mod suggest;
mod value;
mod word;

pub use bandwidth::Bandwidth;
pub use config::{Account, Config, Daemon, Job, Missed, Sandbox};
pub use diff::{Change, Changes, Diff};
pub use endpoint::Endpoint;
pub use host::HostPattern;
pub use instance::InstancePattern;
pub use limits::Limits;
pub use name::{AccountName, JobName, ProviderName};
pub use problem::{Problem, Problems};
pub use proxy::Proxy;
pub use request_rate::RequestRate;
pub use retention::Retention;
pub use schedule::{CronPattern, Schedule, parse_zone};
pub use schema::schema;
pub use secret::SecretRef;
pub use size::{ByteRate, ByteSize};
pub use socket::control_socket;
pub use source::Source;
pub use value::ValueError;

/// Reads and checks a configuration: the main file first, then the others in the order in which
/// they shall be read. No file at all is the configuration without any job.
///
/// # Errors
/// Everything that is wrong, in the order of the files. When a file is not TOML, only that is
/// reported, since what it would have declared is unknown.
pub fn parse(sources: &[Source]) -> Result<Config, Problems> {
    let mut sources = source::Sources::new(sources);
    let mut log = problem::Log::default();
    let documents = read::documents(&mut sources, &mut log);
    if documents.len() < sources.files().len() {
        return log.verdict(&sources).map(|()| Config::default());
    }
    let mut config = check::check(documents, &sources, &mut log);
    log.verdict(&sources)?;
    config.sources = sources;
    Ok(config)
}
