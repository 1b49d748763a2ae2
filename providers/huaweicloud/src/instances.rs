//! `GET /v3/{project_id}/instances`: the database instances of the project.

use backhaul_provider_api::{
    Error, Host, Instance, InstanceId, InstancesPage, InstancesRequest, LogLevel, Window,
    serde_json::Value,
};

use backhaul_provider_kit::body::Object;
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;
use backhaul_provider_kit::walk::{Position, Walks};

use crate::client::{Client, PAGE};
use crate::codes::Meaning;
use crate::time;

/// More filters than this cost more calls than the whole list of most accounts.
const FILTERS_MAX: usize = 8;

/// The name of the walk in the session's memory; no instance id is empty.
const WALK: &str = "";

/// A filter on the vendor's side. It may let through more than is wanted, never less.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Everything,
    Id(String),
    /// Instances whose name holds the text.
    NameHolds(String),
}

/// One page of the project's instances.
pub(crate) fn instances(
    client: &mut Client,
    host: &dyn Host,
    walks: &mut Walks,
    request: &InstancesRequest,
) -> Result<InstancesPage, Error> {
    let call = Call {
        name: "ListInstances",
        purpose: format!("list the instances of region {}", client.region().as_str()),
        permission: Some("rds:instance:list"),
    };
    let filters = filters(&request.wanted);
    let position = Position::of(request.cursor.as_ref(), filters.len())?;
    let filter = &filters[position.part];

    let project = client.project(host)?;
    let body = match client.get(host, &call, "instances", &filter.query(position.offset())) {
        // Asked for one instance, the vendor may say that it does not exist.
        Err(error) if matches!(filter, Filter::Id(_)) && is_missing(&error) => none(),
        body => body?,
    };
    let entries = body
        .get("instances")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `instances` is not a list"))?;

    let ids: Vec<String> = entries.iter().map(identity).collect();
    let total = body.get("total_count").and_then(Value::as_u64);
    let seen = walks.memory(WALK, request.cursor.as_ref());
    let mut turn = position.turn(seen, &ids, total, filters.len(), PAGE);

    let mut instances = Vec::new();
    let fresh = entries
        .iter()
        .zip(turn.fresh.clone())
        .filter(|(_, fresh)| *fresh);
    for (entry, _) in fresh {
        match read(entry, project.as_str(), client.region().as_str()) {
            Some(instance) => instances.push(instance),
            None => {
                host.log(
                    LogLevel::Warn,
                    "an instance without the field `id` was passed over",
                );
                turn.doubt("the vendor lists an instance without the field `id`");
            }
        }
    }
    if turn.is_last() {
        walks.forget(WALK);
    }
    let next = turn.next(instances.len(), Window::default())?;
    Ok(InstancesPage { instances, next })
}

/// What makes an entry of a list the same entry on the next page.
pub(crate) fn identity(entry: &Value) -> String {
    let id = Record::of(entry).and_then(|record| record.text("id").map(str::to_owned));
    id.unwrap_or_else(|| entry.to_string())
}

fn is_missing(error: &Error) -> bool {
    Meaning::of(0, error.code.as_deref(), "") == Meaning::InstanceMissing
}

/// The answer of a list without instances.
fn none() -> Object {
    Object::from_iter([("instances".to_owned(), Value::Array(Vec::new()))])
}

fn read(entry: &Value, project: &str, region: &str) -> Option<Instance> {
    let record = Record::of(entry)?;
    let datastore = record.inner("datastore");
    let of_datastore = |name| {
        datastore
            .as_ref()
            .and_then(|datastore| datastore.text(name))
    };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Some(Instance {
        id: InstanceId::new(record.text("id")?),
        name: record.text("name").unwrap_or_default().to_owned(),
        engine: owned(of_datastore("type")),
        engine_version: owned(of_datastore("complete_version").or(of_datastore("version"))),
        region: Some(record.text("region").unwrap_or(region).to_owned()),
        scope: Some(project.to_owned()),
        status: owned(record.text("status")),
        // Empty while the instance is being created.
        created_at: record.text("created").and_then(time::parse),
    })
}

impl Filter {
    fn query(&self, offset: u64) -> Vec<(&'static str, String)> {
        let mut query = vec![("limit", PAGE.to_string()), ("offset", offset.to_string())];
        match self {
            Self::Everything => {}
            Self::Id(id) => query.push(("id", id.clone())),
            // A leading star makes the match fuzzy.
            Self::NameHolds(text) => query.push(("name", format!("*{text}"))),
        }
        query
    }

    /// The filter for one id or pattern of the job, if there is one that surely loses nothing.
    fn of(wanted: &str) -> Option<Self> {
        if is_instance_id(wanted) {
            return Some(Self::Id(wanted.to_owned()));
        }
        let text = wanted.split(['*', '?']).max_by_key(|part| part.len())?;
        // A pattern is held against ids as well; one that an id could match is no filter for
        // names. Beyond plain ASCII the vendor's idea of equal letters may differ from ours.
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let in_ids = text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || b"inrbo".contains(&byte));
        (plain && !in_ids).then(|| Self::NameHolds(text.to_owned()))
    }
}

/// The filters that together let through all that is wanted.
fn filters(wanted: &[String]) -> Vec<Filter> {
    let filters: Option<Vec<Filter>> = wanted.iter().map(|wanted| Filter::of(wanted)).collect();
    match filters {
        Some(filters) if (1..=FILTERS_MAX).contains(&filters.len()) => filters,
        _ => vec![Filter::Everything],
    }
}

/// 32 hex digits, `in`, two digits for the engine.
pub(crate) fn is_instance_id(text: &str) -> bool {
    let Some((hex, rest)) = text.split_at_checked(32) else {
        return false;
    };
    let Some(engine) = rest.strip_prefix("in") else {
        return false;
    };
    hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        && engine.len() == 2
        && engine.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "a48e43ff268f4c0e879652d65e63d0fbin01";

    fn filters_of(wanted: &[&str]) -> Vec<Filter> {
        filters(
            &wanted
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn ids_and_names_that_cannot_be_ids_become_filters() {
        assert_eq!(
            filters_of(&[ID, "orders-*", "*-prod-?"]),
            [
                Filter::Id(ID.into()),
                Filter::NameHolds("orders-".into()),
                Filter::NameHolds("-prod-".into())
            ]
        );
    }

    #[test]
    fn a_pattern_that_could_match_an_id_means_everything() {
        for wanted in [
            &[][..],
            &["*"],
            &["a48e*"],
            &["*in01"],
            &["订单*"],
            &["orders-*", "?"],
            &["a b*"],
        ] {
            assert_eq!(filters_of(wanted), [Filter::Everything], "{wanted:?}");
        }
        assert_eq!(filters_of(&[ID; FILTERS_MAX + 1]), [Filter::Everything]);
    }

    #[test]
    fn an_instance_id_has_its_form() {
        assert!(is_instance_id(ID));
        for text in [
            "",
            "in01",
            "c0c9f155c7b7423a9d30f0175998b63bbr01",
            &ID[1..],
            "ä48e43ff268f4c0e879652d65e63d0fin01",
        ] {
            assert!(!is_instance_id(text), "{text}");
        }
    }
}
