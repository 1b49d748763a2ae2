//! `DescribeDBInstances`: the instances of MySQL, primary, for disaster recovery and read-only.

use backhaul_provider_api::{Instance, InstanceId};
use backhaul_provider_kit::record::Record;

use crate::times::Times;
use crate::v3::instances::Catalogue;

pub(super) const CATALOGUE: Catalogue = Catalogue {
    permission: "cdb:DescribeDBInstances",
    field: "Items",
    id: "InstanceId",
    read,
};

fn read(record: &Record<'_>, id: &str, region: &str, times: Times) -> Instance {
    let owned = |field| record.text(field).map(str::to_owned);
    Instance {
        id: InstanceId::new(id),
        name: owned("InstanceName").unwrap_or_default(),
        engine: Some("MySQL".to_owned()),
        engine_version: owned("EngineVersion"),
        region: owned("Region").or_else(|| Some(region.to_owned())),
        // The account is not told, and an instance may move to another project.
        scope: None,
        status: record.number("Status").map(status),
        created_at: record
            .text("CreateTime")
            .and_then(|text| times.zone.parse(text)),
    }
}

fn status(number: u64) -> String {
    match number {
        0 => "creating".to_owned(),
        1 => "running".to_owned(),
        4 => "isolating".to_owned(),
        5 => "isolated".to_owned(),
        other => other.to_string(),
    }
}
