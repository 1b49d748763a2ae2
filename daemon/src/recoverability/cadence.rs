//! Has the vendor stopped making backups?

use std::collections::BTreeSet;
use std::time::Duration;

use backhaul_provider_api::{Kind, Timestamp};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Finding;

/// How many of the newest backups are remembered.
const REMEMBERED: usize = 16;
/// With fewer pauses between them nothing is usual yet.
const PAUSES_LEAST: usize = 4;
/// Shorter delays are nobody's worry: a job runs once a day, and idle databases write no logs.
const DELAY_LEAST: Duration = Duration::from_secs(86_400);

/// When the newest backups of one kind were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent(BTreeSet<Timestamp>);

impl Recent {
    /// Takes one in; only the newest are remembered.
    pub fn add(&mut self, at: Timestamp) {
        self.0.insert(at);
        if self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
    }

    /// Takes in what another one remembers.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|&at| self.add(at));
    }

    /// The newest.
    pub fn newest(&self) -> Option<Timestamp> {
        self.0.last().copied()
    }

    /// Whether the next one is overdue: by twice the second longest pause, so that one outage in
    /// the past, or weekends without a backup, make no difference.
    pub fn stopped(&self, kind: Kind, now: Timestamp) -> Option<Finding> {
        let newest = self.newest()?;
        let mut pauses: Vec<TimeDelta> = self
            .0
            .iter()
            .zip(self.0.iter().skip(1))
            .map(|(earlier, later)| later.signed_duration_since(earlier))
            .collect();
        if pauses.len() < PAUSES_LEAST {
            return None;
        }
        pauses.sort_unstable();
        let usual = pauses[pauses.len() - 2].to_std().unwrap_or_default();
        let late = now
            .signed_duration_since(newest)
            .to_std()
            .unwrap_or_default();
        (late > (usual * 2).max(DELAY_LEAST)).then_some(Finding::Stopped {
            kind,
            newest,
            usual_seconds: usual.as_secs(),
        })
    }
}
