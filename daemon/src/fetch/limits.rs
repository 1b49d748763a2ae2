//! What all transfers of the daemon share: slots, bandwidth, the space that is kept free.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use backhaul_config::{ByteRate, Daemon};
use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::error::FetchError;

/// Bandwidth is counted in cells of this many bytes, so that a rate fits the limiter's numbers.
const CELL_BYTES: usize = 1024;

/// The shared limits; clones share them, and [`Limits::apply`] changes them at once.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    slots: Arc<Semaphore>,
    settings: Mutex<Settings>,
}

struct Settings {
    slots: u32,
    connections: u32,
    reserve_bytes: u64,
    bandwidth: Option<(ByteRate, Arc<DefaultDirectRateLimiter>)>,
}

impl Limits {
    /// The limits of a configuration.
    pub fn new(daemon: &Daemon) -> Self {
        let slots = daemon.max_downloads.get();
        Self(Arc::new(Inner {
            slots: Arc::new(Semaphore::new(slots as usize)),
            settings: Mutex::new(Settings {
                slots,
                connections: daemon.connections_per_file.get(),
                reserve_bytes: daemon.reserve.bytes(),
                bandwidth: daemon.bandwidth.map(limiter),
            }),
        }))
    }

    /// Takes over the limits of a new configuration. Files in flight keep their slots.
    pub fn apply(&self, daemon: &Daemon) {
        let mut settings = self.settings();
        let wanted = daemon.max_downloads.get();
        if wanted > settings.slots {
            self.0.slots.add_permits((wanted - settings.slots) as usize);
        } else if wanted < settings.slots {
            let excess = settings.slots - wanted;
            let slots = Arc::clone(&self.0.slots);
            // Slots in use are taken away as soon as they come back.
            tokio::spawn(async move {
                if let Ok(permits) = slots.acquire_many_owned(excess).await {
                    permits.forget();
                }
            });
        }
        settings.slots = wanted;
        settings.connections = daemon.connections_per_file.get();
        settings.reserve_bytes = daemon.reserve.bytes();
        let unchanged = settings.bandwidth.as_ref().map(|(rate, _)| *rate) == daemon.bandwidth;
        if !unchanged {
            settings.bandwidth = daemon.bandwidth.map(limiter);
        }
    }

    /// Waits for a slot for one file.
    ///
    /// # Errors
    /// When cancelled meanwhile.
    pub async fn slot(
        &self,
        cancel: &CancellationToken,
    ) -> Result<OwnedSemaphorePermit, FetchError> {
        tokio::select! {
            slot = Arc::clone(&self.0.slots).acquire_owned() => slot.map_err(|_| FetchError::Cancelled),
            () = cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }

    /// Waits until that many bytes may have been received.
    pub async fn bandwidth(&self, bytes: usize) {
        let limiter = self
            .settings()
            .bandwidth
            .as_ref()
            .map(|(_, limiter)| Arc::clone(limiter));
        let Some(limiter) = limiter else { return };
        let mut cells = u32::try_from(bytes.div_ceil(CELL_BYTES)).unwrap_or(u32::MAX);
        while let Some(wanted) = NonZeroU32::new(cells) {
            // More than the limiter's burst is asked for in pieces.
            let piece = wanted.min(BURST_MIN);
            if limiter.until_n_ready(piece).await.is_err() {
                return;
            }
            cells -= piece.get();
        }
    }

    /// How many connections one file may use.
    pub fn connections_per_file(&self) -> u32 {
        self.settings().connections
    }

    /// How much space is never used.
    pub fn reserve_bytes(&self) -> u64 {
        self.settings().reserve_bytes
    }

    fn settings(&self) -> std::sync::MutexGuard<'_, Settings> {
        self.0
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least burst: one piece of a body must always fit.
const BURST_MIN: NonZeroU32 = NonZeroU32::new(64).unwrap();

fn limiter(rate: ByteRate) -> (ByteRate, Arc<DefaultDirectRateLimiter>) {
    let cells =
        u32::try_from(rate.bytes_per_second().get() / CELL_BYTES as u64).unwrap_or(u32::MAX);
    let cells = NonZeroU32::new(cells).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::per_second(cells)
        .allow_burst((cells.max(BURST_MIN)).min(NonZeroU32::new(1 << 20).unwrap_or(BURST_MIN)));
    (rate, Arc::new(DefaultDirectRateLimiter::direct(quota)))
}
