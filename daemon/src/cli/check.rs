//! `backhaul check`: is the configuration good?
//!
//! Loads the provider libraries for their part of it, but needs neither the network nor the
//! daemon's state directory.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::local;
use super::output::say;
use crate::configuration::{self, Files};

pub fn check(main: &Path) -> Result<ExitCode, Failure> {
    let files = Files::read(main)?;
    let config = configuration::parse(&files)?;
    // Whoever checks may have no right to the daemon's own directory.
    let scratch = Scratch::new()?;
    let libraries = configuration::libraries_in(&scratch.0, &config);
    local::runtime()?.block_on(configuration::parse_and_check(&files, &libraries))?;
    let (jobs, accounts) = (config.jobs.len(), config.accounts.len());
    say!(
        "{} is good: {jobs} jobs, {accounts} accounts",
        main.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// A directory that goes when the command ends.
pub struct Scratch(pub std::path::PathBuf);

impl Scratch {
    /// Makes one that nobody else can write to.
    pub fn new() -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt;
        // Not by the process id: a killed command leaves its directory behind, and in a container
        // the next one has the same id.
        let mut name = [0; 8];
        rustix::rand::getrandom(&mut name, rustix::rand::GetRandomFlags::empty())
            .map_err(|error| Failure::io("cannot get randomness")(error.into()))?;
        let name = format!("backhaul-{:016x}", u64::from_ne_bytes(name));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(Failure::io("cannot make a directory for temporary files"))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it any more.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
