//! The crate from outside: files in, configurations or rendered problems out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod examples;
mod hostile;
mod meaning;
mod mistakes;
mod speed;

use backhaul_config::{Config, Problems, Source, parse};

/// A configuration of one file at `/etc/backhaul/backhaul.toml`.
fn read(text: &str) -> Result<Config, Problems> {
    parse(&[source("/etc/backhaul/backhaul.toml", text)])
}

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.into(),
        text: text.into(),
    }
}
