//! `backhaul run`: the daemon, in the foreground.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use crate::daemon;

pub fn run(main: &Path) -> Result<ExitCode, Failure> {
    daemon::run(main)?;
    Ok(ExitCode::SUCCESS)
}
