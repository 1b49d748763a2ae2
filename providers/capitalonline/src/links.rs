//! `DownloadBackup`: the one file of a backup with a fresh link to it.

use backhaul_provider_api::{
    Error, ErrorClass, ExpiryLimits, File, FileId, Host, Link, Network, ResolveRequest,
    ResolvedPage, State,
};
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::percent;
use backhaul_provider_kit::record::{self, Record};

use crate::backups;
use crate::clean::line;
use crate::client::Client;
use crate::codes::Subject;
use crate::data;
use crate::expiry::expiry;

/// The id of the one file of every backup.
const FILE: &str = "backup";

/// The file of a backup; there is only one page.
///
/// # Errors
/// Classified failures of the vendor.
pub(crate) fn resolve(
    client: &mut Client,
    host: &dyn Host,
    request: &ResolveRequest,
) -> Result<ResolvedPage, Error> {
    let backup = request.backup.key.as_str();
    let call = Call {
        name: "DownloadBackup",
        purpose: format!("get the link of backup {backup}"),
        permission: None,
    };
    let own = [
        ("InstanceUuid", request.instance.id.as_str()),
        ("BackupId", backup),
    ];
    let body = client.get(host, &call, Subject::Backup, &own)?;
    let record = data::object(&body, &call)?;
    // Missing from the samples of MySQL, present in those of Redis.
    if record
        .text_or_number("BackupId")
        .is_some_and(|id| id != backup)
    {
        return Err(call.malformed("the field `BackupId` names another backup"));
    }
    if let Some(class) = refusal(&record) {
        return Err(Error::new(
            class,
            format!(
                "cannot {}: the field `Status` says that it is not finished",
                call.purpose
            ),
        )
        .in_call(call.name));
    }
    let (field, url) = chosen(&record, request.network, &call)?;
    let is_url = ["https://", "http://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !is_url || url.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(call.malformed(&format!("the field `{field}` is no URL")));
    }
    let link = Link {
        expires_at: expiry(url),
        // That a transfer may run on beyond the expiry is not documented.
        expiry_limits: ExpiryLimits::Transfer,
        ..Link::new(url)
    };
    Ok(ResolvedPage::last(vec![File {
        id: FileId::new(FILE),
        name: name(url, &record, backup),
        size: backups::size(&record, &client.options).or(request.backup.size),
        checksums: Vec::new(),
        database: None,
        link,
    }]))
}

/// Why a link is not to be followed though there may be one.
fn refusal(record: &Record<'_>) -> Option<ErrorClass> {
    match backups::state(record.text("Status")?) {
        State::Running => Some(ErrorClass::NotReady { after: None }),
        State::Failed => Some(ErrorClass::Permanent),
        State::Deleting | State::Expired => Some(ErrorClass::Gone),
        _ => None,
    }
}

/// The field of the wanted network, and the URL in it.
fn chosen<'a>(
    record: &Record<'a>,
    network: Network,
    call: &Call,
) -> Result<(&'static str, &'a str), Error> {
    const PUBLIC: &str = "BackupDownloadUrl";
    const INTRANET: &str = "BackupIntranetDownloadUrl";
    let fields: &[&'static str] = match network {
        Network::Public => &[PUBLIC],
        Network::Intranet => &[INTRANET],
        Network::Auto => &[INTRANET, PUBLIC],
    };
    fields
        .iter()
        .find_map(|field| Some((*field, record.text(field)?)))
        .ok_or_else(|| {
            Error::unsupported(format!(
                "cannot {}: the vendor gives no `{}`; perhaps the job's `network` should be another",
                call.purpose,
                fields.join("` and no `")
            ))
            .in_call(call.name)
        })
}

/// The last part of the URL's path, after the shard where there are several; the vendor documents
/// no name.
fn name(url: &str, record: &Record<'_>, backup: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let after_host = path.splitn(4, '/').nth(3).unwrap_or_default();
    let last = after_host.rsplit('/').next().unwrap_or_default();
    let name = match line(&percent::decode(last)) {
        name if name.is_empty() => backup.to_owned(),
        name => name,
    };
    let shard = record.text_or_number("ShardId");
    match shard.map(|shard| line(&record::beginning(&shard))) {
        Some(shard) if !name.contains(&shard) => format!("{shard}_{name}"),
        _ => name,
    }
}
