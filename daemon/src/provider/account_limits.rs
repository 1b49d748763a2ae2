//! How fast an account may be asked: the vendor's documented limits, and pauses it demanded.
//!
//! One value per account and service, shared by all its sessions; a pause holds for the whole
//! account. Callers wait; nothing fails.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backhaul_provider_api::{RateLimit, RateScope};
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// The request limits of one account.
#[derive(Debug)]
pub struct AccountLimits {
    clock: TokioClock,
    account: Vec<Bucket>,
    each_call: Vec<(Option<String>, Quota)>,
    calls: Mutex<HashMap<String, Arc<Vec<Bucket>>>>,
    pause: Pause,
}

/// Until when all calls of an account stand still.
type Pause = Arc<Mutex<Option<Instant>>>;

type Bucket = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>;

impl AccountLimits {
    /// Keeps these limits, all of them at once. A limit of no requests or no time is no limit.
    pub fn new(limits: &[RateLimit]) -> Self {
        Self::with_pause(limits, Pause::default())
    }

    /// The limits of another service of the same account, which stands still when this one does.
    #[must_use]
    pub fn beside(&self, limits: &[RateLimit]) -> Self {
        Self::with_pause(limits, Arc::clone(&self.pause))
    }

    fn with_pause(limits: &[RateLimit], pause: Pause) -> Self {
        let clock = TokioClock {
            start: Instant::now(),
        };
        // A limit that names its call is one of that call, whatever its scope says.
        let (account, each_call): (Vec<&RateLimit>, Vec<&RateLimit>) = limits
            .iter()
            .partition(|limit| limit.scope == RateScope::Account && limit.call.is_none());
        Self {
            account: account
                .into_iter()
                .filter_map(|limit| Some(bucket(quota(limit)?, clock)))
                .collect(),
            each_call: each_call
                .into_iter()
                .filter_map(|limit| Some((limit.call.clone(), quota(limit)?)))
                .collect(),
            calls: Mutex::default(),
            pause,
            clock,
        }
    }

    /// Waits until the call may be made, and counts it. Cancelling is safe; a slot that was
    /// already taken stays taken.
    pub async fn ready(&self, call: &str) {
        let buckets = self.buckets(call);
        for bucket in self.account.iter().chain(buckets.iter()) {
            while let Err(not_until) = bucket.check() {
                tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
            }
        }
        while let Some(until) = self.paused_until() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Stops all calls of the account for that long, or longer where a pause is already longer.
    pub fn pause_for(&self, duration: Duration) {
        let until = Instant::now() + duration.min(PAUSE_MAX);
        let mut paused = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = (*paused).max(Some(until));
    }

    fn paused_until(&self) -> Option<Instant> {
        let paused = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        paused.filter(|until| *until > Instant::now())
    }

    fn buckets(&self, call: &str) -> Arc<Vec<Bucket>> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // Names come from the provider; beyond the bound they share one set of buckets.
        let name = if calls.len() < CALL_NAMES_MAX || calls.contains_key(call) {
            call
        } else {
            ""
        };
        let new = || {
            let concerning = |of: &Option<String>| of.as_deref().is_none_or(|of| of == call);
            let quotas = self.each_call.iter().filter(|(of, _)| concerning(of));
            Arc::new(
                quotas
                    .map(|(_, quota)| bucket(*quota, self.clock))
                    .collect(),
            )
        };
        Arc::clone(calls.entry(name.to_owned()).or_insert_with(new))
    }
}

/// The longest pause a vendor can impose.
const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// How many distinct names of calls are told apart.
const CALL_NAMES_MAX: usize = 256;

/// How much longer one request may be under way than another without too many arriving at once.
const ARRIVAL_JITTER: Duration = Duration::from_millis(200);

fn bucket(quota: Quota, clock: TokioClock) -> Bucket {
    RateLimiter::direct_with_clock(quota, clock)
}

/// A quota that lets no stretch of `per` contain more than `requests`, even the first: the burst
/// at its beginning is taken off the rate at which slots come back. The vendor counts arrivals,
/// and the first request, which makes the connection, arrives later after its start than others.
fn quota(limit: &RateLimit) -> Option<Quota> {
    let burst = NonZeroU32::new((limit.requests / 5).max(1))?;
    let back = limit.requests.checked_sub(burst.get())? + 1;
    let stretch = Duration::from_secs(limit.per.0.min(86_400));
    if stretch.is_zero() {
        return None;
    }
    let period = (stretch + ARRIVAL_JITTER) / back;
    Some(Quota::with_period(period)?.allow_burst(burst))
}

/// The runtime's clock, which tests can hold.
#[derive(Clone, Copy, Debug)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.start.elapsed().into()
    }
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::Seconds;

    use super::*;

    fn limit(requests: u32, per: u64, scope: RateScope) -> RateLimit {
        RateLimit {
            requests,
            per: Seconds(per),
            scope,
            call: None,
        }
    }

    async fn times(limits: &AccountLimits, calls: &[&str]) -> Vec<u64> {
        let start = Instant::now();
        let mut times = Vec::new();
        for call in calls {
            limits.ready(call).await;
            times.push(start.elapsed().as_secs());
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_contains_more_calls_than_the_limit() {
        let limits = AccountLimits::new(&[limit(10, 60, RateScope::Account)]);
        let times = times(&limits, &["List"; 40]).await;
        for window in times.windows(11) {
            assert!(window[10] - window[0] >= 59, "{times:?}");
        }
        assert!(times[39] < 300, "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_call_that_arrives_late_makes_no_second_too_full() {
        let limits = AccountLimits::new(&[limit(10, 1, RateScope::Call)]);
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..40 {
            limits.ready("List").await;
            sent.push(start.elapsed());
        }
        for window in sent.windows(11) {
            let apart = window[10] - window[0];
            assert!(apart >= Duration::from_millis(1199), "{sent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_per_call_counts_each_call_by_its_own() {
        let limits = AccountLimits::new(&[limit(1, 10, RateScope::Call)]);
        let times = times(&limits, &["A", "B", "A", "B"]).await;
        assert_eq!(times, [0, 0, 10, 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_one_call_leaves_the_others_alone() {
        let limit = RateLimit {
            call: Some("A".to_owned()),
            ..limit(1, 10, RateScope::Call)
        };
        let limits = AccountLimits::new(&[limit]);
        assert_eq!(times(&limits, &["A", "B", "B", "A"]).await, [0, 0, 0, 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_call_and_the_longer_one_wins() {
        let limits = AccountLimits::new(&[]);
        limits.pause_for(Duration::from_secs(30));
        limits.pause_for(Duration::from_secs(5));
        assert_eq!(times(&limits, &["A"]).await, [30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_the_other_services_of_the_account_too() {
        let limits = AccountLimits::new(&[]);
        let other = limits.beside(&[limit(1, 10, RateScope::Call)]);
        limits.pause_for(Duration::from_secs(30));
        assert_eq!(times(&other, &["A"]).await, [30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_nothing_is_no_limit() {
        let limits = AccountLimits::new(&[limit(0, 60, RateScope::Account)]);
        assert_eq!(times(&limits, &["A"; 3]).await, [0, 0, 0]);
    }
}
