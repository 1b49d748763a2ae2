//! What a failed connection means for its transfer.

use std::time::Duration;

use backhaul_provider_api::ResolveReason;

use crate::fetch::link::Stale;
use crate::fetch::{FetchError, Fetcher, Remedy};

/// What went wrong since bytes last arrived.
pub(super) struct Trouble<'a> {
    fetcher: &'a Fetcher,
    backoff: backon::ExponentialBackoff,
    moved: u64,
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
        }
    }

    /// `moved` is how much all connections have received so far.
    pub(super) fn consider(&mut self, error: &FetchError, moved: u64, generation: u64) -> Verdict {
        if moved > self.moved {
            self.moved = moved;
            self.backoff = self.fetcher.backoff();
        }
        let (reason, after, overload) = match error.remedy() {
            Remedy::Later(after) => (None, after, true),
            // An expired link that brought bytes is ordinary and costs no try.
            Remedy::Resolve(ResolveReason::Expired) => (Some(ResolveReason::Expired), None, false),
            Remedy::Resolve(reason) => (Some(reason), None, false),
            Remedy::Never | Remedy::OneConnection | Remedy::Restart => return Verdict::End,
        };
        let Some(pause) = self.backoff.next() else {
            return Verdict::GiveUp;
        };
        let delay = match reason {
            Some(ResolveReason::Expired) => Duration::ZERO,
            _ => pause.max(after.unwrap_or_default()),
        };
        Verdict::Again {
            stale: reason.map(|reason| Stale { generation, reason }),
            delay,
            overload,
        }
    }
}
