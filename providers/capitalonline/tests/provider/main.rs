//! The provider as the daemon meets it, against a scripted cloud.
#![expect(
    clippy::unwrap_used,
    reason = "every file here is a test or what tests share"
)]

mod cloud;
mod failures;
mod instances;
mod listing;
mod resolving;
