//! Fresh links: a list shows them, so the page around a backup's last known place is asked again.

use backhaul_provider_api::{
    Checksum, ChecksumAlgorithm, Error, ErrorClass, File, FileId, Host, Network, ResolveRequest,
    ResolvedPage, State, Window, serde_json::Value,
};
use backhaul_provider_kit::record::Record;

use super::files::Files;
use crate::cos;
use crate::times::Times;
use crate::v3::client::{Client, PAGE};
use crate::v3::listing::{Entry, List};

/// The one file of every backup.
const FILE: &str = "backup";

/// How far before its last known place a backup is looked for first.
const MARGIN: u64 = 20;

/// A bound for servers that never come to an end.
const PAGES_MAX: u32 = 20_000;

/// The two links of an entry. Mostly they are the same.
#[derive(Clone, Copy)]
pub(super) struct Urls<'a> {
    intranet: Option<&'a str>,
    internet: Option<&'a str>,
}

impl<'a> Urls<'a> {
    /// The links in an entry.
    pub(super) fn of(record: &Record<'a>) -> Self {
        Self {
            intranet: record.text("IntranetUrl"),
            internet: record.text("InternetUrl"),
        }
    }

    /// Whether there is no link at all.
    pub(super) fn are_absent(self) -> bool {
        self.intranet.or(self.internet).is_none()
    }

    fn through(self, network: Network) -> Option<&'a str> {
        match network {
            Network::Public => self.internet,
            Network::Intranet => self.intranet,
            Network::Auto => self.intranet.or(self.internet),
        }
    }
}

/// The file of a backup.
pub(super) fn resolve(
    client: &mut Client,
    host: &dyn Host,
    request: &ResolveRequest,
    times: Times,
) -> Result<ResolvedPage, Error> {
    let key = request.backup.key.as_str();
    let Some(list) = Files::of(request.backup.kind) else {
        return Err(Error::unsupported(format!(
            "cannot get the link of backup {key}: MySQL at this vendor has no backups of kind {}",
            request.backup.kind
        )));
    };
    let mut call = list.call(request.instance.id.as_str());
    call.purpose = format!("get the link of backup {key}");
    let fail = |class, reason: &str| {
        let message = format!("cannot get the link of backup {key}: {reason}");
        Error::new(class, message).in_call(call.name)
    };

    let (value, place) = find(client, host, list, request, times)?
        .ok_or_else(|| fail(ErrorClass::Gone, "the vendor no longer lists it"))?;
    let record = Record::of(&value).ok_or_else(|| call.malformed("the entry is not an object"))?;
    let entry = Entry {
        value: &value,
        record: record.clone(),
        key: key.to_owned(),
        place,
        instance: &request.instance,
        times,
    };
    let backup = list.read(&entry).map_err(|what| call.malformed(&what))?;
    match backup.state {
        State::Available => {}
        State::NotDownloadable { reason } => return Err(fail(ErrorClass::Unsupported, &reason)),
        State::Running => {
            let class = ErrorClass::NotReady { after: None };
            return Err(fail(class, "the vendor is still making it"));
        }
        _ => return Err(fail(ErrorClass::Permanent, "the vendor failed to make it")),
    }
    let url = Urls::of(&record)
        .through(request.network)
        .ok_or_else(|| fail(ErrorClass::Unsupported, "the vendor gives a link through its other network only; change the job's `network`, or allow public downloads at the vendor's"))?;
    if !cos::is_url(url) {
        return Err(call.malformed("a link is no URL"));
    }
    let name = if backup.name.is_empty() {
        key.to_owned()
    } else {
        backup.name
    };
    Ok(ResolvedPage::last(vec![File {
        id: FileId::new(FILE),
        name,
        size: backup.size,
        checksums: md5(&record).into_iter().collect(),
        database: None,
        link: cos::link(url),
    }]))
}

/// The entry of a backup and its place: from the last known place outwards, until the list has
/// been seen from end to end.
fn find(
    client: &mut Client,
    host: &dyn Host,
    list: Files,
    request: &ResolveRequest,
    times: Times,
) -> Result<Option<(Value, u64)>, Error> {
    let instance = request.instance.id.as_str();
    let wanted = request.backup.key.as_str();
    let handle = request.backup.handle.as_deref();
    let place: u64 = handle.and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut seen = place.saturating_sub(MARGIN)..place.saturating_sub(MARGIN);
    let (mut at_end, mut forwards) = (false, true);
    for _ in 0..PAGES_MAX {
        let at_start = seen.start == 0;
        if at_start && at_end {
            return Ok(None);
        }
        forwards = at_start || (forwards && !at_end);
        let offset = if forwards {
            seen.end
        } else {
            seen.start.saturating_sub(PAGE)
        };
        let question = list.question(instance, offset, Window::default(), times);
        let page = client.page(host, &list.call(instance), &question, list.field())?;
        let reached = offset + page.entries.len() as u64;
        let short = (page.entries.len() as u64) < PAGE;
        let over = page.total.map_or(short, |total| reached >= total);
        at_end |= forwards && (over || page.entries.is_empty());
        let is_wanted = |value: &Value| {
            Record::of(value)
                .and_then(|record| list.key(&record))
                .as_deref()
                == Some(wanted)
        };
        for (value, place) in page.entries.into_iter().zip(offset..) {
            if is_wanted(&value) {
                return Ok(Some((value, place)));
            }
        }
        if forwards {
            seen.end = reached;
        } else {
            seen.start = offset;
        }
        forwards = !forwards;
    }
    Ok(None)
}

/// The MD5 of a data backup, which newer editions of the API tell.
fn md5(record: &Record<'_>) -> Option<Checksum> {
    let value = record.text("MD5")?;
    let plain = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| Checksum {
        algorithm: ChecksumAlgorithm::Md5,
        value: value.to_ascii_lowercase(),
    })
}
