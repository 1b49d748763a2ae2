//! Connections that have not stalled but crawl.

use std::time::Duration;

use backhaul_config::ByteRate;

/// For how many times as long as a connection may send nothing it is watched before it is judged.
/// Only waiting for the server counts.
const WATCHED_STALLS: u32 = 2;

/// The speed of one connection.
#[derive(Debug)]
pub struct Speed {
    stall: Duration,
    min: Option<ByteRate>,
    waited: Duration,
    bytes: u64,
}

impl Speed {
    /// Watches for nothing at all during `stall`, and for less than the given rate.
    pub(super) fn new(stall: Duration, min: Option<ByteRate>) -> Self {
        Self {
            stall,
            min,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// How long it may send nothing.
    pub fn stall(&self) -> Duration {
        self.stall
    }

    /// That many bytes came after waiting for them. Returns the bytes per second when they are
    /// too few.
    pub fn came(&mut self, bytes: u64, waited: Duration) -> Option<u64> {
        let min = self.min?.bytes_per_second().get();
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < self.stall.saturating_mul(WATCHED_STALLS) {
            return None;
        }
        let millis = u64::try_from(self.waited.as_millis()).unwrap_or(u64::MAX);
        let rate = self.bytes.saturating_mul(1000) / millis;
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        (rate < min).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_crawling_is_too_much_and_a_short_pause_is_not() {
        let stall = Duration::from_secs(30);
        let mut speed = Speed::new(stall, Some("1KiB/s".parse().unwrap()));
        for _ in 0..59 {
            assert_eq!(speed.came(10, Duration::from_secs(1)), None);
        }
        assert_eq!(speed.came(10, Duration::from_secs(1)), Some(10));
        assert_eq!(speed.came(60 << 10, Duration::from_secs(60)), None);
        assert_eq!(
            Speed::new(stall, None).came(0, Duration::from_secs(600)),
            None
        );
    }
}
