//! The services of API 3.0 as the daemon meets them, against a scripted cloud.
#![expect(
    clippy::unwrap_used,
    reason = "every file here is a test or what tests share"
)]

mod cloud;
mod failures;
mod instances;
mod long_lists;
mod mysql;
mod mysql_links;
mod postgres;
mod postgres_links;
mod session;
