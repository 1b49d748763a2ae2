//! `backhaul log`: what was decided, when and why.

use std::path::Path;
use std::process::ExitCode;

use backhaul_config::JobName;
use backhaul_provider_api::Timestamp;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use clap::Args;

use super::failure::{Failure, complain};
use super::local;
use super::table::{Table, size, time};
use crate::decision::Action;
use crate::decision::read::{Filter, read};
use crate::kit::wanted::When;
use crate::mirror::identity::BackupId;

/// Which decisions are wanted.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Of this job only.
    #[arg(long)]
    job: Option<JobName>,
    /// About this backup only.
    #[arg(long, value_name = "ID")]
    backup: Option<BackupId>,
    /// About this instance only, by the vendor's id for it.
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Of this kind only.
    #[arg(long, value_enum, value_name = "ACTION")]
    action: Option<Action>,
    /// Not before this time: 2026-11-22T13:11:47Z, "2026-11-22 21:11" or 2026-11-22 in UTC, or how
    /// long ago, such as 7d.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Timestamp>,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Timestamp>,
    /// How many at most, the latest of them.
    #[arg(short = 'n', long = "lines", value_name = "N")]
    count: Option<usize>,
    #[command(flatten)]
    json: super::Json,
}

pub fn log(main: &Path, args: &LogArgs) -> Result<ExitCode, Failure> {
    let config = local::config(main)?;
    let filter = Filter {
        // A job that was removed from the configuration still has its past.
        job: args.job.clone(),
        backup: args.backup.clone(),
        instance: args.instance.clone(),
        action: args.action,
        since: args.since,
        until: args.until,
    };
    let found = read(&config.daemon.state_dir, &filter, args.count)?;
    for damaged in &found.damaged {
        complain(&format!("the decision log is damaged: {damaged}"));
    }
    if args.json.json {
        local::print_json(&found.entries)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["TIME", "JOB", "ACTION", "BACKUP", "SIZE", "INSTANCE", "WHY"]);
    for entry in found.entries {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        table.row(vec![
            time(Some(entry.time)),
            entry.job.to_string(),
            entry.action.to_string(),
            or_dash(entry.backup.map(|id| id.to_string())),
            or_dash(entry.bytes.map(size)),
            or_dash(entry.instance.map(|id| id.to_string())),
            // One line each, whatever a vendor said.
            entry
                .reason
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        ]);
    }
    table.print("nothing was decided");
    Ok(ExitCode::SUCCESS)
}

/// An instant as it was typed.
fn instant(text: &str) -> Result<Timestamp, String> {
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if let Some(when) = When::read(text) {
        return when.within(chrono_tz::UTC);
    }
    if let Some(day) = day() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    backhaul_config::duration::parse(text)
        .ok()
        .and_then(|ago| chrono::Utc::now().checked_sub_signed(TimeDelta::from_std(ago).ok()?))
        .ok_or_else(|| {
            format!("{text:?} is neither a time such as 2026-11-22T13:11:47Z, nor a day such as 2026-11-22, nor how long ago, such as 7d")
        })
}
