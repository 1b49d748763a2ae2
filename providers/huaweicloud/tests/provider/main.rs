//! The provider as the daemon meets it, against a scripted cloud.

mod authentication;
mod cloud;
mod failures;
mod instances;
mod listing;
mod resolving;
