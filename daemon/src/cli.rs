//! The command line: what can be asked for, and where each command lives.
//!
//! Exit codes: 0 when all is well, 1 when something failed or an alarm stands, 2 when the
//! configuration or the command line is wrong.

use std::path::PathBuf;
use std::process::ExitCode;

use backhaul_config::JobName;
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};
use tracing::Level;

use crate::configuration::DEFAULT_PATH;
use crate::logging::{self, LogFormat};
use crate::mirror::identity::BackupId;
use crate::prune::Options;

mod check;
mod failure;
mod generate;
mod kit;
mod list;
mod local;
mod log;
mod output;
mod plan;
mod progress;
mod providers;
mod reindex;
mod reload;
mod run;
mod status;
mod sync;
mod table;
mod upkeep;
mod verify;

use failure::Failure;
use providers::Format;

/// Keeps your own copy of every cloud database backup.
#[derive(Debug, Parser)]
#[command(name = "backhaul", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
struct Global {
    /// The configuration; `conf.d/*.toml` beside it adds to it.
    #[arg(long, short, global = true, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
    /// Say more: once for what happens, twice for details, three times for everything.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// What log lines look like.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon in the foreground.
    Run,
    /// Check the configuration, the providers' part of it included.
    Check,
    /// Show what a pass would fetch, keep and let go, and why, without doing it.
    Plan(JobsJson),
    /// Run one pass now: through the daemon where it runs, else by itself.
    Sync(JobsJson),
    /// Show the state of everything; exit code 1 while an alarm stands.
    Status(Json),
    /// List the mirrored backups, of one job or of all.
    List {
        /// The job.
        job: Option<JobName>,
        #[command(flatten)]
        json: Json,
    },
    /// Show everything about one mirrored backup.
    Show {
        /// The backup's id, as `list` shows it.
        id: BackupId,
        #[command(flatten)]
        json: Json,
    },
    /// Hash the mirrored files again and compare them with their manifests.
    Verify(verify::VerifyArgs),
    /// Show what was decided about each backup, and why: what was fetched, skipped, let go.
    Log(log::LogArgs),
    /// Write an emergency kit: all that a restore needs, for a machine without Backhaul.
    Kit(Box<kit::KitArgs>),
    /// Carry out retention now, by what the last passes found.
    ///
    /// Backups that no rule holds go to quarantine, those that have been there long enough are
    /// deleted for good. Exit code 1 when something is frozen or held back.
    Prune {
        /// The jobs; all of them when none is named.
        jobs: Vec<JobName>,
        /// Only tell what would be let go, and why.
        #[arg(long)]
        dry_run: bool,
        /// Let go even more than half of an instance's backups at once.
        #[arg(long)]
        release_brake: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Tell why a backup is kept, let go, in quarantine, or was not fetched.
    Why {
        /// The backup's id, or the vendor's name or id of one that was not fetched.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Pin a backup: it and what it needs stay, whatever the retention says.
    Pin {
        /// The backup's id, as `list` shows it.
        id: BackupId,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Take a backup's pin away.
    Unpin {
        /// The backup's id, as `list` shows it.
        id: BackupId,
        #[command(flatten)]
        json: Json,
    },
    /// Move a backup out of quarantine, back to where it was.
    RestoreQuarantined {
        /// The backup's id, as the log and `plan` show it.
        id: BackupId,
        #[command(flatten)]
        json: Json,
    },
    /// Make the catalog anew from the manifests of the mirrors. The daemon must not run.
    Reindex,
    /// Have the daemon read its configuration again, and tell its verdict.
    Reload {
        /// Wait for the verdict; without it, the daemon is only asked.
        #[arg(long)]
        wait: bool,
    },
    /// The provider libraries.
    Providers {
        #[command(subcommand)]
        command: ProvidersCommand,
    },
    /// Print a completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page; with a directory, write those of all commands into it.
    Man {
        /// Where to write them.
        directory: Option<PathBuf>,
    },
    /// Print the JSON Schema of the configuration, for editors; or that of manifests.
    Schema {
        /// That of the manifests, `backup.json`.
        #[arg(long)]
        manifest: bool,
    },
}

#[derive(Debug, Subcommand)]
enum ProvidersCommand {
    /// List the libraries that are found, what they serve and how they are confined.
    List {
        #[command(flatten)]
        json: Json,
        /// Print what every service says about itself, as a table in Markdown.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
    },
}

#[derive(Debug, Args)]
struct Json {
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct JobsJson {
    /// The jobs; all of them when none is named.
    jobs: Vec<JobName>,
    #[command(flatten)]
    json: Json,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let daemon = matches!(cli.command, Command::Run);
    logging::init(cli.global.log_format, level(&cli.global, daemon));
    let done = obey(cli);
    match done.and_then(|code| output::finish().map(|()| code)) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// `run` tells what it does; the other commands only what goes wrong.
fn level(global: &Global, daemon: bool) -> Level {
    match global.verbose + u8::from(daemon) {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    }
}

/// The clap definition lets at most one of the two be true.
fn format(json: bool, markdown: bool) -> Format {
    match (json, markdown) {
        (true, _) => Format::Json,
        (false, true) => Format::Markdown,
        (false, false) => Format::Text,
    }
}

fn obey(cli: Cli) -> Result<ExitCode, Failure> {
    let main = &cli.global.config;
    match cli.command {
        Command::Run => run::run(main),
        Command::Check => check::check(main),
        Command::Plan(JobsJson { jobs, json }) => plan::plan(main, &jobs, json.json),
        Command::Sync(JobsJson { jobs, json }) => sync::sync(main, jobs, json.json),
        Command::Status(json) => status::status(main, json.json),
        Command::List { job, json } => list::list(main, job.as_ref(), json.json),
        Command::Show { id, json } => list::show(main, &id, json.json),
        Command::Verify(args) => verify::verify(main, &args),
        Command::Log(args) => log::log(main, &args),
        Command::Kit(args) => kit::kit(main, &args),
        Command::Prune {
            jobs,
            dry_run,
            release_brake,
            json,
        } => {
            let options = Options {
                dry_run,
                release_brake,
            };
            upkeep::prune(main, &jobs, options, json.json)
        }
        Command::Why { id, json } => upkeep::why(main, &id, json.json),
        Command::Pin { id, reason, json } => upkeep::pin(main, &id, reason, json.json),
        Command::Unpin { id, json } => upkeep::unpin(main, &id, json.json),
        Command::RestoreQuarantined { id, json } => upkeep::restore(main, &id, json.json),
        Command::Reindex => reindex::reindex(main),
        Command::Reload { wait } => reload::reload(main, wait),
        Command::Providers {
            command: ProvidersCommand::List { json, markdown },
        } => providers::list(main, format(json.json, markdown)),
        Command::Completions { shell } => generate::completions(shell, Cli::command()),
        Command::Man { directory } => generate::man(directory.as_deref(), &Cli::command()),
        Command::Schema { manifest } => generate::schema(manifest),
    }
}
