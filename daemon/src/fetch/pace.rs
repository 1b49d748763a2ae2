//! How many connections a transfer uses: as many as bring something, within the limit.
//!
//! It begins with half of them. One more is tried as long as that makes the whole faster, then one
//! fewer as long as that makes it no slower: on a fast link further connections only cost CPU. A
//! server that refuses halves their number at once.

use std::time::Duration;

use tokio::time::Instant;

/// How much each connection brings between two decisions, at least.
const MEASURED_BYTES: u64 = 8 << 20;
/// How long a measurement takes, at least.
const MEASURED_FOR: Duration = Duration::from_millis(50);
/// By how much a connection must make the transfer faster to be worth having.
const GAIN: f64 = 1.05;
/// How many measurements pass until another number is tried again.
const REST: u32 = 32;

/// The number of connections of one transfer.
#[derive(Debug)]
pub(super) struct Pace {
    most: u32,
    now: u32,
    bytes: u64,
    since: Instant,
    state: State,
}

/// What the measurement under way is for. Rates are in bytes per second.
#[derive(Clone, Copy, Debug)]
enum State {
    /// What the present number brings, until that many more measurements are over.
    Resting(u32),
    /// Whether one more brings something, compared with the rate before.
    OneMore(f64),
    /// Whether one fewer costs something, compared with the rate before.
    OneFewer(f64),
}

impl Pace {
    /// At most so many connections.
    pub(super) fn new(most: u32, at: Instant) -> Self {
        Self {
            most,
            now: most.div_ceil(2).max(1),
            bytes: 0,
            since: at,
            state: State::Resting(0),
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
        self.state = match self.state {
            State::Resting(0) => self.one_more(rate),
            State::Resting(left) => State::Resting(left - 1),
            State::OneMore(before) if rate >= before * GAIN => self.one_more(rate),
            State::OneMore(before) => {
                self.now -= 1;
                self.one_fewer(before)
            }
            State::OneFewer(before) if rate * GAIN > before => self.one_fewer(rate.max(before)),
            State::OneFewer(_) => {
                self.now += 1;
                State::Resting(REST)
            }
        };
    }

    fn one_more(&mut self, rate: f64) -> State {
        if self.now >= self.most {
            return State::Resting(REST);
        }
        self.now += 1;
        State::OneMore(rate)
    }

    fn one_fewer(&mut self, rate: f64) -> State {
        if self.now == 1 {
            return State::Resting(REST);
        }
        self.now -= 1;
        State::OneFewer(rate)
    }

    /// The server refused a connection or broke it off.
    pub(super) fn refused(&mut self, at: Instant) {
        self.now = (self.now / 2).max(1);
        self.state = State::Resting(REST);
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
            *at += Duration::from_micros(bytes / rate(pace.connections())).max(MEASURED_FOR);
            pace.arrived(bytes, *at);
        }
    }

    #[test]
    fn a_server_that_is_slow_per_connection_gets_all_of_them() {
        let mut at = Instant::now();
        let mut pace = Pace::new(8, at);
        assert_eq!(pace.connections(), 4);
        let slow = |connections| 50 * u64::from(connections);
        run(&mut pace, &mut at, 10, slow);
        assert_eq!(pace.connections(), 8);
    }

    #[test]
    fn connections_that_bring_nothing_are_given_back() {
        let mut at = Instant::now();
        let mut pace = Pace::new(8, at);
        run(&mut pace, &mut at, 6, |_| 100);
        assert_eq!(pace.connections(), 1);
        run(&mut pace, &mut at, REST, |_| 100);
        assert_eq!(pace.connections(), 2, "tried again after a rest");
    }

    #[test]
    fn as_many_are_kept_as_bring_something() {
        let mut at = Instant::now();
        let mut pace = Pace::new(8, at);
        // Three fill the link.
        let narrow = |connections: u32| 50 * u64::from(connections.min(3));
        run(&mut pace, &mut at, 6, narrow);
        assert_eq!(pace.connections(), 3);
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
