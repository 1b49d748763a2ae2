//! `backhaul verify`: are the mirrored files still what they were?
//!
//! Reads the mirror itself, not the catalog, and needs no daemon.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use backhaul_config::JobName;
use indicatif::ProgressBar;
use serde::Serialize;

use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::size;
use crate::dir::Dir;
use crate::mirror::scan::{Found, scan};
use crate::mirror::verify::{Damage, verify as verify_backup};

#[derive(Default, Serialize)]
struct Verdict {
    verified: u64,
    verified_bytes: u64,
    left_out: u64,
    damaged: Vec<Damaged>,
}

#[derive(Serialize)]
struct Damaged {
    path: PathBuf,
    damage: Vec<Damage>,
}

pub fn verify(
    main: &Path,
    names: &[JobName],
    sample: Option<u8>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    let directories: BTreeSet<_> = local::jobs(&config, names)?
        .iter()
        .map(|job| job.directory.clone())
        .collect();
    let bar = match !json && std::io::stderr().is_terminal() {
        true => ProgressBar::new_spinner(),
        false => ProgressBar::hidden(),
    };
    bar.enable_steady_tick(Duration::from_millis(250));
    let mut verdict = Verdict::default();
    for directory in directories {
        verify_directory(&directory, sample, &bar, &mut verdict)?;
    }
    bar.finish_and_clear();
    if json {
        local::print_json(&verdict)?;
    } else {
        print(&verdict);
    }
    Ok(if verdict.damaged.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn verify_directory(
    directory: &Path,
    sample: Option<u8>,
    bar: &ProgressBar,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let mut found = Vec::new();
    scan(directory, |one| found.push(one))?;
    for one in found {
        let (path, manifest) = match one {
            Found::Backup(path, manifest) => (directory.join(path), manifest),
            Found::Unreadable(path, error) => {
                let damage = Damage {
                    file: "backup.json".to_owned(),
                    what: error.to_string(),
                };
                verdict.damaged.push(Damaged {
                    path: directory.join(path),
                    damage: vec![damage],
                });
                continue;
            }
        };
        if sample.is_some_and(|percent| !chosen(percent)) {
            verdict.left_out += 1;
            continue;
        }
        bar.set_message(format!(
            "{} ({} verified)",
            path.display(),
            size(verdict.verified_bytes)
        ));
        let damage = match Dir::open(&path) {
            Ok(dir) => verify_backup(&dir, &manifest, |bytes| verdict.verified_bytes += bytes),
            Err(error) => vec![Damage {
                file: ".".to_owned(),
                what: error.to_string(),
            }],
        };
        verdict.verified += 1;
        if !damage.is_empty() {
            verdict.damaged.push(Damaged { path, damage });
        }
    }
    Ok(())
}

/// Whether a backup falls into a random sample of that share.
fn chosen(percent: u8) -> bool {
    let mut byte = [0u8; 8];
    // Without randomness everything is verified, which is never wrong.
    match rustix::rand::getrandom(&mut byte, rustix::rand::GetRandomFlags::empty()) {
        Ok(_) => u64::from_ne_bytes(byte) % 100 < u64::from(percent),
        Err(_) => true,
    }
}

fn print(verdict: &Verdict) {
    for damaged in &verdict.damaged {
        say!("DAMAGED {}", damaged.path.display());
        for damage in &damaged.damage {
            say!("  {}: {}", damage.file, damage.what);
        }
    }
    let left_out = match verdict.left_out {
        0 => String::new(),
        count => format!(", {count} left out of the sample"),
    };
    say!(
        "{} backups verified ({}), {} damaged{left_out}",
        verdict.verified,
        size(verdict.verified_bytes),
        verdict.damaged.len()
    );
}
