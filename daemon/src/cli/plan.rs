//! `backhaul plan`: what a pass would do.
//!
//! Works on the configuration as it is on disk, whether a daemon runs or not: what it needs to
//! know of the mirror it reads from the catalog, or, while a daemon has that, from the manifests.

use std::path::Path;
use std::process::ExitCode;

use backhaul_config::{Config, JobName};

use super::check::Scratch;
use super::failure::Failure;
use super::local;
use super::output::say;
use super::table::{Table, size, time};
use crate::catalog::rebuild::{Absent, rebuild};
use crate::catalog::{Catalog, CatalogError};
use crate::configuration::{self, Files};
use crate::daemon;
use crate::decision;
use crate::event::Events;
use crate::plan::{Plan, make};
use crate::retention::Decision;

pub fn plan(main: &Path, names: &[JobName], json: bool) -> Result<ExitCode, Failure> {
    let files = Files::read(main)?;
    let scratch = Scratch::new()?;
    let libraries = configuration::libraries_in(&scratch.0, &configuration::parse(&files)?);
    let runtime = local::runtime()?;
    let config = runtime.block_on(configuration::parse_and_check(&files, &libraries))?;
    let jobs = local::jobs(&config, names)?;
    let catalog = open(&config, &scratch)?;
    let mut context = daemon::context(&config, libraries, catalog, Events::default());
    // A plan decides nothing.
    context.decisions = decision::Log::nowhere();
    let mut plans = Vec::new();
    for job in jobs {
        let Some(account) = config.accounts.get(&job.account) else {
            continue;
        };
        plans.push(runtime.block_on(make(&context, &job, account))?);
    }
    if json {
        local::print_json(&plans)?;
    } else {
        plans.iter().for_each(print);
    }
    let fine = plans.iter().all(|plan| plan.errors.is_empty());
    Ok(if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn open(config: &Config, scratch: &Scratch) -> Result<Catalog, Failure> {
    match local::catalog(config) {
        Err(Failure::Catalog(CatalogError::InUse { .. }) | Failure::NotOurs { .. }) => {
            let (catalog, _) = Catalog::open(&scratch.0, chrono::Utc::now())?;
            rebuild(&catalog, &daemon::directories(config), Absent::Goes)?;
            Ok(catalog)
        }
        opened => opened,
    }
}

fn print(plan: &Plan) {
    let count = plan.fetch.len();
    say!(
        "job {}: {count} to fetch, about {}; {} of the vendor's backups are mirrored already",
        plan.job,
        size(plan.fetch_bytes),
        plan.known
    );
    let mut fetch = Table::new(&["FETCH", "INSTANCE", "KIND", "STARTED", "SIZE", "NAME"]);
    for one in &plan.fetch {
        fetch.row(vec![
            one.id.to_string(),
            one.instance.clone(),
            one.kind.to_string(),
            time(Some(one.started_at)),
            one.bytes.map_or_else(|| "?".to_owned(), size),
            one.name.clone(),
        ]);
    }
    fetch.print("nothing is to be fetched");
    let mut retention = Table::new(&["MIRRORED", "KIND", "STARTED", "SIZE", "DECISION", "WHY"]);
    for one in &plan.retention {
        let (decision, why) = match &one.decision {
            Decision::Keep { reasons } => ("keep", reasons.join(", ")),
            Decision::Delete { reason } => ("let go", reason.clone()),
        };
        retention.row(vec![
            one.backup.id.to_string(),
            one.backup.kind.to_string(),
            time(Some(one.backup.started_at)),
            size(one.backup.size_bytes),
            decision.to_owned(),
            why,
        ]);
    }
    say!("");
    retention.print("nothing is mirrored yet");
    for what in &plan.passed_over {
        say!("passed over: {what}");
    }
    for why in &plan.frozen {
        say!("retention is frozen, nothing would be let go: {why}");
    }
    for what in &plan.held_back {
        say!("{what}");
    }
    for warning in &plan.warnings {
        say!("warning: {warning}");
    }
    for error in &plan.errors {
        say!("error: {error}");
    }
    say!("");
}
