//! What a failed connection means for its transfer.

use std::time::Duration;

use backhaul_provider_api::ResolveReason;
use tokio::time::Instant;

use crate::fetch::link::Stale;
use crate::fetch::{FetchError, Fetcher, PAUSE_MAX, Remedy};

/// What went wrong since bytes last arrived.
///
/// A server that is down for a moment breaks all connections at once. That is one failure, after
/// which all of them pause: only what was begun after a pause tells whether it has helped.
pub(super) struct Trouble<'a> {
    fetcher: &'a Fetcher,
    backoff: backon::ExponentialBackoff,
    moved: u64,
    /// The last pause, and when it was decided upon.
    pause: Option<(Instant, Duration)>,
}

/// What to do about a failed connection.
pub(super) enum Verdict {
    /// Take the rest up again.
    Again {
        stale: Option<Stale>,
        delay: Duration,
        /// The server may have had too many connections.
        overload: bool,
    },
    /// It concerns the whole file.
    End,
    /// It was tried often enough.
    GiveUp,
}

impl<'a> Trouble<'a> {
    pub(super) fn new(fetcher: &'a Fetcher) -> Self {
        Self {
            fetcher,
            backoff: fetcher.backoff(),
            moved: 0,
            pause: None,
        }
    }

    /// All connections together have received so much by now.
    pub(super) fn moved(&mut self, bytes: u64) {
        if bytes > self.moved {
            self.moved = bytes;
            self.backoff = self.fetcher.backoff();
        }
    }

    /// A connection failed that asked at `began` for its part, by a link of that generation.
    pub(super) fn consider(
        &mut self,
        error: &FetchError,
        generation: u64,
        began: Instant,
        now: Instant,
    ) -> Verdict {
        let (reason, after) = match error.remedy() {
            Remedy::Later(after) => (None, after.unwrap_or_default()),
            Remedy::Resolve(reason) => (Some(reason), Duration::ZERO),
            Remedy::Never | Remedy::OneConnection | Remedy::Restart | Remedy::Room => {
                return Verdict::End;
            }
        };
        if after > PAUSE_MAX {
            // Whoever waits that long must not keep others from being fetched meanwhile.
            return Verdict::End;
        }
        let (pause, again) = match self.pause {
            Some((decided, pause)) if began <= decided => (pause, true),
            _ => {
                let Some(pause) = self.backoff.next() else {
                    return Verdict::GiveUp;
                };
                self.pause = Some((now, pause));
                (pause, false)
            }
        };
        Verdict::Again {
            stale: reason.map(|reason| Stale { generation, reason }),
            delay: match reason {
                // A fresh link need not be waited for.
                Some(ResolveReason::Expired) => Duration::ZERO,
                _ => pause.max(after),
            },
            overload: reason.is_none() && !again,
        }
    }
}
