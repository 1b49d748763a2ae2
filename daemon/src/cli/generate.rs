//! `backhaul completions`, `man` and `schema`: made from the same definitions that the program
//! uses.

use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

use super::failure::Failure;
use super::local;
use super::output;

pub fn completions(shell: Shell, mut command: Command) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "backhaul", &mut script);
    print(&script)
}

pub fn man(directory: Option<&Path>, command: &Command) -> Result<ExitCode, Failure> {
    match directory {
        Some(directory) => {
            clap_mangen::generate_to(command.clone(), directory)
                .map_err(Failure::io("cannot write the manual pages"))?;
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command.clone())
                .render(&mut page)
                .map_err(Failure::io("cannot make the manual page"))?;
            print(&page)
        }
    }
}

pub fn schema(manifest: bool) -> Result<ExitCode, Failure> {
    local::print_json(&match manifest {
        true => crate::mirror::manifest::schema(),
        false => backhaul_config::schema(),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn print(bytes: &[u8]) -> Result<ExitCode, Failure> {
    output::print(format_args!("{}", String::from_utf8_lossy(bytes)));
    Ok(ExitCode::SUCCESS)
}
