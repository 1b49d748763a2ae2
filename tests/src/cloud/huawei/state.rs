//! What the three services of one emulated Huawei Cloud share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::api_error::ApiError;
use super::credentials::Gatekeeper;
use super::inventory::Inventory;
use super::settings::{Identity, Switches};
use super::token::TokenBook;
use crate::cloud::clock::Clock;
use crate::cloud::condition::http_date_text;
use crate::cloud::fault::{Api, ApiFault};
use crate::cloud::object::ObjectStore;
use crate::cloud::percent::hex;
use crate::cloud::shared::Shared;

/// The state of one cloud.
#[derive(Debug)]
pub struct State {
    /// The customer.
    pub identity: Identity,
    /// Base address of the object store.
    pub obs_url: String,
    /// Live switches.
    pub switches: Shared<Switches>,
    /// The clock of all services.
    pub clock: Clock,
    /// Objects, faults and counts.
    pub store: Arc<ObjectStore>,
    /// Instances and backups.
    pub inventory: Shared<Inventory>,
    /// Further projects in the region: id and name.
    pub projects: Shared<Vec<(String, String)>>,
    /// Tokens.
    pub tokens: TokenBook,
    /// Failures, locks and limits.
    pub gatekeeper: Gatekeeper,
    /// Number of the last request id.
    pub serial: AtomicU64,
}

/// What is left to do for a call after its general faults.
#[derive(Debug)]
pub enum Bent {
    /// Answer as usual, minding these faults of lists.
    Usual(Vec<ApiFault>),
    /// Answer this instead.
    Instead(Response),
}

impl State {
    /// A new request id of 32 hexadecimal digits.
    pub fn request_id(&self) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(format!("request/{serial}"));
        hex(digest.get(..16).unwrap_or_default())
    }

    /// Whether a project belongs to the customer.
    pub fn owns_project(&self, id: &str) -> bool {
        id == self.identity.project_id || self.projects.lock().iter().any(|(other, _)| other == id)
    }

    /// The bucket of all backups; with dots in its name, as the vendor's have.
    pub fn bucket(&self) -> String {
        format!("rdsbucket.{}.1", self.identity.region.replace('-', "."))
    }

    /// Applies the faults of one call that are the same for every API.
    ///
    /// # Errors
    /// When the call is to fail with an error of the vendor's form.
    pub async fn bend(&self, api: Api) -> Result<Bent, ApiError> {
        let failure = || {
            ApiError::service(
                StatusCode::INTERNAL_SERVER_ERROR,
                "200005",
                "Server failure.",
            )
        };
        let mut usual = Vec::new();
        for (fault, injected) in self.store.faults.strike_api(api) {
            match fault {
                ApiFault::Hold => injected.released().await,
                ApiFault::Throttled { retry_after } => {
                    return Err(ApiError::throttled(None, retry_after));
                }
                ApiFault::ServerError => return Err(failure()),
                ApiFault::ErrorWith200 => return Err(failure().with_status_200()),
                other => match other.crude_answer() {
                    Some(answer) => return Ok(Bent::Instead(answer)),
                    None => usual.push(other),
                },
            }
        }
        Ok(Bent::Usual(usual))
    }

    /// Gives an answer of the API its final form.
    pub fn finish(&self, result: Result<Response, ApiError>) -> Response {
        let request_id = self.request_id();
        let envelope = self.switches.lock().envelope;
        let mut response =
            result.unwrap_or_else(|error| error.into_response(envelope, &request_id));
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            headers.insert("x-request-id", value);
        }
        if let Ok(value) = HeaderValue::from_str(&http_date_text(self.clock.now())) {
            headers.insert(DATE, value);
        }
        response
    }
}

/// The whole body of a request.
///
/// # Errors
/// When it is larger than the 12 MB that the gateway takes, or breaks off.
pub async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| {
        ApiError::gateway(
            StatusCode::PAYLOAD_TOO_LARGE,
            "0201",
            "Request entity too large.",
        )
    })
}

/// An answer with a JSON body.
pub fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json;charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

const BODY_MAX: usize = 12 * 1024 * 1024;
