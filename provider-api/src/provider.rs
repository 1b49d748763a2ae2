//! The operations of a provider.

use crate::{
    Account, Description, Error, Host, InstancesPage, InstancesRequest, KeyMaterial, ListPage,
    ListRequest, PollRequest, PrepareRequest, Prepared, ReleaseRequest, ResolveRequest,
    ResolvedPage, SecretsRequest,
};

/// One vendor. A simple vendor writes `describe`, `open`, `instances`, `list` and `resolve`.
///
/// A value is one session: one account, one service, one process. It is never shared between
/// threads. It may keep what it learned (a token, a project id) as long as it lives.
pub trait Provider: Sized {
    /// Tells what the provider is and serves. Pure.
    fn describe() -> Description;

    /// Begins a session. Makes no request; look-ups belong into the first operation.
    ///
    /// # Errors
    /// When the account lacks what the service needs.
    fn open(account: Account) -> Result<Self, Error>;

    /// One page of the account's instances.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    fn instances(
        &mut self,
        host: &dyn Host,
        request: InstancesRequest,
    ) -> Result<InstancesPage, Error>;

    /// One page of an instance's backups. The last page says whether the listing was complete.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    fn list(&mut self, host: &dyn Host, request: ListRequest) -> Result<ListPage, Error>;

    /// Makes a backup downloadable. Called for backups in [`State::NeedsPrepare`](crate::State).
    ///
    /// # Errors
    /// Classified failures; `needs-consent` when it costs something that no option allows.
    fn prepare(&mut self, host: &dyn Host, request: PrepareRequest) -> Result<Prepared, Error> {
        let _ = (host, request);
        Ok(Prepared::Ready)
    }

    /// Asks how a preparation stands.
    ///
    /// # Errors
    /// Classified failures; the preparation's own failure is one.
    fn poll(&mut self, host: &dyn Host, request: PollRequest) -> Result<Prepared, Error> {
        let _ = (host, request);
        Ok(Prepared::Ready)
    }

    /// Gives a preparation up. Idempotent.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    fn release(&mut self, host: &dyn Host, request: ReleaseRequest) -> Result<(), Error> {
        let _ = (host, request);
        Ok(())
    }

    /// The files of a backup with fresh links. Called as late as possible, and again when a link
    /// has expired in mid-transfer.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    fn resolve(&mut self, host: &dyn Host, request: ResolveRequest) -> Result<ResolvedPage, Error>;

    /// The key material of an encrypted backup.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    fn secrets(
        &mut self,
        host: &dyn Host,
        request: SecretsRequest,
    ) -> Result<Vec<KeyMaterial>, Error> {
        let _ = (host, request);
        Ok(Vec::new())
    }
}
