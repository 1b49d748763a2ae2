//! API 2.0 of TencentDB for MySQL, which the vendor has switched off: authenticates a call, finds
//! its action, and answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value};

use super::state::{Bent, State, mistyped};
use super::switches::Switches;
use crate::cloud::fault::{Api, ApiFault};

mod backups;
mod export;
mod form;
mod instances;
mod nonce;
mod region;
mod reply;
mod signature;

pub use self::export::{ExportBook, address as export_address};
pub use self::nonce::NonceBook;
pub(super) use self::signature::{HmacMethod, hmac_base64};

use self::form::Form;
use self::reply::LegacyError;

/// What an action answers.
type Content = Result<Map<String, Value>, LegacyError>;

/// What an action needs beside its parameters.
struct Call<'a> {
    state: &'a State,
    /// The switches as they were when the call came.
    switches: Switches,
    /// Faults of lists.
    faults: Vec<ApiFault>,
    /// Whether the call is for the region in which the customer has everything.
    in_region: bool,
}

/// The service as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let number = state.store.traffic.request(
        "legacy",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let switches = state.switches.lock().clone();
    let result = match axum::body::to_bytes(body, BODY_MAX).await {
        _ if parts.uri.path() != PATH => Ok(StatusCode::NOT_FOUND.into_response()),
        Ok(body) => answer(&state, &parts, &body, &switches).await,
        Err(_) => Err(LegacyError::malformed("The request is too large.")),
    };
    let mut response = result.unwrap_or_else(|error| error.into_response(&switches.legacy));
    state.date(&mut response);
    state
        .store
        .traffic
        .answered(number, response.status().as_u16());
    response
}

async fn answer(
    state: &State,
    parts: &Parts,
    body: &[u8],
    switches: &Switches,
) -> Result<Response, LegacyError> {
    let mut form = received(parts, body)?;
    let api = form.get("Action").and_then(api);
    if let Some(api) = api {
        state.store.traffic.call(api);
    }
    authenticate(state, parts, &form, switches)?;
    for common in COMMON {
        form.take(common);
    }
    let in_region = match form.take("Region") {
        None => true,
        Some(region) => {
            let long = region::long(&region)
                .ok_or_else(|| LegacyError::malformed("Region is unknown."))?;
            long == state.identity.region
        }
    };
    let api = api.ok_or_else(|| {
        LegacyError::new(6100, "ActionNotSupported", "The action is not supported.")
    })?;
    let faults = match state.bend(api).await {
        Bent::Usual(faults) => faults,
        Bent::Instead(response) => return Ok(response),
        Bent::Throttled { retry_after } => return Err(LegacyError::too_many_calls(retry_after)),
        Bent::Failed(status) => return Err(LegacyError::internal(status)),
    };
    let call = Call {
        state,
        switches: switches.clone(),
        faults,
        in_region,
    };
    let content = match api {
        Api::LegacyInstances => instances::list(&call, form)?,
        Api::LegacyBackups => backups::list(&call, form)?,
        Api::LegacyTables => backups::tables(&call, form)?,
        _ => backups::export(&call, form)?,
    };
    Ok(reply::success(
        mistyped(content, &call.faults),
        api == Api::LegacyInstances,
        &switches.legacy,
    ))
}

fn api(action: &str) -> Option<Api> {
    match action {
        "DescribeCdbInstances" => Some(Api::LegacyInstances),
        "GetCdbExportLogUrl" => Some(Api::LegacyBackups),
        "GetBackupDatabaseTableList" => Some(Api::LegacyTables),
        "GetExportBackupUrl" => Some(Api::LegacyExports),
        _ => None,
    }
}

/// The parameters, from where the method has them; the other place is ignored.
fn received(parts: &Parts, body: &[u8]) -> Result<Form, LegacyError> {
    match parts.method {
        Method::GET => Form::parse(parts.uri.query().unwrap_or_default()),
        Method::POST => {
            let text = std::str::from_utf8(body)
                .map_err(|_| LegacyError::malformed("The body is no form."))?;
            Form::parse(text)
        }
        _ => Err(LegacyError::malformed("The method is not supported.")),
    }
}

/// Finds out whether the customer calls. The order of the checks is not documented.
fn authenticate(
    state: &State,
    parts: &Parts,
    form: &Form,
    switches: &Switches,
) -> Result<(), LegacyError> {
    let required = |name: &str| {
        form.get(name)
            .ok_or_else(|| LegacyError::malformed(format!("{name} is missing.")))
    };
    let number = |name: &str| {
        required(name)?
            .parse::<u64>()
            .map_err(|_| LegacyError::malformed(format!("{name} is no number.")))
    };
    let secret_id = required("SecretId")?;
    let nonce = number("Nonce")?;
    let timestamp = number("Timestamp")?;
    let key = state
        .keyring
        .find(secret_id)
        .ok_or_else(|| LegacyError::new(4104, "SecretIdNotFound", "The SecretId is unknown."))?;
    let host = parts.headers.get("host");
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let expected = signature::sign(parts.method.as_str(), host, PATH, form, &key.secret_key);
    if required("Signature")? != expected {
        return Err(LegacyError::new(
            4100,
            "SignatureFailure",
            "The signature is wrong.",
        ));
    }
    let now = state.clock.now();
    if !key.accepts(form.get("Token"), now) {
        return Err(LegacyError::new(
            4105,
            "TokenFailure",
            "The token is wrong.",
        ));
    }
    let window = TimeDelta::from_std(switches.legacy.skew).unwrap_or(TimeDelta::days(36_500));
    let signed = i64::try_from(timestamp)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let fresh = signed.is_some_and(|signed| (now - signed).abs() <= window);
    if fresh && state.nonces.note(secret_id, nonce, window, now) {
        Ok(())
    } else {
        Err(LegacyError::new(
            4500,
            "ReplayAttack",
            "The nonce came before, or the clock is wrong.",
        ))
    }
}

/// Parameters of every call that are not looked at after authentication.
const COMMON: [&str; 9] = [
    "Action",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Token",
    "Version",
    "RequestClient",
];
const PATH: &str = "/v2/index.php";
const BODY_MAX: usize = 1024 * 1024;
