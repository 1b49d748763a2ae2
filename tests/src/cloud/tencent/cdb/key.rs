//! `DescribeBackupDecryptionKey`: the key of an encrypted backup.

use serde_json::{Map, json};

use super::super::api::{Call, Content};
use super::super::api_error::ApiError;
use super::super::inventory::MysqlKind;
use super::super::parameters::Parameters;
use super::{invalid, missing_instance};

/// The action.
pub fn describe(call: &Call<'_>, mut parameters: Parameters) -> Content {
    let instance_id = parameters.required_text("InstanceId")?;
    let id = parameters
        .integer("BackupId")?
        .ok_or_else(|| ApiError::new("MissingParameter", "The parameter BackupId is missing."))?;
    let kind = match parameters.text("BackupType")?.as_deref() {
        None | Some("data") => MysqlKind::Data,
        Some("binlog") => MysqlKind::Binlog,
        Some(_) => return Err(invalid("BackupType")),
    };
    parameters.finish()?;
    let inventory = call.state.inventory.lock();
    if inventory.mysql_instance(&instance_id).is_none() {
        return Err(missing_instance(call));
    }
    let id = id.to_string();
    inventory
        .mysql_backups
        .iter()
        .find(|backup| backup.kind == kind && backup.id == id)
        .filter(|backup| backup.instance_id == instance_id)
        .and_then(|backup| backup.decryption_key())
        .map(|key| Map::from_iter([("DecryptionKey".to_owned(), json!(key))]))
        .ok_or_else(|| {
            ApiError::new(
                "InternalError.DBRecordNotExistError",
                "There is no key of such a backup.",
            )
        })
}
