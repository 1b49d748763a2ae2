//! The service `mysql`: TencentDB for MySQL (`cdb`) by API 3.0, version 2017-03-20.
//!
//! `DescribeDBInstances` (`mysql/instances.rs`); `DescribeBackups`, `DescribeBinlogs` and
//! `DescribeSlowLogs` (`mysql/files.rs`), which show the links too, so that they are asked again
//! for a fresh one (`mysql/links.rs`); `DescribeBackupDecryptionKey` (`mysql/keys.rs`).

mod files;
mod instances;
mod keys;
mod links;
mod options;

use backhaul_provider_api::{
    Account, Error, Host, InstancesPage, InstancesRequest, KeyMaterial, Kind, ListPage,
    ListRequest, LoadClass, RateLimit, RateScope, ResolveRequest, ResolvedPage, Seconds,
    SecretsRequest, Service,
};
use backhaul_provider_kit::walk::Walks;

use crate::MYSQL;
use crate::cos::LINK_HOSTS;
use crate::credentials::Credentials;
use crate::v3::client::Client;
use crate::v3::endpoint::Product;
use crate::v3::{self, listing};
use options::Options;

const PRODUCT: Product = Product {
    service: MYSQL,
    word: "cdb",
    version: "2017-03-20",
};

/// Links live 12 hours.
const LINK_LIFE: Seconds = Seconds(12 * 3600);

/// Requests per second that the vendor documents, by call.
const RATES: [(&str, u32); 5] = [
    ("DescribeDBInstances", 100),
    ("DescribeBackups", 10),
    ("DescribeBinlogs", 100),
    ("DescribeSlowLogs", 20),
    ("DescribeBackupDecryptionKey", 20),
];

/// The service as it describes itself.
pub(crate) fn service() -> Service {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Service {
        name: MYSQL.to_owned(),
        title: "TencentDB for MySQL".to_owned(),
        kinds: vec![Kind::Full, Kind::Log, Kind::Slowlog],
        api_hosts: PRODUCT.hosts(),
        link_hosts: words(&LINK_HOSTS),
        endpoints: words(&[MYSQL]),
        credentials: Credentials::sets(),
        needs_region: true,
        options_schema: options::schema(),
        rate_limits: RATES
            .iter()
            .map(|(call, requests)| RateLimit {
                requests: *requests,
                per: Seconds(1),
                scope: RateScope::Call,
                call: Some((*call).to_owned()),
            })
            .collect(),
        link_lifetime: Some((LINK_LIFE, LINK_LIFE)),
        prepare: LoadClass::Free,
        checksums: "an MD5 of newer data backups; from the object storage a CRC-64 where the \
                    object has one"
            .to_owned(),
        identity: "the backup id of a data backup; name and first instant of a binlog; name and \
                   day of a slow log; all within the instance"
            .to_owned(),
        permissions: RATES
            .iter()
            .map(|(call, _)| format!("cdb:{call}"))
            .collect(),
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
        let lists = &files::Files::ALL;
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
        links::resolve(&mut self.client, host, &request, self.options.times())
    }

    /// The key of an encrypted backup.
    pub(crate) fn secrets(
        &mut self,
        host: &dyn Host,
        request: SecretsRequest,
    ) -> Result<Vec<KeyMaterial>, Error> {
        keys::secrets(&mut self.client, host, &request)
    }
}
