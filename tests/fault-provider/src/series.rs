//! Many backups of one form, made up as they are asked for: for measurements and tests of scale.

use backhaul_provider_api::chrono::TimeDelta;
use backhaul_provider_api::{
    Backup, BackupKey, Completeness, Cursor, Error, File, FileId, Kind, Link, ListPage,
    ListRequest, Method, Next, Origin, Ranges, ResolvedPage, SizeHint, State, Timestamp,
    serde_json,
};
use serde::Deserialize;

/// When the first backup was made, in days since 1970.
const BEGIN_DAYS: i64 = 16_436;

/// Backups numbered from 0, a minute apart, each with one file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// How many.
    count: u64,
    /// Where their files are; `{n}` stands for the number.
    url: String,
    /// The length of each file.
    bytes: u64,
}

impl Series {
    /// One page of the listing. The cursor is the number of backups already listed.
    pub fn list(&self, request: &ListRequest, page_size: usize) -> Result<ListPage, Error> {
        let start = number(request.cursor.as_ref().map_or("0", Cursor::as_str))?;
        let end = self.count.min(start + page_size.max(1) as u64);
        let next = if end < self.count {
            Next::More(Cursor::new(end.to_string()))
        } else {
            Next::End(Completeness::within(request.window, self.count))
        };
        Ok(ListPage {
            backups: (start..end).map(|number| self.backup(number)).collect(),
            passed_over: Vec::new(),
            next,
        })
    }

    /// The one file of a backup.
    pub fn resolve(&self, backup: &Backup) -> Result<ResolvedPage, Error> {
        let number = number(backup.key.as_str())?;
        let mut link = Link::new(self.url.replace("{n}", &number.to_string()));
        link.ranges = Ranges::Yes;
        Ok(ResolvedPage::last(vec![File {
            id: FileId::new("file"),
            name: format!("{number}.bin"),
            size: Some(SizeHint::exact(self.bytes)),
            checksums: Vec::new(),
            database: None,
            link,
        }]))
    }

    fn backup(&self, number: u64) -> Backup {
        let minutes = i64::try_from(number).unwrap_or(0);
        let started_at =
            Timestamp::UNIX_EPOCH + TimeDelta::days(BEGIN_DAYS) + TimeDelta::minutes(minutes);
        Backup {
            key: BackupKey::new(number.to_string()),
            handle: None,
            name: format!("backup {number}"),
            kind: Kind::Full,
            method: Method::Unknown,
            origin: Origin::Automatic,
            state: State::Available,
            started_at,
            finished_at: None,
            consistent_at: None,
            zone_assumed: false,
            log_span: None,
            node: None,
            group: None,
            chain: None,
            size: Some(SizeHint::exact(self.bytes)),
            engine: None,
            engine_version: None,
            databases: Vec::new(),
            encryption: None,
            expires_at: None,
            vendor: serde_json::Value::Null,
        }
    }
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse()
        .map_err(|_| Error::permanent("a key or cursor of somebody else"))
}
