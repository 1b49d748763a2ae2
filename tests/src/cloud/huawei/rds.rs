//! The database service, version 3: instances, backups, and the links of their files.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::api_error::ApiError;
use super::control;
use super::credentials::{Caller, Scope};
use super::inventory::{BackupSpec, BackupStatus, BackupType, Engine};
use super::listing;
use super::obs;
use super::parameters::Parameters;
use super::record;
use super::settings::{MissingBackup, Order, UntypedListing};
use super::signature::ReceivedRequest;
use super::state::{Bent, State, json_response, read_body};
use crate::cloud::fault::{Api, ApiFault};
use crate::cloud::page::Page;

/// The service as a router, with the controls of the emulation beside it.
pub fn router(state: Arc<State>) -> Router {
    control::router().fallback(handle).with_state(state)
}

async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let number = state.store.traffic.request(
        "rds",
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
    let (project, api) = route(&parts.method, parts.uri.path()).ok_or_else(|| {
        ApiError::gateway(
            StatusCode::NOT_FOUND,
            "0101",
            "The API does not exist or has not been published in the environment.",
        )
    })?;
    state.store.traffic.call(api);
    let caller = state.authenticate(
        "rds",
        &ReceivedRequest {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query,
            headers: &parts.headers,
            body,
        },
    )?;
    state.throttle(&caller, api)?;
    admit(state, &caller, project, parts)?;
    let faults = match state.bend(api).await? {
        Bent::Instead(response) => return Ok(response),
        Bent::Usual(faults) => faults,
    };
    let parameters = Parameters::parse(query)?;
    let answer = match api {
        Api::Instances => instances(state, project, parameters, &faults)?,
        Api::Backups => backups(state, project, parameters, &faults)?,
        _ => backup_files(state, project, parameters, &faults)?,
    };
    Ok(json_response(StatusCode::OK, &answer))
}

/// The project and the API that a path names.
fn route<'a>(method: &Method, path: &'a str) -> Option<(&'a str, Api)> {
    let (project, call) = path.strip_prefix("/v3/")?.split_once('/')?;
    let api = match call {
        "instances" => Api::Instances,
        "backups" => Api::Backups,
        "backup-files" => Api::BackupFiles,
        _ => return None,
    };
    (method == Method::GET).then_some((project, api))
}

/// Whether a caller may act in the project of the path.
fn admit(state: &State, caller: &Caller, project: &str, parts: &Parts) -> Result<(), ApiError> {
    let forbidden = |message: &str| ApiError::service(StatusCode::FORBIDDEN, "280015", message);
    if !state.owns_project(project) {
        return Err(forbidden("The project does not belong to the account."));
    }
    if let Scope::Token(scope) = &caller.project
        && scope.as_deref() != Some(project)
    {
        return Err(forbidden("The token is not for this project."));
    }
    let header = parts.headers.get("x-project-id");
    if header.is_some_and(|header| header.as_bytes() != project.as_bytes()) {
        return Err(ApiError::gateway(
            StatusCode::FORBIDDEN,
            "0310",
            "The project is unavailable.",
        ));
    }
    let json = |value: &axum::http::HeaderValue| value.as_bytes().starts_with(b"application/json");
    if !parts.headers.get("content-type").is_some_and(json) {
        return Err(ApiError::bad_parameter(
            "Content-Type must be application/json.",
        ));
    }
    Ok(())
}

fn instances(
    state: &State,
    project: &str,
    mut parameters: Parameters,
    faults: &[ApiFault],
) -> Result<serde_json::Value, ApiError> {
    let switches = state.switches.lock().clone();
    let page = Page::take(&mut parameters, switches.page_cap)?;
    let id = parameters.take("id");
    let name = parameters.take("name");
    let shape = parameters.take("type");
    let engine = parameters.take("datastore_type");
    parameters.finish()?;
    if name.as_deref() == Some("*") {
        return Err(ApiError::bad_parameter("name must not be * alone."));
    }
    if let Some(engine) = &engine
        && !Engine::ALL.iter().any(|known| known.name() == engine)
    {
        return Err(ApiError::bad_parameter("datastore_type is unknown."));
    }
    let named = |given: &str| match name.as_deref() {
        None => true,
        Some(pattern) => match pattern.strip_prefix('*') {
            Some(part) => given.contains(part),
            None => given == pattern,
        },
    };
    let records = state
        .inventory
        .lock()
        .instances
        .iter()
        .filter(|_| project == state.identity.project_id)
        .filter(|instance| id.as_ref().is_none_or(|id| *id == instance.id))
        .filter(|instance| named(&instance.name))
        .filter(|instance| shape.as_ref().is_none_or(|shape| *shape == instance.shape))
        .filter(|instance| {
            engine
                .as_ref()
                .is_none_or(|engine| engine == instance.engine.name())
        })
        .map(|instance| record::instance(instance, &state.identity.region, &switches))
        .collect();
    Ok(listing::body(
        "instances",
        page.cut(records, faults),
        faults,
    ))
}

fn backups(
    state: &State,
    project: &str,
    mut parameters: Parameters,
    faults: &[ApiFault],
) -> Result<serde_json::Value, ApiError> {
    let switches = state.switches.lock().clone();
    let page = Page::take(&mut parameters, switches.page_cap)?;
    let instance_id = parameters.require("instance_id")?;
    let backup_id = parameters.take("backup_id");
    let kind = parameters
        .take("backup_type")
        .map(|kind| {
            BackupType::named(&kind).ok_or_else(|| ApiError::bad_parameter("backup_type is wrong."))
        })
        .transpose()?;
    let status = parameters.take("status");
    let window = window(&mut parameters)?;
    parameters.finish()?;

    let inventory = state.inventory.lock();
    let instance = inventory
        .instance(&instance_id)
        .filter(|_| project == state.identity.project_id)
        .ok_or_else(|| missing_instance(&instance_id))?;
    let wanted = |backup: &&BackupSpec| {
        let full = matches!(backup.backup_type, BackupType::Auto | BackupType::Manual);
        let typed = match kind {
            Some(kind) => backup.backup_type == kind,
            None => full || switches.untyped_listing == UntypedListing::All,
        };
        // The filter by status is documented to work on full backups of SQL Server only.
        let filtered = instance.engine == Engine::SqlServer && full;
        typed
            && backup.instance_id == instance_id
            && backup_id.as_ref().is_none_or(|id| *id == backup.id)
            && (!filtered || status.as_ref().is_none_or(|s| s == backup.status.name()))
            && window.as_ref().is_none_or(|w| w.contains(&backup.begin))
    };
    let mut found = inventory.backups.iter().filter(wanted).collect::<Vec<_>>();
    match switches.order {
        Order::NewestFirst => found.sort_by_key(|backup| std::cmp::Reverse(backup.begin)),
        Order::OldestFirst => found.sort_by_key(|backup| backup.begin),
        Order::AsAdded => {}
    }
    // Only what is shown becomes JSON: lists may be long and pages are short.
    let (shown, total) = page.cut(found, faults);
    let records = shown
        .into_iter()
        .map(|backup| record::backup(backup, instance, &switches))
        .collect();
    Ok(listing::body("backups", (records, total), faults))
}

/// The begin times that are asked for.
type Window = RangeInclusive<DateTime<Utc>>;

/// `begin_time` and `end_time`: both or none, and in this order.
fn window(parameters: &mut Parameters) -> Result<Option<Window>, ApiError> {
    let parse = |name: &str, text: String| {
        record::parse_time(&text)
            .ok_or_else(|| ApiError::bad_parameter(format!("{name} is malformed.")))
    };
    match (parameters.take("begin_time"), parameters.take("end_time")) {
        (None, None) => Ok(None),
        (Some(begin), Some(end)) => {
            let (begin, end) = (parse("begin_time", begin)?, parse("end_time", end)?);
            if begin < end {
                Ok(Some(begin..=end))
            } else {
                Err(ApiError::service(
                    StatusCode::BAD_REQUEST,
                    "280216",
                    "end_time must be later than begin_time.",
                ))
            }
        }
        _ => Err(ApiError::bad_parameter(
            "begin_time and end_time must be given together.",
        )),
    }
}

fn backup_files(
    state: &State,
    project: &str,
    mut parameters: Parameters,
    faults: &[ApiFault],
) -> Result<serde_json::Value, ApiError> {
    let backup_id = parameters.require("backup_id")?;
    parameters.finish()?;
    let switches = state.switches.lock().clone();
    let inventory = state.inventory.lock();
    let backup = inventory
        .backup(&backup_id)
        .filter(|_| project == state.identity.project_id)
        .ok_or_else(|| missing_backup(switches.missing_backup))?;
    if backup.status != BackupStatus::Completed {
        return Err(ApiError::service(
            StatusCode::BAD_REQUEST,
            "201208",
            "The status of the backup does not allow this operation.",
        ));
    }
    let bucket = state.bucket();
    let expires = record::link_end(state.clock.now(), &switches);
    let (mut files, _) = Page::ALL.cut(
        backup
            .files
            .iter()
            .enumerate()
            .map(|(number, file)| {
                let address = backup.address(number, &bucket);
                let (link, expires) = obs::link(state, &address, expires, &switches);
                record::file(file, &link, expires, &switches)
            })
            .collect(),
        faults,
    );
    if faults.contains(&ApiFault::WrongJsonType) {
        for file in &mut files {
            file["size"] = json!("large");
            file["download_link"] = json!(["none"]);
        }
    }
    Ok(json!({ "files": files, "bucket": bucket }))
}

fn missing_backup(form: MissingBackup) -> ApiError {
    let message = "The backup does not exist.";
    match form {
        MissingBackup::NotFound => ApiError::service(StatusCode::NOT_FOUND, "201010", message),
        MissingBackup::BadRequest => ApiError::service(StatusCode::BAD_REQUEST, "280214", message),
    }
}

/// Malformed ids have a code of their own: 32 hexadecimal digits, `in` or `no`, two digits.
fn missing_instance(id: &str) -> ApiError {
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let well_formed = id.len() == 36
        && id.bytes().take(31).all(hex)
        && id.bytes().rev().take(2).all(|c| c.is_ascii_digit());
    if well_formed {
        ApiError::service(
            StatusCode::NOT_FOUND,
            "201028",
            "The instance does not exist.",
        )
    } else {
        ApiError::service(StatusCode::BAD_REQUEST, "280404", "Invalid instance ID.")
    }
}
