//! The contract between the Backhaul daemon and a provider, version 1.
//!
//! A provider teaches Backhaul one cloud vendor: which database instances an account has, which
//! backups exist, and where their files can be downloaded. It is a shared library with one
//! exported C symbol, opened in a sandboxed child process that can neither reach the network nor
//! open files. Everything it needs from outside (HTTP, the clock, randomness, logging) it asks of
//! its [`Host`].
//!
//! To write one, implement [`Provider`] for a type and hand it to [`export_provider!`]:
//!
//! ```
//! use backhaul_provider_api::{
//!     Account, Description, Error, Host, InstancesPage, InstancesRequest, ListPage, ListRequest,
//!     Provider, ResolveRequest, ResolvedPage,
//! };
//!
//! struct Acme;
//!
//! impl Provider for Acme {
//!     fn describe() -> Description {
//!         Description::new("acme", env!("CARGO_PKG_VERSION"))
//!     }
//!     fn open(_account: Account) -> Result<Self, Error> {
//!         Ok(Acme)
//!     }
//!     fn instances(&mut self, _: &dyn Host, _: InstancesRequest) -> Result<InstancesPage, Error> {
//!         Ok(InstancesPage::last(Vec::new()))
//!     }
//!     fn list(&mut self, _: &dyn Host, _: ListRequest) -> Result<ListPage, Error> {
//!         Err(Error::unsupported("acme keeps no backups"))
//!     }
//!     fn resolve(&mut self, _: &dyn Host, _: ResolveRequest) -> Result<ResolvedPage, Error> {
//!         Err(Error::gone("there is nothing to resolve"))
//!     }
//! }
//!
//! backhaul_provider_api::export_provider!(Acme);
//! # fn main() {}
//! ```
//!
//! Where to start reading: [`Provider`] for the operations, [`Backup`] for what a listing yields,
//! [`Completeness`] for how a listing ends, [`ErrorClass`] for what the daemon does about a
//! failure, [`abi`] for the C side. C authors include `include/backhaul_provider.h`.
//!
//! Rules of evolution: fields are only ever added, with a default; unknown fields are ignored;
//! a changed meaning is a new major version, and the daemon keeps speaking every old one.

pub mod abi;
mod account;
mod backup;
mod description;
mod error;
mod export;
mod file;
mod host;
mod instance;
mod listing;
pub mod message;
mod prepare;
mod provider;
mod secret;

pub use chrono;
pub use serde_json;

pub use account::{Account, Network};
pub use backup::{
    Backup, BackupKey, Chain, Checksum, ChecksumAlgorithm, Kind, LogSpan, Method, Origin, Quality,
    SizeHint, State,
};
pub use description::{Credential, Description, LoadClass, RateLimit, RateScope, Seconds, Service};
pub use error::{Error, ErrorClass};
pub use file::{
    ETagMeaning, ExpiryLimits, File, FileId, KeyMaterial, Link, Ranges, ResolveReason,
    ResolveRequest, ResolvedPage, SecretsRequest,
};
pub use host::{Host, HttpRequest, HttpResponse, LogLevel};
pub use instance::{Instance, InstanceId, InstancesPage, InstancesRequest};
pub use listing::{Completeness, Cursor, ListPage, ListRequest, Next, PassedOver, Window};
pub use prepare::{PollRequest, PrepareRequest, PrepareToken, Prepared, ReleaseRequest};
pub use provider::Provider;
pub use secret::Secret;

#[doc(hidden)]
pub use export::{__call, __close, __describe, __open};

/// An instant in UTC. On the wire an RFC 3339 text such as `2026-11-22T13:11:47Z`.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
