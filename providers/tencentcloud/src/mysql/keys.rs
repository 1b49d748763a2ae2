//! `DescribeBackupDecryptionKey`: the key of an encrypted data backup.

use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{Error, Host, KeyMaterial, Kind, Secret, SecretsRequest};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;

use crate::v3::answer;
use crate::v3::client::Client;

/// The vendor names no cipher and no layout of the file.
const CIPHER: &str = "not told by the vendor";

/// The key of a backup; none for what is not encrypted.
pub(super) fn secrets(
    client: &mut Client,
    host: &dyn Host,
    request: &SecretsRequest,
) -> Result<Vec<KeyMaterial>, Error> {
    let backup = &request.backup;
    if backup.encryption.is_none() || backup.kind != Kind::Full {
        return Ok(Vec::new());
    }
    let call = Call {
        name: "DescribeBackupDecryptionKey",
        purpose: format!("get the key of backup {}", backup.key),
        permission: Some("cdb:DescribeBackupDecryptionKey"),
    };
    let id: u64 = backup.key.as_str().parse().map_err(|_| {
        Error::permanent(format!(
            "cannot {}: its id is not a number, as those of data backups are",
            call.purpose
        ))
    })?;
    let question = json!({"InstanceId": request.instance.id.as_str(), "BackupId": id});
    let answer = Value::Object(client.ask(host, &call, &question)?);
    let key = Record::of(&answer)
        .and_then(|record| record.text("DecryptionKey"))
        .ok_or_else(|| answer::malformed(&call, &answer, "the field `DecryptionKey` is missing"))?;
    Ok(vec![KeyMaterial {
        cipher: CIPHER.to_owned(),
        key: Secret::new(key),
        iv: None,
    }])
}
