//! The list of instances of MySQL.

use super::super::api::{Call, Content};
use super::super::inventory::InstanceSpec;
use super::super::parameters::Parameters;
use super::{invalid, page, record};

/// `DescribeDBInstances`. Unlike API 2.0 it shows read-only instances too.
pub fn list(call: &Call<'_>, mut parameters: Parameters) -> Content {
    parameters.refuse(&NOT_EMULATED)?;
    let page = page(&mut parameters, LIMIT_MAX)?;
    let wanted = Wanted {
        ids: parameters.texts("InstanceIds")?,
        names: parameters.texts("InstanceNames")?,
        types: parameters.integers("InstanceTypes")?,
        status: parameters.integers("Status")?,
        versions: parameters.texts("EngineVersions")?,
    };
    let order = parameters.text("OrderBy")?;
    let ascending = match parameters.text("OrderDirection")?.as_deref() {
        None | Some("DESC") => false,
        Some("ASC") => true,
        Some(_) => return Err(invalid("OrderDirection")),
    };
    parameters.finish()?;
    let inventory = call.state.inventory.lock();
    let mut found = inventory
        .mysql
        .iter()
        .filter(|instance| wanted.admits(instance))
        .collect::<Vec<_>>();
    match order.as_deref() {
        Some("instanceId") => found.sort_by_key(|instance| &instance.id),
        Some("instanceName") => found.sort_by_key(|instance| &instance.name),
        None | Some("createTime") => found.sort_by_key(|instance| instance.created),
        // None of these instances has an end; so the order stays.
        Some("deadlineTime") => {}
        Some(_) => return Err(invalid("OrderBy")),
    }
    if !ascending {
        found.reverse();
    }
    let (shown, total) = page.cut(found, &call.faults);
    let zone = call.switches.zone();
    let records = shown
        .into_iter()
        .map(|instance| record::instance(instance, &call.state.identity.region, zone))
        .collect();
    Ok(call.list("Items", records, total))
}

/// What is asked for; nothing: any.
struct Wanted {
    ids: Option<Vec<String>>,
    names: Option<Vec<String>>,
    types: Option<Vec<i64>>,
    status: Option<Vec<i64>>,
    versions: Option<Vec<String>>,
}

impl Wanted {
    fn admits(&self, instance: &InstanceSpec) -> bool {
        fn among<T: PartialEq>(list: Option<&Vec<T>>, value: &T) -> bool {
            list.is_none_or(|list| list.contains(value))
        }
        among(self.ids.as_ref(), &instance.id)
            && among(self.names.as_ref(), &instance.name)
            && among(self.types.as_ref(), &instance.role.mysql_number())
            && among(self.status.as_ref(), &instance.status.mysql_number())
            && among(self.versions.as_ref(), &instance.version)
    }
}

/// 2000 in the table, 100 in the prose of the same page.
const LIMIT_MAX: usize = 2000;

/// Documented fields that would change the list in ways that nobody here needs.
const NOT_EMULATED: [&str; 27] = [
    "ProjectId",
    "Vips",
    "SecurityGroupId",
    "PayTypes",
    "TaskStatus",
    "VpcIds",
    "ZoneIds",
    "SubnetIds",
    "CdbErrors",
    "WithSecurityGroup",
    "WithExCluster",
    "ExClusterId",
    "InitFlag",
    "WithDr",
    "WithRo",
    "WithMaster",
    "DeployGroupIds",
    "TagKeysForSearch",
    "CageIds",
    "TagValues",
    "UniqueVpcIds",
    "UniqSubnetIds",
    "Tags",
    "ProxyVips",
    "ProxyIds",
    "EngineTypes",
    "QueryClusterInfo",
];
