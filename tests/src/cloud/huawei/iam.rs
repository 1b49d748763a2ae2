//! The identity service: tokens for passwords, and the look-up of projects.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::api_error::ApiError;
use super::parameters::Parameters;
use super::settings::Identity;
use super::signature::ReceivedRequest;
use super::state::{Bent, State, json_response, read_body};
use super::token::Grant;
use crate::cloud::fault::{Api, ApiFault};

/// The service as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let number = state.store.traffic.request(
        "iam",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let result = match read_body(body).await {
        Ok(body) => answer(&state, &parts, &body).await,
        Err(error) => Err(error),
    };
    let response = state.finish(result);
    state
        .store
        .traffic
        .answered(number, response.status().as_u16());
    response
}

async fn answer(state: &State, parts: &Parts, body: &[u8]) -> Result<Response, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/v3/auth/tokens") => {
            state.store.traffic.call(Api::Tokens);
            let mut parameters = Parameters::parse(query)?;
            let catalog = parameters.take("nocatalog").is_none();
            parameters.finish()?;
            match state.bend(Api::Tokens).await? {
                Bent::Instead(response) => Ok(response),
                Bent::Usual(faults) => issue(state, body, catalog, &faults),
            }
        }
        (&Method::GET, "/v3/projects") => {
            state.store.traffic.call(Api::Projects);
            let received = ReceivedRequest {
                method: parts.method.as_str(),
                path: parts.uri.path(),
                query,
                headers: &parts.headers,
                body,
            };
            let caller = state.authenticate("iam", &received)?;
            state.throttle(&caller, Api::Projects)?;
            match state.bend(Api::Projects).await? {
                Bent::Instead(response) => Ok(response),
                Bent::Usual(faults) => projects(state, query, &faults),
            }
        }
        _ => Err(ApiError::gateway(
            StatusCode::NOT_FOUND,
            "0101",
            "The API does not exist or has not been published in the environment.",
        )),
    }
}

/// A token for a password.
fn issue(
    state: &State,
    body: &[u8],
    catalog: bool,
    faults: &[ApiFault],
) -> Result<Response, ApiError> {
    let malformed =
        |what: &str| ApiError::identity(StatusCode::BAD_REQUEST, format!("Invalid {what}."));
    let body: Value = serde_json::from_slice(body).map_err(|_| malformed("JSON"))?;
    let identity = &state.identity;
    if body.pointer("/auth/identity/methods") != Some(&json!(["password"])) {
        return Err(malformed("auth.identity.methods"));
    }
    let user = body
        .pointer("/auth/identity/password/user")
        .ok_or_else(|| malformed("auth.identity.password.user"))?;
    let text = |pointer: &str| user.pointer(pointer).and_then(Value::as_str);
    let given = (text("/name"), text("/password"), text("/domain/name"));
    let known = (
        Some(identity.username.as_str()),
        Some(identity.password.as_str()),
        Some(identity.domain.as_str()),
    );
    if given != known {
        return Err(ApiError::identity(
            StatusCode::UNAUTHORIZED,
            "The username or password is wrong.",
        ));
    }
    let project = match body.pointer("/auth/scope/project") {
        None => None,
        Some(scope) => {
            Some(find_project(state, scope).ok_or_else(|| malformed("auth.scope.project"))?)
        }
    };

    let now = state.clock.now();
    let life = TimeDelta::from_std(state.switches.lock().token_life).unwrap_or(TimeDelta::MAX);
    let grant = Grant {
        user: identity.username.clone(),
        project: project.as_ref().map(|(id, _)| id.clone()),
        issued: now,
        expires: now
            .checked_add_signed(life)
            .unwrap_or(DateTime::<Utc>::MAX_UTC),
    };
    let mut body = token_body(identity, project.as_ref(), &grant, catalog);
    if faults.contains(&ApiFault::WrongJsonType) {
        body = json!({ "token": [] });
    }
    let token = state.tokens.issue(grant);
    let mut response = json_response(StatusCode::CREATED, &body);
    if let Ok(value) = HeaderValue::from_str(&token) {
        response.headers_mut().insert("x-subject-token", value);
    }
    Ok(response)
}

/// Id and name of the project that a scope names, by id or by name.
fn find_project(state: &State, scope: &Value) -> Option<(String, String)> {
    let by_id = scope.get("id").and_then(Value::as_str);
    let by_name = scope.get("name").and_then(Value::as_str);
    all_projects(state)
        .into_iter()
        .find(|(id, name)| Some(id.as_str()) == by_id || Some(name.as_str()) == by_name)
}

/// The default project, which bears the name of the region, and the others.
fn all_projects(state: &State) -> Vec<(String, String)> {
    let identity = &state.identity;
    let mut projects = vec![(identity.project_id.clone(), identity.region.clone())];
    projects.extend(state.projects.lock().iter().cloned());
    projects
}

fn token_body(
    identity: &Identity,
    project: Option<&(String, String)>,
    grant: &Grant,
    catalog: bool,
) -> Value {
    let domain = json!({ "id": DOMAIN_ID, "name": identity.domain });
    let time = |instant: DateTime<Utc>| instant.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let mut token = json!({
        "methods": ["password"],
        "issued_at": time(grant.issued),
        "expires_at": time(grant.expires),
        "user": {
            "id": "7116d09f88fa41908676fdd4b039e95b",
            "name": identity.username,
            "domain": domain,
            "password_expires_at": "",
        },
        "roles": [{ "id": "0", "name": "readonly" }],
    });
    match project {
        Some((id, name)) => {
            token["project"] = json!({ "id": id, "name": name, "domain": domain });
        }
        None => token["domain"] = domain,
    }
    if catalog {
        token["catalog"] = json!([]);
    }
    json!({ "token": token })
}

/// The projects that a filter lets through.
fn projects(state: &State, query: &str, faults: &[ApiFault]) -> Result<Response, ApiError> {
    let mut parameters = Parameters::parse(query)?;
    let name = parameters.take("name");
    let domain = parameters.take("domain_id");
    let enabled = parameters.take("enabled");
    let paged = parameters.take("page").zip(parameters.take("per_page"));
    parameters.finish()?;
    let mut records = all_projects(state)
        .into_iter()
        .filter(|(_, project)| name.as_ref().is_none_or(|name| name == project))
        .filter(|_| domain.as_deref().is_none_or(|domain| domain == DOMAIN_ID))
        .filter(|_| enabled.as_deref() != Some("false"))
        .map(|(id, name)| {
            json!({
                "id": id,
                "name": name,
                "domain_id": DOMAIN_ID,
                "parent_id": DOMAIN_ID,
                "is_domain": false,
                "enabled": true,
                "description": "",
                "links": { "self": format!("/v3/projects/{id}") },
            })
        })
        .collect::<Vec<_>>();
    if let Some((page, per_page)) = paged {
        let bad = || ApiError::identity(StatusCode::BAD_REQUEST, "Invalid page or per_page.");
        let page = page.parse::<usize>().ok().filter(|page| *page > 0);
        let per_page = per_page.parse::<usize>().ok();
        let per_page = per_page.filter(|count| (1..=5000).contains(count));
        let (page, per_page) = page.zip(per_page).ok_or_else(bad)?;
        let skip = (page - 1).saturating_mul(per_page);
        records = records.into_iter().skip(skip).take(per_page).collect();
    }
    if faults.contains(&ApiFault::EmptyListing) {
        records.clear();
    }
    let links = json!({ "self": "/v3/projects", "next": null, "previous": null });
    let body = if faults.contains(&ApiFault::WrongJsonType) {
        json!({ "projects": "none", "links": links })
    } else {
        json!({ "projects": records, "links": links })
    };
    Ok(json_response(StatusCode::OK, &body))
}

const DOMAIN_ID: &str = "d78cbac186b744899480f25bd022f468";
