//! The sync pass: one job, once, from the vendor's list to the mirror. Read [`run`] top to bottom.
//!
//! Steps are calls to other modules; retries and limits are inside the steps, decisions are here.
//! A pass never stops at the first backup that fails: it mirrors what it can, and says what it
//! could not.

mod commit;
pub mod context;
pub mod fetch_backup;
mod keys;
pub mod listing;
mod observe;
pub mod prepare;
mod quota;
pub mod selection;
mod share;
mod transfer;
pub mod vendor;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backhaul_config::{Account, Job};
use backhaul_provider_api::Timestamp;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::catalog::SurveyRecord;
use crate::catalog::record::{Outcome, RunRecord};
use crate::decision::{Action, Entry};
use crate::dir::Dir;
use crate::event::Event;
use crate::mirror::{layout, staging};
use crate::provider::{GaveUp, ProviderError};
use crate::prune::{self, Basis, Options};
use crate::retention::freeze::{Evidence, Freeze, judge};
pub use context::Context;
pub use keys::DIRECTORY as KEYS_DIRECTORY;
use listing::Survey;
use transfer::Transfers;
use vendor::Vendor;

/// When a download that nobody goes on with counts as abandoned.
const ABANDONED: Duration = Duration::from_secs(14 * 86_400);

/// Runs one pass of a job and records it.
pub async fn run(
    context: &Context,
    job: &Arc<Job>,
    account: &Arc<Account>,
    cancel: &CancellationToken,
) -> RunRecord {
    let started_at = context.now();
    tracing::info!(job = %job.name, "pass started");
    context.events.tell(Event::PassStarted {
        job: job.name.clone(),
    });
    let before = remembered(context, job);
    // Until the pass comes to another end, it failed.
    let mut report = Report {
        memory: SurveyRecord {
            frozen: vec![Freeze::Failed.to_string()],
            held_back: Vec::new(),
            ..before.clone()
        },
        ..Report::default()
    };
    let fatal = steps(context, job, account, cancel, &mut report)
        .await
        .err();
    if let Some(error) = fatal
        && !matches!(error, PassError::Stopped)
    {
        report.errors.push(error.to_string());
    }
    report.memory.at = Some(context.now());
    note_frozen(context, job, &before, &report.memory);
    let remembered = context.catalog.set_survey(&job.name, &report.memory);
    if let Err(error) = remembered {
        tracing::error!(job = %job.name, %error, "what the pass found could not be recorded");
    }
    if let Err(error) = context.decisions.settle() {
        report.warnings.push(error.to_string());
    }
    let run = report.into_record(job, started_at, context.now(), cancel.is_cancelled());
    if let Err(error) = context.catalog.add_run(&run) {
        tracing::error!(job = %job.name, %error, "the run could not be recorded");
    }
    log_end(&run);
    context.events.tell(Event::PassEnded {
        run: Box::new(run.clone()),
    });
    run
}

/// What earlier passes found.
fn remembered(context: &Context, job: &Job) -> SurveyRecord {
    let memory = context.catalog.survey(&job.name).unwrap_or_else(|error| {
        tracing::warn!(job = %job.name, %error, "what the last pass found cannot be read");
        None
    });
    memory.unwrap_or_default()
}

/// Writes down what keeps retention from letting go, unless it did so at the last pass.
fn note_frozen(context: &Context, job: &Job, before: &SurveyRecord, after: &SurveyRecord) {
    if job.retention.is_empty() {
        return;
    }
    let new = |why: &&String| !before.frozen.contains(why) && !before.held_back.contains(why);
    for why in after.frozen.iter().chain(&after.held_back).filter(new) {
        let entry = Entry::new(&job.name, Action::Frozen, why);
        context.decisions.note(entry);
    }
}

async fn steps(
    context: &Context,
    job: &Arc<Job>,
    account: &Arc<Account>,
    cancel: &CancellationToken,
    report: &mut Report,
) -> Result<(), PassError> {
    // The directory comes first: without a place to put them, no backup need be listed.
    let directory = open_mirror(context, job)?;
    let found = context.mend(job, &directory)?;
    if found > 0 {
        report.warnings.push(format!(
            "{found} mirrored backups were not in the catalog; they are now"
        ));
    }
    let vendor = Vendor::open(context, job, account, cancel).await?;

    // What does the vendor have, and what of it is new?
    let survey = listing::survey(context, &vendor, job, Some(&directory)).await?;
    report.take(&survey);
    let mut selection = selection::select(
        context,
        job,
        Some(&directory),
        survey.wanted.iter().collect(),
    )?;
    let new = &selection.fetch;
    tracing::info!(
        job = %job.name, instances = survey.instances.len(), listed = survey.listed, new = new.len(),
        "the vendor's backups are listed"
    );
    context.events.tell(Event::Listed {
        job: job.name.clone(),
        listed: survey.listed,
        to_fetch: new.len() as u64,
        bytes: new
            .iter()
            .filter_map(|wanted| Some(wanted.backup.size?.bytes))
            // What a vendor tells need not make sense.
            .fold(0, u64::saturating_add),
    });

    // Fetch, prove, publish and record each backup that retention would keep. When one of them
    // fails, an older one may be worth having after all: choose again.
    let transfers = Arc::new(Transfers::new(context, job, account, vendor, directory)?);
    while !selection.fetch.is_empty() && transfers.run(selection.fetch, report).await {
        selection = selection::select(context, job, Some(&transfers.directory), selection.spared)?;
    }
    report.spared = selection.spared.len() as u64;
    for spared in &selection.spared {
        spared.skip(context, job, "retention would let it go at once");
    }
    let vendor_ahead = transfers.vendor.vendor_ahead();
    report.received_bytes = transfers.received.load(Ordering::Relaxed);
    report.shared = transfers.shared.load(Ordering::Relaxed);
    if cancel.is_cancelled() {
        return Err(PassError::Stopped);
    }

    if report.unreached > 0 {
        let count = report.unreached;
        report.warnings.push(format!(
            "{count} more backups were not reached; the next pass goes on"
        ));
    }

    report.memory.unfetched =
        observe::unfetched(context, job, &survey, &selection.spared, &report.errors)?;
    retain(
        context,
        job,
        &transfers.directory,
        &survey,
        vendor_ahead,
        report,
    )
}

/// Only after a complete and successful pass, by clocks that agree, is anything let go.
fn retain(
    context: &Context,
    job: &Job,
    directory: &Dir,
    survey: &Survey,
    vendor_ahead: Option<TimeDelta>,
    report: &mut Report,
) -> Result<(), PassError> {
    let now = context.now();
    let frozen = judge(&Evidence {
        successful: report.errors.is_empty(),
        complete: survey.complete(),
        vendor_ahead,
        last: report.memory.at,
        now,
    });
    if frozen.is_empty() {
        for id in staging::sweep(directory, ABANDONED)? {
            tracing::info!(job = %job.name, backup = %id, "an abandoned download was removed");
            let reason = format!("nobody went on with its download {id} for two weeks");
            let entry = Entry::new(&job.name, Action::Abandoned, reason);
            context.decisions.note(match id.parse() {
                Ok(id) => entry.of_backup(&id, None, None),
                Err(_) => entry,
            });
        }
    }
    report.memory.frozen = frozen.iter().map(Freeze::to_string).collect();
    report.memory.instances.clone_from(&survey.instances);
    let basis = Basis {
        frozen: report.memory.frozen.clone(),
        instances: survey.instances.clone(),
    };
    let apply = || {
        prune::apply(
            (&context.catalog, &context.decisions),
            job,
            directory,
            &basis,
            Options::default(),
            now,
        )
    };
    let pruned = context.quarantine_lock.hold(apply)?;
    report.quarantined = pruned.quarantined.len() as u64;
    report.warnings.extend(pruned.warnings);
    report.warnings.extend(pruned.held_back.iter().cloned());
    report.memory.held_back = pruned.held_back;
    for why in &pruned.frozen {
        report.warnings.push(format!("retention is frozen: {why}"));
    }

    let changed = report.mirrored + report.quarantined > 0;
    observe::watch(context, job, survey, &mut report.memory, changed, now)?;
    Ok(())
}

/// Opens the job's directory, making it at the first time. One that has lost everything the
/// catalog knows of is more likely not mounted than emptied, and must not be filled anew.
fn open_mirror(context: &Context, job: &Job) -> Result<Dir, PassError> {
    let known = context.catalog.summary(&job.directory)?.backups;
    if known > 0 {
        let there = Dir::open(&job.directory).is_ok_and(|directory| directory.has(layout::HIDDEN));
        if !there {
            return Err(PassError::MirrorGone {
                directory: job.directory.clone(),
                known,
            });
        }
    }
    Ok(Dir::create_all(&job.directory)?)
}

/// What ends a pass before its steps are through.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// It was told to stop.
    #[error("stopped")]
    Stopped,
    /// The mirror is not where it was.
    #[error(
        "{} should hold {known} backups but is missing or empty: is its file system mounted? If it was emptied on purpose, stop the daemon and run `backhaul reindex`", directory.display()
    )]
    MirrorGone {
        /// The job's directory.
        directory: PathBuf,
        /// How many backups the catalog knows in it.
        known: u64,
    },
    /// The account cannot be used.
    #[error(transparent)]
    Account(#[from] crate::credential::CredentialError),
    /// The provider or the vendor.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The library does not serve it.
    #[error("provider `{provider}` has no service `{service}`; see `backhaul providers list`")]
    NoService {
        /// The provider.
        provider: String,
        /// The service asked for.
        service: String,
    },
    /// No HTTP client can be made.
    #[error(transparent)]
    Route(#[from] crate::egress::route::RouteError),
    /// No library serves the provider.
    #[error("no library for provider `{0}`; see `backhaul providers list`")]
    NoProvider(String),
    /// The disk.
    #[error(transparent)]
    File(#[from] crate::dir::FsError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] crate::catalog::CatalogError),
    /// Retention.
    #[error(transparent)]
    Prune(#[from] prune::PruneError),
}

impl From<GaveUp> for PassError {
    fn from(gave_up: GaveUp) -> Self {
        match gave_up {
            GaveUp::Cancelled => Self::Stopped,
            GaveUp::Failed(error) => Self::Provider(error),
        }
    }
}

/// What a pass has to say so far.
#[derive(Default)]
struct Report {
    instances: u64,
    listed: u64,
    known: u64,
    mirrored: u64,
    repaired: u64,
    shared: u64,
    unreached: u64,
    spared: u64,
    disk_full: bool,
    received_bytes: u64,
    quarantined: u64,
    memory: SurveyRecord,
    passed_over: Vec<String>,
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    fn take(&mut self, survey: &Survey) {
        self.instances = survey.instances.len() as u64;
        self.listed = survey.listed;
        self.known = survey.known;
        self.passed_over.clone_from(&survey.passed_over);
        self.errors.extend(survey.errors.iter().cloned());
        self.warnings.extend(survey.warnings.iter().cloned());
    }

    fn into_record(
        mut self,
        job: &Job,
        started_at: Timestamp,
        ended_at: Timestamp,
        stopped: bool,
    ) -> RunRecord {
        if self.spared > 0 {
            let count = self.spared;
            self.passed_over.push(format!(
                "{count} backups that retention would let go at once"
            ));
        }
        let outcome = match (stopped, self.errors.is_empty()) {
            (true, _) => Outcome::Stopped,
            (false, true) => Outcome::Success,
            (false, false) => Outcome::Failed,
        };
        RunRecord {
            job: job.name.clone(),
            started_at,
            ended_at,
            outcome,
            instances: self.instances,
            listed: self.listed,
            known: self.known,
            mirrored: self.mirrored,
            repaired: self.repaired,
            shared: self.shared,
            received_bytes: self.received_bytes,
            quarantined: self.quarantined,
            passed_over: self.passed_over,
            errors: self.errors,
            warnings: self.warnings,
        }
    }
}

fn log_end(run: &RunRecord) {
    for what in &run.passed_over {
        tracing::info!(job = %run.job, "passed over: {what}");
    }
    for warning in &run.warnings {
        tracing::warn!(job = %run.job, "{warning}");
    }
    for error in &run.errors {
        tracing::error!(job = %run.job, "{error}");
    }
    let took = run.ended_at.signed_duration_since(run.started_at);
    tracing::info!(
        job = %run.job, outcome = ?run.outcome, mirrored = run.mirrored, known = run.known,
        repaired = run.repaired, shared = run.shared,
        bytes = run.received_bytes, quarantined = run.quarantined, seconds = took.num_seconds(),
        "pass ended"
    );
}
