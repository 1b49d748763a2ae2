//! Backhaul: keeps your own copy of every cloud database backup.
//!
//! The library behind the one binary `backhaul`. Where to start reading:
//!
//! - [`pass`] is one sync pass of a job, top to bottom: list, fetch, prove, publish, retain;
//! - [`fetch`] brings a file from the vendor, [`mirror`] is what lies on disk, [`catalog`] the
//!   index over it, [`retention`] decides what stays;
//! - [`content`] tells what a file is and whether it is sound, from its bytes as they arrive;
//! - [`provider`] talks to the sandboxed child process in which [`provider_host`] opens a
//!   vendor's shared library.

pub mod catalog;
pub mod chain;
pub mod cli;
pub mod configuration;
pub mod content;
pub mod control;
mod crash;
pub mod credential;
pub mod daemon;
pub mod decision;
pub mod dir;
pub mod egress;
pub mod event;
pub mod fetch;
pub mod kit;
pub mod logging;
pub mod mirror;
pub mod pass;
pub mod plan;
pub mod provider;
pub mod provider_host;
pub mod prune;
pub mod recipe;
pub mod recoverability;
pub mod redact;
pub mod report;
pub mod retention;
pub mod seal;
pub mod status;
pub mod supervisor;
pub mod systemd;
pub mod timetable;
pub mod upkeep;
pub mod verification;
pub mod watch;
pub mod why;

/// What the binary does.
pub fn main() -> std::process::ExitCode {
    // A provider's process is this program again; it must stay free of threads and runtimes.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == "provider-host")
    {
        return provider_host::main();
    }
    cli::main()
}
