//! The service `postgres`: TencentDB for PostgreSQL by API 3.0, version 2017-03-12.
//!
//! `DescribeDBInstances` (`postgres/instances.rs`), `DescribeBaseBackups` and
//! `DescribeLogBackups` (`postgres/backups.rs`), `DescribeBackupDownloadURL`
//! (`postgres/links.rs`).

mod backups;
mod instances;
mod links;
mod options;

use backhaul_provider_api::{
    Account, Error, Host, InstancesPage, InstancesRequest, Kind, ListPage, ListRequest, LoadClass,
    RateLimit, RateScope, ResolveRequest, ResolvedPage, Seconds, Service,
};
use backhaul_provider_kit::walk::Walks;

use crate::POSTGRES;
use crate::cos::LINK_HOSTS;
use crate::credentials::Credentials;
use crate::v3::client::Client;
use crate::v3::endpoint::Product;
use crate::v3::{self, listing};
use options::Options;

const PRODUCT: Product = Product {
    service: POSTGRES,
    word: "postgres",
    version: "2017-03-12",
};

/// The service as it describes itself.
pub(crate) fn service() -> Service {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Service {
        name: POSTGRES.to_owned(),
        title: "TencentDB for PostgreSQL".to_owned(),
        kinds: vec![Kind::Full, Kind::Log],
        api_hosts: PRODUCT.hosts(),
        link_hosts: words(&LINK_HOSTS),
        endpoints: words(&[POSTGRES]),
        credentials: Credentials::sets(),
        needs_region: true,
        options_schema: options::schema(),
        rate_limits: vec![RateLimit {
            requests: 1000,
            per: Seconds(1),
            scope: RateScope::Call,
            call: None,
        }],
        // 12 hours unless the option `link_hours` says otherwise; what 0 means is not documented.
        link_lifetime: Some((Seconds(3600), Seconds(36 * 3600))),
        prepare: LoadClass::Free,
        checksums: "none by the service; from the object storage a CRC-64 where the object has one"
            .to_owned(),
        identity: "the id of the backup, within the instance".to_owned(),
        permissions: words(&[
            "postgres:DescribeDBInstances",
            "postgres:DescribeBaseBackups",
            "postgres:DescribeLogBackups",
            "postgres:DescribeBackupDownloadURL",
        ]),
        time_zone: "times carry no zone; +08:00 is assumed unless the option `timezone` says \
                    otherwise"
            .to_owned(),
    }
}

/// A session of the service.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    options: Options,
    walks: Walks,
}

impl Session {
    /// Checks the account without asking anybody.
    pub(crate) fn open(account: &Account) -> Result<Self, Error> {
        let options = Options::read(&account.options)?;
        Ok(Self {
            client: Client::new(account, PRODUCT, options.site, options.language)?,
            options,
            walks: Walks::default(),
        })
    }

    /// One page of the account's instances.
    pub(crate) fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        let times = self.options.times();
        let catalogue = &instances::CATALOGUE;
        v3::instances::page(
            &mut self.client,
            host,
            &mut self.walks,
            &request,
            catalogue,
            times,
        )
    }

    /// One page of an instance's backups.
    pub(crate) fn list(
        &mut self,
        host: &dyn Host,
        request: ListRequest,
    ) -> Result<ListPage, Error> {
        let times = self.options.times();
        let lists = &backups::Backups::ALL;
        listing::page(
            &mut self.client,
            host,
            &mut self.walks,
            &request,
            lists,
            times,
        )
    }

    /// The files of a backup with fresh links.
    pub(crate) fn resolve(
        &mut self,
        host: &dyn Host,
        request: ResolveRequest,
    ) -> Result<ResolvedPage, Error> {
        links::resolve(&mut self.client, host, &request, &self.options)
    }
}
