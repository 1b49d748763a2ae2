//! What people ask of the daemon about single backups: prune, pin, unpin, restore, why.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backhaul_config::JobName;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::{Desk, Failure};
use crate::mirror::identity::BackupId;
use crate::prune::Options;
use crate::upkeep::{Upkeep, UpkeepError};
use crate::why;

/// Asks for retention now.
#[derive(Serialize, Deserialize)]
pub struct PruneRequest {
    /// The jobs; all of them when none is named.
    pub jobs: Vec<JobName>,
    /// How.
    #[serde(flatten)]
    pub options: Options,
}

/// Asks for a pin.
#[derive(Serialize, Deserialize)]
pub struct PinRequest {
    /// Why.
    pub reason: Option<String>,
}

/// Asks about a backup.
#[derive(Serialize, Deserialize)]
pub struct WhyQuery {
    /// Its id, or the vendor's name or id.
    pub of: String,
}

/// Works on a thread that may block, by the configuration in force.
async fn work<T: Serialize + Send + 'static>(
    desk: Desk,
    work: impl FnOnce(&Upkeep<'_>) -> Result<T, UpkeepError> + Send + 'static,
) -> Result<Response, Failure> {
    let done = tokio::task::spawn_blocking(move || {
        let config = Arc::clone(&desk.config.borrow());
        work(&Upkeep {
            config: &config,
            catalog: &desk.catalog,
            decisions: &desk.decisions,
            quarantine_lock: &desk.quarantine_lock,
            now: chrono::Utc::now(),
        })
    });
    Ok(match done.await? {
        Ok(done) => Json(done).into_response(),
        Err(error) => {
            let status = match error.is_unknown() {
                true => StatusCode::NOT_FOUND,
                false => StatusCode::INTERNAL_SERVER_ERROR,
            };
            Failure(status, error.to_string()).into_response()
        }
    })
}

fn id(text: &str) -> Result<BackupId, Failure> {
    text.parse()
        .map_err(|error| Failure(StatusCode::BAD_REQUEST, error))
}

pub(super) async fn prune(
    State(desk): State<Desk>,
    Json(request): Json<PruneRequest>,
) -> Result<Response, Failure> {
    work(desk, move |upkeep| {
        upkeep.prune(&request.jobs, request.options)
    })
    .await
}

pub(super) async fn pin(
    State(desk): State<Desk>,
    Path(text): Path<String>,
    Json(request): Json<PinRequest>,
) -> Result<Response, Failure> {
    let id = id(&text)?;
    work(desk, move |upkeep| upkeep.pin(&id, request.reason)).await
}

pub(super) async fn unpin(
    State(desk): State<Desk>,
    Path(text): Path<String>,
) -> Result<Response, Failure> {
    let id = id(&text)?;
    work(desk, move |upkeep| upkeep.unpin(&id)).await
}

pub(super) async fn restore(
    State(desk): State<Desk>,
    Path(text): Path<String>,
) -> Result<Response, Failure> {
    let id = id(&text)?;
    work(desk, move |upkeep| upkeep.restore(&id)).await
}

pub(super) async fn why(
    State(desk): State<Desk>,
    Query(query): Query<WhyQuery>,
) -> Result<Response, Failure> {
    work(desk, move |upkeep| {
        Ok(why::why(
            upkeep.config,
            upkeep.catalog,
            &query.of,
            upkeep.now,
        )?)
    })
    .await
}
