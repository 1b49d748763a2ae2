//! `Filters` of the lists of PostgreSQL: all must hold, each for one of its values.

use super::super::api_error::ApiError;
use super::super::inventory::InstanceSpec;
use super::super::parameters::Parameters;

/// One filter.
#[derive(Debug)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// One of these.
    pub values: Vec<String>,
}

/// Names in the list of instances.
pub const OF_INSTANCES: [&str; 8] = [
    "db-instance-id",
    "db-instance-name",
    "db-project-id",
    "db-pay-mode",
    "db-tag-key",
    "db-private-ip",
    "db-public-address",
    "db-dedicated-cluster-id",
];

/// Names in the list of base backups.
pub const OF_BASE_BACKUPS: [&str; 5] = [
    "db-instance-id",
    "db-instance-name",
    "db-instance-ip",
    "db-instance-status",
    "base-backup-id",
];

/// Names in the list of log backups.
pub const OF_LOG_BACKUPS: [&str; 4] = [
    "db-instance-id",
    "db-instance-name",
    "db-instance-ip",
    "db-instance-status",
];

impl Filter {
    /// Reads the filters of a call.
    ///
    /// # Errors
    /// When one is malformed or has a name that the list does not know.
    pub fn take(parameters: &mut Parameters, names: &[&str]) -> Result<Vec<Self>, ApiError> {
        let mut filters = Vec::new();
        for mut fields in parameters.objects("Filters")? {
            let name = fields.required_text("Name")?;
            let values = fields.texts("Values")?.unwrap_or_default();
            fields.finish()?;
            if !names.contains(&name.as_str()) {
                return Err(super::invalid("Filters"));
            }
            filters.push(Self { name, values });
        }
        Ok(filters)
    }

    /// Whether it holds for an instance, which is untagged, has no public address, and is paid by use.
    pub fn admits(&self, instance: &InstanceSpec) -> bool {
        self.values.iter().any(|value| match self.name.as_str() {
            "db-instance-id" => *value == instance.id,
            "db-instance-name" => instance.name.contains(value),
            "db-instance-ip" | "db-private-ip" => *value == instance.private_ip(),
            "db-instance-status" => *value == super::record::status(instance),
            "db-project-id" => value == "0",
            "db-pay-mode" => value == "postpaid",
            _ => false,
        })
    }
}
