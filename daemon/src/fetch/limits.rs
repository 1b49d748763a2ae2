//! What transfers may take: slots, connections and bandwidth of the daemon, of an account, of a
//! job; and what all of them heed.
//!
//! [`Limits`] belongs to the daemon. A pass takes the [`Share`] of its job from it, which waits
//! at the job's limits first, then at the account's, then at the daemon's. A new configuration
//! ([`Limits::apply`]) holds for transfers under way, too.

mod gate;
mod speed;
mod throttle;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backhaul_config::{Account, AccountName, ByteRate, Config, Daemon, Job, JobName};
use chrono_tz::Tz;
use tokio_util::sync::CancellationToken;

use super::error::FetchError;
use gate::{Gate, Pass};
pub use speed::Speed;
pub use throttle::Throttle;

/// The limits of the daemon; clones share them.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    daemon: Tier,
    accounts: Mutex<BTreeMap<AccountName, Arc<Tier>>>,
    jobs: Mutex<BTreeMap<JobName, Arc<Tier>>>,
    verification: Throttle,
    rules: Mutex<Rules>,
}

/// The limits of the daemon, an account or a job.
struct Tier {
    downloads: Gate,
    connections: Gate,
    bandwidth: Throttle,
}

/// What every transfer heeds.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Connections for one file at most.
    pub connections_per_file: u32,
    /// Free space that is never used.
    pub reserve_bytes: u64,
    /// How long a connection may send nothing.
    pub stall: Duration,
    /// The least speed of a connection.
    pub min_speed: Option<ByteRate>,
    /// How long one file may take in one pass.
    pub file_timeout: Option<Duration>,
    /// The first pause before another try.
    pub retry_pause: Duration,
    /// How long a download waits for space.
    pub space_timeout: Duration,
    zone: Tz,
}

impl Limits {
    /// The limits of a configuration.
    pub fn new(daemon: &Daemon) -> Self {
        Self(Arc::new(Inner {
            daemon: Tier {
                downloads: Gate::new(Some(daemon.max_downloads.get())),
                connections: Gate::new(Some(daemon.max_connections.get())),
                bandwidth: Throttle::new(daemon.bandwidth.clone(), daemon.zone),
            },
            accounts: Mutex::default(),
            jobs: Mutex::default(),
            verification: Throttle::new(Some(daemon.verify_rate.clone()), daemon.zone),
            rules: Mutex::new(Rules::of(daemon)),
        }))
    }

    /// Takes over the limits of a new configuration. Files in flight keep what they have.
    pub fn apply(&self, config: &Config) {
        let daemon = &config.daemon;
        let inner = &*self.0;
        inner
            .daemon
            .downloads
            .resize(Some(daemon.max_downloads.get()));
        inner
            .daemon
            .connections
            .resize(Some(daemon.max_connections.get()));
        inner
            .daemon
            .bandwidth
            .change(daemon.bandwidth.clone(), daemon.zone);
        inner
            .verification
            .change(Some(daemon.verify_rate.clone()), daemon.zone);
        *lock(&inner.rules) = Rules::of(daemon);
        lock(&inner.accounts).retain(|name, tier| match config.accounts.get(name) {
            Some(account) => {
                tier.apply(&account.limits, daemon.zone);
                true
            }
            None => false,
        });
        lock(&inner.jobs).retain(|name, tier| match config.jobs.get(name) {
            Some(job) => {
                tier.apply(&job.limits, job.zone);
                true
            }
            None => false,
        });
    }

    /// Waits until scheduled verification may read that many bytes.
    pub async fn verify(&self, bytes: usize) {
        self.0.verification.wait(bytes).await;
    }

    /// Free space that is never used.
    pub fn reserve_bytes(&self) -> u64 {
        self.rules().reserve_bytes
    }

    /// What a job's transfers may take.
    pub fn share(&self, job: &Job, account: &Account) -> Share {
        let zone = self.rules().zone;
        let account = Arc::clone(
            lock(&self.0.accounts)
                .entry(account.name.clone())
                .or_insert_with(|| Arc::new(Tier::new(&account.limits, zone))),
        );
        let own = Arc::clone(
            lock(&self.0.jobs)
                .entry(job.name.clone())
                .or_insert_with(|| Arc::new(Tier::new(&job.limits, job.zone))),
        );
        Share {
            name: job.name.clone(),
            limits: self.clone(),
            own,
            account,
        }
    }

    fn rules(&self) -> Rules {
        *lock(&self.0.rules)
    }
}

impl Tier {
    fn new(limits: &backhaul_config::Limits, zone: Tz) -> Self {
        Self {
            downloads: Gate::new(limits.max_downloads.map(NonZeroU32::get)),
            connections: Gate::new(limits.max_connections.map(NonZeroU32::get)),
            bandwidth: Throttle::new(limits.bandwidth.clone(), zone),
        }
    }

    fn apply(&self, limits: &backhaul_config::Limits, zone: Tz) {
        self.downloads
            .resize(limits.max_downloads.map(NonZeroU32::get));
        self.connections
            .resize(limits.max_connections.map(NonZeroU32::get));
        self.bandwidth.change(limits.bandwidth.clone(), zone);
    }
}

impl Rules {
    fn of(daemon: &Daemon) -> Self {
        Self {
            connections_per_file: daemon.connections_per_file.get(),
            reserve_bytes: daemon.reserve.bytes(),
            stall: daemon.stall_timeout,
            min_speed: daemon.min_speed,
            file_timeout: daemon.file_timeout,
            retry_pause: daemon.retry_pause,
            space_timeout: daemon.space_timeout,
            zone: daemon.zone,
        }
    }
}

/// What the transfers of one job may take.
#[derive(Clone)]
pub struct Share {
    name: JobName,
    limits: Limits,
    own: Arc<Tier>,
    account: Arc<Tier>,
}

/// The right to have one file in flight, given back when dropped.
pub struct Slot(#[expect(dead_code, reason = "held, never looked at")] [Pass; 3]);

/// The right to one connection, given back when dropped.
pub struct Connection(#[expect(dead_code, reason = "held, never looked at")] [Pass; 3]);

impl Share {
    /// Waits for the right to have one more file in flight.
    ///
    /// # Errors
    /// When cancelled meanwhile.
    pub async fn slot(&self, cancel: &CancellationToken) -> Result<Slot, FetchError> {
        let enter = async {
            // In this order everywhere, so that nobody waits in a circle.
            let own = self.own.downloads.enter(&self.name).await;
            let account = self.account.downloads.enter(&self.name).await;
            let daemon = self.limits.0.daemon.downloads.enter(&self.name).await;
            Slot([own, account, daemon])
        };
        tokio::select! {
            slot = enter => Ok(slot),
            () = cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }

    /// Waits for the right to a connection.
    ///
    /// # Errors
    /// When cancelled meanwhile.
    pub async fn connection(&self, cancel: &CancellationToken) -> Result<Connection, FetchError> {
        let enter = async {
            let own = self.own.connections.enter(&self.name).await;
            let account = self.account.connections.enter(&self.name).await;
            let daemon = self.limits.0.daemon.connections.enter(&self.name).await;
            Connection([own, account, daemon])
        };
        tokio::select! {
            connection = enter => Ok(connection),
            () = cancel.cancelled() => Err(FetchError::Cancelled),
        }
    }

    /// The right to a further connection, if nobody has to wait for it.
    pub fn spare_connection(&self) -> Option<Connection> {
        let own = self.own.connections.try_enter()?;
        let account = self.account.connections.try_enter()?;
        let daemon = self.limits.0.daemon.connections.try_enter()?;
        Some(Connection([own, account, daemon]))
    }

    /// Waits until that many bytes may have been received.
    pub async fn bandwidth(&self, bytes: usize) {
        self.own.bandwidth.wait(bytes).await;
        self.account.bandwidth.wait(bytes).await;
        self.limits.0.daemon.bandwidth.wait(bytes).await;
    }

    /// What every transfer heeds at this moment.
    pub fn rules(&self) -> Rules {
        self.limits.rules()
    }

    /// Watches the speed of a new connection.
    pub fn speed(&self) -> Speed {
        let rules = self.rules();
        Speed::new(rules.stall, rules.min_speed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
