//! Faults that a test asks for: what goes wrong, where, and how often.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::server::Hangup;
use super::shared::Shared;

/// The API calls that are counted and that faults can be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// List of database instances.
    Instances,
    /// List of backups.
    Backups,
    /// Files and links of one backup.
    BackupFiles,
    /// Look-up of a project.
    Projects,
    /// Issue of a token.
    Tokens,
    /// Tencent Cloud, `postgres`: `DescribeDBInstances`.
    PostgresInstances,
    /// Tencent Cloud, `postgres`: `DescribeBaseBackups`.
    PostgresBaseBackups,
    /// Tencent Cloud, `postgres`: `DescribeLogBackups`.
    PostgresLogBackups,
    /// Tencent Cloud, `postgres`: `DescribeBackupDownloadURL`.
    PostgresLinks,
    /// Tencent Cloud, `cdb`: `DescribeDBInstances`.
    MysqlInstances,
    /// Tencent Cloud, `cdb`: `DescribeBackups`.
    MysqlBackups,
    /// Tencent Cloud, `cdb`: `DescribeBinlogs`.
    MysqlBinlogs,
    /// Tencent Cloud, `cdb`: `DescribeSlowLogs`.
    MysqlSlowLogs,
    /// Tencent Cloud, `cdb`: `DescribeBackupDecryptionKey`.
    MysqlKeys,
    /// Tencent Cloud, API 2.0: `DescribeCdbInstances`.
    LegacyInstances,
    /// Tencent Cloud, API 2.0: `GetCdbExportLogUrl`.
    LegacyBackups,
    /// Tencent Cloud, API 2.0: `GetBackupDatabaseTableList`.
    LegacyTables,
    /// Tencent Cloud, API 2.0: `GetExportBackupUrl`.
    LegacyExports,
}

/// What goes wrong while an object is downloaded.
///
/// `…After(bytes)` counts the bytes of the body of that one response. Such a fault waits for a
/// response that is longer than that, so a probe of one byte does not use it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectFault {
    /// The connection is reset. Bytes that the peer has not taken by then are lost.
    ResetAfter(u64),
    /// Nothing more comes until the fault is released or the peer closes the connection.
    StallAfter(u64),
    /// The body ends cleanly too early: an orderly close in spite of `Content-Length`, or a
    /// regular last chunk when combined with [`ObjectFault::NoContentLength`].
    TruncateAfter(u64),
    /// `Content-Length` is this number; what is sent stays the same, or stops there.
    WrongLength(u64),
    /// The lowest bit of the byte at this offset of the object is wrong.
    FlipBit(u64),
    /// Status 200 with an XML error as the body.
    XmlErrorWith200,
    /// Status 200 with an HTML page as the body, as from a captive portal.
    HtmlWith200,
    /// The connection is closed, and this link is dead from then on.
    ExpireLinkAfter(u64),
    /// Another status, with the vendor's XML error.
    Status {
        /// For example 503 or 429.
        code: u16,
        /// Seconds in `Retry-After`, if that is sent.
        retry_after: Option<u64>,
    },
    /// A `Range` is ignored: 200 and the whole object.
    RangesIgnored,
    /// The connection is closed, and the object has another content of the same length, another
    /// entity tag and another time from then on.
    ObjectChangesAfter(u64),
    /// The entity tag is weak.
    WeakETag,
    /// No entity tag.
    NoETag,
    /// Every link gives the object another entity tag.
    NewETagEachLink,
    /// No `Content-Length`: the body is sent in chunks.
    NoContentLength,
    /// At most this many bytes a second, per connection.
    Pace(u64),
}

/// What goes wrong in an API call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiFault {
    /// A list is empty, and says so consistently.
    EmptyListing,
    /// The last so many records are never shown, though the total counts them.
    ShortListing(u64),
    /// After the first page a new record stands in front: each later page starts one too early.
    ListingGrows,
    /// After the first page the first record is gone: each later page starts one too late.
    ListingShrinks,
    /// Too many calls: status 429, or whatever the vendor answers then.
    Throttled {
        /// Seconds in `Retry-After`, if that is sent.
        retry_after: Option<u64>,
    },
    /// Status 500 with the vendor's code of a server failure.
    ServerError,
    /// Status 200 with an HTML page, as from a proxy.
    HtmlPage,
    /// Status 502 with an HTML page, as from a proxy without its server.
    BadGateway,
    /// Status 200 with an error in the vendor's form.
    ErrorWith200,
    /// The fields have the wrong JSON types.
    WrongJsonType,
    /// The answer waits until the fault is released.
    Hold,
    /// Status 200 with JSON that ends too early, though HTTP says that it is complete.
    TruncatedJson,
    /// Status 200 without a body.
    EmptyBody,
    /// The connection is closed without an answer.
    ConnectionClosed,
}

impl ApiFault {
    /// The answer of a fault that is the same for every vendor.
    pub(super) fn crude_answer(&self) -> Option<Response> {
        let page = "<html><head><title>502 Bad Gateway</title></head></html>\n";
        let cut = "{\"total_count\": 2, \"backups\": [{\"id\": \"43e4fe";
        match self {
            Self::HtmlPage => Some(([(CONTENT_TYPE, "text/html")], page).into_response()),
            Self::BadGateway => {
                let head = [(CONTENT_TYPE, "text/html")];
                Some((StatusCode::BAD_GATEWAY, head, page).into_response())
            }
            Self::TruncatedJson => {
                Some(([(CONTENT_TYPE, "application/json")], cut).into_response())
            }
            Self::EmptyBody => Some(StatusCode::OK.into_response()),
            Self::ConnectionClosed => Some(Hangup.into_response()),
            _ => None,
        }
    }
}

/// A fault with its scope and count.
///
/// ```
/// use backhaul_tests::cloud::{Api, ApiFault, Fault, ObjectFault};
///
/// Fault::object(ObjectFault::ResetAfter(1000)).on("orders.tar.gz").times(3);
/// Fault::api(ApiFault::ServerError).of(Api::Backups).always();
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    kind: Kind,
    remaining: Option<u64>,
    skip: u64,
}

#[derive(Debug, Clone)]
enum Kind {
    Object(ObjectFault, Option<String>),
    Api(ApiFault, Option<Api>),
}

impl Fault {
    /// A fault of one download of any object.
    pub fn object(fault: ObjectFault) -> Self {
        Self::once(Kind::Object(fault, None))
    }

    /// A fault of one call of any API.
    pub fn api(fault: ApiFault) -> Self {
        Self::once(Kind::Api(fault, None))
    }

    /// Limits a fault of downloads to the object of this file name, or `backup id/file name`.
    pub fn on(mut self, object: impl Into<String>) -> Self {
        if let Kind::Object(_, scope) = &mut self.kind {
            *scope = Some(object.into());
        }
        self
    }

    /// Limits a fault of calls to one API.
    pub fn of(mut self, api: Api) -> Self {
        if let Kind::Api(_, scope) = &mut self.kind {
            *scope = Some(api);
        }
        self
    }

    /// Happens so many times instead of once.
    pub fn times(mut self, times: u64) -> Self {
        self.remaining = Some(times);
        self
    }

    /// Happens until cancelled.
    pub fn always(mut self) -> Self {
        self.remaining = None;
        self
    }

    /// Lets so many matching requests pass before the first one it hits.
    pub fn skipping(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    fn once(kind: Kind) -> Self {
        Self {
            kind,
            remaining: Some(1),
            skip: 0,
        }
    }
}

/// A fault at work: what a test holds to watch, release or cancel it. Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct InjectedFault(Arc<Armed>);

#[derive(Debug)]
struct Armed {
    fault: Shared<Fault>,
    hits: watch::Sender<u64>,
    released: watch::Sender<bool>,
}

impl InjectedFault {
    /// How often it has happened.
    pub fn hits(&self) -> u64 {
        *self.0.hits.borrow()
    }

    /// Waits until it has happened so often.
    pub async fn wait_until_hit(&self, times: u64) {
        // Ends with an error only when the sender is gone, and that is in `self`.
        let _ = self
            .0
            .hits
            .subscribe()
            .wait_for(|hits| *hits >= times)
            .await;
    }

    /// Lets what is stalled or held by it go on, now and later.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// Never happens again.
    pub fn cancel(&self) {
        self.0.fault.lock().remaining = Some(0);
    }

    /// Waits for [`InjectedFault::release`].
    pub(super) async fn released(&self) {
        let _ = self
            .0
            .released
            .subscribe()
            .wait_for(|released| *released)
            .await;
    }

    /// Whether it strikes now, if its scope holds; counts if so.
    fn strike(&self) -> bool {
        let mut fault = self.0.fault.lock();
        if fault.remaining == Some(0) {
            return false;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            return false;
        }
        if let Some(remaining) = &mut fault.remaining {
            *remaining -= 1;
        }
        self.0.hits.send_modify(|hits| *hits += 1);
        true
    }
}

/// The faults of one emulated cloud.
#[derive(Debug, Default)]
pub struct FaultBook(Shared<Vec<InjectedFault>>);

impl FaultBook {
    /// Arms a fault.
    pub fn inject(&self, fault: Fault) -> InjectedFault {
        let injected = InjectedFault(Arc::new(Armed {
            fault: Shared::new(fault),
            hits: watch::Sender::new(0),
            released: watch::Sender::new(false),
        }));
        self.0.lock().push(injected.clone());
        injected
    }

    /// Cancels and releases all faults.
    pub fn clear(&self) {
        for fault in self.0.lock().drain(..) {
            fault.cancel();
            fault.release();
        }
    }

    /// The faults that strike a download of the object known by these names, among those for which
    /// `applies` holds.
    pub(super) fn strike_object(
        &self,
        names: [&str; 2],
        applies: impl Fn(&ObjectFault) -> bool,
    ) -> Vec<(ObjectFault, InjectedFault)> {
        self.strike(|kind| match kind {
            Kind::Object(fault, scope)
                if applies(fault)
                    && scope
                        .as_deref()
                        .is_none_or(|object| names.contains(&object)) =>
            {
                Some(fault.clone())
            }
            _ => None,
        })
    }

    /// The faults that strike a call of an API.
    pub(super) fn strike_api(&self, api: Api) -> Vec<(ApiFault, InjectedFault)> {
        self.strike(|kind| match kind {
            Kind::Api(fault, scope) if scope.is_none_or(|scope| scope == api) => {
                Some(fault.clone())
            }
            _ => None,
        })
    }

    fn strike<F>(&self, select: impl Fn(&Kind) -> Option<F>) -> Vec<(F, InjectedFault)> {
        self.0
            .lock()
            .iter()
            .filter_map(|injected| {
                let selected = select(&injected.0.fault.lock().kind)?;
                injected.strike().then(|| (selected, injected.clone()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_within_its_scope_and_count() {
        let book = FaultBook::default();
        let fault = Fault::api(ApiFault::ServerError).of(Api::Backups).times(2);
        let injected = book.inject(fault.skipping(1));
        assert!(book.strike_api(Api::Instances).is_empty());
        let strikes = (0..4).map(|_| book.strike_api(Api::Backups).len());
        assert_eq!(strikes.collect::<Vec<_>>(), [0, 1, 1, 0]);
        assert_eq!(injected.hits(), 2);
    }

    #[test]
    fn a_fault_is_not_used_up_where_it_does_not_apply() {
        let book = FaultBook::default();
        book.inject(Fault::object(ObjectFault::NoETag).on("a"));
        assert!(book.strike_object(["b", "x/b"], |_| true).is_empty());
        assert!(book.strike_object(["a", "x/a"], |_| false).is_empty());
        assert_eq!(book.strike_object(["a", "x/a"], |_| true).len(), 1);
        assert!(book.strike_object(["a", "x/a"], |_| true).is_empty());
    }

    #[test]
    fn a_cleared_book_strikes_no_more() {
        let book = FaultBook::default();
        let injected = book.inject(Fault::object(ObjectFault::NoETag).always());
        assert_eq!(book.strike_object(["a", "a"], |_| true).len(), 1);
        book.clear();
        assert!(book.strike_object(["a", "a"], |_| true).is_empty());
        assert_eq!(injected.hits(), 1);
    }
}
