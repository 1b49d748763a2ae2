//! The tables as written: every key, nothing checked.
//!
//! The doc comments become the descriptions in the JSON Schema. A key that is added here must be
//! used in `check`; the compiler sees to it, since unused fields are warned of.

use std::{collections::BTreeMap, time::Duration};

use backhaul_provider_api::{Kind, Network};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    AccountName, Bandwidth, ByteRate, ByteSize, CronPattern, Endpoint, HostPattern,
    InstancePattern, JobName, Missed, ProviderName, Proxy, RequestRate, Sandbox,
    word::{Address, CredentialName, EnvName, FilePath, Plain},
};

mod field;

pub(crate) use field::{Count, Field, Given, Key, Options, Switch, Text};

/// The configuration of Backhaul.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Backhaul configuration")]
pub(crate) struct Document {
    /// The daemon itself. Once in all files.
    pub daemon: Field<Daemon>,
    /// Accounts by name: a vendor, its credentials, its limits.
    pub account: Field<BTreeMap<Key, Field<Account>>>,
    /// What jobs use where they say nothing themselves. Once in all files.
    pub defaults: Field<Defaults>,
    /// The jobs: what to mirror, when, where to, for how long.
    pub job: Field<Vec<Field<Job>>>,
}

/// The daemon itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Daemon {
    /// Folder for the catalog, checkpoints and private provider copies. Default: /var/lib/backhaul
    pub state_dir: Field<Text<FilePath>>,
    /// Folders searched for libbackhaul_provider_*.so. Default: /usr/lib/backhaul/providers
    pub provider_path: Field<Vec<Field<Text<FilePath>>>>,
    /// The control socket. Default: /run/backhaul/control.sock
    pub control_socket: Field<Text<FilePath>>,
    /// Address and port for metrics and health. Absent: off.
    pub listen: Field<Text<Address>>,
    /// Files in flight, all jobs together. Default: 4
    pub max_downloads: Field<Count>,
    /// Connections for one large file. Default: 4
    pub connections_per_file: Field<Count>,
    /// Connections of all files together. Default: 64
    pub max_connections: Field<Count>,
    /// Bytes per second of all downloads together, or a timetable. Absent: no limit.
    pub bandwidth: Field<Text<Bandwidth>>,
    /// IANA time zone of the timetables here and in accounts. Default: UTC
    pub timezone: Field<Text<Tz>>,
    /// How long a connection may send nothing. Default: 30s
    pub stall_timeout: Field<Text<Duration>>,
    /// A connection slower than this for twice `stall_timeout` is given up and tried again.
    /// Absent: none.
    pub min_speed: Field<Text<ByteRate>>,
    /// How long one file may take in one pass; the next goes on. Absent: for ever.
    pub file_timeout: Field<Text<Duration>>,
    /// The pause before a broken download is first tried again; each further one is twice as long,
    /// up to 30s. Default: 200ms
    pub retry_pause: Field<Text<Duration>>,
    /// Free space that is never used. Default: 512MiB
    pub reserve: Field<Text<ByteSize>>,
    /// How long a download waits for space before its pass fails. Default: 10min
    pub space_timeout: Field<Text<Duration>>,
    /// Bytes per second that scheduled verification reads, all jobs together, or a timetable.
    /// Default: 50MiB/s
    pub verify_rate: Field<Text<Bandwidth>>,
    /// Proxy of all requests and downloads, or none. Absent: what the environment says.
    pub proxy: Field<Text<Proxy>>,
    /// Certificates in PEM that are trusted besides those of the system.
    pub ca_file: Field<Text<FilePath>>,
    /// Whether providers run without a full sandbox where the kernel has none. Default: prefer
    pub sandbox: Field<Text<Sandbox>>,
    /// How long a provider may think about one question, waiting not counted. Default: 2min
    pub provider_timeout: Field<Text<Duration>>,
    /// How long a stop waits for downloads to be checkpointed. Default: 20s
    pub stop_timeout: Field<Text<Duration>>,
}

/// An account with a vendor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["provider"]))]
pub(crate) struct Account {
    /// The provider, such as huaweicloud.
    pub provider: Field<Text<ProviderName>>,
    /// The vendor's region.
    pub region: Field<Text<Plain>>,
    /// The credentials, each a reference to a secret that is kept elsewhere.
    pub credentials: Field<BTreeMap<Key, Field<Reference>>>,
    /// Endpoints that replace the vendor's own, by service: scheme, host and port.
    pub endpoint: Field<BTreeMap<Key, Field<Text<Endpoint>>>>,
    /// Further hosts that download links may point to.
    pub link_hosts: Field<Vec<Field<Text<HostPattern>>>>,
    /// Request limit that replaces the vendor's documented one.
    pub rate: Field<Text<RequestRate>>,
    /// Allow plain HTTP for the endpoints and links above. Default: false
    pub allow_http: Field<Switch>,
    /// What all jobs of the account together may take.
    pub limits: Field<AccountLimits>,
    /// Proxy of this account, or none. Absent: the daemon's.
    pub proxy: Field<Text<Proxy>>,
}

/// What all jobs of an account together may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccountLimits {
    /// Files in flight.
    pub max_downloads: Field<Count>,
    /// Connections of all these files together.
    pub max_connections: Field<Count>,
    /// Bytes per second, or a timetable.
    pub bandwidth: Field<Text<Bandwidth>>,
}

/// What a job may take.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JobLimits {
    /// Files in flight.
    pub max_downloads: Field<Count>,
    /// Connections of all these files together.
    pub max_connections: Field<Count>,
    /// Bytes per second, or a timetable by the job's zone.
    pub bandwidth: Field<Text<Bandwidth>>,
    /// How much may lie on disk, quarantine included.
    pub quota: Field<Text<ByteSize>>,
}

/// Where a secret is kept. Exactly one key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct Reference {
    /// An environment variable of the daemon.
    pub env: Field<Text<EnvName>>,
    /// A file that holds nothing else.
    pub file: Field<Text<FilePath>>,
    /// A systemd credential.
    pub credential: Field<Text<CredentialName>>,
    /// A program and its arguments; the secret is what it prints.
    pub command: Field<Vec<Field<Text<Plain>>>>,
}

/// One list of keys for two tables: a job's own, and the same keys in `[defaults]`.
macro_rules! job_keys {
    ($($(#[doc = $doc:literal])+ $key:ident: $type:ty,)+) => {
        /// A job: what to mirror, when, where to, for how long.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        #[schemars(extend("required" = ["name"]))]
        pub(crate) struct Job {
            /// The job's name, unique in all files.
            pub name: Field<Text<JobName>>,
            $($(#[doc = $doc])+ pub $key: Field<$type>,)+
        }

        /// What jobs use where they say nothing themselves. A table is replaced as a whole.
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct Defaults {
            $($(#[doc = $doc])+ pub $key: Field<$type>,)+
        }

        impl Job {
            /// The job with the defaults where it says nothing itself.
            pub(crate) fn inherit(self, defaults: &Defaults) -> Self {
                Self {
                    name: self.name,
                    $($key: self.$key.or(&defaults.$key),)+
                }
            }
        }
    };
}

job_keys! {
    /// The account, by name.
    account: Text<AccountName>,
    /// One of the provider's services, such as rds.
    service: Text<Plain>,
    /// The vendor's region, where it is not the account's.
    region: Text<Plain>,
    /// Ids or names of instances, * for any characters. Default: every one of the account.
    instances: Vec<Field<Text<InstancePattern>>>,
    /// Ids or names of instances that are left out, whatever `instances` says.
    exclude: Vec<Field<Text<InstancePattern>>>,
    /// Kinds of backups to mirror. Default: full
    kinds: Vec<Field<Text<Kind>>>,
    /// Cron pattern, seconds optional. Absent: only when asked to.
    schedule: Text<CronPattern>,
    /// IANA time zone of the schedule and of retention. Default: UTC
    timezone: Text<Tz>,
    /// Which of the vendor's networks downloads go through. Default: public
    network: Text<Network>,
    /// Folder of the mirrored backups. Several jobs may share one.
    directory: Text<FilePath>,
    /// Alarm when the newest verified backup of an instance is older. Absent: no alarm.
    max_age: Text<Duration>,
    /// How long backups are kept. Absent: for ever.
    retention: Retention,
    /// Every mirrored backup is hashed again at least once in this time. Absent: only by `verify`.
    verify_within: Text<Duration>,
    /// What the job may take. Absent: whatever the daemon and the account allow.
    limits: JobLimits,
    /// The provider's own options.
    options: Options,
    /// What to do about runs that were missed while the daemon was down. Default: run_once
    missed: Text<Missed>,
    /// Runs start up to this much later, always the same for one job. Default: 30s
    jitter: Text<Duration>,
}

/// How long backups are kept: what no rule names may go.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    /// The newest so many.
    pub keep_last: Field<Count>,
    /// One for each of so many hours.
    pub hourly: Field<Count>,
    /// One for each of so many days.
    pub daily: Field<Count>,
    /// One for each of so many weeks.
    pub weekly: Field<Count>,
    /// One for each of so many months.
    pub monthly: Field<Count>,
    /// One for each of so many years.
    pub yearly: Field<Count>,
    /// Everything younger than this.
    pub within: Field<Text<Duration>>,
    /// So many verified backups stay, whatever the rules say. Default: 1
    pub min_good: Field<Count>,
    /// How long a backup that may go can still be restored. Default: 7d
    pub quarantine: Field<Text<Duration>>,
}
