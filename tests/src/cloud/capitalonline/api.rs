//! The API: instances, backups, and the links of a backup.
//!
//! It only reads. The calls that change something are known, so that their signatures can be
//! tested, and refused: whoever mirrors backups must never make one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::header::DATE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::api_error::ApiError;
use super::inventory::{BackupSpec, BackupStatus, Edition, InstanceSpec, Product};
use super::link::{Side, Ticket};
use super::parameters::Parameters;
use super::record;
use super::settings::{EmptyList, ListForm, Order, Switches};
use super::state::{State, json_response};
use crate::cloud::condition::http_date_text;
use crate::cloud::fault::{Api, ApiFault};
use crate::cloud::page::Page;

/// The API as a router.
pub fn router(state: Arc<State>) -> Router {
    Router::new().fallback(handle).with_state(state)
}

async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let traffic = &state.store.traffic;
    let number = traffic.request(
        "api",
        parts.method.as_str(),
        parts.uri.path(),
        parts.uri.query(),
    );
    let mut response = match answer(&state, &parts).await {
        Ok(response) => response,
        Err(error) => error.into_response(&state.switches.lock().clone()),
    };
    if let Ok(date) = HeaderValue::from_str(&http_date_text(state.clock.now())) {
        response.headers_mut().insert(DATE, date);
    }
    traffic.answered(number, response.status().as_u16());
    response
}

async fn answer(state: &State, parts: &Parts) -> Result<Response, ApiError> {
    let product = Product::of_path(parts.uri.path())
        .ok_or_else(|| ApiError::not_found("There is no such product."))?;
    let query = parts.uri.query().unwrap_or_default();
    // Counted before it is checked: a call is a call.
    let api = action_in(query).and_then(api_of);
    if let Some(api) = api {
        state.store.traffic.call(api);
    }
    let switches = state.switches.lock().clone();
    let (action, parameters) = state.gatekeeper.admit(
        parts.method.as_str(),
        query,
        &state.identity,
        &switches,
        state.clock.now(),
    )?;
    if parts.method == Method::POST && CHANGES.contains(&action.as_str()) {
        return Err(ApiError::unsupported("The emulation changes nothing."));
    }
    let Some(api) = api_of(&action).filter(|_| parts.method == Method::GET) else {
        let message = format!("The action {action} does not exist.");
        return Err(ApiError::refused(&switches.unknown_action, message));
    };
    let faults = match bend(state, api, &switches).await? {
        Bent::Instead(response) => return Ok(response),
        Bent::Usual(faults) => faults,
    };
    let call = Call {
        state,
        product,
        switches,
        faults,
    };
    let answer = match api {
        Api::Instances => call.instances(parameters)?,
        Api::Backups => call.backups(parameters)?,
        _ => call.download(parameters)?,
    };
    Ok(json_response(StatusCode::OK, &Value::Object(answer)))
}

/// The action of a query that may be no good otherwise; none holds what would be encoded.
fn action_in(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
}

fn api_of(action: &str) -> Option<Api> {
    match action {
        "DescribeDBInstances" => Some(Api::Instances),
        "DescribeBackups" => Some(Api::Backups),
        "DownloadBackup" => Some(Api::BackupFiles),
        _ => None,
    }
}

/// What is left to do for a call after its general faults.
enum Bent {
    /// Answer as usual, minding these faults of lists.
    Usual(Vec<ApiFault>),
    /// Answer this instead.
    Instead(Response),
}

/// Applies the faults of one call that are the same for every action.
async fn bend(state: &State, api: Api, switches: &Switches) -> Result<Bent, ApiError> {
    let mut usual = Vec::new();
    for (fault, injected) in state.store.faults.strike_api(api) {
        match fault {
            ApiFault::Hold => injected.released().await,
            ApiFault::Throttled { retry_after } => {
                let error = ApiError::refused(&switches.throttled, "Too many requests.");
                return Err(error.after(retry_after));
            }
            ApiFault::ServerError => return Err(ApiError::internal()),
            ApiFault::ErrorWith200 => return Err(ApiError::internal().with_status_200()),
            other => match other.crude_answer() {
                Some(answer) => return Ok(Bent::Instead(answer)),
                None => usual.push(other),
            },
        }
    }
    Ok(Bent::Usual(usual))
}

/// A call that is to be answered.
struct Call<'a> {
    state: &'a State,
    product: Product,
    switches: Switches,
    faults: Vec<ApiFault>,
}

type Envelope = Map<String, Value>;

impl Call<'_> {
    fn instances(&self, mut parameters: Parameters) -> Result<Envelope, ApiError> {
        let id = parameters.take("InstanceUuid");
        let name = parameters.take("InstanceName");
        let ip = parameters.take("IP");
        let tag = parameters.take("TagName");
        parameters.finish()?;
        let parts = self.switches.filters_match_parts;
        let fits = |given: &str, wanted: &Option<String>| match wanted {
            None => true,
            Some(wanted) if parts => given.contains(wanted),
            Some(wanted) => given == wanted,
        };
        let inventory = self.state.inventory.lock();
        let records = inventory
            .instances
            .iter()
            .filter(|(product, _)| *product == self.product)
            .map(|(_, instance)| instance)
            .filter(|instance| id.as_ref().is_none_or(|id| *id == instance.id))
            .filter(|instance| fits(&instance.name, &name) && fits(&instance.ip, &ip))
            .filter(|instance| tag.as_ref().is_none_or(|tag| instance.tags.contains(tag)))
            .map(|instance| record::instance(self.product, instance, &self.switches))
            .collect();
        Ok(self.list("Instances", records))
    }

    fn backups(&self, mut parameters: Parameters) -> Result<Envelope, ApiError> {
        let id = parameters.require("InstanceUuid")?;
        parameters.finish()?;
        let inventory = self.state.inventory.lock();
        let instance = inventory
            .instance(self.product, &id)
            .ok_or_else(|| ApiError::not_found("The instance does not exist."))?;
        can_back_up(instance)?;
        let mut found: Vec<&BackupSpec> = inventory
            .backups
            .iter()
            .filter(|backup| backup.instance_id == id)
            .collect();
        match self.switches.order {
            Order::NewestFirst => found.sort_by_key(|backup| std::cmp::Reverse(backup.start)),
            Order::OldestFirst => found.sort_by_key(|backup| backup.start),
            Order::AsAdded => {}
        }
        let records = found
            .into_iter()
            .map(|backup| record::backup(self.product, backup, &self.switches))
            .collect();
        Ok(self.list("Backups", records))
    }

    fn download(&self, mut parameters: Parameters) -> Result<Envelope, ApiError> {
        let instance = parameters.require("InstanceUuid")?;
        let id = parameters.require("BackupId")?;
        parameters.finish()?;
        let inventory = self.state.inventory.lock();
        let backup = inventory
            .instance(self.product, &instance)
            .and_then(|_| inventory.backup(&id))
            .filter(|backup| backup.instance_id == instance)
            .ok_or_else(|| ApiError::not_found("The backup does not exist."))?;
        if backup.status == BackupStatus::Running {
            return Err(ApiError::in_use("The backup is being made."));
        }
        let life = TimeDelta::from_std(self.switches.link_life).unwrap_or(TimeDelta::days(36_500));
        let link = |side, base: &str| {
            let ticket = Ticket {
                address: backup.address(),
                side,
                ends: self.state.clock.now() + life,
            };
            let tells_expiry = self.switches.link_tells_expiry;
            format!("{base}{}", self.state.links.issue(ticket, tells_expiry))
        };
        let links = [
            link(Side::Public, &self.state.files_url),
            link(Side::Intranet, &self.state.intranet_url),
        ];
        let mut data = record::download(self.product, backup, links, &self.switches);
        if self.faults.contains(&ApiFault::WrongJsonType) {
            data["BackupSize"] = json!(["large"]);
            data["BackupDownloadUrl"] = json!(["none"]);
        }
        let mut envelope = success("Success.");
        envelope.insert("Data".to_owned(), data);
        envelope.insert("TaskId".to_owned(), json!(""));
        Ok(envelope)
    }

    /// The envelope of a list. There are no pages.
    fn list(&self, name: &str, records: Vec<Value>) -> Envelope {
        let (mut records, total) = Page::ALL.cut(records, &self.faults);
        records.truncate(self.switches.list_cap.unwrap_or(usize::MAX));
        let data = if self.faults.contains(&ApiFault::WrongJsonType) {
            Some(json!("many"))
        } else if records.is_empty() {
            match self.switches.empty_list {
                EmptyList::List => Some(json!([])),
                EmptyList::Object => Some(json!({})),
                EmptyList::Null => Some(Value::Null),
                EmptyList::Absent => None,
            }
        } else {
            match self.switches.list_form {
                ListForm::List => Some(Value::Array(records)),
                ListForm::Object => {
                    Some(json!({ name: records, "PageNumber": 1, "PageSize": 1000 }))
                }
            }
        };
        let mut envelope = success("success");
        if let Some(data) = data {
            envelope.insert("Data".to_owned(), data);
        }
        if self.switches.total_in_lists {
            envelope.insert("TotalCount".to_owned(), json!(total));
        }
        if self.switches.task_id_in_lists {
            envelope.insert("TaskId".to_owned(), json!(""));
        }
        envelope
    }
}

/// The message differs from call to call, as it does on the vendor's pages.
fn success(message: &str) -> Envelope {
    Envelope::from_iter([
        ("Code".to_owned(), json!("Success")),
        ("Message".to_owned(), json!(message)),
    ])
}

fn can_back_up(instance: &InstanceSpec) -> Result<(), ApiError> {
    match instance.edition {
        Edition::Basic => Err(ApiError::unsupported("The basic edition has no backups.")),
        Edition::HighAvailability | Edition::Cluster => Ok(()),
    }
}

/// Documented calls that change something.
const CHANGES: [&str; 3] = ["CreateBackup", "DeleteBackup", "ModifyDbBackupPolicy"];
