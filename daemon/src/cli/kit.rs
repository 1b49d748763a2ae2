//! `backhaul kit`: an emergency kit, made from the mirror alone.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use backhaul_config::{Config, JobName};
use backhaul_provider_api::Timestamp;
use chrono_tz::Tz;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::{Table, size, time};
use crate::kit::contents::{Aim, Contents, Entry};
use crate::kit::stock::Stock;
use crate::kit::wanted::{Wanted, When};
use crate::kit::write::{self, Summary};
use crate::kit::{KitError, text};
use crate::pass::KEYS_DIRECTORY;

/// What kit is wanted.
#[derive(Debug, Args)]
pub struct KitArgs {
    /// A backup, by its id or the beginning of it (4 hex digits or more), or a time such as
    /// 2026-11-22T13:11:47Z or "2026-11-22 21:11" in the job's zone.
    #[arg(value_name = "BACKUP-OR-TIME")]
    wanted: Wanted,
    /// The new or empty directory that becomes the kit.
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    to: Option<PathBuf>,
    /// Look among the backups of this job only.
    #[arg(long, value_name = "JOB", conflicts_with = "directory")]
    job: Option<JobName>,
    /// The instance, where there is more than one.
    #[arg(long, value_name = "ID-OR-NAME")]
    instance: Option<String>,
    /// Look in this directory of a mirror; the configuration is not read.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Put the keys of encrypted backups into the kit: whoever has it can read them.
    #[arg(long)]
    with_keys: bool,
    /// Where the keys lie; otherwise in `keys` of the configuration's state directory.
    #[arg(long, value_name = "DIR", requires = "with_keys")]
    keys: Option<PathBuf>,
    /// Where logs are missing before the wanted time, make the kit for the time before the gap.
    #[arg(long)]
    allow_gap: bool,
    /// Show what would be in the kit, and write nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    json: super::Json,
}

/// Where to look, and how to read times.
struct Sources {
    directories: BTreeSet<PathBuf>,
    zones: BTreeSet<&'static str>,
    keys: Option<PathBuf>,
}

pub fn kit(main: &Path, args: &KitArgs) -> Result<ExitCode, Failure> {
    let sources = sources(main, args)?;
    let stock = Stock::read(&sources.directories)?;
    let aim = match &args.wanted {
        Wanted::Backup(prefix) => Aim::Backup(stock.by_id(prefix, &sources.directories)?),
        Wanted::Time(when) => Aim::Time(sources.instant(*when)?, args.instance.as_deref()),
    };
    let contents = Contents::choose(&stock, aim, args.allow_gap)?;
    drop(stock);
    let now = chrono::Utc::now();
    let summary = Summary::of(&contents, args.with_keys, now);
    let to = args.to.as_deref().filter(|_| !args.dry_run);
    if let Some(to) = to {
        let keys = sources.keys.as_deref().filter(|_| args.with_keys);
        let bar = bar(&contents, args.json.json);
        let written = write::write(&contents, to, keys, now, &mut |bytes| bar.inc(bytes));
        bar.finish_and_clear();
        written?;
    }
    if args.json.json {
        local::print_json(&summary)?;
    } else {
        print(&contents, to, args.with_keys);
    }
    Ok(ExitCode::SUCCESS)
}

fn sources(main: &Path, args: &KitArgs) -> Result<Sources, Failure> {
    if let Some(directory) = &args.directory {
        // A mistyped one would look like an empty mirror.
        crate::dir::Dir::open(directory)?;
        if args.with_keys && args.keys.is_none() {
            return Err(unclear(
                "--directory does not read the configuration: say with --keys where the keys lie",
            ));
        }
        return Ok(Sources {
            directories: BTreeSet::from([directory.clone()]),
            zones: BTreeSet::new(),
            keys: args.keys.clone(),
        });
    }
    let config: Config = local::config(main)?;
    let jobs = match &args.job {
        Some(name) => vec![local::job(&config, name)?],
        None => local::jobs(&config, &[])?,
    };
    let own = || config.daemon.state_dir.join(KEYS_DIRECTORY);
    Ok(Sources {
        directories: jobs.iter().map(|job| job.directory.clone()).collect(),
        zones: jobs.iter().map(|job| job.zone.name()).collect(),
        keys: Some(args.keys.clone().unwrap_or_else(own)),
    })
}

impl Sources {
    fn instant(&self, when: When) -> Result<Timestamp, Failure> {
        let zones: Vec<_> = self.zones.iter().copied().collect();
        match (when, zones.as_slice()) {
            (When::Exact(time), _) => Ok(time),
            (When::Local(_), [zone]) => {
                // The names come from zones that were parsed before.
                let zone: Tz = zone
                    .parse()
                    .map_err(|_| unclear("the job's zone is unknown"))?;
                when.within(zone).map_err(|what| unclear(&what))
            }
            (When::Local(_), []) => Err(unclear(&format!(
                "{when} needs its zone: add Z or an offset such as +08:00"
            ))),
            (When::Local(_), zones) => Err(unclear(&format!(
                "{when} needs its zone, because the jobs have several ({}): name the job with --job, or add Z or an offset such as +08:00",
                zones.join(", ")
            ))),
        }
    }
}

fn unclear(what: &str) -> Failure {
    KitError::Unclear(what.to_owned()).into()
}

fn bar(contents: &Contents, silent: bool) -> ProgressBar {
    if silent || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(contents.size_bytes());
    let style = ProgressStyle::with_template(
        "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
    );
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn print(contents: &Contents, to: Option<&Path>, with_keys: bool) {
    let mut table = Table::new(&["ID", "KIND", "STARTED", "FILES", "SIZE", "DIRECTORY"]);
    for Entry { dir, manifest, .. } in &contents.entries {
        table.row(vec![
            manifest.id.to_string(),
            manifest.backup.kind.to_string(),
            time(Some(manifest.backup.started_at)),
            manifest.files.len().to_string(),
            size(manifest.size_bytes),
            dir.clone(),
        ]);
    }
    table.print("nothing");
    say!("");
    for warning in &contents.warnings {
        say!("WARNING {warning}");
    }
    if contents.encrypted().next().is_some() && !with_keys {
        say!(
            "WARNING the backups are encrypted and their keys are left out; --with-keys puts them in"
        );
    }
    let what = format!(
        "{} as of {}: {} backups, {}",
        contents.instance,
        text(contents.reaches),
        contents.entries.len(),
        size(contents.size_bytes())
    );
    match to {
        Some(to) => {
            say!("{what}, in {}", to.display());
            say!("RESTORE.md there says how to restore it, `sh check.sh` whether it is whole");
        }
        None => say!("{what}; nothing was written"),
    }
}
