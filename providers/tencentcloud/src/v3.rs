//! What services of API 3.0 have in common: signed calls, their answers and errors, and lists
//! that are read page by page.
//!
//! `client.rs` signs each call (`signature.rs`) for the host that `endpoint.rs` names; failed
//! answers are read by `answer.rs`, understood by `codes.rs` and told by `fault.rs`. `listing.rs`
//! walks through lists of backups, `instances.rs` through lists of instances.

pub(crate) mod answer;
pub(crate) mod client;
mod codes;
pub(crate) mod endpoint;
mod fault;
pub(crate) mod instances;
pub(crate) mod listing;
pub(crate) mod options;
mod signature;
