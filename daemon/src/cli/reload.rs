//! `backhaul reload`: has the daemon read its configuration again.

use std::path::Path;
use std::process::ExitCode;

use super::failure::{Failure, complain};
use super::local;
use super::output::say;
use crate::configuration::{self, Files};
use crate::supervisor::Verdict;

pub fn reload(main: &Path, wait: bool) -> Result<ExitCode, Failure> {
    // Only the socket is needed; a broken file must not keep one from asking about it.
    let files = Files::read(main);
    let socket = configuration::control_socket(&files);
    let verdict = local::runtime()?.block_on(async {
        let daemon = crate::control::client::DaemonClient::connect(&socket).await?;
        let Some(daemon) = daemon else {
            files?;
            return Err(Failure::Plain(format!(
                "no daemon is running at {}",
                socket.display()
            )));
        };
        Ok(daemon.reload().await?)
    })?;
    match verdict {
        _ if !wait => Ok(ExitCode::SUCCESS),
        Verdict::Applied {
            changes,
            needs_restart,
        } => {
            if changes.is_empty() {
                say!("nothing changed");
            }
            for change in changes {
                say!("{change}");
            }
            for key in needs_restart {
                say!("{key} takes effect when the daemon is started again");
            }
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Refused { problems } => {
            let problems = problems.trim_end();
            complain(&format!(
                "refused, the old configuration stays in force\n{problems}"
            ));
            Ok(ExitCode::from(2))
        }
    }
}
