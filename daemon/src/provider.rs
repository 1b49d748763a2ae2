//! Providers as the daemon uses them: find a library, open a session, call its operations.
//!
//! A provider's code never runs in this process. [`Session`] talks to a child process
//! (`provider_host.rs`) that holds one library, one account and nothing else; what the provider
//! asks for (HTTP, clock, randomness, log lines) is answered here, by [`Exchange`]. Everything a
//! provider says is checked at the border before anybody else sees it.
//!
//! The way of one pass: [`discover`] → [`Libraries::load`] → [`Session::open`] →
//! [`Session::instance_pages`], [`Session::list_pages`], [`Session::resolve`] → drop.

mod account_limits;
mod asks;
mod border;
mod error;
mod exchange;
mod library;
mod opening;
mod pages;
mod process;
mod retry;
mod session;

pub use account_limits::AccountLimits;
pub use error::{Deadline, Ending, Problem, ProviderError, Retry};
pub use exchange::{Exchange, ExchangeSettings};
pub use library::{Discovered, Discovery, Libraries, Library, LibraryError, discover};
pub use pages::{FilePages, InstancePages, ListPages};
pub use process::HostProgram;
pub use retry::{GaveUp, RetryPolicy, Tries};
pub use session::{Limits, Session};

pub use crate::provider_host::sandbox::{Sandbox, SandboxLevel};
