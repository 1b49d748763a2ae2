//! Delivery of one object: conditions, range, headers, and a body that fails where it was told to.
//!
//! The caller has checked the link and adds the headers of its vendor; errors come back as a
//! [`Refusal`], for the vendor to word.

use std::sync::Arc;

use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::condition::{self, Verdict};
use super::entity_tag::EntityTag;
use super::fault::ObjectFault;
use super::object::{Address, ObjectStore, StoredObject};
use super::range::Requested;
use super::sending::{Sending, is_of_body};
use super::wire::Connection;

/// A request for an object, after its link was found to be good.
#[derive(Debug)]
pub struct Download<'a> {
    /// Where the object is.
    pub address: &'a Address,
    /// The object.
    pub object: Arc<StoredObject>,
    /// What tells this link from others of the same object.
    pub link: &'a str,
    /// Headers of the request.
    pub headers: &'a HeaderMap,
    /// The connection it came by.
    pub connection: Connection,
    /// The time on the clock of the cloud.
    pub now: DateTime<Utc>,
}

/// Why an object is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Status 412.
    PreconditionFailed,
    /// Status 416, with the length of the object for `Content-Range`.
    InvalidRange {
        /// Length of the object.
        length: u64,
    },
    /// A status asked for by a fault.
    Status {
        /// The status.
        code: u16,
        /// Seconds in `Retry-After`.
        retry_after: Option<u64>,
    },
    /// An error of the vendor's form under status 200, asked for by a fault.
    ErrorWith200,
}

impl ObjectStore {
    /// Answers a request for an object.
    ///
    /// # Errors
    /// When it is refused, by its own conditions or by a fault.
    pub fn deliver(self: &Arc<Self>, download: Download<'_>) -> Result<Response, Refusal> {
        let Download {
            object, headers, ..
        } = &download;
        let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
        self.traffic.get(&object.identity, asked);

        let mut head = Head::default();
        let applies = |fault: &ObjectFault| match fault {
            ObjectFault::RangesIgnored => asked.is_some(),
            other => !is_of_body(other),
        };
        for (fault, _) in self.faults.strike_object(object.names(), applies) {
            match fault {
                ObjectFault::Status { code, retry_after } => {
                    return Err(Refusal::Status { code, retry_after });
                }
                ObjectFault::XmlErrorWith200 => return Err(Refusal::ErrorWith200),
                ObjectFault::HtmlWith200 => return Ok(captive_portal()),
                other => head.bend(other),
            }
        }

        let tag = head.entity_tag(object, download.link);
        // A tag that is not shown is still there to be compared with.
        let known = tag.clone().unwrap_or_else(|| object.entity_tag());
        match condition::judge(headers, &known, object.modified) {
            Verdict::Failed => return Err(Refusal::PreconditionFailed),
            Verdict::NotModified => {
                let mut response = StatusCode::NOT_MODIFIED.into_response();
                set_validators(&mut response, tag.as_ref(), object);
                return Ok(response);
            }
            Verdict::Proceed => {}
        }

        let length = object.content.len();
        let honoured =
            !head.ranges_ignored && condition::range_allowed(headers, &known, object.modified);
        let (status, start, end) = match Requested::parse(asked.filter(|_| honoured), length) {
            Requested::Whole => (StatusCode::OK, 0, length),
            Requested::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
            Requested::Unsatisfiable => return Err(Refusal::InvalidRange { length }),
        };
        let declared = head.wrong_length.unwrap_or(end - start);
        let sent_end = start + declared.min(end - start);
        let body = Sending::new(self, &download, start, sent_end, head.pace).into_body();

        let mut response = Response::new(body);
        *response.status_mut() = status;
        set_validators(&mut response, tag.as_ref(), object);
        let headers = response.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("binary/octet-stream"),
        );
        if !head.chunked {
            headers.insert(CONTENT_LENGTH, declared.into());
        }
        if status == StatusCode::PARTIAL_CONTENT {
            set(
                headers,
                CONTENT_RANGE,
                &format!("bytes {start}-{}/{length}", end - 1),
            );
        }
        Ok(response)
    }
}

/// What faults make of the head of an answer.
#[derive(Debug, Default)]
struct Head {
    ranges_ignored: bool,
    weak: bool,
    untagged: bool,
    tag_by_link: bool,
    chunked: bool,
    wrong_length: Option<u64>,
    pace: Option<u64>,
}

impl Head {
    fn bend(&mut self, fault: ObjectFault) {
        match fault {
            ObjectFault::RangesIgnored => self.ranges_ignored = true,
            ObjectFault::WeakETag => self.weak = true,
            ObjectFault::NoETag => self.untagged = true,
            ObjectFault::NewETagEachLink => self.tag_by_link = true,
            ObjectFault::NoContentLength => self.chunked = true,
            ObjectFault::WrongLength(length) => self.wrong_length = Some(length),
            ObjectFault::Pace(rate) => self.pace = Some(rate.max(1)),
            // These end the request before its head, or belong to the body.
            ObjectFault::Status { .. }
            | ObjectFault::XmlErrorWith200
            | ObjectFault::HtmlWith200
            | ObjectFault::ResetAfter(_)
            | ObjectFault::StallAfter(_)
            | ObjectFault::TruncateAfter(_)
            | ObjectFault::FlipBit(_)
            | ObjectFault::ExpireLinkAfter(_)
            | ObjectFault::ObjectChangesAfter(_) => {}
        }
    }

    fn entity_tag(&self, object: &StoredObject, link: &str) -> Option<EntityTag> {
        if self.untagged {
            return None;
        }
        let mut tag = object.entity_tag();
        if self.tag_by_link {
            let mark = link.bytes().fold(0_u32, |mark, byte| {
                mark.wrapping_mul(31).wrapping_add(u32::from(byte))
            });
            tag = tag.marked(&format!("{mark:08x}"));
        }
        Some(if self.weak { tag.weakened() } else { tag })
    }
}

fn captive_portal() -> Response {
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
                <body>Please sign in to use this network.</body></html>\n";
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

fn set_validators(response: &mut Response, tag: Option<&EntityTag>, object: &StoredObject) {
    let headers = response.headers_mut();
    if let Some(tag) = tag {
        set(headers, ETAG, &tag.to_string());
    }
    set(
        headers,
        LAST_MODIFIED,
        &condition::http_date_text(object.modified),
    );
}

/// Sets a header to a text made of visible characters.
fn set(headers: &mut HeaderMap, name: axum::http::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
