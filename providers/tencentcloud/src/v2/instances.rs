//! `DescribeCdbInstances`: the primary and disaster recovery instances of the account's region.

use backhaul_provider_api::{
    Error, Host, Instance, InstanceId, InstancesPage, InstancesRequest, LogLevel, Window,
    serde_json::Value,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;
use backhaul_provider_kit::walk::Position;

use super::Session;
use super::links::readable;

/// The call.
pub(super) const INSTANCES: &str = "DescribeCdbInstances";

/// The vendor's greatest page.
const PAGE: u64 = 100;

/// The name of the walk in the session's memory.
const WALK: &str = "";

/// Every status that the call can filter by. Without them it lists running instances only, and
/// one that is isolated for want of payment would look as if it were gone.
const STATUSES: [(&str, &str); 4] = [
    ("status.0", "0"),
    ("status.1", "1"),
    ("status.2", "4"),
    ("status.3", "5"),
];

/// One page of the region's instances.
pub(super) fn instances(
    session: &mut Session,
    host: &dyn Host,
    request: &InstancesRequest,
) -> Result<InstancesPage, Error> {
    let region = session.client.region().clone();
    let call = Call {
        name: INSTANCES,
        purpose: format!("list the instances of region {}", region.as_str()),
        permission: Some(INSTANCES),
    };
    let position = Position::of(request.cursor.as_ref(), 1)?;
    let mut own = vec![
        ("limit", PAGE.to_string()),
        ("offset", position.offset().to_string()),
    ];
    own.extend(STATUSES.map(|(name, value)| (name, value.to_owned())));
    let body = session.client.ask(host, &call, &own)?;
    let entries = body
        .get("cdbInstanceSet")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `cdbInstanceSet` is not a list"))?;

    let ids: Vec<String> = entries.iter().map(identity).collect();
    let total = body.get("totalCount").and_then(|total| {
        let text = || total.as_str()?.trim().parse().ok();
        total.as_u64().or_else(text)
    });
    let seen = session.walks.memory(WALK, request.cursor.as_ref());
    let mut turn = position.turn(seen, &ids, total, 1, PAGE);

    let mut instances = Vec::new();
    for (entry, fresh) in entries.iter().zip(turn.fresh.clone()) {
        if !fresh {
            continue;
        }
        match read(entry, region.long(), session) {
            Some(instance) => instances.push(instance),
            None => {
                host.log(
                    LogLevel::Warn,
                    "an instance without the field `uInstanceId` was passed over",
                );
                turn.doubt("the vendor lists an instance without the field `uInstanceId`");
            }
        }
    }
    if turn.is_last() {
        session.walks.forget(WALK);
    }
    let next = turn.next(instances.len(), Window::default())?;
    Ok(InstancesPage { instances, next })
}

/// What makes an entry the same entry on the next page.
fn identity(entry: &Value) -> String {
    let id = Record::of(entry).and_then(|record| record.text("uInstanceId").map(str::to_owned));
    id.unwrap_or_else(|| entry.to_string())
}

fn read(entry: &Value, region: &str, session: &Session) -> Option<Instance> {
    let record = Record::of(entry)?;
    let zone = session.options.times().zone;
    Some(Instance {
        id: InstanceId::new(record.text("uInstanceId")?),
        name: readable(record.text("cdbInstanceName").unwrap_or_default()),
        engine: Some("MySQL".to_owned()),
        engine_version: record.text_or_number("engineVersion"),
        region: Some(region.to_owned()),
        // No answer tells the account.
        scope: None,
        status: record.text_or_number("status").map(status),
        created_at: record
            .text("cdbInstanceCreateTime")
            .and_then(|time| zone.parse(time)),
    })
}

/// The vendor's word for a status.
fn status(number: String) -> String {
    match number.as_str() {
        "0" => "creating".to_owned(),
        "1" => "running".to_owned(),
        "4" => "deleting".to_owned(),
        "5" => "isolated".to_owned(),
        "101" => "locked".to_owned(),
        _ => number,
    }
}
