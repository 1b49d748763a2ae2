//! `backhaul verify`: are the mirrored files still what they were?
//!
//! Reads the mirror itself and needs no daemon. What it finds out is recorded by the daemon where
//! one runs, else in the catalog; without either it is only said.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use backhaul_config::{Bandwidth, ByteRate, Config, JobName};
use chrono_tz::Tz;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::size;
use crate::catalog::mark::DAMAGE_MAX;
use crate::catalog::{BackupRecord, Catalog};
use crate::control::client::DaemonClient;
use crate::decision;
use crate::dir::Dir;
use crate::fetch::limits::Throttle;
use crate::mirror::layout;
use crate::mirror::scan::{Found, scan};
use crate::mirror::verify::{self, Damage, Look, Unverified, Verdict};
use crate::verification::{self, Finding};

/// How many findings go to the daemon at once.
const BATCH: usize = 100;

/// What is to be verified, and how.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The jobs; all of them when none is named.
    jobs: Vec<JobName>,
    /// Verify only this share of the backups, chosen at random.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    sample: Option<u8>,
    /// Read at most so many bytes per second, such as 50MiB/s.
    #[arg(long, value_name = "RATE")]
    rate: Option<ByteRate>,
    /// Look inside, too: decompress what is compressed, and check each file as far as its format
    /// allows. Takes much more CPU.
    #[arg(long)]
    deep: bool,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Default, Serialize)]
struct Outcome {
    verified: u64,
    verified_bytes: u64,
    left_out: u64,
    damaged: Vec<Damaged>,
    /// What was handed out unsound by the vendor; looked for only by `--deep`.
    unsound: Vec<Damaged>,
}

#[derive(Serialize)]
struct Damaged {
    path: PathBuf,
    damage: Vec<Damage>,
}

pub fn verify(main: &Path, args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    let directories: BTreeSet<_> = local::jobs(&config, &args.jobs)?
        .iter()
        .map(|job| job.directory.clone())
        .collect();
    let runtime = local::runtime()?;
    let book = Book::open(&config, &runtime);
    let mut round = Round {
        sample: args.sample,
        look: match args.deep {
            true => Look::Inside,
            false => Look::Hashes,
        },
        throttle: Throttle::new(args.rate.map(Bandwidth::always), Tz::UTC),
        bar: bar(args.json),
        runtime: &runtime,
        book: &book,
        outcome: Outcome::default(),
        findings: Vec::new(),
        failed: None,
    };
    if let Book::Nobody(why) = &book {
        tracing::warn!("what is found is not recorded: {why}");
    }
    let records = book.records(&runtime, &directories)?;
    let expected = records.iter().map(|record| record.size_bytes).sum();
    if args.sample.is_none() && expected > 0 {
        round.bar.set_length(expected);
    }
    for directory in &directories {
        let known = records.iter().filter(|one| one.directory == *directory);
        round.directory(directory, known.count())?;
    }
    round.hand_over();
    round.bar.finish_and_clear();
    let Round {
        outcome, failed, ..
    } = round;
    if args.json {
        local::print_json(&outcome)?;
    } else {
        print(&outcome);
    }
    if let Some(failed) = failed {
        return Err(Failure::Plain(failed.to_string()));
    }
    Ok(
        if outcome.damaged.is_empty() && outcome.unsound.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        },
    )
}

fn bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template(
        "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} {wide_msg}",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Who knows what should be there, and records what is.
enum Book {
    Daemon(DaemonClient),
    Catalog(Box<Catalog>, decision::Log),
    Nobody(String),
}

impl Book {
    fn open(config: &Config, runtime: &Runtime) -> Self {
        let catalog = config.daemon.state_dir.join("catalog");
        match runtime.block_on(local::daemon(config)) {
            Ok(Some(daemon)) => Self::Daemon(daemon),
            Ok(None) if !catalog.exists() => Self::Nobody("there is no catalog".to_owned()),
            Ok(None) => match local::catalog(config) {
                Ok(catalog) => {
                    let daemon = &config.daemon;
                    let decisions = decision::Log::new(&daemon.state_dir, daemon.log_keep);
                    Self::Catalog(Box::new(catalog), decisions)
                }
                Err(failure) => Self::Nobody(failure.to_string()),
            },
            Err(failure) => Self::Nobody(failure.to_string()),
        }
    }

    /// What should lie in these directories.
    fn records(
        &self,
        runtime: &Runtime,
        directories: &BTreeSet<PathBuf>,
    ) -> Result<Vec<BackupRecord>, Failure> {
        match self {
            Self::Daemon(daemon) => {
                let mut records = runtime.block_on(daemon.backups(None))?;
                records.retain(|record| directories.contains(&record.directory));
                Ok(records)
            }
            Self::Catalog(catalog, _) => {
                let mut records = Vec::new();
                for directory in directories {
                    records.extend(catalog.of_directory(directory)?.into_values().flatten());
                }
                Ok(records)
            }
            Self::Nobody(_) => Ok(Vec::new()),
        }
    }

    fn record(&self, runtime: &Runtime, findings: &[Finding]) -> Result<(), Failure> {
        match self {
            Self::Daemon(daemon) => {
                runtime.block_on(daemon.record(findings))?;
            }
            Self::Catalog(catalog, decisions) => {
                for finding in findings {
                    verification::record(catalog, decisions, finding)?;
                }
                decisions.settle()?;
            }
            Self::Nobody(_) => {}
        }
        Ok(())
    }
}

/// One verification of all directories.
struct Round<'a> {
    sample: Option<u8>,
    look: Look,
    throttle: Throttle,
    bar: ProgressBar,
    runtime: &'a Runtime,
    book: &'a Book,
    outcome: Outcome,
    /// What is not recorded yet.
    findings: Vec<Finding>,
    /// The first reason why something could not be verified at all.
    failed: Option<Unverified>,
}

impl Round<'_> {
    fn directory(&mut self, directory: &Path, known: usize) -> Result<(), Failure> {
        let job_dir = match Dir::open(directory) {
            Err(error) if error.is_missing() => None,
            opened => Some(opened?).filter(|dir| dir.has(layout::HIDDEN) || known == 0),
        };
        let Some(job_dir) = job_dir else {
            return match known {
                0 => Ok(()),
                known => Err(Failure::Plain(format!(
                    "{} should hold {known} backups but is missing or empty: is its file system mounted?",
                    directory.display()
                ))),
            };
        };
        let mut seen = BTreeSet::new();
        scan(directory, |found| {
            let begun = chrono::Utc::now();
            let (path, result) = match found {
                Found::Backup(path, _) if !self.chosen() => {
                    self.outcome.left_out += 1;
                    seen.insert(path);
                    return;
                }
                Found::Backup(path, manifest) => {
                    self.bar.set_message(path.clone());
                    let result = match job_dir.dir(&path) {
                        // Retention lets go while this goes on; what is missing is looked for below.
                        Err(error) if error.is_missing() => return,
                        Err(error) => Err(error.into()),
                        Ok(dir) => verify::verify(&dir, &manifest, self.look, &mut self.pace()),
                    };
                    (path, result)
                }
                Found::Unreadable(path, error) => {
                    (path, verify::manifest_damage(error).map(Verdict::from))
                }
            };
            seen.insert(path.clone());
            self.found(directory, path, begun, result);
        })?;
        // What should be there: without a manifest nothing tells of a backup but the catalog.
        let here = BTreeSet::from([directory.to_owned()]);
        for record in self.book.records(self.runtime, &here)? {
            if !seen.contains(&record.path) {
                let begun = chrono::Utc::now();
                let (path, id) = (&record.path, &record.id);
                let result = verify::verify_at(&job_dir, path, id, self.look, &mut self.pace());
                self.found(directory, record.path, begun, result);
            }
        }
        Ok(())
    }

    /// Counts what is read, and waits where there is a rate.
    fn pace(&self) -> impl FnMut(&[u8]) -> ControlFlow<()> + use<'_> {
        |bytes| {
            self.bar.inc(bytes.len() as u64);
            self.runtime.block_on(self.throttle.wait(bytes.len()));
            ControlFlow::Continue(())
        }
    }

    fn found(
        &mut self,
        directory: &Path,
        path: String,
        at: backhaul_provider_api::Timestamp,
        result: Result<Verdict, Unverified>,
    ) {
        let Verdict { damage, unsound } = match result {
            Ok(verdict) => verdict,
            Err(error) => {
                self.failed.get_or_insert(error);
                return;
            }
        };
        self.outcome.verified += 1;
        self.outcome.verified_bytes = self.bar.position();
        let id = path.rsplit('/').next().and_then(layout::backup_id);
        if let Some(id) = id {
            self.findings.push(Finding {
                directory: directory.to_owned(),
                path: path.clone(),
                id,
                at,
                damage: damage.iter().take(DAMAGE_MAX).cloned().collect(),
            });
        }
        let path = directory.join(path);
        for (damage, of) in [
            (damage, &mut self.outcome.damaged),
            (unsound, &mut self.outcome.unsound),
        ] {
            if !damage.is_empty() {
                let path = path.clone();
                of.push(Damaged { path, damage });
            }
        }
        if self.findings.len() >= BATCH {
            self.hand_over();
        }
    }

    /// Has the findings recorded. A failure is no reason to stop: they are said at the end.
    fn hand_over(&mut self) {
        let findings = std::mem::take(&mut self.findings);
        if let Err(failure) = self.book.record(self.runtime, &findings) {
            tracing::warn!("what was found could not be recorded: {failure}");
        }
    }

    /// Whether a backup falls into the random sample.
    fn chosen(&self) -> bool {
        let Some(percent) = self.sample else {
            return true;
        };
        let mut bytes = [0u8; 8];
        // Without randomness everything is verified, which is never wrong.
        match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
            Ok(_) => u64::from_ne_bytes(bytes) % 100 < u64::from(percent),
            Err(_) => true,
        }
    }
}

fn print(outcome: &Outcome) {
    for (word, backups) in [("DAMAGED", &outcome.damaged), ("UNSOUND", &outcome.unsound)] {
        for backup in backups {
            say!("{word} {}", backup.path.display());
            for damage in &backup.damage {
                say!("  {damage}");
            }
        }
    }
    if !outcome.unsound.is_empty() {
        say!(
            "what is unsound is as the vendor handed it out: fetching it again does not help; have another backup made, and try to restore this one"
        );
    }
    let left_out = match outcome.left_out {
        0 => String::new(),
        count => format!(", {count} left out of the sample"),
    };
    let unsound = match outcome.unsound.len() {
        0 => String::new(),
        count => format!(", {count} unsound inside"),
    };
    say!(
        "{} backups verified ({}), {} damaged{unsound}{left_out}",
        outcome.verified,
        size(outcome.verified_bytes),
        outcome.damaged.len()
    );
}
