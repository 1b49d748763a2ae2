//! `backhaul sync`: one pass now.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use backhaul_config::{Config, JobName};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::local;
use super::progress::Progress;
use crate::catalog::record::{Outcome, RunRecord};
use crate::configuration::{self, Files};
use crate::daemon;
use crate::event::{Event, Events};
use crate::{pass, verification};

pub fn sync(main: &Path, names: Vec<JobName>, json: bool) -> Result<ExitCode, Failure> {
    let files = Files::read(main)?;
    let config = configuration::parse(&files)?;
    local::jobs(&config, &names)?;
    let mut progress = Progress::new(json);
    let client = local::runtime()?.block_on(async {
        let Some(client) = local::daemon(&config).await? else {
            return Ok(false);
        };
        client
            .sync(names.clone(), |event| progress.take(event))
            .await?;
        Ok::<_, Failure>(true)
    })?;
    let progress = if client {
        progress
    } else {
        alone(&files, names, progress)?
    };
    conclude(progress.finish(), json)
}

/// Without a daemon: passes in this process.
fn alone(files: &Files, names: Vec<JobName>, progress: Progress) -> Result<Progress, Failure> {
    let plain = configuration::parse(files)?;
    let runtime = daemon::work_runtime(&plain).map_err(Failure::io("cannot start"))?;
    let libraries = configuration::libraries(&plain);
    let config = runtime.block_on(configuration::parse_and_check(files, &libraries))?;
    let catalog = local::catalog(&config)?;
    let events = Events::default();
    let context = daemon::context(&config, libraries, catalog, events.clone());
    let cancel = CancellationToken::new();
    runtime.block_on(async {
        let stop = cancel.clone();
        tokio::spawn(async move {
            // A signal handler that cannot be set leaves the default: to die, which is safe.
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.cancel();
            }
        });
        let mut listener = events.listen();
        let shown = tokio::spawn(async move {
            let mut progress = progress;
            while let Ok(event) = listener.recv().await {
                progress.take(event);
            }
            progress
        });
        run_all(&context, &config, &names, &cancel).await?;
        // The listener ends when the last sender is gone.
        drop(context);
        drop(events);
        shown
            .await
            .map_err(|error| Failure::Plain(error.to_string()))
    })
}

async fn run_all(
    context: &pass::Context,
    config: &Config,
    names: &[JobName],
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let mut passes = tokio::task::JoinSet::new();
    for job in local::jobs(config, names)? {
        let Some(account) = config.accounts.get(&job.account).map(Arc::clone) else {
            continue;
        };
        let (context, cancel) = (context.clone(), cancel.clone());
        passes.spawn(async move {
            let run = pass::run(&context, &job, &account, &cancel).await;
            if run.outcome != Outcome::Stopped {
                verification::share(&context, &job, &cancel).await;
            }
        });
    }
    while let Some(ended) = passes.join_next().await {
        ended.map_err(|error| Failure::Plain(format!("a pass broke off: {error}")))?;
    }
    Ok(())
}

fn conclude(runs: Vec<RunRecord>, json: bool) -> Result<ExitCode, Failure> {
    if json {
        local::print_json(&runs)?;
    }
    let success = runs.iter().all(|run| run.outcome == Outcome::Success);
    Ok(if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Progress {
    /// Takes an event in, wherever it comes from.
    fn take(&mut self, event: Event) {
        self.show(&event);
        if let Event::PassEnded { run } = event {
            self.ended(*run);
        }
    }
}
