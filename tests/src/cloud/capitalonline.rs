//! An emulated CapitalOnline (首都在线): the API of its MySQL and Redis services, and the files
//! behind its links.
//!
//! It checks what a client can get wrong: the signature and every common parameter, from the
//! bytes received; times, nonces, links. The vendor documents little, so [`Switches`] choose what
//! nobody knows.
//!
//! ```
//! use backhaul_tests::cloud::capitalonline::{
//!     BackupSpec, CapitalOnlineServer, InstanceSpec, Product,
//! };
//! use backhaul_tests::cloud::{Content, ObjectSpec};
//!
//! # fn main() -> std::io::Result<()> {
//! let cloud = CapitalOnlineServer::start()?;
//! cloud.add_instance(Product::MySql, InstanceSpec::new("i1", "orders", "8.0"));
//! let file = ObjectSpec::new("orders.xb", Content::generated(1, 4 << 30));
//! cloud.add_backup(BackupSpec::new("b1", "i1", cloud.clock().now(), file));
//! assert!(cloud.api_url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod api;
mod api_error;
mod files;
mod gatekeeper;
mod inventory;
mod link;
mod parameters;
mod record;
mod settings;
mod signature;
mod state;

use std::io;
use std::sync::Arc;

pub use self::inventory::{
    BackupMode, BackupSpec, BackupStatus, BackupStrategy, BackupType, Edition, InstanceSpec,
    Product,
};
pub use self::settings::{
    BackupIdInDownload, EmptyList, Identity, LinkField, ListForm, Order, Ports, Refused, Settings,
    Switches,
};
use self::state::State;
use super::blocking::Blocking;
use super::clock::Clock;
use super::fault::{Fault, InjectedFault};
use super::gate::Gate;
use super::object::{ObjectStore, StoredObject};
use super::server::{Bound, Server};
use super::shared::Shared;
use super::traffic::Traffic;

/// A running cloud. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct CapitalOnline {
    state: Arc<State>,
    api_url: String,
    _servers: Arc<[Server; 3]>,
}

/// A cloud for tests that are not asynchronous.
pub type CapitalOnlineServer = Blocking<CapitalOnline>;

impl CapitalOnlineServer {
    /// Starts a cloud with default settings on free ports.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> io::Result<Self> {
        Self::start_with(CapitalOnline::start(Settings::default()))
    }
}

impl CapitalOnline {
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
        let files = Bound::new(ports.files).await?;
        let intranet = Bound::new(ports.intranet).await?;
        let state = Arc::new(State {
            identity,
            files_url: files.url(),
            intranet_url: intranet.url(),
            switches: Shared::new(switches),
            clock: Clock::default(),
            store: Arc::new(ObjectStore::default()),
            inventory: Shared::default(),
            gatekeeper: Default::default(),
            links: Default::default(),
        });
        Ok(Self {
            api_url: api.url(),
            _servers: Arc::new([
                api.serve(api::router(Arc::clone(&state))),
                files.serve(files::router(Arc::clone(&state), link::Side::Public)),
                intranet.serve(files::router(Arc::clone(&state), link::Side::Intranet)),
            ]),
            state,
        })
    }

    /// Base address of the API, such as `http://127.0.0.1:7491`; `/mysql` and `/redis` lie below.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Base address of the files on the public network, to which links point.
    pub fn files_url(&self) -> &str {
        &self.state.files_url
    }

    /// Base address of the files inside the vendor's network.
    pub fn intranet_url(&self) -> &str {
        &self.state.intranet_url
    }

    /// Access key id of the customer.
    pub fn access_key(&self) -> &str {
        &self.state.identity.access_key
    }

    /// Secret key of the customer.
    pub fn secret_key(&self) -> &str {
        &self.state.identity.secret_key
    }

    /// Adds an instance of a product, or replaces the one with the same id.
    pub fn add_instance(&self, product: Product, instance: InstanceSpec) {
        let instances = &mut self.state.inventory.lock().instances;
        match instances
            .iter_mut()
            .find(|(_, known)| known.id == instance.id)
        {
            Some(known) => *known = (product, instance),
            None => instances.push((product, instance)),
        }
    }

    /// Removes an instance with its backups.
    pub fn remove_instance(&self, id: &str) {
        let backups = {
            let mut inventory = self.state.inventory.lock();
            inventory
                .instances
                .retain(|(_, instance)| instance.id != id);
            let owned = inventory.backups.iter().filter(|b| b.instance_id == id);
            owned.map(|backup| backup.id.clone()).collect::<Vec<_>>()
        };
        for backup in backups {
            self.remove_backup(&backup);
        }
    }

    /// Adds a backup with its file, or replaces the one with the same id.
    pub fn add_backup(&self, backup: BackupSpec) {
        self.remove_backup(&backup.id);
        let modified = backup.end.unwrap_or(backup.start);
        let object = StoredObject::new(&backup.id, &backup.file, modified);
        self.state.store.put(backup.address(), object);
        self.state.inventory.lock().backups.push(backup);
    }

    /// Removes a backup with its file; links to it answer 404 from now on.
    pub fn remove_backup(&self, id: &str) {
        let backups = &mut self.state.inventory.lock().backups;
        if let Some(index) = backups.iter().position(|backup| backup.id == id) {
            let backup = backups.remove(index);
            self.state.store.remove(&backup.address());
        }
    }

    /// Changes the state of a backup.
    pub fn set_status(&self, id: &str, status: BackupStatus) {
        let backups = &mut self.state.inventory.lock().backups;
        if let Some(backup) = backups.iter_mut().find(|backup| backup.id == id) {
            backup.status = status;
        }
    }

    /// Gives the file of a backup another content of the same length.
    pub fn change_object(&self, id: &str) {
        if let Some(backup) = self.state.inventory.lock().backup(id) {
            let now = self.state.clock.now();
            self.state.store.change(&backup.address(), now);
        }
    }

    /// Turns switches while the cloud runs.
    pub fn set(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.state.switches.lock());
    }

    /// The clock of all services.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// What was asked since the start or the last reset. Calls are counted as
    /// [`Api::Instances`](super::Api), `Backups` and `BackupFiles`, for both products together;
    /// the services of the log are `api`, `files` and `intranet`.
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

    /// Holds downloads of the file of this name (or of `backup id/name`) before the byte at
    /// `offset`.
    pub fn gate(&self, object: &str, offset: u64) -> Gate {
        self.state.store.gate(Some(object), offset)
    }

    /// Holds downloads of all files before the byte at `offset`.
    pub fn gate_all(&self, offset: u64) -> Gate {
        self.state.store.gate(None, offset)
    }

    /// An `[account.…]` table for Backhaul that points to this cloud. The keys are taken from the
    /// environment, so that the text holds no secret.
    pub fn example_account(&self, name: &str) -> String {
        format!(
            "[account.{name}]\n\
             provider    = \"capitalonline\"\n\
             credentials = {{ access_key = {{ env = \"CO_AK\" }}, secret_key = {{ env = \"CO_SK\" }} }}\n\
             endpoint    = {{ mysql = \"{api}\", redis = \"{api}\" }}\n\
             link_hosts  = [\"127.0.0.1\"]\n\
             allow_http  = true\n",
            api = self.api_url(),
        )
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
