//! The checked configuration, as the daemon uses it. Only [`parse`](crate::parse) makes one.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use backhaul_provider_api::{Kind, Network};
use chrono_tz::Tz;

use crate::{
    AccountName, Bandwidth, ByteRate, ByteSize, Endpoint, HostPattern, InstancePattern, JobName,
    Limits, ProviderName, Proxy, RequestRate, Retention, Schedule, SecretRef, origin::Origins,
    source::Sources,
};

/// A configuration without problems.
///
/// Jobs and accounts are shared, so that whoever works on one keeps it for as long as it takes,
/// whatever is read meanwhile. Every job's account exists.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Config {
    /// The daemon itself.
    pub daemon: Daemon,
    /// All accounts.
    pub accounts: BTreeMap<AccountName, Arc<Account>>,
    /// All jobs.
    pub jobs: BTreeMap<JobName, Arc<Job>>,
    /// The files, for problems that only show once the providers are loaded.
    pub(crate) sources: Sources,
    pub(crate) origins: Origins,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("daemon", &self.daemon)
            .field("accounts", &self.accounts)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

/// Two configurations are equal when they mean the same, wherever it is written.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.daemon == other.daemon && self.accounts == other.accounts && self.jobs == other.jobs
    }
}

/// The daemon's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Daemon {
    /// Folder for the catalog, checkpoints and private provider copies.
    pub state_dir: PathBuf,
    /// Folders searched for provider libraries, the first one first.
    pub provider_path: Vec<PathBuf>,
    /// Path of the control socket.
    pub control_socket: PathBuf,
    /// Where metrics and health are served; nothing for nowhere.
    pub listen: Option<SocketAddr>,
    /// Files in flight, all jobs together.
    pub max_downloads: NonZeroU32,
    /// Connections for one large file.
    pub connections_per_file: NonZeroU32,
    /// Connections of all files together.
    pub max_connections: NonZeroU32,
    /// Limit of all downloads together.
    pub bandwidth: Option<Bandwidth>,
    /// Zone of the timetables of bandwidth, but those of jobs.
    pub zone: Tz,
    /// How long a connection may send nothing.
    pub stall_timeout: Duration,
    /// A connection that brings less than this for twice `stall_timeout` is given up and tried
    /// again.
    pub min_speed: Option<ByteRate>,
    /// How long one file may take in one pass; what arrived is kept.
    pub file_timeout: Option<Duration>,
    /// The pause before a broken download is first tried again; it doubles from try to try.
    pub retry_pause: Duration,
    /// Free space that is never used.
    pub reserve: ByteSize,
    /// How long a download waits for space before its pass fails.
    pub space_timeout: Duration,
    /// What scheduled verification reads, all jobs together.
    pub verify_rate: Bandwidth,
    /// The way to the vendors, where an account says nothing else; absent, what the environment
    /// says.
    pub proxy: Option<Proxy>,
    /// A file of certificates that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whether providers may run where the kernel has no full sandbox.
    pub sandbox: Sandbox,
    /// How long a provider may think about one question; its waiting for the vendor, and for the
    /// account's rate, is not counted.
    pub provider_timeout: Duration,
    /// How long a stop waits for downloads to be checkpointed.
    pub stop_timeout: Duration,
}

impl Default for Daemon {
    fn default() -> Self {
        const VERIFY_RATE: ByteRate =
            ByteRate::from_bytes_per_second(NonZeroU64::new(50 << 20).unwrap());
        const FOUR: NonZeroU32 = NonZeroU32::new(4).unwrap();
        const SIXTY_FOUR: NonZeroU32 = NonZeroU32::new(64).unwrap();
        Self {
            state_dir: "/var/lib/backhaul".into(),
            provider_path: vec!["/usr/lib/backhaul/providers".into()],
            control_socket: "/run/backhaul/control.sock".into(),
            listen: None,
            max_downloads: FOUR,
            connections_per_file: FOUR,
            max_connections: SIXTY_FOUR,
            bandwidth: None,
            zone: Tz::UTC,
            stall_timeout: Duration::from_secs(30),
            min_speed: None,
            file_timeout: None,
            retry_pause: Duration::from_millis(200),
            reserve: ByteSize::from_bytes(512 << 20),
            space_timeout: Duration::from_secs(600),
            verify_rate: Bandwidth::always(VERIFY_RATE),
            proxy: None,
            ca_file: None,
            sandbox: Sandbox::Prefer,
            provider_timeout: Duration::from_secs(120),
            stop_timeout: Duration::from_secs(20),
        }
    }
}

/// What to do on a kernel without the full sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sandbox {
    /// Refuse to run providers.
    Require,
    /// Run them with what there is, and say so.
    #[default]
    Prefer,
}

/// An account with a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its name in the configuration.
    pub name: AccountName,
    /// The vendor's provider.
    pub provider: ProviderName,
    /// The vendor's region, where a job names none.
    pub region: Option<String>,
    /// Where the credentials are found, by the names the provider declares.
    pub credentials: BTreeMap<String, SecretRef>,
    /// Endpoints that replace the vendor's own, by service. Plain HTTP only with `allow_http`.
    pub endpoint: BTreeMap<String, Endpoint>,
    /// Further hosts that download links may lead to.
    pub link_hosts: Vec<HostPattern>,
    /// Request limit that replaces the vendor's documented one.
    pub rate: Option<RequestRate>,
    /// Whether the endpoints and links above may be plain HTTP.
    pub allow_http: bool,
    /// What all jobs of the account together may take.
    pub limits: Limits,
    /// The way to the vendor, where it is not the daemon's.
    pub proxy: Option<Proxy>,
}

/// A job: what to mirror, when, where to, for how long.
///
/// Two jobs may share a directory: the same backup wanted by both is one there, and each deletes
/// only what it has a retention for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Job {
    /// Its name.
    pub name: JobName,
    /// Its account; it exists.
    pub account: AccountName,
    /// One of the provider's services.
    pub service: String,
    /// The vendor's region, where it is not the account's.
    pub region: Option<String>,
    /// The instances that are wanted; empty for every one. See [`Job::wants`].
    pub instances: Vec<InstancePattern>,
    /// The instances that are not wanted, whatever `instances` says.
    pub exclude: Vec<InstancePattern>,
    /// The kinds of backups that are wanted; never empty.
    pub kinds: BTreeSet<Kind>,
    /// When it runs; nothing for only when asked to.
    pub schedule: Option<Schedule>,
    /// The zone of schedule and retention.
    pub zone: Tz,
    /// Which of the vendor's networks downloads go through.
    pub network: Network,
    /// Folder of the mirrored backups, absolute.
    pub directory: PathBuf,
    /// Alarm when the newest verified backup of an instance is older.
    pub max_age: Option<Duration>,
    /// How long backups are kept.
    pub retention: Retention,
    /// Within what time every mirrored backup is hashed again; nothing for only when asked to.
    pub verify_within: Option<Duration>,
    /// What the job may take.
    pub limits: Limits,
    /// The provider's own options, always an object.
    pub options: serde_json::Value,
    /// What to do about missed runs.
    pub missed: Missed,
    /// Runs start up to this much later.
    pub jitter: Duration,
}

impl Job {
    /// True when the job is about the instance of this id and name. Case matters.
    pub fn wants(&self, id: &str, name: &str) -> bool {
        let listed = |patterns: &[InstancePattern]| patterns.iter().any(|p| p.matches(id, name));
        (self.instances.is_empty() || listed(&self.instances)) && !listed(&self.exclude)
    }
}

/// What to do about runs that were missed while the daemon was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Missed {
    /// One run for all of them.
    #[default]
    RunOnce,
    /// Nothing; the next run is the next one of the schedule.
    Skip,
}
