//! What commands need to work without a daemon.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use backhaul_config::{Config, Job, JobName};
use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::output::say;
use crate::catalog::Catalog;
use crate::configuration::{self, Files};
use crate::control::client::DaemonClient;
use crate::daemon;

/// Reads the configuration without asking the providers.
pub fn config(main: &Path) -> Result<Config, Failure> {
    Ok(configuration::parse(&Files::read(main)?)?)
}

/// A small runtime for a command.
pub fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("cannot start"))
}

/// The running daemon, if there is one.
pub async fn daemon(config: &Config) -> Result<Option<DaemonClient>, Failure> {
    Ok(DaemonClient::connect(&config.daemon.control_socket).await?)
}

/// The catalog, when no daemon has it. Root is sent away where the state belongs to somebody else:
/// files that root makes there would keep the daemon from starting.
pub fn catalog(config: &Config) -> Result<Catalog, Failure> {
    let state_dir = &config.daemon.state_dir;
    let owner = std::fs::metadata(state_dir).map(|metadata| metadata.uid());
    let own = rustix::process::geteuid().as_raw();
    match owner {
        Ok(owner) if owner != own => Err(Failure::NotOurs {
            state_dir: state_dir.clone(),
            owner,
        }),
        _ => Ok(daemon::open_catalog(config)?),
    }
}

/// The jobs of these names, all of them when none is named.
pub fn jobs(config: &Config, names: &[JobName]) -> Result<Vec<Arc<Job>>, Failure> {
    if names.is_empty() {
        return Ok(config.jobs.values().cloned().collect());
    }
    names.iter().map(|name| job(config, name)).collect()
}

/// The job of that name.
pub fn job(config: &Config, name: &JobName) -> Result<Arc<Job>, Failure> {
    config.jobs.get(name).cloned().ok_or_else(|| {
        let known: Vec<_> = config.jobs.keys().map(JobName::as_str).collect();
        let hint = if known.is_empty() {
            ", which has no job at all".to_owned()
        } else {
            format!("; it has {}", known.join(", "))
        };
        Failure::NoJob(name.to_string(), hint)
    })
}

/// Prints JSON for programs.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Plain(format!("cannot be written as JSON: {error}")))?;
    say!("{text}");
    Ok(())
}
