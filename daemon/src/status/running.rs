//! How far running passes are: bytes, speed and time left, of each transfer and of the whole pass.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use backhaul_provider_api::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::event::Event;
use crate::mirror::identity::BackupId;

/// How far back the speed looks.
const WINDOW: Duration = Duration::from_secs(15);
/// How finely it looks.
const STEP: Duration = Duration::from_millis(500);

/// How far a running pass is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Running {
    /// When it began.
    pub started_at: Timestamp,
    /// How many backups it found to fetch, once they are listed.
    pub to_fetch: Option<u64>,
    /// About how many bytes those are.
    pub bytes: u64,
    /// How many are mirrored by now.
    pub mirrored: u64,
    /// How many bytes have been received.
    pub received_bytes: u64,
    /// How many bytes arrive per second.
    #[serde(default)]
    pub bytes_per_second: u64,
    /// In how many seconds the rest will be here at that speed, where that can be told.
    #[serde(default)]
    pub seconds_left: Option<u64>,
    /// The backups that are being fetched.
    #[serde(default)]
    pub fetching: BTreeMap<BackupId, Fetching>,
    /// What the pass waits for, where people can mend it: space on a disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    #[serde(skip)]
    speed: Speed,
}

/// How far the transfer of one backup is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fetching {
    /// Its name for people.
    pub name: String,
    /// Its length in bytes, as far as it is known.
    pub bytes: Option<u64>,
    /// How many bytes have been received in this pass.
    pub received_bytes: u64,
    /// How many bytes arrive per second.
    pub bytes_per_second: u64,
    /// In how many seconds the rest will be here at that speed, where that can be told.
    pub seconds_left: Option<u64>,
    #[serde(skip)]
    speed: Speed,
}

/// Bytes per second over the last moments.
#[derive(Clone, Debug, Default)]
struct Speed {
    steps: VecDeque<(Instant, u64)>,
}

impl Speed {
    fn came(&mut self, bytes: u64, at: Instant) {
        match self.steps.back_mut() {
            Some((step, sum)) if at.duration_since(*step) < STEP => *sum += bytes,
            _ => self.steps.push_back((at, bytes)),
        }
        self.forget(at);
    }

    fn forget(&mut self, at: Instant) {
        while let Some((step, _)) = self.steps.front()
            && at.duration_since(*step) > WINDOW
        {
            self.steps.pop_front();
        }
    }

    fn per_second(&mut self, at: Instant) -> u64 {
        self.forget(at);
        let Some((first, _)) = self.steps.front() else {
            return 0;
        };
        let bytes: u64 = self.steps.iter().map(|(_, bytes)| bytes).sum();
        let millis = at.duration_since(*first).max(STEP).as_millis();
        u64::try_from(u128::from(bytes) * 1000 / millis).unwrap_or(u64::MAX)
    }
}

fn seconds_left(bytes: u64, received: u64, per_second: u64) -> Option<u64> {
    let left = bytes.checked_sub(received)?;
    left.checked_div(per_second)
}

impl Running {
    /// A pass that just began.
    pub fn since(started_at: Timestamp) -> Self {
        Self {
            started_at,
            to_fetch: None,
            bytes: 0,
            mirrored: 0,
            received_bytes: 0,
            bytes_per_second: 0,
            seconds_left: None,
            fetching: BTreeMap::new(),
            waiting: None,
            speed: Speed::default(),
        }
    }

    /// Takes one of its events in.
    pub fn take(&mut self, event: &Event, at: Instant) {
        match event {
            Event::Listed {
                to_fetch, bytes, ..
            } => {
                self.to_fetch = Some(*to_fetch);
                self.bytes = *bytes;
            }
            Event::FetchStarted {
                id, name, bytes, ..
            } => {
                let fetching = Fetching {
                    name: name.clone(),
                    bytes: *bytes,
                    received_bytes: 0,
                    bytes_per_second: 0,
                    seconds_left: None,
                    speed: Speed::default(),
                };
                self.fetching.insert(id.clone(), fetching);
            }
            Event::Received { id, bytes, .. } => {
                self.received_bytes += bytes;
                self.speed.came(*bytes, at);
                self.waiting = None;
                if let Some(fetching) = self.fetching.get_mut(id) {
                    fetching.received_bytes += bytes;
                    fetching.speed.came(*bytes, at);
                }
            }
            Event::Waiting { reason, .. } => self.waiting = Some(reason.clone()),
            Event::Mirrored { id, .. } => {
                self.mirrored += 1;
                self.fetching.remove(id);
            }
            Event::BackupFailed { id, .. } => {
                self.fetching.remove(id);
            }
            _ => {}
        }
    }

    /// The same with speeds and times as they are at an instant.
    #[must_use]
    pub fn at(mut self, now: Instant) -> Self {
        self.bytes_per_second = self.speed.per_second(now);
        self.seconds_left = seconds_left(self.bytes, self.received_bytes, self.bytes_per_second);
        for fetching in self.fetching.values_mut() {
            fetching.bytes_per_second = fetching.speed.per_second(now);
            fetching.seconds_left = fetching.bytes.and_then(|bytes| {
                seconds_left(bytes, fetching.received_bytes, fetching.bytes_per_second)
            });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_moments() {
        let start = Instant::now();
        let mut speed = Speed::default();
        for second in 0..60 {
            let bytes = if second < 40 { 1_000_000 } else { 1_000 };
            speed.came(bytes, start + Duration::from_secs(second));
        }
        let rate = speed.per_second(start + Duration::from_secs(60));
        assert!((900..1200).contains(&rate), "{rate}");
        assert_eq!(speed.per_second(start + Duration::from_secs(120)), 0);
    }

    #[test]
    fn the_time_left_is_told_only_where_it_can_be() {
        assert_eq!(seconds_left(1000, 400, 100), Some(6));
        assert_eq!(seconds_left(1000, 400, 0), None);
        assert_eq!(
            seconds_left(1000, 1400, 100),
            None,
            "a hint that was too low"
        );
    }
}
