//! The binary `backhaul` with fault points, under a name of its own: for the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    backhaul::main()
}
