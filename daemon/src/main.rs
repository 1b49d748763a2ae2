//! The binary `backhaul`: daemon, command line and provider host in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    backhaul::main()
}
