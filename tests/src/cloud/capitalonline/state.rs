//! What the API and the file servers of one emulated CapitalOnline share.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::gatekeeper::Gatekeeper;
use super::inventory::Inventory;
use super::link::LinkBook;
use super::settings::{Identity, Switches};
use crate::cloud::clock::Clock;
use crate::cloud::object::ObjectStore;
use crate::cloud::shared::Shared;

/// The state of one cloud.
#[derive(Debug)]
pub struct State {
    /// The customer.
    pub identity: Identity,
    /// Base address of the files on the public network.
    pub files_url: String,
    /// Base address of the files inside the vendor's network.
    pub intranet_url: String,
    /// Live switches.
    pub switches: Shared<Switches>,
    /// The clock of all services.
    pub clock: Clock,
    /// Files, faults and counts.
    pub store: Arc<ObjectStore>,
    /// Instances and backups.
    pub inventory: Shared<Inventory>,
    /// Nonces and limits.
    pub gatekeeper: Gatekeeper,
    /// Links.
    pub links: LinkBook,
}

/// An answer with a JSON body.
pub fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
