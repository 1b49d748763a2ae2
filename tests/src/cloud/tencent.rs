//! An emulated Tencent Cloud: API 3.0 of TencentDB for PostgreSQL and MySQL, the object store behind
//! its links, API 2.0 of TencentDB for MySQL, and the hosts behind the links of that.
//!
//! It is faithful to the vendor's pages in what a client can get wrong: signatures are verified
//! from the received bytes, links expire, calls are limited, errors come with status 200, and the
//! answers have the documented forms. Where the pages contradict each other or say nothing,
//! [`Switches`] choose.
//!
//! ```
//! use backhaul_tests::cloud::tencent::{InstanceSpec, MysqlBackupSpec, PgBackupSpec, TencentServer};
//! use backhaul_tests::cloud::{Content, ObjectSpec};
//!
//! # fn main() -> std::io::Result<()> {
//! let cloud = TencentServer::start()?;
//! let now = cloud.clock().now();
//! cloud.add_postgres(InstanceSpec::new("postgres-9n26zs6n", "orders", "16.2"));
//! let file = ObjectSpec::new("base.tar.zst", Content::generated(1, 4 << 30));
//! cloud.add_postgres_backup(PgBackupSpec::base("88d3a71e", "postgres-9n26zs6n", now, file));
//! cloud.add_mysql(InstanceSpec::new("cdb-c1nl9rpv", "shop", "8.0"));
//! let file = ObjectSpec::new("shop.xb", Content::generated(2, 1 << 20));
//! cloud.add_mysql_backup(MysqlBackupSpec::data(12_445_233, "cdb-c1nl9rpv", now, file));
//! assert!(cloud.api_url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod api;
mod api_error;
mod cdb;
mod cos;
mod dl;
mod inventory;
mod keyring;
mod legacy;
mod limiter;
mod parameters;
mod postgres;
mod restriction;
mod settings;
mod state;
mod stock;
mod switches;
mod tc3;
mod time;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

pub use self::inventory::{
    BackupStatus, Database, InstanceRole, InstanceSpec, InstanceStatus, MysqlBackupSpec, MysqlKind,
    PgBackupSpec, PgKind,
};
pub use self::keyring::TemporaryKey;
pub use self::settings::{Identity, Ports, Settings};
pub use self::state::SecondSignatures;
pub use self::switches::{
    ApiSwitches, BinlogDone, BusinessErrors, CodeForm, CosSwitches, Crc64, DlSwitches, KeptOut,
    LegacySwitches, LinkForm, LinkTime, MysqlSwitches, NumberForm, OptionalField, Order,
    PostgresSwitches, RateLimit, Reason, SecondSignature, Switches, UnfinishedLinks,
    ZeroExpireTime,
};

use self::keyring::Keyring;
use self::state::State;
use super::blocking::Blocking;
use super::clock::Clock;
use super::fault::{Fault, InjectedFault};
use super::gate::Gate;
use super::object::{Address, StoredObject};
use super::server::{Bound, Server};
use super::shared::Shared;
use super::traffic::Traffic;

/// A running cloud. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Tencent {
    state: Arc<State>,
    api_url: String,
    legacy_url: String,
    _servers: Arc<[Server; 4]>,
}

/// A cloud for tests that are not asynchronous.
pub type TencentServer = Blocking<Tencent>;

impl TencentServer {
    /// Starts a cloud with default settings on free ports.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> io::Result<Self> {
        Self::start_with(Tencent::start(Settings::default()))
    }
}

impl Tencent {
    /// Starts a cloud on the runtime of the caller.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let Settings {
            ports,
            identity,
            switches,
        } = settings;
        let api = Bound::new(ports.api).await?;
        let legacy = Bound::new(ports.legacy).await?;
        let cos = Bound::new(ports.cos).await?;
        let dl = Bound::new(ports.dl).await?;
        let state = Arc::new(State {
            keyring: Keyring::new(identity.clone()),
            identity,
            cos_url: cos.url(),
            dl_url: dl.url(),
            switches: Shared::new(switches),
            clock: Clock::default(),
            store: Default::default(),
            inventory: Default::default(),
            archive: Default::default(),
            digests: Default::default(),
            restrictions: Default::default(),
            limiter: Default::default(),
            nonces: Default::default(),
            exports: Default::default(),
            second_signatures: Default::default(),
            serial: Default::default(),
        });
        Ok(Self {
            api_url: api.url(),
            legacy_url: legacy.url(),
            _servers: Arc::new([
                api.serve(api::router(Arc::clone(&state))),
                legacy.serve(legacy::router(Arc::clone(&state))),
                cos.serve(cos::router(Arc::clone(&state))),
                dl.serve(dl::router(Arc::clone(&state))),
            ]),
            state,
        })
    }

    /// Base address of API 3.0, such as `http://127.0.0.1:7491`.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Base address of API 2.0, without its path.
    pub fn legacy_url(&self) -> &str {
        &self.legacy_url
    }

    /// Base address of the object store, to which links of API 3.0 point.
    pub fn cos_url(&self) -> &str {
        &self.state.cos_url
    }

    /// Base address of the hosts to which links of API 2.0 point.
    pub fn dl_url(&self) -> &str {
        &self.state.dl_url
    }

    /// SecretId of the customer.
    pub fn secret_id(&self) -> &str {
        &self.state.identity.secret_id
    }

    /// SecretKey of the customer.
    pub fn secret_key(&self) -> &str {
        &self.state.identity.secret_key
    }

    /// Region, in the long notation.
    pub fn region(&self) -> &str {
        &self.state.identity.region
    }

    /// Issues a temporary key.
    pub fn issue_temporary_key(&self, life: Duration) -> TemporaryKey {
        let serial = self.state.request_id().replace('-', "");
        let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::days(1));
        let key = TemporaryKey {
            secret_id: format!("AKIDTEMP{serial}"),
            secret_key: format!("temporary-secret-{serial}"),
            token: format!("temporary-token-{serial}+/=="),
            expires: self.state.clock.now() + life,
        };
        self.state.keyring.add_temporary(key.clone());
        key
    }

    /// Turns switches while the cloud runs.
    pub fn set(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.state.switches.lock());
    }

    /// The clock of all services.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// What was asked since the start or the last reset.
    pub fn traffic(&self) -> Traffic {
        self.state.store.traffic.snapshot()
    }

    /// Forgets what was asked so far.
    pub fn reset_traffic(&self) {
        self.state.store.traffic.reset();
    }

    /// How the second signatures of links were made that were accepted.
    pub fn second_signatures(&self) -> SecondSignatures {
        *self.state.second_signatures.lock()
    }

    /// Lets something go wrong.
    pub fn inject(&self, fault: Fault) -> InjectedFault {
        self.state.store.faults.inject(fault)
    }

    /// Takes back all faults and opens all gates.
    pub fn calm(&self) {
        self.state.store.calm();
    }

    /// Holds downloads of the object of this name (or of `backup id/name`) before the byte at `offset`.
    pub fn gate(&self, object: &str, offset: u64) -> Gate {
        self.state.store.gate(Some(object), offset)
    }

    /// Holds downloads of all objects before the byte at `offset`.
    pub fn gate_all(&self, offset: u64) -> Gate {
        self.state.store.gate(None, offset)
    }

    /// An `[account.…]` table for Backhaul that points to this cloud. The keys are taken from the
    /// environment, so that the text holds no secret.
    pub fn example_account(&self, name: &str) -> String {
        format!(
            "[account.{name}]\n\
             provider    = \"tencentcloud\"\n\
             region      = \"{}\"\n\
             credentials = {{ access_key = {{ env = \"TC_ID\" }}, secret_key = {{ env = \"TC_KEY\" }} }}\n\
             endpoint    = {{ postgres = \"{api}\", mysql = \"{api}\", mysql-v2 = \"{}\" }}\n\
             link_hosts  = [\"127.0.0.1\"]\n\
             allow_http  = true\n",
            self.region(),
            self.legacy_url(),
            api = self.api_url(),
        )
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
