//! The service `mysql-v2`: TencentDB for MySQL by the legacy API 2.0.

use backhaul_provider_api::{
    Account, Error, Host, InstancesPage, InstancesRequest, ListPage, ListRequest, ResolveRequest,
    ResolvedPage, Service,
};

use crate::MYSQL_V2;
use crate::credentials::Credentials;

/// The service as it describes itself.
pub(crate) fn service() -> Service {
    Service {
        name: MYSQL_V2.to_owned(),
        credentials: Credentials::sets(),
        ..Service::default()
    }
}

/// A session of the service.
#[derive(Debug)]
pub(crate) struct Session;

impl Session {
    /// Checks the account without asking anybody.
    pub(crate) fn open(account: &Account) -> Result<Self, Error> {
        Credentials::of(account)?;
        Ok(Self)
    }

    /// One page of the account's instances.
    pub(crate) fn instances(
        &mut self,
        _: &dyn Host,
        _: InstancesRequest,
    ) -> Result<InstancesPage, Error> {
        Err(Error::unsupported("not yet"))
    }

    /// One page of an instance's backups.
    pub(crate) fn list(&mut self, _: &dyn Host, _: ListRequest) -> Result<ListPage, Error> {
        Err(Error::unsupported("not yet"))
    }

    /// The files of a backup with fresh links.
    pub(crate) fn resolve(
        &mut self,
        _: &dyn Host,
        _: ResolveRequest,
    ) -> Result<ResolvedPage, Error> {
        Err(Error::unsupported("not yet"))
    }
}
