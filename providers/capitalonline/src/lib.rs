//! Backhaul provider for CapitalOnline (首都在线, also 首云): the services `mysql` and `redis`.
//!
//! The way of a pass: `DescribeDBInstances` (`instances.rs`), `DescribeBackups` for each instance
//! (`backups.rs`), `DownloadBackup` for the one link of a backup (`links.rs`). The vendor answers
//! every list whole; `shelf.rs` hands it on in pages, `data.rs` and `clean.rs` cope with what it looks like.
//! `client.rs` signs each call (`signature.rs`); failed answers are read by `answer.rs`,
//! understood by `codes.rs`, and told by `fault.rs`.
//!
//! This crate does no I/O, has no clock, and must never let a key, signature or link into an
//! error or a log line.

mod answer;
mod area;
mod backups;
mod clean;
mod client;
mod codes;
mod data;
mod description;
mod expiry;
mod fault;
mod instances;
mod keys;
mod links;
mod options;
mod product;
mod shelf;
mod signature;

use backhaul_provider_api::{
    Account, Description, Error, Host, InstancesPage, InstancesRequest, ListPage, ListRequest,
    Provider, ResolveRequest, ResolvedPage,
};

use client::Client;

/// One session: one account, one product.
#[derive(Debug)]
pub struct CapitalOnline {
    client: Client,
    instances: instances::Rest,
    backups: backups::Rest,
}

impl Provider for CapitalOnline {
    fn describe() -> Description {
        description::describe()
    }

    fn open(account: Account) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(&account)?,
            instances: instances::Rest::default(),
            backups: backups::Rest::default(),
        })
    }

    fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        instances::instances(&mut self.client, host, &mut self.instances, &request)
    }

    fn list(&mut self, host: &dyn Host, request: ListRequest) -> Result<ListPage, Error> {
        backups::list(&mut self.client, host, &mut self.backups, &request)
    }

    fn resolve(&mut self, host: &dyn Host, request: ResolveRequest) -> Result<ResolvedPage, Error> {
        links::resolve(&mut self.client, host, &request)
    }
}

backhaul_provider_api::export_provider!(CapitalOnline);
