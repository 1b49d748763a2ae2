//! `backhaul reindex`: makes the catalog anew from the mirrors.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::local;
use super::output::say;
use crate::catalog::rebuild::{Absent, rebuild};
use crate::daemon::directories;

pub fn reindex(main: &Path) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    let rebuilt = rebuild(
        &local::catalog(&config)?,
        &directories(&config),
        Absent::Goes,
    )?;
    say!("{} backups are in the catalog", rebuilt.backups);
    for unreadable in &rebuilt.unreadable {
        say!("cannot be read: {unreadable}");
    }
    Ok(if rebuilt.unreadable.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
