//! How many connections a transfer uses: as many as bring something, within the limit.
//!
//! One more is tried as long as that makes the whole faster; a connection that brings nothing is
//! given back. A server that refuses halves their number at once.

use std::time::Duration;

use tokio::time::Instant;

/// How much each connection brings between two decisions, at least.
const MEASURED_BYTES: u64 = 16 << 20;
/// How long a measurement takes, at least.
const MEASURED_FOR: Duration = Duration::from_millis(50);
/// By how much another connection must make the transfer faster to be kept.
const GAIN: f64 = 1.05;
/// How many measurements pass until another connection is tried again.
const REST: u32 = 32;

/// The number of connections of one transfer.
#[derive(Debug)]
pub(super) struct Pace {
    most: u32,
    now: u32,
    bytes: u64,
    since: Instant,
    /// The rate of the last measurement, in bytes per second, if one more connection was taken
    /// after it.
    before: Option<f64>,
    rest: u32,
}

impl Pace {
    /// At most so many connections; begins with half of them.
    pub(super) fn new(most: u32, at: Instant) -> Self {
        Self {
            most,
            now: most.div_ceil(2).max(1),
            bytes: 0,
            since: at,
            before: None,
            rest: 0,
        }
    }

    /// How many connections should be in use.
    pub(super) fn connections(&self) -> u32 {
        self.now.min(self.most)
    }

    /// Another limit, from now on.
    pub(super) fn limit(&mut self, most: u32) {
        self.most = most;
    }

    /// Bytes arrived, over all connections together.
    pub(super) fn arrived(&mut self, bytes: u64, at: Instant) {
        self.bytes += bytes;
        let took = at.saturating_duration_since(self.since);
        if self.bytes < MEASURED_BYTES * u64::from(self.now) || took < MEASURED_FOR {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rate = self.bytes as f64 / took.as_secs_f64();
        self.measure_anew(at);
        match self.before.take() {
            Some(before) if rate < before * GAIN => {
                self.now = (self.now - 1).max(1);
                self.rest = REST;
            }
            _ if self.rest > 0 => self.rest -= 1,
            _ if self.now < self.most => {
                self.now += 1;
                self.before = Some(rate);
            }
            _ => {}
        }
    }

    /// The server refused a connection or broke it off.
    pub(super) fn refused(&mut self, at: Instant) {
        self.now = (self.now / 2).max(1);
        self.before = None;
        self.rest = REST;
        self.measure_anew(at);
    }

    fn measure_anew(&mut self, at: Instant) {
        self.bytes = 0;
        self.since = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a transfer for so many measurements; `rate` tells what so many connections bring, in
    /// MiB/s.
    fn run(pace: &mut Pace, at: &mut Instant, measurements: u32, rate: impl Fn(u32) -> u64) {
        for _ in 0..measurements {
            let bytes = MEASURED_BYTES * u64::from(pace.connections());
            *at += Duration::from_micros(bytes / rate(pace.connections()));
            pace.arrived(bytes, *at);
        }
    }

    #[test]
    fn a_server_that_is_slow_per_connection_gets_all_of_them() {
        let mut at = Instant::now();
        let mut pace = Pace::new(8, at);
        assert_eq!(pace.connections(), 4);
        run(&mut pace, &mut at, 10, |connections| {
            50 * u64::from(connections)
        });
        assert_eq!(pace.connections(), 8);
    }

    #[test]
    fn a_connection_that_brings_nothing_is_given_back() {
        let mut at = Instant::now();
        let mut pace = Pace::new(8, at);
        run(&mut pace, &mut at, 2, |_| 100);
        assert_eq!(pace.connections(), 4);
        run(&mut pace, &mut at, REST + 1, |_| 100);
        assert_eq!(pace.connections(), 5, "tried again after a rest");
    }

    #[test]
    fn a_refusal_halves_them_down_to_one() {
        let at = Instant::now();
        let mut pace = Pace::new(8, at);
        let after: Vec<u32> = (0..4)
            .map(|_| {
                pace.refused(at);
                pace.connections()
            })
            .collect();
        assert_eq!(after, [2, 1, 1, 1]);
    }

    #[test]
    fn a_lower_limit_holds_at_once() {
        let mut pace = Pace::new(8, Instant::now());
        pace.limit(1);
        assert_eq!(pace.connections(), 1);
    }
}
