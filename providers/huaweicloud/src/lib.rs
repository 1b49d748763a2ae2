//! Backhaul provider for Huawei Cloud RDS, and for the clouds that speak its API (Open Telekom
//! Cloud, FlexibleEngine, cloud.ru and others, by configured endpoint).
//!
//! The way of a pass: the project is looked up at IAM once (`project.rs`), unless an option or a
//! token (`token.rs`) tells it; `GET /instances` (`instances.rs`), `GET /backups` for every type
//! that the wanted kinds need (`backups.rs`), `GET /backup-files` for the links (`links.rs`).
//! Lists that change while they are read are the business of the kit's `walk`. `client.rs` authenticates
//! each call, by signature (`signature.rs`, `derived.rs`) or token; failed answers are read by
//! `answer.rs`, understood by `codes.rs`, and told by `fault.rs`.
//!
//! This crate does no I/O, has no clock, and must never let a key, token, signature or link into
//! an error or a log line.

mod answer;
mod backups;
mod client;
mod codes;
mod credentials;
mod derived;
mod description;
mod endpoint;
mod fault;
mod instances;
mod links;
mod options;
mod project;
mod signature;
mod time;
mod token;

use backhaul_provider_api::{
    Account, Description, Error, Host, InstancesPage, InstancesRequest, ListPage, ListRequest,
    Provider, ResolveRequest, ResolvedPage,
};

use backhaul_provider_kit::walk::Walks;
use client::Client;

/// The service, which is also the word for its endpoint in a configuration and in signatures.
const RDS: &str = "rds";

/// The auxiliary service for tokens and projects.
const IAM: &str = "iam";

/// One session: one account in one region.
#[derive(Debug)]
pub struct HuaweiCloud {
    client: Client,
    walks: Walks,
}

impl Provider for HuaweiCloud {
    fn describe() -> Description {
        description::describe()
    }

    fn open(account: Account) -> Result<Self, Error> {
        if account.service != RDS {
            return Err(Error::unsupported(format!(
                "the provider huaweicloud has no service {:?}, only `rds`",
                account.service
            )));
        }
        Ok(Self {
            client: Client::new(&account)?,
            walks: Walks::default(),
        })
    }

    fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        instances::instances(&mut self.client, host, &mut self.walks, &request)
            .map_err(|error| self.client.identified(error))
    }

    fn list(&mut self, host: &dyn Host, request: ListRequest) -> Result<ListPage, Error> {
        backups::list(&mut self.client, host, &mut self.walks, &request)
            .map_err(|error| self.client.identified(error))
    }

    fn resolve(&mut self, host: &dyn Host, request: ResolveRequest) -> Result<ResolvedPage, Error> {
        links::resolve(&mut self.client, host, &request)
            .map_err(|error| self.client.identified(error))
    }
}

backhaul_provider_api::export_provider!(HuaweiCloud);
