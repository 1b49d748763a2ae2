//! The daemon's life: start, run, stop. The only file that connects the parts.
//!
//! Two runtimes: this one for timers, sockets and decisions, and one for passes, whose threads
//! block on disks. A disk that hangs blocks transfers and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backhaul_config::Config;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::catalog::rebuild::{Absent, rebuild};
use crate::catalog::{Catalog, CatalogError, Opened};
use crate::configuration::{self, ConfigError, Files};
use crate::control::{self, ControlError};
use crate::decision;
use crate::egress::route::Routes;
use crate::event::{Event, Events};
use crate::fetch::limits::Limits;
use crate::fetch::space::Space;
use crate::mirror::staging::boot_id;
use crate::pass::Context;
use crate::provider::Libraries;
use crate::prune::QuarantineLock;
use crate::status::Board;
use crate::supervisor::{Command, Supervisor, Verdict};
use crate::systemd;
use crate::timetable::Timetable;

/// How often a running pass is mentioned in the journal.
const PROGRESS_EVERY: Duration = Duration::from_secs(60);

/// A daemon that could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The control socket or the listener.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A thread or a signal handler.
    #[error("the runtime cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
    /// The timers.
    #[error("the timers cannot be started: {0}")]
    Timers(#[from] tokio_cron_scheduler::JobSchedulerError),
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub fn run(main: &Path) -> Result<(), StartError> {
    let own = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    own.block_on(live(main))
}

async fn live(main: &Path) -> Result<(), StartError> {
    let (files, config, libraries) = load(main).await?;
    let catalog = open_catalog(&config)?;
    let events = Events::default();
    let context = context(&config, libraries, catalog, events.clone());
    let work = Work(Some(work_runtime(&config)?));

    let board = Arc::new(Board::default());
    let (commands, inbox) = mpsc::channel(64);
    let (config_out, config_in) = watch::channel(Arc::new(config));
    let config = Arc::clone(&config_in.borrow());
    let desk = control::Desk {
        config: config_in,
        catalog: Arc::clone(&context.catalog),
        decisions: context.decisions.clone(),
        quarantine_lock: context.quarantine_lock.clone(),
        board: Arc::clone(&board),
        events: events.clone(),
        commands: commands.clone(),
    };
    let socket = control::bind(&config.daemon.control_socket).await?;
    let listener = match config.daemon.listen {
        Some(address) => Some(control::bind_tcp(address).await?),
        None => None,
    };

    let stop = CancellationToken::new();
    let (timetable, firings) = Timetable::new().await?;
    let mut supervisor = Supervisor::new(
        context,
        main.to_owned(),
        files,
        config_out,
        Arc::clone(&board),
        timetable,
        work.handle()?,
    );
    let follower = tokio::spawn(follow(Arc::clone(&board), events.listen()));
    supervisor.start().await;
    let servers = [
        Some(tokio::spawn(control::serve(socket, desk.clone()))),
        listener.map(|listener| tokio::spawn(control::serve_tcp(listener, desk))),
    ];
    handle_signals(stop.clone(), commands.clone())?;
    let watchdog = tokio::spawn(systemd::watchdog(commands));
    let jobs = config.jobs.len();
    systemd::ready(&format!("{jobs} jobs"));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), jobs, "ready");

    supervisor.run(inbox, firings, stop).await;

    systemd::stopping();
    for server in servers.into_iter().flatten() {
        server.abort();
    }
    watchdog.abort();
    follower.abort();
    // Whoever starts the next daemon shall not find a socket without one behind it.
    let _ = std::fs::remove_file(&config.daemon.control_socket);
    drop(work);
    tracing::info!("stopped");
    Ok(())
}

async fn load(main: &Path) -> Result<(Files, Config, Libraries), StartError> {
    let files = Files::read(main)?;
    // Where the libraries' private copies go is known only after a first reading.
    let libraries = configuration::libraries(&configuration::parse(&files)?);
    let config = configuration::parse_and_check(&files, &libraries).await?;
    Ok((files, config, libraries))
}

/// Opens the catalog, and makes a lost or broken one anew from the mirrors.
///
/// # Errors
/// When another process has it, or the disk does not let it be made.
pub fn open_catalog(config: &Config) -> Result<Catalog, CatalogError> {
    let (catalog, opened) = Catalog::open(&config.daemon.state_dir, chrono::Utc::now())?;
    if let Opened::SetAside(path, why) = &opened {
        tracing::warn!(
            "the catalog was unusable ({why}); it is kept at {} and made anew from the manifests",
            path.display()
        );
    }
    if let Opened::Migrated(from) = opened {
        tracing::info!(
            "the catalog was of version {from}; what it says of backups is read back from the manifests"
        );
    }
    if opened == Opened::Unfinished {
        tracing::warn!("making the catalog anew was cut off last time; it is done again");
    }
    if opened != Opened::Sound {
        let patience = systemd::Patience::begin();
        let rebuilt = rebuild(&catalog, &directories(config), Absent::Stays)?;
        drop(patience);
        for unreadable in &rebuilt.unreadable {
            tracing::warn!("not in the catalog: {unreadable}");
        }
        if rebuilt.backups > 0 {
            tracing::info!(
                backups = rebuilt.backups,
                "the catalog was made anew from the manifests"
            );
        }
    }
    Ok(catalog)
}

/// The directories of all jobs.
pub fn directories(config: &Config) -> BTreeSet<PathBuf> {
    config
        .jobs
        .values()
        .map(|job| job.directory.clone())
        .collect()
}

/// Puts together what passes share.
pub fn context(config: &Config, libraries: Libraries, catalog: Catalog, events: Events) -> Context {
    Context {
        catalog: Arc::new(catalog),
        limits: Limits::new(&config.daemon),
        routes: Routes::new(&config.daemon),
        space: Space::default(),
        libraries: Arc::new(libraries),
        provider_path: config.daemon.provider_path.clone().into(),
        provider_timeout: config.daemon.provider_timeout,
        events,
        decisions: decision::Log::new(&config.daemon.state_dir, config.daemon.log_keep),
        state_dir: config.daemon.state_dir.clone().into(),
        boot: boot_id().into(),
        account_limits: Arc::new(Mutex::new(BTreeMap::new())),
        claims: Arc::default(),
        quarantine_lock: QuarantineLock::default(),
        turns: Arc::default(),
        mended: Arc::default(),
    }
}

/// The threads that passes run on: as many as files may be in flight, and one to spare.
///
/// # Errors
/// When no thread can be started.
pub fn work_runtime(config: &Config) -> std::io::Result<Runtime> {
    let threads = config.daemon.max_downloads.get().clamp(2, 64) as usize + 1;
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("transfer")
        .enable_all()
        .build()
}

/// The threads of passes, given up rather than waited for when they go: a disk that hangs must not
/// keep the daemon from ending.
struct Work(Option<Runtime>);

impl Work {
    fn handle(&self) -> std::io::Result<tokio::runtime::Handle> {
        let gone = || std::io::Error::other("the threads of passes have ended");
        self.0
            .as_ref()
            .map(|runtime| runtime.handle().clone())
            .ok_or_else(gone)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn handle_signals(stop: CancellationToken, commands: mpsc::Sender<Command>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {
                    reload(&commands).await;
                    continue;
                }
            }
            if stop.is_cancelled() {
                tracing::warn!("told to stop a second time; stopping at once");
                std::process::exit(1);
            }
            tracing::info!("stopping");
            stop.cancel();
        }
    });
    Ok(())
}

async fn reload(commands: &mpsc::Sender<Command>) {
    systemd::reloading();
    let (reply, verdict) = oneshot::channel();
    let verdict = match commands.send(Command::Reload(reply)).await {
        Ok(()) => verdict.await.ok(),
        Err(_) => None,
    };
    systemd::ready(match verdict {
        Some(Verdict::Refused { .. }) => {
            "the new configuration was refused, the old one is in force"
        }
        _ => "running",
    });
}

/// Keeps the board up to date, and mentions long passes in the journal now and then.
async fn follow(board: Arc<Board>, mut events: broadcast::Receiver<Event>) {
    let mut mention = tokio::time::interval(PROGRESS_EVERY);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => board.take(&event),
                // Only progress is lost; the next event puts it right.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            },
            _ = mention.tick() => {
                let now = chrono::Utc::now();
                for (job, running) in &board.snapshot().running {
                    let seconds = now.signed_duration_since(running.started_at).num_seconds();
                    if seconds >= PROGRESS_EVERY.as_secs().try_into().unwrap_or(i64::MAX) {
                        tracing::info!(
                            job = %job, seconds, mirrored = running.mirrored, of = ?running.to_fetch,
                            received_bytes = running.received_bytes, of_bytes = running.bytes,
                            bytes_per_second = running.bytes_per_second,
                            seconds_left = running.seconds_left, waiting = running.waiting, "running"
                        );
                    }
                }
            }
        }
    }
}
