//! Controls of the emulation for people and scripts: faults, traffic and the clock, by HTTP below
//! `/_emulator/` on the port of the database service. Not signed, not counted.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::state::State;
use crate::cloud::fault::{Api, ApiFault, Fault, ObjectFault};
use crate::cloud::traffic::Traffic;

/// The controls as routes.
pub fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/_emulator/fault", post(inject).delete(calm))
        .route("/_emulator/traffic", get(traffic).delete(reset_traffic))
        .route("/_emulator/clock", get(clock).post(move_clock))
}

/// A fault, such as `{"object": {"reset_after": 1000}, "on": "base.tar.gz", "times": 2}` or
/// `{"api": "server_error", "of": "backups", "always": true}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRequest {
    object: Option<ObjectFault>,
    on: Option<String>,
    api: Option<ApiFault>,
    of: Option<Api>,
    times: Option<u64>,
    skipping: Option<u64>,
    #[serde(default)]
    always: bool,
}

impl FaultRequest {
    fn fault(self) -> Result<Fault, &'static str> {
        let mut fault = match (self.object, self.on, self.api, self.of) {
            (Some(object), None, None, None) => Fault::object(object),
            (Some(object), Some(on), None, None) => Fault::object(object).on(on),
            (None, None, Some(api), None) => Fault::api(api),
            (None, None, Some(api), Some(of)) => Fault::api(api).of(of),
            _ => return Err("give either object (with on) or api (with of)\n"),
        };
        fault = match (self.times, self.always) {
            (Some(times), false) => fault.times(times),
            (None, true) => fault.always(),
            (None, false) => fault,
            (Some(_), true) => return Err("give either times or always\n"),
        };
        Ok(fault.skipping(self.skipping.unwrap_or(0)))
    }
}

async fn inject(
    Shared(state): Shared<Arc<State>>,
    Json(request): Json<FaultRequest>,
) -> Result<StatusCode, (StatusCode, &'static str)> {
    let fault = request
        .fault()
        .map_err(|message| (StatusCode::BAD_REQUEST, message))?;
    state.store.faults.inject(fault);
    Ok(StatusCode::NO_CONTENT)
}

async fn calm(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.store.calm();
    StatusCode::NO_CONTENT
}

async fn traffic(Shared(state): Shared<Arc<State>>) -> Json<Traffic> {
    Json(state.store.traffic.snapshot())
}

async fn reset_traffic(Shared(state): Shared<Arc<State>>) -> StatusCode {
    state.store.traffic.reset();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Serialize)]
struct ClockReading {
    now: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    advance_seconds: u64,
}

async fn clock(Shared(state): Shared<Arc<State>>) -> Json<ClockReading> {
    Json(ClockReading {
        now: state.clock.now().to_rfc3339(),
    })
}

async fn move_clock(
    shared: Shared<Arc<State>>,
    Json(request): Json<ClockRequest>,
) -> impl IntoResponse {
    shared
        .clock
        .advance(Duration::from_secs(request.advance_seconds));
    clock(shared).await
}
