//! The state of everything, for `backhaul status`, the metrics and the health checks.
//!
//! [`Board`] is what only the running daemon knows (what runs, what is due, what is wrong with
//! the configuration); the rest is read from the catalog, so that `status` also works when no
//! daemon runs.

mod running;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backhaul_config::{Config, Job, JobName};
use backhaul_provider_api::{InstanceId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::catalog::record::{Outcome, RunRecord};
use crate::catalog::{Catalog, CatalogError, Summary};
use crate::event::Event;
use crate::recoverability::{Finding, InstanceWatch, Watch};
pub use running::{Fetching, Running};

/// What the running daemon knows and nobody else.
#[derive(Default)]
pub struct Board(Mutex<State>);

/// The daemon's own part of the status.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// How many configurations have been in force since.
    pub generation: u64,
    /// When the one in force was applied.
    pub config_applied_at: Option<Timestamp>,
    /// What is wrong with a newer configuration on disk, if it is.
    pub config_problem: Option<String>,
    /// Changes that take effect at the next start.
    pub needs_restart: Vec<String>,
    /// Jobs that are running.
    pub running: BTreeMap<JobName, Running>,
    /// When each job is due next.
    pub next_due: BTreeMap<JobName, Timestamp>,
}

impl Board {
    /// Changes or reads the state.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A pass began.
    pub fn started(&self, job: &JobName, now: Timestamp) {
        self.state()
            .running
            .insert(job.clone(), Running::since(now));
    }

    /// A pass ended.
    pub fn ended(&self, job: &JobName) {
        self.state().running.remove(job);
    }

    /// Keeps the progress of passes up to date. Which passes run is not taken from events: a
    /// listener that lags loses some.
    pub fn take(&self, event: &Event) {
        let mut state = self.state();
        if let Some(running) = event.job().and_then(|job| state.running.get_mut(job)) {
            running.take(event, Instant::now());
        }
    }

    /// The state as it is now.
    pub fn snapshot(&self) -> State {
        let mut state = self.state().clone();
        let now = Instant::now();
        state.running = state
            .running
            .into_iter()
            .map(|(job, running)| (job, running.at(now)))
            .collect();
        state
    }
}

/// The state of everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The version of the program that answers.
    pub version: String,
    /// The daemon's part; absent when none runs.
    pub daemon: Option<State>,
    /// Each job of the configuration.
    pub jobs: Vec<JobStatus>,
    /// What somebody should look at.
    pub alarms: Vec<Alarm>,
}

/// The state of one job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobStatus {
    /// Its name.
    pub name: JobName,
    /// Its directory.
    pub directory: PathBuf,
    /// What is in it.
    #[serde(flatten)]
    pub summary: Summary,
    /// Its last run.
    pub last_run: Option<RunRecord>,
    /// When it last succeeded, as far as the history reaches.
    pub last_success: Option<Timestamp>,
    /// What freezes its retention since the last pass, in sentences.
    pub frozen: Vec<String>,
    /// What its retention holds back of single instances, in sentences.
    pub held_back: Vec<String>,
    /// What is wrong with the vendor's side or the mirror, by instance.
    pub findings: Vec<InstanceFinding>,
    /// How many backups in its directory were mirrored by jobs that the configuration has no
    /// more, by their names. Nobody lets them go.
    pub orphaned: BTreeMap<String, u64>,
}

/// Something about an instance that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFinding {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The job, where it concerns one.
    pub job: Option<JobName>,
    /// What is wrong, in a sentence.
    pub what: String,
}

/// How many runs are looked through for the last success.
const HISTORY: usize = 100;

impl Status {
    /// Puts the status together.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn gather(
        config: &Config,
        catalog: &Catalog,
        daemon: Option<State>,
        now: Timestamp,
    ) -> Result<Self, CatalogError> {
        let mut alarms = Vec::new();
        if let Some(problem) = daemon
            .as_ref()
            .and_then(|state| state.config_problem.as_ref())
        {
            let first = problem.lines().next().unwrap_or_default();
            let what = format!(
                "the configuration on disk is refused, the old one stays in force: {first}"
            );
            alarms.push(Alarm { job: None, what });
        }
        let mut jobs = Vec::with_capacity(config.jobs.len());
        for job in config.jobs.values() {
            let summary = Arc::unwrap_or_clone(catalog.summary(&job.directory)?);
            let runs = catalog.runs(&job.name, HISTORY)?;
            let survey = catalog.survey(&job.name)?.unwrap_or_default();
            let retained = !job.retention.is_empty();
            let orphaned = summary.jobs.iter().filter(|(name, _)| {
                let name = name.parse::<JobName>();
                let owner = name.ok().and_then(|name| config.jobs.get(&name));
                owner.is_none_or(|owner| owner.directory != job.directory)
            });
            let status = JobStatus {
                name: job.name.clone(),
                directory: job.directory.clone(),
                frozen: if retained { survey.frozen } else { Vec::new() },
                held_back: if retained {
                    survey.held_back
                } else {
                    Vec::new()
                },
                findings: findings(survey.watch),
                orphaned: orphaned
                    .map(|(name, count)| (name.clone(), *count))
                    .collect(),
                summary,
                last_success: runs
                    .iter()
                    .find(|run| run.outcome == Outcome::Success)
                    .map(|run| run.ended_at),
                last_run: runs.into_iter().next(),
            };
            alarms.extend(job_alarms(job, &status, now));
            jobs.push(status);
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            daemon,
            jobs,
            alarms,
        })
    }
}

fn findings(watch: Watch) -> Vec<InstanceFinding> {
    let of_instance = |(instance, watch): (InstanceId, InstanceWatch)| {
        let name = watch.name;
        watch
            .findings
            .into_iter()
            .map(move |finding| InstanceFinding {
                instance: instance.clone(),
                name: name.clone(),
                finding,
            })
    };
    watch.instances.into_iter().flat_map(of_instance).collect()
}

fn job_alarms(job: &Job, status: &JobStatus, now: Timestamp) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut alarm = |what| {
        alarms.push(Alarm {
            job: Some(job.name.clone()),
            what,
        })
    };
    match &status.last_run {
        Some(run) if run.outcome == Outcome::Failed => {
            let first = run
                .errors
                .first()
                .map_or("no reason recorded", String::as_str);
            let more = match run.errors.len() {
                0 | 1 => String::new(),
                count => format!(" (and {} more)", count - 1),
            };
            alarm(format!("the last run failed: {first}{more}"));
        }
        _ => {}
    }
    if status.summary.suspect > 0 {
        alarm(format!(
            "{} of the mirrored backups are suspect; `backhaul list {}` marks them",
            status.summary.suspect, job.name
        ));
    }
    // A pass that was told to stop says nothing about the vendor; the next one goes on.
    let stopped = |run: &RunRecord| run.outcome == Outcome::Stopped;
    if !status.last_run.as_ref().is_some_and(stopped) {
        for why in &status.frozen {
            alarm(format!("retention is frozen: {why}"));
        }
    }
    status.held_back.iter().cloned().for_each(&mut alarm);
    for found in &status.findings {
        alarm(format!(
            "{} ({}): {}",
            found.name, found.instance, found.finding
        ));
    }
    if status.summary.damaged > 0 {
        alarm(format!(
            "{} of the mirrored backups are damaged; `backhaul list {}` marks them, and the next pass fetches again what the vendor still has",
            status.summary.damaged, job.name
        ));
    }
    let Some(max_age) = job.max_age else {
        return alarms;
    };
    if status.summary.instances.is_empty() {
        alarm("nothing is mirrored yet".to_owned());
    }
    for (id, instance) in &status.summary.instances {
        let age = instance
            .newest_verified
            .map(|at| now.signed_duration_since(at));
        match age.map(|age| (age, age.to_std().unwrap_or_default() > max_age)) {
            Some((_, false)) => {}
            Some((age, true)) => alarm(format!(
                "the newest verified backup of {} ({id}) is {} old, more than {}",
                instance.name,
                backhaul_config::duration::format(std::time::Duration::from_secs(
                    u64::try_from(age.num_seconds()).unwrap_or_default()
                )),
                backhaul_config::duration::format(max_age)
            )),
            None => alarm(format!("no backup of {} ({id}) is verified", instance.name)),
        }
    }
    alarms
}
