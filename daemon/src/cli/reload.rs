//! `backhaul reload`: has the daemon read its configuration again.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::local;
use crate::supervisor::Verdict;

pub fn reload(main: &Path, wait: bool) -> Result<ExitCode, Failure> {
    // Only the socket is needed; a broken file must not keep one from asking about it.
    let socket = local::config(main)
        .map(|config| config.daemon.control_socket)
        .unwrap_or_else(|_| backhaul_config::Config::default().daemon.control_socket);
    let verdict = local::runtime()?.block_on(async {
        let daemon = crate::control::client::DaemonClient::connect(&socket).await?;
        let Some(daemon) = daemon else {
            return Err(Failure::Plain(format!("no daemon is running at {}", socket.display())));
        };
        Ok(daemon.reload().await?)
    })?;
    match verdict {
        _ if !wait => Ok(ExitCode::SUCCESS),
        Verdict::Applied { changes, needs_restart } => {
            if changes.is_empty() {
                println!("nothing changed");
            }
            for change in changes {
                println!("{change}");
            }
            for key in needs_restart {
                println!("{key} takes effect when the daemon is started again");
            }
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Refused { problems } => {
            eprintln!("backhaul: refused, the old configuration stays in force\n{}", problems.trim_end());
            Ok(ExitCode::from(2))
        }
    }
}
