//! Bandwidth: waiting until bytes may be received, by a rate that may change with the time of day.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backhaul_config::{Bandwidth, ByteRate};
use chrono_tz::Tz;
use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bandwidth is counted in cells of this many bytes, so that a rate fits the limiter's numbers.
const CELL_BYTES: usize = 1024;
/// The least burst: one piece of a body must always fit.
const BURST_MIN: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// The greatest burst.
const BURST_MAX: NonZeroU32 = NonZeroU32::new(1 << 20).unwrap();
/// How long a rate holds before the timetable is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// One limit of bandwidth, shared by all who are subject to it.
#[derive(Debug)]
pub struct Throttle {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    bandwidth: Option<Bandwidth>,
    zone: Tz,
    rate: Option<ByteRate>,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
    looked: Option<Instant>,
}

impl Throttle {
    /// A limit by the clocks of a zone; absent, none.
    pub fn new(bandwidth: Option<Bandwidth>, zone: Tz) -> Self {
        Self {
            state: Mutex::new(State {
                bandwidth,
                zone,
                rate: None,
                limiter: None,
                looked: None,
            }),
            changed: Notify::new(),
        }
    }

    /// Another limit, from now on.
    pub(super) fn change(&self, bandwidth: Option<Bandwidth>, zone: Tz) {
        let mut state = self.state();
        if state.bandwidth != bandwidth || state.zone != zone {
            state.bandwidth = bandwidth;
            state.zone = zone;
            state.looked = None;
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// Waits until that many bytes may have been received.
    pub async fn wait(&self, bytes: usize) {
        let mut cells = u32::try_from(bytes.div_ceil(CELL_BYTES)).unwrap_or(u32::MAX);
        while let Some(wanted) = NonZeroU32::new(cells) {
            // Listening begins before the look, so that no change is missed.
            let changed = self.changed.notified();
            let Some(limiter) = self.limiter() else {
                return;
            };
            // More than the limiter's burst is asked for in pieces.
            let piece = wanted.min(BURST_MIN);
            tokio::select! {
                ready = limiter.until_n_ready(piece) => match ready {
                    Ok(()) => cells -= piece.get(),
                    Err(_) => return,
                },
                // Another rate: waiting by the old one could take for ever.
                () = changed => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limiter(&self) -> Option<Arc<DefaultDirectRateLimiter>> {
        let state = &mut *self.state();
        let bandwidth = state.bandwidth.as_ref()?;
        let now = Instant::now();
        let looked = state.looked.replace(now);
        match looked {
            Some(looked) if now.duration_since(looked) < LOOK_EVERY => {
                state.looked = Some(looked);
            }
            _ => {
                let rate = bandwidth.rate_at(chrono::Utc::now(), state.zone);
                if rate != state.rate || looked.is_none() {
                    state.rate = rate;
                    state.limiter = rate.map(limiter);
                }
            }
        }
        state.limiter.clone()
    }
}

fn limiter(rate: ByteRate) -> Arc<DefaultDirectRateLimiter> {
    let cells = rate.bytes_per_second().get() / CELL_BYTES as u64;
    let cells =
        NonZeroU32::new(u32::try_from(cells).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
    let burst = cells.max(BURST_MIN).min(BURST_MAX);
    Arc::new(DefaultDirectRateLimiter::direct(
        Quota::per_second(cells).allow_burst(burst),
    ))
}
