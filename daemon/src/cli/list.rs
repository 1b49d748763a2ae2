//! `backhaul list` and `backhaul show`: what is mirrored.

use std::path::Path;
use std::process::ExitCode;

use backhaul_config::JobName;

use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::{Table, size, time};
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::{Content, Manifest, Verification};
use crate::report;

pub fn list(main: &Path, job: Option<&JobName>, json: bool) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    if let Some(name) = job {
        local::job(&config, name)?;
    }
    let asked = local::runtime()?.block_on(async {
        match local::daemon(&config).await? {
            Some(daemon) => Ok::<_, Failure>(Some(daemon.backups(job).await?)),
            None => Ok(None),
        }
    })?;
    let backups = match asked {
        Some(backups) => backups,
        None => report::list(&config, &local::catalog(&config)?, job)?.unwrap_or_default(),
    };
    if json {
        local::print_json(&backups)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&[
        "ID", "JOB", "INSTANCE", "KIND", "STARTED", "SIZE", "STATE", "NAME",
    ]);
    for backup in backups {
        let state = if !backup.damage.is_empty() {
            "DAMAGED"
        } else if backup.verification.counts() {
            "verified"
        } else {
            "SUSPECT"
        };
        table.row(vec![
            backup.id.to_string(),
            backup.job,
            backup.instance_name,
            backup.kind.to_string(),
            time(Some(backup.started_at)),
            size(backup.size_bytes),
            state.to_owned(),
            backup.name,
        ]);
    }
    table.print("nothing is mirrored yet");
    Ok(ExitCode::SUCCESS)
}

pub fn show(main: &Path, id: &BackupId, json: bool) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    let asked = local::runtime()?.block_on(async {
        match local::daemon(&config).await? {
            Some(daemon) => Ok::<_, Failure>(Some(daemon.backup(id).await?)),
            None => Ok(None),
        }
    })?;
    let copies = match asked {
        Some(copies) => copies,
        None => report::show(&local::catalog(&config)?, id)?,
    };
    if copies.is_empty() {
        return Err(Failure::Plain(format!(
            "no backup {id} is mirrored; `backhaul list` shows the ids"
        )));
    }
    if json {
        local::print_json(&copies)?;
        return Ok(ExitCode::SUCCESS);
    }
    for copy in &copies {
        say!("{}", copy.path.display());
        match (&copy.manifest, &copy.problem) {
            (Some(manifest), _) => print(manifest),
            (None, Some(problem)) => say!("  its manifest cannot be read: {problem}"),
            (None, None) => {}
        }
        let verified = time(Some(copy.record.last_verified()));
        say!("  {:<12}{verified}", "last hashed");
        for damage in &copy.record.damage {
            say!("  DAMAGED {damage}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(manifest: &Manifest) {
    let Manifest {
        backup,
        instance,
        identity,
        ..
    } = manifest;
    let line = |name: &str, value: &str| say!("  {name:<12}{value}");
    line("backup", &format!("{} ({})", manifest.id, backup.name));
    line(
        "vendor",
        &format!(
            "{} {}, {}",
            identity.provider, manifest.service, identity.key
        ),
    );
    line("instance", &format!("{} ({})", instance.name, instance.id));
    let engine = backup.engine.as_deref().unwrap_or("unknown");
    line(
        "engine",
        &format!(
            "{engine} {}",
            backup.engine_version.as_deref().unwrap_or("")
        ),
    );
    line("kind", backup.kind.as_str());
    let assumed = if backup.zone_assumed {
        " (zone assumed)"
    } else {
        ""
    };
    line(
        "started",
        &format!("{}{assumed}", time(Some(backup.started_at))),
    );
    line("finished", &time(backup.finished_at));
    line(
        "mirrored",
        &format!(
            "{} by job {}",
            time(Some(manifest.mirrored_at)),
            manifest.job
        ),
    );
    match &manifest.verification {
        Verification::Verified => line("state", "verified"),
        Verification::Suspect { reasons } => {
            line("state", &format!("SUSPECT: {}", reasons.join("; ")))
        }
    }
    say!("  files");
    for file in &manifest.files {
        let content = match &file.content {
            Content::Good => "sound".to_owned(),
            Content::Bad { reason } => format!("bad: {reason}"),
            Content::CannotTell { reason } if reason.is_empty() => {
                "content cannot be told".to_owned()
            }
            Content::CannotTell { reason } => format!("content cannot be told: {reason}"),
        };
        say!(
            "    {} ({}, {}, {content})",
            file.name,
            size(file.size_bytes),
            file.format
        );
        say!("      sha256 {}", file.sha256);
        for checksum in &file.agreed {
            say!(
                "      agrees with the vendor's {:?} {}",
                checksum.algorithm,
                checksum.value
            );
        }
    }
    say!("  how to restore");
    for (number, step) in manifest.restore.iter().enumerate() {
        say!("    {}. {step}", number + 1);
    }
}
