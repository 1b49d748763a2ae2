//! `backhaul prune`, `pin`, `unpin`, `restore-quarantined` and `why`: through the daemon where one
//! runs, else by this process.

use std::path::Path;
use std::process::ExitCode;

use backhaul_config::JobName;

use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::{Table, size, time};
use crate::decision;
use crate::mirror::identity::BackupId;
use crate::prune::{Options, Pruned, QuarantineLock};
use crate::retention::Decision;
use crate::upkeep::{Done, Upkeep, UpkeepError};
use crate::why::{self, Mirrored, Whereabouts};

/// Asks the daemon, or does it here.
macro_rules! ask {
    ($main:expr, |$daemon:ident| $remote:expr, |$upkeep:ident| $here:expr) => {{
        let config = local::config($main)?;
        let asked = local::runtime()?.block_on(async {
            match local::daemon(&config).await? {
                Some($daemon) => Ok::<_, Failure>(Some($remote.await?)),
                None => Ok(None),
            }
        })?;
        match asked {
            Some(answer) => answer,
            None => {
                let catalog = local::catalog(&config)?;
                let $upkeep = Upkeep {
                    config: &config,
                    catalog: &catalog,
                    decisions: &decision::Log::new(
                        &config.daemon.state_dir,
                        config.daemon.log_keep,
                    ),
                    quarantine_lock: &QuarantineLock::default(),
                    now: chrono::Utc::now(),
                };
                $here?
            }
        }
    }};
}

pub fn prune(
    main: &Path,
    names: &[JobName],
    options: Options,
    json: bool,
) -> Result<ExitCode, Failure> {
    local::jobs(&local::config(main)?, names)?;
    let pruned = ask!(main, |daemon| daemon.prune(names, options), |upkeep| upkeep
        .prune(names, options));
    if json {
        local::print_json(&pruned)?;
    } else {
        pruned.iter().for_each(print_pruned);
    }
    let free =
        |job: &Pruned| job.frozen.is_empty() && job.held_back.is_empty() && job.warnings.is_empty();
    Ok(if pruned.iter().all(free) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_pruned(pruned: &Pruned) {
    let would = if pruned.dry_run { "would be " } else { "" };
    for why in &pruned.frozen {
        say!(
            "job {}: retention is frozen, nothing {would}let go: {why}",
            pruned.job
        );
    }
    for what in &pruned.held_back {
        say!("job {}: {what}", pruned.job);
    }
    if pruned.frozen.is_empty() {
        let count = pruned.quarantined.len();
        let deleted = pruned.deleted.len();
        say!(
            "job {}: {count} backups {would}moved to quarantine, {deleted} in it {would}deleted for good",
            pruned.job
        );
    }
    if !pruned.quarantined.is_empty() {
        let mut table = Table::new(&["LET GO", "INSTANCE", "KIND", "STARTED", "SIZE", "WHY"]);
        for one in &pruned.quarantined {
            table.row(vec![
                one.id.to_string(),
                one.instance.clone(),
                one.kind.to_string(),
                time(Some(one.started_at)),
                size(one.size_bytes),
                one.reason.clone(),
            ]);
        }
        table.print("");
    }
    for id in &pruned.deleted {
        say!("{would}deleted for good: {id}");
    }
    for warning in &pruned.warnings {
        say!("warning: {warning}");
    }
}

pub fn pin(
    main: &Path,
    id: &BackupId,
    reason: Option<String>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let done = ask!(main, |daemon| daemon.pin(id, reason.clone()), |upkeep| {
        upkeep.pin(id, reason)
    });
    tell(
        &done,
        json,
        match done.changed {
            true => "is pinned: retention never lets it go",
            false => "was pinned already",
        },
    )
}

pub fn unpin(main: &Path, id: &BackupId, json: bool) -> Result<ExitCode, Failure> {
    let done = ask!(main, |daemon| daemon.unpin(id), |upkeep| upkeep.unpin(id));
    tell(
        &done,
        json,
        match done.changed {
            true => "is no longer pinned",
            false => "was not pinned",
        },
    )
}

pub fn restore(main: &Path, id: &BackupId, json: bool) -> Result<ExitCode, Failure> {
    let done = ask!(main, |daemon| daemon.restore_quarantined(id), |upkeep| {
        upkeep.restore(id)
    });
    tell(&done, json, "is back")?;
    if !json {
        say!(
            "the next pass quarantines it again unless the job's retention holds it; `backhaul pin {id}` does"
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(done: &Done, json: bool, what: &str) -> Result<ExitCode, Failure> {
    if json {
        local::print_json(done)?;
    } else {
        done.paths
            .iter()
            .for_each(|path| say!("{} {what}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn why(main: &Path, asked: &str, json: bool) -> Result<ExitCode, Failure> {
    let found = ask!(main, |daemon| daemon.why(asked), |upkeep| why::why(
        upkeep.config,
        upkeep.catalog,
        asked,
        upkeep.now
    )
    .map_err(UpkeepError::from));
    if json {
        local::print_json(&found)?;
    } else {
        found.iter().for_each(print_whereabouts);
    }
    if found.is_empty() {
        return Err(Failure::Plain(format!(
            "nothing is known of a backup {asked}; `backhaul list` shows the ids of the mirrored ones, `backhaul plan` those of others"
        )));
    }
    Ok(ExitCode::SUCCESS)
}

fn print_whereabouts(found: &Whereabouts) {
    match found {
        Whereabouts::Mirrored(mirrored) => print_mirrored(mirrored),
        Whereabouts::Quarantined {
            id,
            job,
            since,
            until,
            why,
        } => {
            say!(
                "{id} is in the quarantine of job {job} since {}: {why}",
                time(Some(*since))
            );
            match until {
                Some(until) => say!("  it may be deleted for good after {}", time(Some(*until))),
                None => {
                    say!("  it stays there, because the configuration has no such job any more")
                }
            }
            say!("  `backhaul restore-quarantined {id}` brings it back");
        }
        Whereabouts::NotFetched {
            job,
            seen_at,
            backup,
        } => say!(
            "{} ({}) of {} was not fetched by job {job}, as of {}: {}",
            backup.id,
            backup.name,
            backup.instance,
            time(*seen_at),
            backup.why
        ),
    }
}

fn print_mirrored(mirrored: &Mirrored) {
    say!("{} is mirrored: {}", mirrored.id, mirrored.path.display());
    match &mirrored.decision {
        Decision::Keep { reasons } => reasons.iter().for_each(|reason| say!("  kept: {reason}")),
        Decision::Delete { reason } => {
            say!("  the next pass lets it go: {reason}");
            mirrored
                .held_back
                .iter()
                .for_each(|why| say!("  but not now: {why}"));
        }
    }
    if let Some(reason) = mirrored.pin.as_ref().and_then(|pin| pin.reason.as_ref()) {
        say!("  pinned because: {reason}");
    }
    if let Some(since) = mirrored.unlisted_since {
        say!(
            "  the vendor lists it no more, noticed at {}",
            time(Some(since))
        );
    }
}
