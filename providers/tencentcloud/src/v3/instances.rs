//! Lists of instances, which differ between products in names only.

use backhaul_provider_api::{
    Error, Host, Instance, InstancesPage, InstancesRequest, LogLevel, Window,
    serde_json::{Value, json},
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::{Record, without_links};
use backhaul_provider_kit::walk::{Position, Walks};

use super::client::{Client, PAGE};
use crate::times::Times;

/// The name of the walk in the session's memory; no instance id is empty.
const WALK: &str = "";

/// How a product lists its instances.
pub(crate) struct Catalogue {
    /// The permission of `DescribeDBInstances`.
    pub(crate) permission: &'static str,
    /// The field of the answer that holds the list.
    pub(crate) field: &'static str,
    /// The field of an entry that holds its id.
    pub(crate) id: &'static str,
    /// Reads an entry of that id in that region.
    pub(crate) read: fn(&Record<'_>, id: &str, region: &str, times: Times) -> Instance,
}

/// One page of the account's instances in the region.
pub(crate) fn page(
    client: &mut Client,
    host: &dyn Host,
    walks: &mut Walks,
    request: &InstancesRequest,
    catalogue: &Catalogue,
    times: Times,
) -> Result<InstancesPage, Error> {
    let region = client.region().to_owned();
    let call = Call {
        name: "DescribeDBInstances",
        purpose: format!("list the instances of region {region}"),
        permission: Some(catalogue.permission),
    };
    let position = Position::of(request.cursor.as_ref(), 1)?;
    let question = json!({"Limit": PAGE, "Offset": position.offset()});
    let page = client.page(host, &call, &question, catalogue.field)?;

    let id = |entry: &Value| {
        let id = Record::of(entry)?.text(catalogue.id)?.to_owned();
        Some(id)
    };
    let identities: Vec<String> = page
        .entries
        .iter()
        .map(|entry| id(entry).unwrap_or_else(|| without_links(entry).to_string()))
        .collect();
    let seen = walks.memory(WALK, request.cursor.as_ref());
    let mut turn = position.turn(seen, &identities, page.total, 1, PAGE);

    let mut instances = Vec::new();
    for (entry, fresh) in page.entries.iter().zip(turn.fresh.clone()) {
        if !fresh {
            continue;
        }
        match Record::of(entry).zip(id(entry)) {
            Some((record, id)) => instances.push((catalogue.read)(&record, &id, &region, times)),
            None => {
                let id = catalogue.id;
                let line = format!("an instance without the field `{id}` was passed over");
                host.log(LogLevel::Warn, &line);
                turn.doubt(format!(
                    "the vendor lists an instance without the field `{id}`"
                ));
            }
        }
    }
    if turn.is_last() {
        walks.forget(WALK);
    }
    let next = turn.next(instances.len(), Window::default())?;
    Ok(InstancesPage { instances, next })
}
