//! The project look-up: every region has a project that carries its name.

use backhaul_provider_api::{Error, serde_json::Value};

use backhaul_provider_kit::body::Object;
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;

use crate::endpoint::Region;
use crate::options::ProjectId;

/// The path of the call; its filter is `name`.
pub(crate) const PATH: &str = "/v3/projects";

/// The look-up as errors tell of it.
pub(crate) fn call(region: &Region) -> Call {
    Call {
        name: "KeystoneListProjects",
        purpose: format!("look up the project of region {}", region.as_str()),
        permission: None,
    }
}

/// Chooses the one project that has the region's name.
pub(crate) fn choose(call: &Call, body: &Object, region: &Region) -> Result<ProjectId, Error> {
    let projects = body
        .get("projects")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `projects` is not a list"))?;
    let named: Vec<Record<'_>> = projects
        .iter()
        .filter_map(Record::of)
        // The filter is the vendor's; one that ignores it must not choose for us.
        .filter(|project| {
            project
                .text("name")
                .is_none_or(|name| name == region.as_str())
        })
        .filter(|project| project.flag("enabled") != Some(false))
        .collect();
    let region = region.as_str();
    match named.as_slice() {
        [] => Err(Error::permanent(format!(
            "the account has no enabled project for region {region}; check the account's `region`, or set the option `project_id`"
        ))),
        [project] => project
            .text("id")
            .and_then(|id| ProjectId::try_from(id.to_owned()).ok())
            .ok_or_else(|| call.malformed("the field `id` of a project is not an id")),
        several => Err(Error::permanent(format!(
            "region {region} has {} projects of that name; set the option `project_id` to the one that is meant",
            several.len()
        ))),
    }
    .map_err(|error| error.in_call(call.name))
}
