//! `DescribeDBInstances`: the instances of PostgreSQL.

use backhaul_provider_api::{Instance, InstanceId};
use backhaul_provider_kit::record::Record;

use crate::times::Times;
use crate::v3::instances::Catalogue;

pub(super) const CATALOGUE: Catalogue = Catalogue {
    permission: "postgres:DescribeDBInstances",
    field: "DBInstanceSet",
    id: "DBInstanceId",
    read,
};

fn read(record: &Record<'_>, id: &str, region: &str, times: Times) -> Instance {
    let owned = |field| record.text(field).map(str::to_owned);
    Instance {
        id: InstanceId::new(id),
        name: owned("DBInstanceName").unwrap_or_default(),
        engine: Some(match record.text("DBEngine") {
            None | Some("postgresql") => "PostgreSQL".to_owned(),
            Some(other) => other.to_owned(),
        }),
        engine_version: owned("DBVersion").or_else(|| owned("DBMajorVersion")),
        region: owned("Region").or_else(|| Some(region.to_owned())),
        // A number in every version of the API; zero would say nothing.
        scope: record
            .text_or_number("AppId")
            .filter(|id| !id.trim_start_matches('0').is_empty()),
        status: owned("DBInstanceStatus"),
        created_at: record
            .text("CreateTime")
            .and_then(|text| times.zone.parse(text)),
    }
}
