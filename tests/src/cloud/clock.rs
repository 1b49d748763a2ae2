//! The clock of an emulated cloud: the real one shifted, or standing still.

use chrono::{DateTime, TimeDelta, Utc};

use super::shared::Shared;

/// What an emulated cloud takes for the present time.
///
/// Signature windows, token and link lives, rate limits and `Date` headers all follow it,
/// so a test sees a link expire by moving the clock instead of waiting.
#[derive(Debug)]
pub struct Clock(Shared<Base>);

#[derive(Debug, Clone, Copy)]
enum Base {
    /// Real time plus this much.
    Running(TimeDelta),
    /// Stands at this instant until moved.
    Frozen(DateTime<Utc>),
}

impl Default for Clock {
    fn default() -> Self {
        Self(Shared::new(Base::Running(TimeDelta::zero())))
    }
}

impl Clock {
    /// The present time of the emulated cloud.
    pub fn now(&self) -> DateTime<Utc> {
        match *self.0.lock() {
            Base::Running(offset) => Utc::now() + offset,
            Base::Frozen(instant) => instant,
        }
    }

    /// Moves the clock forward; it keeps running or standing as it did.
    pub fn advance(&self, by: std::time::Duration) {
        // Longer than chrono can hold means the far future either way.
        self.shift(TimeDelta::from_std(by).unwrap_or(TimeDelta::days(36_500)));
    }

    /// Moves the clock by a signed amount, to emulate a clock that is wrong.
    pub fn shift(&self, by: TimeDelta) {
        let mut base = self.0.lock();
        *base = match *base {
            Base::Running(offset) => Base::Running(offset + by),
            Base::Frozen(instant) => Base::Frozen(instant + by),
        };
    }

    /// Sets the time and lets the clock run on from there.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock() = Base::Running(now - Utc::now());
    }

    /// Sets the time and stops the clock there.
    pub fn freeze(&self, now: DateTime<Utc>) {
        *self.0.lock() = Base::Frozen(now);
    }

    /// Returns to real time.
    pub fn reset(&self) {
        *self.0.lock() = Base::Running(TimeDelta::zero());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::default();
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        clock.freeze(start);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now(), start + TimeDelta::seconds(90));
        clock.shift(TimeDelta::seconds(-100));
        assert_eq!(clock.now(), start - TimeDelta::seconds(10));
    }

    #[test]
    fn a_clock_that_was_set_keeps_running() {
        let clock = Clock::default();
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        clock.set(start);
        assert!(clock.now() >= start);
        assert!(clock.now() < start + TimeDelta::hours(1));
    }
}
