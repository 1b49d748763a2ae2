//! The freeze: what makes a whole pass unfit to let anything go.
//!
//! Retention judges by times and by what the vendor lists. When one of them cannot be trusted,
//! nothing is let go and nothing in quarantine is deleted.

use std::fmt;
use std::time::Duration;

use backhaul_config::duration;
use backhaul_provider_api::Timestamp;
use chrono::TimeDelta;

/// Clocks that differ by less change no decision worth a freeze; a stricter check would block
/// retention for ever on machines that keep time badly.
const TOLERANCE: TimeDelta = TimeDelta::hours(1);
/// Without the vendor's clock as a witness, a longer time since the last pass is not believed.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(30);

/// What speaks for and against letting something go.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Whether everything that the pass tried was done.
    pub successful: bool,
    /// Whether every list was read to its stated end.
    pub complete: bool,
    /// By how much the vendor's clock is ahead of this machine's, where it told.
    pub vendor_ahead: Option<TimeDelta>,
    /// What this machine's clock said when the job was last looked after, if it ever was.
    pub last: Option<Timestamp>,
    /// What it says now.
    pub now: Timestamp,
}

/// A reason to let nothing go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// Something failed.
    Failed,
    /// A list was not read to its stated end.
    Incomplete,
    /// The vendor's clock is ahead of this machine's by so much, or behind.
    ClockDiffers(TimeDelta),
    /// This machine's clock went back by so much since the last time.
    ClockWentBack(TimeDelta),
    /// It went ahead by more than is plausible.
    ClockLeapt(TimeDelta),
    /// No pass has looked at the vendor's lists yet.
    NoPass,
}

/// Judges the evidence; nothing found means that retention may act.
///
/// A clock that differs from the vendor's freezes for as long as it does. A leap in time freezes
/// the pass that notices it: when the vendor's clock agrees, the next one goes on.
pub fn judge(evidence: &Evidence) -> Vec<Freeze> {
    let mut found = Vec::new();
    if !evidence.successful {
        found.push(Freeze::Failed);
    }
    if !evidence.complete {
        found.push(Freeze::Incomplete);
    }
    if let Some(ahead) = evidence
        .vendor_ahead
        .filter(|ahead| ahead.abs() > TOLERANCE)
    {
        found.push(Freeze::ClockDiffers(ahead));
    }
    if let Some(last) = evidence.last {
        let since = evidence.now.signed_duration_since(last);
        if since < -TOLERANCE {
            found.push(Freeze::ClockWentBack(-since));
        } else if since > LONGEST_PAUSE && evidence.vendor_ahead.is_none() {
            found.push(Freeze::ClockLeapt(since));
        }
    }
    found
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed => write!(f, "the pass was not successful"),
            Self::Incomplete => write!(f, "the vendor's lists are not complete"),
            Self::ClockDiffers(ahead) => {
                let which = if *ahead > TimeDelta::zero() {
                    "behind"
                } else {
                    "ahead of"
                };
                write!(
                    f,
                    "this machine's clock is {} {which} the vendor's; set it right",
                    length(*ahead)
                )
            }
            Self::ClockWentBack(by) => write!(
                f,
                "this machine's clock went back by {} since the last pass; the next one goes on if it is right now",
                length(*by)
            ),
            Self::ClockLeapt(by) => write!(
                f,
                "by this machine's clock the last pass was {} ago, and nothing confirms it; a pass that can ask the vendor goes on",
                length(*by)
            ),
            Self::NoPass => write!(f, "no pass has read the vendor's lists yet"),
        }
    }
}

fn length(time: TimeDelta) -> String {
    duration::format(Duration::from_secs(time.num_seconds().unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn fine() -> Evidence {
        Evidence {
            successful: true,
            complete: true,
            vendor_ahead: Some(TimeDelta::seconds(2)),
            last: Some(now() - TimeDelta::days(1)),
            now: now(),
        }
    }

    #[test]
    fn an_ordinary_pass_is_not_frozen() {
        assert_eq!(judge(&fine()), []);
        let first = Evidence {
            last: None,
            vendor_ahead: None,
            ..fine()
        };
        assert_eq!(judge(&first), []);
    }

    #[test]
    fn a_failed_or_incomplete_pass_is() {
        assert_eq!(
            judge(&Evidence {
                successful: false,
                ..fine()
            }),
            [Freeze::Failed]
        );
        assert_eq!(
            judge(&Evidence {
                complete: false,
                ..fine()
            }),
            [Freeze::Incomplete]
        );
    }

    #[test]
    fn the_vendors_clock_is_a_witness_against_ours() {
        for ahead in [TimeDelta::hours(8), TimeDelta::days(-400)] {
            let evidence = Evidence {
                vendor_ahead: Some(ahead),
                ..fine()
            };
            assert_eq!(judge(&evidence), [Freeze::ClockDiffers(ahead)]);
        }
    }

    #[test]
    fn and_a_witness_for_it_after_a_long_pause() {
        let paused = Evidence {
            last: Some(now() - TimeDelta::days(200)),
            ..fine()
        };
        assert_eq!(judge(&paused), []);
        let alone = Evidence {
            vendor_ahead: None,
            ..paused
        };
        assert_eq!(judge(&alone), [Freeze::ClockLeapt(TimeDelta::days(200))]);
    }

    #[test]
    fn a_clock_that_went_back_freezes_the_pass_that_notices() {
        let back = Evidence {
            last: Some(now() + TimeDelta::days(3)),
            ..fine()
        };
        assert_eq!(judge(&back), [Freeze::ClockWentBack(TimeDelta::days(3))]);
        let next = Evidence {
            last: Some(now()),
            ..back
        };
        assert_eq!(judge(&next), []);
    }
}
