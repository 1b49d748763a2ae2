//! The service `mysql-v2`: TencentDB for MySQL by the legacy API 2.0.
//!
//! The vendor announced its end for 2023-03-31. It is here because it alone can export single
//! databases and tables of a backup, and for whoever still runs something that speaks it.
//!
//! The way of a pass: `DescribeCdbInstances` (`instances.rs`), `GetCdbExportLogUrl` for each kind
//! (`backups.rs`, `entry.rs`), whose answer holds all links as well and is kept (`lists.rs`). A
//! job that chooses tables (`choice.rs`) has them exported instead (`export.rs`). `resolve.rs`
//! gives links out, `links.rs` makes them, and `link_signature.rs` signs them a second time.
//! `client.rs` signs calls (`signature.rs`); failed answers are read by `answer.rs` and
//! understood by `codes.rs`. Backups have no id: `key.rs` says what takes its place.

mod answer;
mod backups;
mod choice;
mod client;
mod codes;
mod entry;
mod export;
mod instances;
mod key;
mod link_signature;
mod links;
mod lists;
mod options;
mod region;
mod resolve;
mod signature;

use backhaul_provider_api::{
    Account, Error, Host, InstancesPage, InstancesRequest, ListPage, ListRequest, LoadClass,
    Network, ResolveRequest, ResolvedPage, Seconds, Service,
};
use backhaul_provider_kit::walk::Walks;

use crate::credentials::Credentials;
use crate::{MYSQL_V2, cos};
use client::Client;
use options::Options;

/// The service as it describes itself.
pub(crate) fn service() -> Service {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let life = Seconds(u64::from(links::LIFE_HOURS) * 3600);
    Service {
        name: MYSQL_V2.to_owned(),
        title: "TencentDB for MySQL, by the legacy API 2.0".to_owned(),
        kinds: backups::kinds(),
        api_hosts: words(&[client::HOST]),
        link_hosts: words(&[&links::LINK_HOSTS[..], &cos::LINK_HOSTS[..]].concat()),
        endpoints: words(&[MYSQL_V2]),
        credentials: Credentials::sets(),
        needs_region: true,
        options_schema: options::schema(),
        // None is documented for API 2.0.
        rate_limits: Vec::new(),
        link_lifetime: Some((life, life)),
        prepare: LoadClass::Free,
        checksums: "none; a link into COS answers with a CRC-64 where the object has one"
            .to_owned(),
        identity: "type and snapshot time; for logs the file name, for partial exports the \
                   choice of tables besides"
            .to_owned(),
        permissions: words(&[
            instances::INSTANCES,
            backups::LIST,
            export::TABLES,
            export::EXPORT,
        ]),
        time_zone: "times carry no zone; +08:00 unless the option `timezone` says otherwise"
            .to_owned(),
    }
}

/// A session of the service.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    options: Options,
    network: Network,
    walks: Walks,
    lists: lists::Lists,
    rests: backups::Rests,
    checked: resolve::Checked,
    readings: link_signature::Readings,
}

impl Session {
    /// Checks the account without asking anybody.
    pub(crate) fn open(account: &Account) -> Result<Self, Error> {
        let options = Options::read(&account.options)?;
        Ok(Self {
            client: Client::new(account, options.signature)?,
            options,
            network: account.network,
            walks: Walks::default(),
            lists: lists::Lists::default(),
            rests: backups::Rests::default(),
            checked: resolve::Checked::default(),
            readings: link_signature::Readings::default(),
        })
    }

    /// One page of the account's instances.
    pub(crate) fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        instances::instances(self, host, &request)
    }

    /// One page of an instance's backups.
    pub(crate) fn list(
        &mut self,
        host: &dyn Host,
        request: ListRequest,
    ) -> Result<ListPage, Error> {
        backups::list(self, host, &request)
    }

    /// The files of a backup with fresh links.
    pub(crate) fn resolve(
        &mut self,
        host: &dyn Host,
        request: ResolveRequest,
    ) -> Result<ResolvedPage, Error> {
        resolve::resolve(self, host, &request)
    }
}
