//! `GET /v3/{project_id}/backup-files`: the files of a backup with a fresh link to each.

use std::collections::BTreeMap;

use backhaul_provider_api::{
    ChecksumAlgorithm, ETagMeaning, Error, ErrorClass, ExpiryLimits, File, FileId, Host, Link,
    Network, Ranges, ResolveRequest, ResolvedPage, Secret, SizeHint, Timestamp, chrono::DateTime,
    serde_json::Value,
};

use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::percent;
use backhaul_provider_kit::record::Record;

use crate::client::Client;
use crate::time;

/// Two of the vendor's SDKs disagree about the header's name.
const CRC64_HEADERS: [&str; 2] = ["x-obs-hash-crc64ecma", "x-obs-checksum-crc64ecma"];

/// The expiry's field. The table of the page of 2018 has the second name, every sample and every
/// later page the first.
const EXPIRY_FIELDS: [&str; 2] = ["link_expired_time", "link_expired_link"];

/// Trove's name for a backup that does not exist.
const ITEM_NOT_FOUND: &str = "itemNotFound";

/// The files of a backup; there is only one page.
pub(crate) fn resolve(
    client: &mut Client,
    host: &dyn Host,
    request: &ResolveRequest,
) -> Result<ResolvedPage, Error> {
    let backup = request.backup.key.as_str();
    let call = Call {
        name: "ShowBackupDownloadLink",
        purpose: format!("get the links of backup {backup}"),
        permission: Some("rds:backup:download"),
    };
    if request.network == Network::Intranet {
        return Err(Error::unsupported(
            "RDS gives one link per file, on its public address, and none for the intranet; set the job's `network` to public or auto",
        ));
    }
    let query = [("backup_id", backup.to_owned())];
    let body = client
        .get(host, &call, "backup-files", &query)
        .map_err(|mut error| {
            if error.code.as_deref() == Some(ITEM_NOT_FOUND) {
                error.class = ErrorClass::Gone;
            }
            error
        })?;
    let entries = body
        .get("files")
        .and_then(Value::as_array)
        .ok_or_else(|| call.malformed("the field `files` is not a list"))?;
    if entries.is_empty() {
        return Err(Error::unsupported(format!(
            "cannot {}: the vendor names no file; perhaps it does not hand out backups of this kind and engine",
            call.purpose
        ))
        .in_call(call.name));
    }
    let files = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| Draft::read(entry, index, &call, backup))
        .collect::<Result<Vec<Draft>, Error>>()?;
    Ok(ResolvedPage::last(identified(files)))
}

/// A file that has no id yet.
struct Draft {
    name: String,
    size: Option<SizeHint>,
    database: Option<String>,
    link: Link,
}

impl Draft {
    /// Reads one entry. A set of files with one missing is no backup, so one bad entry is an
    /// error of all.
    fn read(entry: &Value, index: usize, call: &Call, backup: &str) -> Result<Self, Error> {
        let place = index + 1;
        let record = Record::of(entry)
            .ok_or_else(|| call.malformed(&format!("entry {place} of `files` is not an object")))?;
        let url = record.text("download_link").ok_or_else(|| {
            Error::unsupported(format!(
                "cannot {}: the vendor gives no `download_link` for file {place}",
                call.purpose
            ))
            .in_call(call.name)
        })?;
        let is_url = ["https://", "http://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !is_url || url.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(call.malformed(&format!("the `download_link` of file {place} is no URL")));
        }
        let stated = EXPIRY_FIELDS
            .iter()
            .find_map(|field| time::parse(record.text(field)?));
        let link = Link {
            expires_at: stated.or_else(|| expiry_in(url)),
            // That a transfer may run on beyond the expiry is not documented.
            expiry_limits: ExpiryLimits::Transfer,
            ranges: Ranges::Yes,
            etag: ETagMeaning::Md5WhenPlain,
            checksum_headers: CRC64_HEADERS
                .map(|name| (name.to_owned(), ChecksumAlgorithm::Crc64Xz))
                .to_vec(),
            ..Link::new(url)
        };
        Ok(Self {
            name: record.text("name").unwrap_or(backup).to_owned(),
            size: record
                .number("size")
                .filter(|kb| *kb > 0)
                .map(SizeHint::kilobytes),
            database: record.text("database_name").map(str::to_owned),
            link,
        })
    }

    /// The object that the link leads to, without what changes from link to link.
    fn object(&self) -> &str {
        object(&self.link.url)
    }
}

/// Gives every file an id that the next resolve will give it again: its name; where names repeat,
/// with the database; where these repeat too, with a number in the order of the objects' paths.
fn identified(drafts: Vec<Draft>) -> Vec<File> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for draft in &drafts {
        *names.entry(&draft.name).or_default() += 1;
    }
    let bases: Vec<String> = drafts
        .iter()
        .map(|draft| match &draft.database {
            Some(database) if names[draft.name.as_str()] > 1 => {
                format!("{}/{database}", draft.name)
            }
            _ => draft.name.clone(),
        })
        .collect();
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, base) in bases.iter().enumerate() {
        groups.entry(base).or_default().push(index);
    }
    let mut ids = bases.clone();
    for (base, mut members) in groups {
        members.sort_by_key(|index| drafts[*index].object());
        for (number, index) in members.into_iter().enumerate().skip(1) {
            ids[index] = format!("{base}/#{}", number + 1);
        }
    }
    drafts
        .into_iter()
        .zip(ids)
        .map(|(draft, id)| File {
            id: FileId::new(id),
            name: draft.name,
            size: draft.size,
            checksums: Vec::new(),
            database: draft.database,
            link: draft.link,
        })
        .collect()
}

/// The instant in the link's `Expires` parameter, in Unix seconds.
fn expiry_in(url: &str) -> Option<Timestamp> {
    let (_, query) = url.split_once('?')?;
    let seconds = query.split(['&', '#']).find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (percent::decode(name) == "Expires").then(|| percent::decode(value))
    })?;
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}

fn object(url: &Secret) -> &str {
    url.expose().split(['?', '#']).next().unwrap_or_default()
}
