//! The daemon's one decision maker: which configuration is in force, which job runs when.
//!
//! Everything that can happen arrives at [`Supervisor::run`], one thing at a time: a timer fired,
//! a pass ended, the configuration may have changed, somebody asks for something. Passes run on
//! threads of their own and are started, joined and cancelled here and nowhere else, so a job
//! never overlaps itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backhaul_config::{Config, JobName};
use backhaul_provider_api::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::watch::Sender;
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::catalog::record::Outcome;
use crate::catalog::{JobRecord, RunRecord};
use crate::configuration::Files;
use crate::event::Event;
use crate::pass::{self, Context};
use crate::status::Board;
use crate::timetable::{Due, Timetable, missed};
use crate::{verification, watch};

mod command;
mod reloading;

pub use command::{Command, Passes, UnknownJob, Verdict};

/// See the module's page.
pub struct Supervisor {
    context: Context,
    main: PathBuf,
    files: Files,
    /// The files could not even be read at the last look.
    unreadable: bool,
    config: Sender<Arc<Config>>,
    board: Arc<Board>,
    timetable: Timetable,
    work: Handle,
    passes: JoinSet<RunRecord>,
    running: BTreeMap<JobName, Running>,
    tasks: BTreeMap<Id, JobName>,
    /// The jobs that verify their mirrors, beside whatever passes run.
    verifying: BTreeMap<JobName, Verifying>,
}

/// A verification under way, or one that has ended.
struct Verifying {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

struct Running {
    cancel: CancellationToken,
    /// Start it again when it has ended, because its configuration changed.
    again: bool,
    /// Who waits for its end.
    waiting: Vec<mpsc::UnboundedSender<RunRecord>>,
}

impl Supervisor {
    /// A supervisor for a configuration that was read from `files` at `main`. Passes run on
    /// `work`.
    pub fn new(
        context: Context,
        main: PathBuf,
        files: Files,
        config: Sender<Arc<Config>>,
        board: Arc<Board>,
        timetable: Timetable,
        work: Handle,
    ) -> Self {
        Self {
            context,
            main,
            files,
            unreadable: false,
            config,
            board,
            timetable,
            work,
            passes: JoinSet::new(),
            running: BTreeMap::new(),
            tasks: BTreeMap::new(),
            verifying: BTreeMap::new(),
        }
    }

    /// Enters all jobs into the timetable and makes up for runs missed while no daemon ran.
    pub async fn start(&mut self) {
        let config = self.config();
        let now = self.context.now();
        {
            let mut state = self.board.state();
            state.started_at = Some(now);
            state.generation = 1;
            state.config_applied_at = Some(now);
        }
        for job in config.jobs.values() {
            self.make_up(job, now);
            self.enter(job, now).await;
        }
    }

    /// Works until `stop` is cancelled, then lets passes checkpoint and end.
    pub async fn run(
        &mut self,
        mut commands: mpsc::Receiver<Command>,
        mut firings: mpsc::UnboundedReceiver<Due>,
        stop: CancellationToken,
    ) {
        let mut looks = watch::watch(&self.main);
        let mut minute = tokio::time::interval(Duration::from_secs(60));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(command) = commands.recv() => self.obey(command).await,
                Some(due) = firings.recv() => self.due(due).await,
                Some(ended) = self.passes.join_next_with_id() => self.ended(ended),
                Some(()) = looks.recv() => self.look_again().await,
                _ = minute.tick() => {
                    for due in self.timetable.overdue(self.context.now()) {
                        self.due(due).await;
                    }
                }
            }
        }
        self.drain().await;
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    async fn obey(&mut self, command: Command) {
        // Whoever asked may be gone by the time of the answer; that is fine.
        match command {
            Command::Ping(reply) => {
                let _ = reply.send(());
            }
            Command::Reload(reply) => {
                let verdict = self.reload().await;
                let _ = reply.send(verdict);
            }
            Command::Sync(jobs, reply) => {
                let _ = reply.send(self.sync(jobs));
            }
        }
    }

    fn sync(&mut self, names: Vec<JobName>) -> Result<Passes, UnknownJob> {
        let config = self.config();
        if let Some(unknown) = names.iter().find(|name| !config.jobs.contains_key(*name)) {
            return Err(UnknownJob(unknown.clone()));
        }
        let jobs: BTreeSet<_> = match names.is_empty() {
            true => config.jobs.keys().cloned().collect(),
            false => names.into_iter().collect(),
        };
        let (end, ended) = mpsc::unbounded_channel();
        for job in &jobs {
            self.start_pass(job);
            if let Some(running) = self.running.get_mut(job) {
                running.waiting.push(end.clone());
            }
        }
        Ok(Passes { jobs, ended })
    }

    /// A timer fired: run the job, unless it runs still, and enter its next time.
    async fn due(&mut self, due: Due) {
        if !self.timetable.expects(&due) {
            return;
        }
        let config = self.config();
        let Some(job) = config.jobs.get(&due.job) else {
            return;
        };
        if self.running.contains_key(&due.job) {
            tracing::warn!(job = %due.job, "is due but its last run has not ended; this run is left out");
        } else {
            self.start_pass(&due.job);
        }
        let now = self.context.now();
        self.timetable.enter(job, now.max(due.at), now).await;
        self.show_next(&due.job);
    }

    /// Starts a pass of a job unless one is running.
    fn start_pass(&mut self, name: &JobName) {
        if self.running.contains_key(name) {
            return;
        }
        let config = self.config();
        let Some(job) = config.jobs.get(name) else {
            return;
        };
        let Some(account) = config.accounts.get(&job.account) else {
            return;
        };
        let cancel = CancellationToken::new();
        let (context, job, account, stop) = (
            self.context.clone(),
            Arc::clone(job),
            Arc::clone(account),
            cancel.clone(),
        );
        let pass = async move { pass::run(&context, &job, &account, &stop).await };
        let task = self.passes.spawn_on(pass, &self.work);
        self.tasks.insert(task.id(), name.clone());
        self.running.insert(
            name.clone(),
            Running {
                cancel,
                again: false,
                waiting: Vec::new(),
            },
        );
        self.board.started(name, self.context.now());
    }

    fn ended(&mut self, ended: Result<(Id, RunRecord), tokio::task::JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(job) = self.tasks.remove(&id) else {
            return;
        };
        self.board.ended(&job);
        let Some(running) = self.running.remove(&job) else {
            return;
        };
        let run = match ended {
            Ok((_, run)) => run,
            Err(error) => self.broke_off(&job, &error),
        };
        if running.again && self.config().jobs.contains_key(&job) {
            self.start_pass(&job);
            if let Some(new) = self.running.get_mut(&job) {
                new.waiting = running.waiting;
            }
            return;
        }
        if run.outcome != Outcome::Stopped {
            // Whatever was due until now is done; what was stopped is made up for.
            self.remember_due(&job, self.context.now());
            self.verify(&job);
        }
        for waiting in running.waiting {
            // Whoever asked may be gone by now.
            let _ = waiting.send(run.clone());
        }
    }

    /// Starts a job's share of the verification, unless one is at it. Passes go on meanwhile: what
    /// is verified may take hours.
    fn verify(&mut self, name: &JobName) {
        self.verifying.retain(|_, one| !one.task.is_finished());
        let config = self.config();
        let Some(job) = config.jobs.get(name).map(Arc::clone) else {
            return;
        };
        if job.verify_within.is_none() || self.verifying.contains_key(name) {
            return;
        }
        let cancel = CancellationToken::new();
        let (context, stop) = (self.context.clone(), cancel.clone());
        let share = async move { verification::share(&context, &job, &stop).await };
        let task = self.work.spawn(share);
        self.verifying
            .insert(name.clone(), Verifying { cancel, task });
    }

    /// Stops the verification of a job that is gone or has changed.
    fn stop_verifying(&mut self, name: &JobName) {
        if let Some(verifying) = self.verifying.remove(name) {
            verifying.cancel.cancel();
        }
    }

    /// The record of a pass that panicked: it is told like any other, so that nobody waits for it.
    fn broke_off(&self, job: &JobName, error: &tokio::task::JoinError) -> RunRecord {
        tracing::error!(job = %job, %error, "a pass broke off; this is a defect of Backhaul, please report it");
        let at = self.context.now();
        let what =
            format!("the pass broke off: {error}; this is a defect of Backhaul, please report it");
        let run = RunRecord {
            job: job.clone(),
            started_at: at,
            ended_at: at,
            outcome: Outcome::Failed,
            instances: 0,
            listed: 0,
            known: 0,
            mirrored: 0,
            repaired: 0,
            shared: 0,
            received_bytes: 0,
            quarantined: 0,
            passed_over: Vec::new(),
            errors: vec![what],
            warnings: Vec::new(),
        };
        if let Err(error) = self.context.catalog.add_run(&run) {
            tracing::error!(job = %job, %error, "the run could not be recorded");
        }
        self.context.events.tell(Event::PassEnded {
            run: Box::new(run.clone()),
        });
        run
    }

    /// Makes up for a run that was missed, or broken off, while no daemon ran.
    fn make_up(&mut self, job: &backhaul_config::Job, now: Timestamp) {
        let record = self.context.catalog.job(&job.name).unwrap_or_default();
        if missed(job, record.last_due, now) {
            tracing::info!(job = %job.name, done_until = ?record.last_due, "a run was missed; it is made up for now");
            self.start_pass(&job.name);
        } else {
            self.remember_due(&job.name, now);
        }
    }

    /// Enters a job's next time.
    async fn enter(&mut self, job: &backhaul_config::Job, now: Timestamp) {
        self.timetable.enter(job, now, now).await;
        self.show_next(&job.name);
    }

    fn remember_due(&self, job: &JobName, at: Timestamp) {
        let due = |record: &mut JobRecord| record.last_due = Some(at);
        if let Err(error) = self.context.catalog.change_job(job, due) {
            tracing::warn!(job = %job, %error, "the time of its run could not be recorded");
        }
    }

    fn show_next(&self, job: &JobName) {
        let mut state = self.board.state();
        match self.timetable.next(job) {
            Some(at) => state.next_due.insert(job.clone(), at),
            None => state.next_due.remove(job),
        };
    }

    /// Cancels all passes and waits until they have checkpointed, at most as long as configured.
    async fn drain(&mut self) {
        self.timetable.stop().await;
        for running in self.running.values_mut() {
            running.cancel.cancel();
            running.again = false;
        }
        for verifying in self.verifying.values() {
            verifying.cancel.cancel();
        }
        let limit = self.config().daemon.stop_timeout;
        let all = async {
            while let Some(ended) = self.passes.join_next_with_id().await {
                self.ended(ended);
            }
            for verifying in std::mem::take(&mut self.verifying).into_values() {
                // One that broke off has said so.
                let _ = verifying.task.await;
            }
        };
        if tokio::time::timeout(limit, all).await.is_err() {
            tracing::warn!(
                "{} passes did not end within {} s; what they fetched is resumed at the next start",
                self.passes.len(),
                limit.as_secs()
            );
        }
    }
}
