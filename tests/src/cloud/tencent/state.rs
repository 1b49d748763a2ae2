//! What the four services of one emulated Tencent Cloud share.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::header::DATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::inventory::Inventory;
use super::keyring::Keyring;
use super::legacy::{ExportBook, NonceBook};
use super::limiter::Limiter;
use super::restriction::Restriction;
use super::settings::Identity;
use super::switches::Switches;
use crate::cloud::clock::Clock;
use crate::cloud::condition::http_date_text;
use crate::cloud::fault::{Api, ApiFault};
use crate::cloud::object::{Address, ObjectStore};
use crate::cloud::percent::hex;
use crate::cloud::shared::Shared;

/// The state of one cloud.
#[derive(Debug)]
pub struct State {
    /// The customer.
    pub identity: Identity,
    /// The customer's keys.
    pub keyring: Keyring,
    /// Base address of the object store.
    pub cos_url: String,
    /// Base address of the hosts behind the links of API 2.0.
    pub dl_url: String,
    /// Live switches.
    pub switches: Shared<Switches>,
    /// The clock of all services.
    pub clock: Clock,
    /// Objects, faults and counts.
    pub store: Arc<ObjectStore>,
    /// Instances and backups.
    pub inventory: Shared<Inventory>,
    /// Objects in archive storage.
    pub archive: Shared<BTreeSet<Address>>,
    /// MD5 of backups of MySQL by their ids, as far as somebody asked.
    pub digests: Shared<HashMap<String, String>>,
    /// Who may use a link of the object store, by its signature, where that was asked for.
    pub restrictions: Shared<HashMap<String, Restriction>>,
    /// Calls of API 3.0 in the last second.
    pub limiter: Limiter,
    /// Nonces of API 2.0.
    pub nonces: NonceBook,
    /// Partial exports of API 2.0.
    pub exports: ExportBook,
    /// Second signatures of links that were accepted.
    pub second_signatures: Shared<SecondSignatures>,
    /// Number of the last request id.
    pub serial: AtomicU64,
}

/// How often each reading of the page on signing a link was used with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecondSignatures {
    /// Over decoded values.
    pub decoded: u64,
    /// Over encoded values.
    pub encoded: u64,
    /// None, where none was needed.
    pub absent: u64,
}

/// What is left to do for a call after its general faults.
#[derive(Debug)]
pub enum Bent {
    /// Answer as usual, minding these faults of lists.
    Usual(Vec<ApiFault>),
    /// Answer this instead.
    Instead(Response),
    /// Refuse because of too many calls.
    Throttled {
        /// Seconds in `Retry-After`.
        retry_after: Option<u64>,
    },
    /// Fail with an internal error under this status.
    Failed(StatusCode),
}

impl State {
    /// A new request id in the form of a UUID.
    pub fn request_id(&self) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let digest = hex(&Sha256::digest(format!("request/{serial}")));
        let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
        [
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32),
        ]
        .join("-")
    }

    /// Sets `Date` by the clock of the cloud.
    pub fn date(&self, response: &mut Response) {
        if let Ok(date) = HeaderValue::from_str(&http_date_text(self.clock.now())) {
            response.headers_mut().insert(DATE, date);
        }
    }

    /// Applies the faults of one call that are the same for every action.
    pub async fn bend(&self, api: Api) -> Bent {
        let mut usual = Vec::new();
        for (fault, injected) in self.store.faults.strike_api(api) {
            match fault {
                ApiFault::Hold => injected.released().await,
                ApiFault::Throttled { retry_after } => return Bent::Throttled { retry_after },
                ApiFault::ServerError => return Bent::Failed(StatusCode::INTERNAL_SERVER_ERROR),
                ApiFault::ErrorWith200 => return Bent::Failed(StatusCode::OK),
                other => match other.crude_answer() {
                    Some(answer) => return Bent::Instead(answer),
                    None => usual.push(other),
                },
            }
        }
        Bent::Usual(usual)
    }
}

/// The content of an answer, with the wrong types if that is asked for.
pub fn mistyped(content: Map<String, Value>, faults: &[ApiFault]) -> Map<String, Value> {
    if !faults.contains(&ApiFault::WrongJsonType) {
        return content;
    }
    let wrong = |value| match value {
        Value::Array(_) => json!({}),
        Value::Number(_) => json!("many"),
        _ => json!(["none"]),
    };
    content
        .into_iter()
        .map(|(name, value)| (name, wrong(value)))
        .collect()
}
