//! `DescribeDBInstances`: the instances of the account, all in one answer.
//!
//! The call has filters, but whether they compare whole values or parts is not documented, so
//! none is used. No paging is documented either: a well-formed answer holds everything.

use std::collections::HashSet;

use backhaul_provider_api::{
    Completeness, Error, Host, Instance, InstanceId, InstancesPage, InstancesRequest, LogLevel,
    serde_json::Value,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;

use crate::clean::{identifier, line};
use crate::client::Client;
use crate::codes::Subject;
use crate::data::Entries;
use crate::shelf::Shelf;

/// Instances not yet handed on.
pub(crate) type Rest = Shelf<Instance>;

/// The name of the one listing on the shelf.
const LISTING: &str = "instances";

/// One page of the account's instances.
///
/// # Errors
/// Classified failures of the vendor.
pub(crate) fn instances(
    client: &mut Client,
    host: &dyn Host,
    rest: &mut Rest,
    request: &InstancesRequest,
) -> Result<InstancesPage, Error> {
    let (instances, next) = match &request.cursor {
        Some(cursor) => rest.resume(LISTING, cursor)?,
        None => {
            let (instances, end) = ask(client, host)?;
            rest.begin(LISTING, instances, end)
        }
    };
    Ok(InstancesPage { instances, next })
}

fn ask(client: &mut Client, host: &dyn Host) -> Result<(Vec<Instance>, Completeness), Error> {
    let call = Call {
        name: "DescribeDBInstances",
        purpose: format!("list the {} instances", client.product.engine()),
        permission: None,
    };
    let body = client.get(host, &call, Subject::Account, &[])?;
    let Entries { list, mut doubt } = Entries::of(&body, "InstanceUuid", &call)?;
    let mut instances: Vec<Instance> = Vec::new();
    for entry in list {
        let Some(instance) = read(entry, client) else {
            let line = "the vendor lists an instance without a usable `InstanceUuid`";
            host.log(LogLevel::Warn, line);
            doubt.get_or_insert(line.to_owned());
            continue;
        };
        let elsewhere = match (client.region(), &instance.region) {
            (Some(wanted), Some(region)) => wanted != region,
            _ => false,
        };
        if !elsewhere {
            instances.push(instance);
        }
    }
    let mut known = HashSet::new();
    instances.retain(|instance| known.insert(instance.id.as_str().to_owned()));
    let count = instances.len() as u64;
    let end = match doubt {
        Some(reason) => Completeness::incomplete(count, reason),
        None => Completeness::complete(count),
    };
    Ok((instances, end))
}

fn read(entry: &Value, client: &Client) -> Option<Instance> {
    let record = Record::of(entry)?;
    let text = |name| record.text(name).map(line);
    Some(Instance {
        id: InstanceId::new(identifier(&record, "InstanceUuid")?),
        name: text("InstanceName").unwrap_or_default(),
        engine: Some(client.product.engine().to_owned()),
        engine_version: text("Version"),
        region: text("RegionId"),
        // No call tells the account's id.
        scope: None,
        status: text("Status"),
        created_at: record
            .text("CreatedTime")
            .and_then(|text| client.options.zone().parse(text)),
    })
}
