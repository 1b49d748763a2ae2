//! The binary `backhaul`: daemon, command line and provider host in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A provider's process is this program again; it must stay free of threads and runtimes.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "provider-host")
    {
        return backhaul::provider_host::main();
    }
    backhaul::cli::main()
}
