//! An emulated Huawei Cloud: identity service, RDS version 3, and the object store behind its links.
//!
//! It is faithful to the vendor's pages in what a client can get wrong: signatures are
//! verified from the received bytes, links expire, calls are limited, and the answers have
//! the documented forms. Where the pages contradict each other, [`Switches`] choose.
//!
//! ```
//! use backhaul_tests::cloud::huawei::{BackupSpec, BackupType, Engine, HuaweiServer, InstanceSpec};
//! use backhaul_tests::cloud::{Content, ObjectSpec};
//!
//! # fn main() -> std::io::Result<()> {
//! let cloud = HuaweiServer::start()?;
//! cloud.add_instance(InstanceSpec::new("i1", "orders", Engine::PostgreSql, "16"));
//! cloud.add_backup(
//!     BackupSpec::new("b1", "i1", BackupType::Auto, cloud.clock().now())
//!         .file(ObjectSpec::new("base.tar.gz", Content::generated(1, 4 << 30))),
//! );
//! assert!(cloud.rds_url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod api_error;
mod control;
mod credentials;
mod iam;
mod inventory;
mod listing;
mod obs;
mod parameters;
mod presign;
mod rds;
mod record;
mod settings;
mod signature;
mod state;
mod token;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

pub use self::credentials::TemporaryKey;
pub use self::inventory::{BackupSpec, BackupStatus, BackupType, Engine, InstanceSpec};
pub use self::settings::{
    CRC64_CHECKSUM, CRC64_HASH, Envelope, ExpiredLink, Identity, LinkExpiryForm, LinkStyle,
    MissingBackup, NoDatabase, Order, Ports, Settings, Switches, UntypedListing,
};
use self::state::State;
use super::blocking::Blocking;
use super::clock::Clock;
use super::fault::{Fault, InjectedFault};
use super::gate::Gate;
use super::object::{ObjectStore, StoredObject};
use super::server::{Bound, Server};
use super::traffic::Traffic;

/// A running cloud. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Huawei {
    state: Arc<State>,
    iam_url: String,
    rds_url: String,
    _servers: Arc<[Server; 3]>,
}

/// A cloud for tests that are not asynchronous.
pub type HuaweiServer = Blocking<Huawei>;

impl HuaweiServer {
    /// Starts a cloud with default settings on free ports.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> io::Result<Self> {
        Self::start_with(Huawei::start(Settings::default()))
    }
}

impl Huawei {
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
        let iam = Bound::new(ports.iam).await?;
        let rds = Bound::new(ports.rds).await?;
        let obs = Bound::new(ports.obs).await?;
        let state = Arc::new(State {
            identity,
            obs_url: obs.url(),
            switches: super::shared::Shared::new(switches),
            clock: Clock::default(),
            store: Arc::new(ObjectStore::default()),
            inventory: Default::default(),
            projects: Default::default(),
            tokens: Default::default(),
            gatekeeper: Default::default(),
            serial: Default::default(),
        });
        Ok(Self {
            iam_url: iam.url(),
            rds_url: rds.url(),
            _servers: Arc::new([
                iam.serve(iam::router(Arc::clone(&state))),
                rds.serve(rds::router(Arc::clone(&state))),
                obs.serve(obs::router(Arc::clone(&state))),
            ]),
            state,
        })
    }

    /// Base address of the identity service, such as `http://127.0.0.1:7481`.
    pub fn iam_url(&self) -> &str {
        &self.iam_url
    }

    /// Base address of the database service.
    pub fn rds_url(&self) -> &str {
        &self.rds_url
    }

    /// Base address of the object store, to which links point.
    pub fn obs_url(&self) -> &str {
        &self.state.obs_url
    }

    /// AK of the customer.
    pub fn access_key(&self) -> &str {
        &self.state.identity.access_key
    }

    /// SK of the customer.
    pub fn secret_key(&self) -> &str {
        &self.state.identity.secret_key
    }

    /// Project id in the region.
    pub fn project_id(&self) -> &str {
        &self.state.identity.project_id
    }

    /// Region id.
    pub fn region(&self) -> &str {
        &self.state.identity.region
    }

    /// IAM user, for authentication by token.
    pub fn username(&self) -> &str {
        &self.state.identity.username
    }

    /// Password of that user.
    pub fn password(&self) -> &str {
        &self.state.identity.password
    }

    /// Account of that user.
    pub fn domain(&self) -> &str {
        &self.state.identity.domain
    }

    /// Adds an instance, or replaces the one with the same id.
    pub fn add_instance(&self, instance: InstanceSpec) {
        let instances = &mut self.state.inventory.lock().instances;
        match instances.iter_mut().find(|known| known.id == instance.id) {
            Some(known) => *known = instance,
            None => instances.push(instance),
        }
    }

    /// Removes an instance with its backups.
    pub fn remove_instance(&self, id: &str) {
        let backups = {
            let mut inventory = self.state.inventory.lock();
            inventory.instances.retain(|instance| instance.id != id);
            let owned = inventory.backups.iter().filter(|b| b.instance_id == id);
            owned.map(|backup| backup.id.clone()).collect::<Vec<_>>()
        };
        for backup in backups {
            self.remove_backup(&backup);
        }
    }

    /// Adds a backup with its objects, or replaces the one with the same id.
    pub fn add_backup(&self, backup: BackupSpec) {
        self.remove_backup(&backup.id);
        let bucket = self.state.bucket();
        let modified = backup.end.unwrap_or(backup.begin);
        for (number, file) in backup.files.iter().enumerate() {
            let object = StoredObject::new(&backup.id, file, modified);
            self.state
                .store
                .put(backup.address(number, &bucket), object);
        }
        self.state.inventory.lock().backups.push(backup);
    }

    /// Removes a backup with its objects; links to them answer 404 from now on.
    pub fn remove_backup(&self, id: &str) {
        let backups = &mut self.state.inventory.lock().backups;
        let Some(index) = backups.iter().position(|backup| backup.id == id) else {
            return;
        };
        let backup = backups.remove(index);
        let bucket = self.state.bucket();
        for number in 0..backup.files.len() {
            self.state.store.remove(&backup.address(number, &bucket));
        }
    }

    /// Changes the state of a backup.
    pub fn set_status(&self, id: &str, status: BackupStatus) {
        let backups = &mut self.state.inventory.lock().backups;
        if let Some(backup) = backups.iter_mut().find(|backup| backup.id == id) {
            backup.status = status;
        }
    }

    /// Gives all objects of a backup another content of the same length.
    pub fn change_objects(&self, id: &str) {
        let bucket = self.state.bucket();
        let inventory = self.state.inventory.lock();
        if let Some(backup) = inventory.backup(id) {
            for number in 0..backup.files.len() {
                let address = backup.address(number, &bucket);
                self.state.store.change(&address, self.state.clock.now());
            }
        }
    }

    /// Adds a further project in the region, such as `cn-north-4_reports`. It holds nothing.
    pub fn add_project(&self, id: impl Into<String>, name: impl Into<String>) {
        self.state.projects.lock().push((id.into(), name.into()));
    }

    /// Issues a temporary key.
    pub fn issue_temporary_key(&self, life: Duration) -> TemporaryKey {
        let serial = self.state.request_id();
        let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::days(1));
        let key = TemporaryKey {
            access_key: format!("TEMP{:.16}", serial.to_uppercase()),
            secret_key: format!("temporary-secret-{serial}"),
            security_token: format!("gQpjbi1ub3J0aC00{serial}=="),
            expires: self.state.clock.now() + life,
        };
        self.state.gatekeeper.add_temporary(key.clone());
        key
    }

    /// Ends the life of all tokens.
    pub fn revoke_tokens(&self) {
        self.state.tokens.revoke_all();
    }

    /// Forgets failed signatures and the locks that they led to.
    pub fn unlock_keys(&self) {
        self.state.gatekeeper.unlock();
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
             provider    = \"huaweicloud\"\n\
             region      = \"{}\"\n\
             credentials = {{ access_key = {{ env = \"HW_AK\" }}, secret_key = {{ env = \"HW_SK\" }} }}\n\
             endpoint    = {{ rds = \"{}\", iam = \"{}\" }}\n\
             link_hosts  = [\"127.0.0.1\"]\n\
             allow_http  = true\n",
            self.region(),
            self.rds_url(),
            self.iam_url(),
        )
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
