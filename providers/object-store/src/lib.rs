//! Backhaul provider for what vendors and tools *push* into an S3 bucket: exports of Amazon RDS
//! and Google Cloud SQL, backups of Redis Cloud, repositories of pgBackRest and WAL-G.
//!
//! A bucket knows objects, not backups. The job's options hold patterns over keys (`pattern.rs`,
//! `time_format.rs`) that say which objects belong together and what they are (`layout.rs`).
//! `objects.rs` reads the store's lists, `sets.rs` gathers their objects into backups while the
//! list goes by, `backups.rs` and `instances.rs` hand them out page by page, `links.rs` presigns
//! links. `client.rs` signs each request (`signature.rs`); failed answers are told by `fault.rs`
//! and understood by `codes.rs`.
//!
//! This crate does no I/O, has no clock, and must never let a key, token, signature or link into
//! an error or a log line.

mod backups;
mod bucket;
mod client;
mod codes;
mod credentials;
mod description;
mod fault;
mod instances;
mod layout;
mod links;
mod objects;
mod options;
mod pattern;
mod set_id;
mod sets;
mod signature;
mod time_format;
mod xml;

use backhaul_provider_api::{
    Account, Description, Error, Host, InstancesPage, InstancesRequest, ListPage, ListRequest,
    Provider, ResolveRequest, ResolvedPage,
};

use backups::Scan;
use client::Client;
use instances::Search;
use options::Options;

/// The service, which is also the word for its endpoint in a configuration.
const S3: &str = "s3";

/// One session: one bucket, with the job's way to read it.
#[derive(Debug)]
pub struct ObjectStore {
    client: Client,
    options: Options,
    search: Option<Search>,
    scan: Option<Scan>,
}

impl Provider for ObjectStore {
    fn describe() -> Description {
        description::describe()
    }

    fn open(account: Account) -> Result<Self, Error> {
        if account.service != S3 {
            return Err(Error::unsupported(format!(
                "the provider object-store has no service {:?}, only `s3`",
                account.service
            )));
        }
        let options = Options::read(&account.options)?;
        Ok(Self {
            client: Client::new(&account, &options.bucket, options.addressing)?,
            options,
            search: None,
            scan: None,
        })
    }

    fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        instances::instances(
            &mut self.client,
            &self.options,
            &mut self.search,
            host,
            &request,
        )
    }

    fn list(&mut self, host: &dyn Host, request: ListRequest) -> Result<ListPage, Error> {
        backups::list(
            &mut self.client,
            &self.options,
            &mut self.scan,
            host,
            &request,
        )
    }

    fn resolve(&mut self, host: &dyn Host, request: ResolveRequest) -> Result<ResolvedPage, Error> {
        links::resolve(&mut self.client, &self.options, host, &request)
    }
}

backhaul_provider_api::export_provider!(ObjectStore);
