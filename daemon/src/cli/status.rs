//! `backhaul status`: the state of everything; exit code 1 while an alarm stands.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::{Table, ago, size, time};
use crate::configuration::{self, Files};
use crate::control::client::DaemonClient;
use crate::status::{JobStatus, State, Status};

pub fn status(main: &Path, json: bool) -> Result<ExitCode, Failure> {
    let files = Files::read(main);
    // A running daemon is reached, and tells what it thinks of them, even when they are broken.
    let socket = configuration::control_socket(&files);
    let status = local::runtime()?.block_on(async {
        match DaemonClient::connect(&socket).await? {
            Some(daemon) => Ok::<_, Failure>(Some(daemon.status().await?)),
            None => Ok(None),
        }
    })?;
    let status = match status {
        Some(status) => status,
        None => {
            let config = configuration::parse(&files?)?;
            Status::gather(&config, &local::catalog(&config)?, None, chrono::Utc::now())?
        }
    };
    if json {
        local::print_json(&status)?;
    } else {
        print(&status);
    }
    Ok(if status.alarms.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(status: &Status) {
    let now = chrono::Utc::now();
    match &status.daemon {
        Some(daemon) => {
            let since = daemon.started_at.map(|at| ago(at, now)).unwrap_or_default();
            say!("backhaul {}: running, started {since}", status.version);
            print_daemon(daemon);
        }
        None => say!("backhaul {}: no daemon is running", status.version),
    }
    say!("");
    let mut jobs = Table::new(&[
        "JOB",
        "BACKUPS",
        "SIZE",
        "NEWEST VERIFIED",
        "UNVERIFIED SINCE",
        "LAST RUN",
        "NEXT RUN",
    ]);
    for job in &status.jobs {
        let next = status
            .daemon
            .as_ref()
            .and_then(|daemon| daemon.next_due.get(&job.name));
        let marked = [
            (job.summary.damaged, "damaged"),
            (job.summary.suspect, "suspect"),
        ];
        let marked: String = marked
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!(" ({count} {what})"))
            .collect();
        jobs.row(vec![
            job.name.to_string(),
            format!("{}{marked}", job.summary.backups),
            size(job.summary.size_bytes),
            newest(job, now),
            job.summary
                .longest_unverified
                .map_or_else(|| "-".to_owned(), |at| ago(at, now)),
            last_run(job, now),
            next.map_or_else(|| "-".to_owned(), |at| ago(*at, now)),
        ]);
    }
    jobs.print("no jobs are configured");
    for job in &status.jobs {
        for (name, count) in &job.orphaned {
            say!(
                "{count} backups in {} were mirrored by job {name}, which is not configured (any more); nobody lets them go",
                job.directory.display()
            );
        }
    }
    if status.alarms.is_empty() {
        return;
    }
    say!("");
    for alarm in &status.alarms {
        match &alarm.job {
            Some(job) => say!("ALARM {job}: {}", alarm.what),
            None => say!("ALARM {}", alarm.what),
        }
    }
}

fn print_daemon(daemon: &State) {
    say!(
        "configuration {} applied {}",
        daemon.generation,
        time(daemon.config_applied_at)
    );
    for key in &daemon.needs_restart {
        say!("{key} was changed and takes effect when the daemon is started again");
    }
    for (job, running) in &daemon.running {
        let of = match running.to_fetch {
            Some(count) => format!("{} of {count} backups", running.mirrored),
            None => "listing".to_owned(),
        };
        say!(
            "{job} is running: {of}, {} of about {} received{}",
            size(running.received_bytes),
            size(running.bytes),
            pace(running.bytes_per_second, running.seconds_left)
        );
        for (id, fetching) in &running.fetching {
            let of = fetching
                .bytes
                .map_or_else(String::new, |bytes| format!(" of about {}", size(bytes)));
            say!(
                "  {} ({id}): {}{of}{}",
                fetching.name,
                size(fetching.received_bytes),
                pace(fetching.bytes_per_second, fetching.seconds_left)
            );
        }
        if let Some(reason) = &running.waiting {
            say!("  waiting: {reason}");
        }
    }
    if let Some(problem) = &daemon.config_problem {
        say!("\nthe configuration on disk is refused:\n{problem}");
    }
}

/// How fast it goes and how long it will take, as far as that can be told.
fn pace(bytes_per_second: u64, seconds_left: Option<u64>) -> String {
    if bytes_per_second == 0 {
        return String::new();
    }
    let left = seconds_left.map_or_else(String::new, |seconds| {
        let left = indicatif::HumanDuration(std::time::Duration::from_secs(seconds));
        format!(", {left} left")
    });
    format!(", {}/s{left}", size(bytes_per_second))
}

fn newest(job: &JobStatus, now: backhaul_provider_api::Timestamp) -> String {
    // The worst instance speaks for the job.
    let oldest_newest = job
        .summary
        .instances
        .values()
        .map(|instance| instance.newest_verified)
        .min();
    match oldest_newest.flatten() {
        Some(at) => ago(at, now),
        None => "never".to_owned(),
    }
}

fn last_run(job: &JobStatus, now: backhaul_provider_api::Timestamp) -> String {
    job.last_run.as_ref().map_or_else(
        || "never".to_owned(),
        |run| {
            format!(
                "{} {}",
                format!("{:?}", run.outcome).to_lowercase(),
                ago(run.ended_at, now)
            )
        },
    )
}
