//! The service `mysql-v2` as the daemon meets it, against a scripted cloud.
#![expect(
    clippy::unwrap_used,
    reason = "every file here is a test or what tests share"
)]

mod authentication;
mod cloud;
mod exporting;
mod failures;
mod instances;
mod listing;
mod resolving;
