//! `DescribeBackupDownloadURL`: a fresh link to the one file of a backup.

use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Backup, Error, ErrorClass, File, FileId, Host, ResolveRequest, ResolvedPage, Window,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;

use super::backups::Backups;
use super::options::Options;
use crate::cos;
use crate::v3::answer;
use crate::v3::client::Client;
use crate::v3::listing::List;

/// The one file of every backup.
const FILE: &str = "backup";

/// The file of a backup. The link works inside and outside the vendor's network alike, unless a
/// restriction says otherwise; there is none of its own for the intranet.
pub(super) fn resolve(
    client: &mut Client,
    host: &dyn Host,
    request: &ResolveRequest,
    options: &Options,
) -> Result<ResolvedPage, Error> {
    let backup = &request.backup;
    let call = Call {
        name: "DescribeBackupDownloadURL",
        purpose: format!("get the link of backup {}", backup.key),
        permission: Some("postgres:DescribeBackupDownloadURL"),
    };
    let Some(list) = Backups::of(backup.kind) else {
        return Err(Error::unsupported(format!(
            "cannot {}: PostgreSQL at this vendor has no backups of kind {}",
            call.purpose, backup.kind
        )));
    };
    let mut question = json!({
        "DBInstanceId": request.instance.id.as_str(),
        "BackupType": list.backup_type(),
        "BackupId": backup.key.as_str(),
    });
    if let Some(hours) = options.link_hours(request.lifetime) {
        question["URLExpireTime"] = json!(hours);
    }
    if let Some(restriction) = &options.download_restriction {
        question["BackupDownloadRestriction"] = restriction.to_value();
    }
    let answer = match client.ask(host, &call, &question) {
        Err(error) => return Err(explained(client, host, request, list, options, error)),
        Ok(answer) => Value::Object(answer),
    };
    let url = Record::of(&answer)
        .and_then(|record| record.text("BackupDownloadURL"))
        .filter(|url| cos::is_url(url))
        .ok_or_else(|| {
            answer::malformed(&call, &answer, "the field `BackupDownloadURL` is no URL")
        })?;
    Ok(ResolvedPage::last(vec![File {
        id: FileId::new(FILE),
        name: name(backup, url),
        size: backup.size,
        checksums: Vec::new(),
        database: None,
        link: cos::link(url),
    }]))
}

/// The backup's name, else that of the object.
fn name(backup: &Backup, url: &str) -> String {
    if !backup.name.is_empty() {
        return backup.name.clone();
    }
    let object = url.split(['?', '#']).next().unwrap_or_default();
    let last = object.rsplit('/').next().unwrap_or_default();
    if last.is_empty() {
        FILE.to_owned()
    } else {
        last.to_owned()
    }
}

/// What the vendor answers for a backup that it has dropped is not documented; its list knows.
fn explained(
    client: &mut Client,
    host: &dyn Host,
    request: &ResolveRequest,
    list: Backups,
    options: &Options,
    mut error: Error,
) -> Error {
    let code = error.code.as_deref().unwrap_or_default();
    let missing = code.starts_with("ResourceNotFound")
        || (code.starts_with("InvalidParameterValue")
            && is_listed(client, host, request, list, options) == Some(false));
    if missing {
        error.class = ErrorClass::Gone;
    }
    error
}

/// Whether the vendor still lists the backup, if it can be told.
fn is_listed(
    client: &mut Client,
    host: &dyn Host,
    request: &ResolveRequest,
    list: Backups,
    options: &Options,
) -> Option<bool> {
    let instance = request.instance.id.as_str();
    let finished = request.backup.finished_at?;
    let times = options.times();
    let mut question = list.question(instance, 0, Window::default(), times);
    let around = [-1, 1].map(|minutes| times.zone.format(finished + Duration::minutes(minutes)));
    let [from, until] = around;
    question["MinFinishTime"] = json!(from);
    question["MaxFinishTime"] = json!(until);
    let page = client
        .page(host, &list.call(instance), &question, list.field())
        .ok()?;
    let found = page.entries.iter().any(|entry| {
        Record::of(entry)
            .and_then(|record| list.key(&record))
            .as_deref()
            == Some(request.backup.key.as_str())
    });
    // A page that is not all there is proves no absence.
    let whole = page
        .total
        .is_none_or(|total| total == page.entries.len() as u64);
    (found || whole).then_some(found)
}
