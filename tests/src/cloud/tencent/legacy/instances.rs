//! The list of instances of API 2.0.

use serde_json::{Map, Value, json};

use super::super::inventory::{InstanceRole, InstanceSpec, InstanceStatus};
use super::super::time::{UNSET, Zone};
use super::form::Form;
use super::reply::LegacyError;
use super::{Call, Content, region};
use crate::cloud::page::Page;

/// `DescribeCdbInstances`: running instances unless told otherwise, and never read-only ones.
pub fn list(call: &Call<'_>, mut form: Form) -> Content {
    let ids = form.list("cdbInstanceIds");
    let addresses = form.list("cdbInstanceVips");
    let project = form.take("projectId");
    let status = form.list("status").unwrap_or_else(|| vec!["1".to_owned()]);
    let offset = form.number("offset")?.unwrap_or(0);
    let limit = form.number("limit")?.unwrap_or(DEFAULT_LIMIT);
    form.finish()?;
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(LegacyError::invalid("limit is out of range."));
    }
    if status
        .iter()
        .any(|status| !STATUS.contains(&status.as_str()))
    {
        return Err(LegacyError::invalid("status is unknown."));
    }
    let among = |list: &Option<Vec<String>>, value: &String| {
        list.as_ref().is_none_or(|list| list.contains(value))
    };
    let inventory = call.state.inventory.lock();
    let found = inventory
        .mysql
        .iter()
        .filter(|_| call.in_region && project.as_deref().is_none_or(|project| project == "0"))
        .filter(|instance| instance.role != InstanceRole::ReadOnly)
        .filter(|instance| among(&ids, &instance.id))
        .filter(|instance| among(&addresses, &instance.private_ip()))
        .filter(|instance| status.contains(&instance.status.mysql_number().to_string()))
        .collect::<Vec<_>>();
    let (shown, total) = Page { offset, limit }.cut(found, &call.faults);
    let zone = call.switches.zone();
    let records = shown
        .into_iter()
        .map(|instance| {
            record(
                instance,
                &inventory.mysql,
                &call.state.identity.region,
                zone,
            )
        })
        .collect();
    let total = call.switches.legacy.numbers.json(total as u64);
    Ok(Map::from_iter([
        ("totalCount".to_owned(), total),
        ("cdbInstanceSet".to_owned(), Value::Array(records)),
    ]))
}

fn record(instance: &InstanceSpec, all: &[InstanceSpec], region: &str, zone: Zone) -> Value {
    // Always the short notation.
    let region = region::short(region).unwrap_or(region);
    let relative = |other: &InstanceSpec| {
        json!({
            "region": region,
            "zoneId": 100_003,
            "uInstanceId": other.id,
            "status": other.status.mysql_number(),
        })
    };
    let followers = |role| {
        let following = all.iter().filter(|other| other.follows(&instance.id, role));
        following.map(relative).collect::<Vec<_>>()
    };
    let primary = all
        .iter()
        .find(|other| Some(&other.id) == instance.primary_id.as_ref());
    let mut recovery = followers(InstanceRole::DisasterRecovery);
    for follower in &mut recovery {
        follower["syncStatus"] = json!(2);
    }
    let mut record = json!({
        "uInstanceId": instance.id,
        "initFlag": 1,
        "cdbInstanceType": instance.role.mysql_number(),
        "storageSize": 100,
        "maxQueryCount": 2400,
        "cdbInstanceName": instance.name,
        "cdbInstanceVip": instance.private_ip(),
        "cdbInstanceVport": 3306,
        "cdbWanStatus": 0,
        "cdbWanDomain": "",
        "cdbWanPort": 0,
        "status": instance.status.mysql_number(),
        "taskStatus": 0,
        "engineVersion": instance.version,
        "cdbInstanceCreateTime": zone.text(instance.created),
        "cdbInstanceDeadlineTime": UNSET,
        "cdbTypeSet": "",
        "cdbType": "CUSTOM",
        "memory": 4000,
        "volume": 100,
        "autoRenew": 0,
        "zoneId": 100_003,
        "vpcId": 0,
        "subnetId": 0,
        "projectId": 0,
        "payType": 1,
        "masterInfo": primary.map(|primary| [relative(primary)]),
        "roInfo": followers(InstanceRole::ReadOnly),
        "drInfo": recovery,
    });
    if instance.status != InstanceStatus::Creating {
        // The old id, which is deprecated.
        record["cdbInstanceId"] = json!("6eb2d2ee-0a3c-4d2a-8d5d-3d5b7e1e0001");
    }
    record
}

const DEFAULT_LIMIT: usize = 20;
const LIMIT_MAX: usize = 100;
/// Values of the filter; an instance may have others.
const STATUS: [&str; 4] = ["0", "1", "4", "5"];
