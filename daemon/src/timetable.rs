//! When jobs run: the calendar is croner's, the timers are tokio-cron-scheduler's.
//!
//! The scheduler runs one-shots only. Its own calendar code drops bursts, keeps a stale offset
//! over a change to daylight saving time, and fires one-shots up to 0.75 s early, so each is
//! armed a second late and re-armed from the calendar when it fired. [`Timetable::overdue`]
//! catches what a suspended machine or a moved clock made it miss.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use backhaul_config::{Job, JobName, Missed};
use backhaul_provider_api::Timestamp;
use chrono::TimeDelta;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{JobScheduler, JobSchedulerError};

/// How many firings may wait at once; more due in the same second than this would be dropped.
const CHANNEL: usize = 1 << 16;
/// Makes up for one-shots that fire early: they are cut to whole seconds.
const EARLY: Duration = Duration::from_millis(999);
/// A timer later than this has been missed.
const OVERDUE: TimeDelta = TimeDelta::seconds(5);

/// A timer that fired: which job, and for which time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The job.
    pub job: JobName,
    /// The time it was due, jitter included.
    pub at: Timestamp,
}

/// The next run of each job.
pub struct Timetable {
    scheduler: JobScheduler,
    next: BTreeMap<JobName, Timestamp>,
    fired: mpsc::UnboundedSender<Due>,
}

impl Timetable {
    /// A timetable without entries; firings arrive at the receiver.
    ///
    /// # Errors
    /// When the scheduler does not start.
    pub async fn new() -> Result<(Self, mpsc::UnboundedReceiver<Due>), JobSchedulerError> {
        let scheduler = JobScheduler::new_with_channel_size(CHANNEL).await?;
        scheduler.start().await?;
        let (fired, firings) = mpsc::unbounded_channel();
        Ok((
            Self {
                scheduler,
                next: BTreeMap::new(),
                fired,
            },
            firings,
        ))
    }

    /// When a job is due next.
    pub fn next(&self, job: &JobName) -> Option<Timestamp> {
        self.next.get(job).copied()
    }

    /// Enters the first run of a job after `after`. A job without schedule has none.
    pub async fn enter(&mut self, job: &Job, after: Timestamp, now: Timestamp) {
        let Some(at) = next_run(job, after) else {
            self.next.remove(&job.name);
            return;
        };
        self.next.insert(job.name.clone(), at);
        let wait = at.signed_duration_since(now).to_std().unwrap_or_default() + EARLY;
        let due = Due {
            job: job.name.clone(),
            at,
        };
        let fired = self.fired.clone();
        let one_shot = tokio_cron_scheduler::Job::new_one_shot(wait, move |_, _| {
            // Nobody listening any more means that the daemon is stopping.
            let _ = fired.send(due.clone());
        });
        let armed = match one_shot {
            Ok(one_shot) => self.scheduler.add(one_shot).await,
            Err(error) => Err(error),
        };
        if let Err(error) = armed {
            // The look every minute runs it all the same.
            tracing::warn!(job = %job.name, %error, "the timer could not be armed");
        }
    }

    /// Takes a job out. A timer that is armed still fires and is told apart by its time.
    pub fn remove(&mut self, job: &JobName) {
        self.next.remove(job);
    }

    /// Whether a firing is the one that the job waits for.
    pub fn expects(&self, due: &Due) -> bool {
        self.next.get(&due.job) == Some(&due.at)
    }

    /// Jobs whose time has passed without a firing.
    pub fn overdue(&self, now: Timestamp) -> Vec<Due> {
        self.next
            .iter()
            .filter(|(_, at)| now.signed_duration_since(**at) > OVERDUE)
            .map(|(job, at)| Due {
                job: job.clone(),
                at: *at,
            })
            .collect()
    }

    /// Ends all timers.
    pub async fn stop(&mut self) {
        // The daemon is stopping; a scheduler that does not want to is left behind.
        let _ = self.scheduler.shutdown().await;
    }
}

/// The first run of a job after an instant: the calendar's time plus the job's own jitter, which
/// is always the same, so that two hundred jobs at 02:00 do not meet at the vendor.
pub fn next_run(job: &Job, after: Timestamp) -> Option<Timestamp> {
    let jitter = jitter(job);
    let schedule = job.schedule.as_ref()?;
    let from = after - jitter;
    // The calendar gives up where a zone skips a whole day; beyond it there is a next time.
    let next = schedule
        .next_after(from)
        .or_else(|| schedule.next_after(from + TimeDelta::days(2)));
    Some(next? + jitter)
}

/// Whether a run was missed between the last due time and now and shall be made up for.
pub fn missed(job: &Job, last_due: Option<Timestamp>, now: Timestamp) -> bool {
    let passed = last_due
        .and_then(|last| next_run(job, last))
        .is_some_and(|next| next <= now);
    passed && job.missed == Missed::RunOnce
}

fn jitter(job: &Job) -> TimeDelta {
    let spread = job.jitter.as_secs();
    if spread == 0 {
        return TimeDelta::zero();
    }
    let mut hash = DefaultHasher::new();
    job.name.as_str().hash(&mut hash);
    TimeDelta::seconds(i64::try_from(hash.finish() % spread).unwrap_or_default())
}
