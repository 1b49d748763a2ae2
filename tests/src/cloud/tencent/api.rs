//! API 3.0: one address for all products. Authenticates a call, finds its action, and answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::api_error::{ApiError, envelope};
use super::parameters::Parameters;
use super::state::{Bent, State, mistyped};
use super::switches::{RateLimit, Switches};
use super::tc3::{Authorization, ReceivedRequest, SignatureError};
use super::{cdb, postgres};
use crate::cloud::fault::{Api, ApiFault};

/// An action of a product.
pub struct Action {
    /// Its name, in its own case.
    pub name: &'static str,
    /// Product, as the scope of a signature names it.
    pub product: &'static str,
    /// Version of the product.
    pub version: &'static str,
    /// The name in faults and counts.
    pub api: Api,
    /// Documented limit of calls a second.
    pub per_second: u32,
    /// What it does.
    pub run: fn(&Call<'_>, Parameters) -> Content,
}

/// What an action answers.
pub type Content = Result<Map<String, Value>, ApiError>;

/// What an action needs beside its fields.
pub struct Call<'a> {
    /// The cloud.
    pub state: &'a State,
    /// The switches as they were when the call came.
    pub switches: Switches,
    /// Faults of lists.
    pub faults: Vec<ApiFault>,
}

impl Call<'_> {
    /// The content of a list under its name.
    pub fn list(&self, name: &str, records: Vec<Value>, total: usize) -> Map<String, Value> {
        let mut content = Map::from_iter([(name.to_owned(), Value::Array(records))]);
        if self.switches.api.total_count {
            content.insert("TotalCount".to_owned(), total.into());
        }
        content
    }
}

/// The service as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let number = state.store.traffic.request(
        "api",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let request_id = state.request_id();
    let result = match axum::body::to_bytes(body, BODY_MAX).await {
        _ if parts.uri.path() != "/" => Ok(Reply::Other(StatusCode::NOT_FOUND.into_response())),
        Ok(body) => answer(&state, &parts, &body).await,
        Err(_) => Err(ApiError::new(
            "RequestSizeLimitExceeded",
            "The request is too large.",
        )),
    };
    let mut response = match result {
        Ok(Reply::Content(content)) => envelope(Value::Object(content), &request_id),
        Ok(Reply::Other(response)) => response,
        Err(error) => error.into_response(&request_id),
    };
    state.date(&mut response);
    state
        .store
        .traffic
        .answered(number, response.status().as_u16());
    response
}

enum Reply {
    /// To be put into the envelope.
    Content(Map<String, Value>),
    /// Something that is no answer of the API.
    Other(Response),
}

async fn answer(state: &State, parts: &Parts, body: &[u8]) -> Result<Reply, ApiError> {
    let headers = &parts.headers;
    let name = header(headers, "x-tc-action").unwrap_or_default();
    let version = header(headers, "x-tc-version").unwrap_or_default();
    let action = actions().find(|action| action.name == name && action.version == version);
    if let Some(action) = action {
        state.store.traffic.call(action.api);
    }
    let authorization = authenticate(state, parts, body)?;
    let of_product = || actions().filter(|action| action.product == authorization.service);
    if !of_product().any(|action| action.version == version) {
        return Err(ApiError::new("NoSuchVersion", "The version is unknown."));
    }
    let action = action
        .filter(|action| action.product == authorization.service)
        .ok_or_else(|| ApiError::new("InvalidAction", format!("{name} is no action.")))?;
    let switches = state.switches.lock().clone();
    check_region(state, headers, action, &switches)?;
    throttle(state, &authorization.secret_id, action, &switches)?;
    let faults = match state.bend(action.api).await {
        Bent::Usual(faults) => faults,
        Bent::Instead(response) => return Ok(Reply::Other(response)),
        Bent::Throttled { retry_after } => {
            return Err(ApiError::too_many_calls(
                switches.api.rate_limit_code,
                retry_after,
            ));
        }
        Bent::Failed(status) => return Err(ApiError::internal(status)),
    };
    let parameters = fields(parts, body)?;
    let call = Call {
        state,
        switches,
        faults,
    };
    let content = (action.run)(&call, parameters)?;
    Ok(Reply::Content(mistyped(content, &call.faults)))
}

fn actions() -> impl Iterator<Item = &'static Action> {
    postgres::ACTIONS.iter().chain(&cdb::ACTIONS)
}

/// Finds out who calls. The order of the checks is not documented.
fn authenticate(state: &State, parts: &Parts, body: &[u8]) -> Result<Authorization, ApiError> {
    let authorization = header(&parts.headers, "authorization")
        .ok_or(SignatureError::Malformed)
        .and_then(Authorization::parse)
        .map_err(|error| match error {
            SignatureError::Malformed => {
                ApiError::unauthenticated("InvalidAuthorization", error.to_string())
            }
            other => ApiError::unauthenticated("SignatureFailure", other.to_string()),
        })?;
    let key = state
        .keyring
        .find(&authorization.secret_id)
        .ok_or_else(|| {
            ApiError::unauthenticated("SecretIdNotFound", "The SecretId is not found.")
        })?;
    let received = ReceivedRequest {
        method: parts.method.as_str(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body,
    };
    let refused =
        |error: SignatureError| ApiError::unauthenticated("SignatureFailure", error.to_string());
    let now = state.clock.now();
    let signed = received.timestamp().map_err(refused)?;
    if (now - signed).abs() > WINDOW {
        return Err(ApiError::unauthenticated(
            "SignatureExpire",
            "The signature has expired.",
        ));
    }
    if !serves(&parts.headers, &authorization.service) {
        return Err(ApiError::unauthenticated(
            "SignatureFailure",
            "The signature is for another product.",
        ));
    }
    authorization
        .verify(&received, &key.secret_key)
        .map_err(refused)?;
    if !key.accepts(header(&parts.headers, "x-tc-token"), now) {
        return Err(ApiError::unauthenticated(
            "TokenFailure",
            "The token is wrong or has expired.",
        ));
    }
    Ok(authorization)
}

/// Whether the product of a signature is served here. A client that was pointed to a bare address
/// signs that, but keeps its own product in the scope; one that names a product must mean it.
fn serves(headers: &HeaderMap, service: &str) -> bool {
    let host = header(headers, "host").unwrap_or_default();
    let label = host.split('.').next().unwrap_or_default();
    let known = |name: &str| actions().any(|action| action.product == name);
    known(service) && (label == service || !known(label))
}

fn check_region(
    state: &State,
    headers: &HeaderMap,
    action: &Action,
    switches: &Switches,
) -> Result<(), ApiError> {
    match header(headers, "x-tc-region") {
        Some(region) if region == state.identity.region => Ok(()),
        Some(_) => Err(ApiError::new(
            "UnsupportedRegion",
            "The product is not available in this region.",
        )),
        None if action.api == Api::PostgresLinks && !switches.postgres.link_needs_region => Ok(()),
        None => Err(ApiError::new(
            switches.api.missing_region_code,
            "X-TC-Region is missing.",
        )),
    }
}

fn throttle(
    state: &State,
    secret_id: &str,
    action: &Action,
    switches: &Switches,
) -> Result<(), ApiError> {
    let limit = match switches.api.rate_limit {
        RateLimit::Documented => action.per_second,
        RateLimit::PerSecond(limit) => limit,
        RateLimit::Unlimited => return Ok(()),
    };
    let now = state.clock.now();
    if state.limiter.admit(secret_id, action.api, limit, now) {
        Ok(())
    } else {
        Err(ApiError::too_many_calls(switches.api.rate_limit_code, None))
    }
}

/// The fields of a call, from where its method has them.
fn fields(parts: &Parts, body: &[u8]) -> Result<Parameters, ApiError> {
    let content_type = header(&parts.headers, "content-type").unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    match parts.method {
        Method::POST if content_type.starts_with("application/json") => Parameters::from_body(body),
        Method::GET if query.len() > QUERY_MAX => Err(ApiError::new(
            "RequestSizeLimitExceeded",
            "The request is too large.",
        )),
        Method::GET if content_type == "application/x-www-form-urlencoded" => {
            Parameters::from_query(query)
        }
        _ => Err(ApiError::new(
            "InvalidRequest",
            "The method or the content type is not supported.",
        )),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How far `X-TC-Timestamp` may be from the clock of the service.
const WINDOW: TimeDelta = TimeDelta::seconds(300);
const BODY_MAX: usize = 10 * 1024 * 1024;
const QUERY_MAX: usize = 32 * 1024;
