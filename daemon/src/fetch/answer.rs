//! What a server answers to a `GET` of a link, checked before a single byte is believed.

use backhaul_provider_api::{Checksum, ChecksumAlgorithm, ETagMeaning, Link};
use bytes::Bytes;
use reqwest::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
};
use reqwest::{Response, StatusCode};

use super::error::FetchError;
use super::request::Span;
use crate::content;
use crate::mirror::staging::Progress;

/// An answer with a body that belongs to the object, from byte `start` on.
pub struct Answer {
    /// Where the body begins in the object.
    pub start: u64,
    /// What the server says of the object.
    pub object: Object,
    /// The body.
    pub body: Body,
}

/// A body, piece by piece.
pub struct Body {
    response: Response,
    /// The first piece, when it was looked at already.
    seen: Option<Bytes>,
}

impl Body {
    /// The next piece; nothing at the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn piece(&mut self) -> reqwest::Result<Option<Bytes>> {
        match self.seen.take() {
            Some(piece) => Ok(Some(piece)),
            None => self.response.chunk().await,
        }
    }
}

/// What a server says of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its whole length in bytes.
    pub total_bytes: Option<u64>,
    /// Its `ETag`, as sent.
    pub etag: Option<String>,
    /// Checksums of the whole object.
    pub checksums: Vec<Checksum>,
    /// The body's type.
    pub content_type: Option<String>,
    /// Whether the server says or shows that it answers byte ranges.
    pub takes_ranges: bool,
}

impl Object {
    /// The `ETag` if it is a strong validator (RFC 9110, section 8.8.1).
    pub fn strong_etag(&self) -> Option<String> {
        self.etag
            .clone()
            .filter(|tag| tag.starts_with('"') && tag.len() > 2)
    }

    /// What was recorded of an object whose bytes are all there.
    pub fn of_progress(progress: &Progress) -> Self {
        Self {
            total_bytes: progress.total_bytes,
            etag: progress.etag.clone(),
            checksums: progress.checksums.clone(),
            ..Self::default()
        }
    }
}

impl Answer {
    /// Reads an answer with a status of success to a request for the bytes of `asked`.
    ///
    /// # Errors
    /// When a part does not begin where it was asked to, or is a kind of answer nobody asked for.
    pub fn read(response: Response, link: &Link, asked: Span) -> Result<Self, FetchError> {
        let headers = response.headers();
        let (start, total_bytes) = match response.status() {
            StatusCode::OK => (0, number(headers, CONTENT_LENGTH.as_str())),
            StatusCode::PARTIAL_CONTENT => {
                let range = headers
                    .get(CONTENT_RANGE)
                    .and_then(|value| value.to_str().ok());
                let (start, end, total) =
                    range
                        .and_then(content_range)
                        .ok_or_else(|| FetchError::Unexpected {
                            what: "a part without a valid Content-Range".to_owned(),
                        })?;
                // A part that would lead beyond the end of the object ends there.
                let wanted_end = match (asked.end, total) {
                    (Some(asked), Some(total)) => Some(asked.min(total)),
                    (asked, total) => asked.or(total),
                };
                if start != asked.start || wanted_end.is_some_and(|wanted| end + 1 != wanted) {
                    return Err(FetchError::Unexpected {
                        what: format!("bytes {start} to {end} where {asked:?} was asked for"),
                    });
                }
                (start, total)
            }
            status => {
                return Err(FetchError::Unexpected {
                    what: format!("HTTP {}", status.as_u16()),
                });
            }
        };
        let object = Object {
            total_bytes,
            etag: text(headers, ETAG.as_str()),
            checksums: checksums(headers, link),
            content_type: text(headers, CONTENT_TYPE.as_str()),
            takes_ranges: response.status() == StatusCode::PARTIAL_CONTENT
                || text(headers, ACCEPT_RANGES.as_str()).as_deref() == Some("bytes"),
        };
        Ok(Self {
            start,
            object,
            body: Body {
                response,
                seen: None,
            },
        })
    }

    /// Whether it is a part of the object and not the whole.
    pub fn is_part(&self) -> bool {
        self.body.response.status() == StatusCode::PARTIAL_CONTENT
    }

    /// Refuses a body that is an error page by its beginning: it must not take the place of bytes
    /// that are there. `name` is the vendor's name for the file.
    ///
    /// # Errors
    /// `Unexpected` when it is one, or the connection's failure.
    pub async fn refuse_error_page(&mut self, name: &str) -> Result<(), FetchError> {
        let piece = self.body.piece().await;
        let piece = piece.map_err(|error| FetchError::network(&error, self.start))?;
        let head = piece.as_deref().unwrap_or_default();
        let length = self.object.total_bytes.unwrap_or(head.len() as u64);
        let page = content::error_page(head, length, name);
        self.body.seen = piece;
        match page {
            Some(page) => Err(FetchError::Unexpected {
                what: page.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Checks that a part goes on with the object whose bytes are on disk. A whole answer begins
    /// the file anew and needs no proof.
    ///
    /// # Errors
    /// `Changed` when it is another object.
    pub fn continues(&self, progress: &Progress, start: u64) -> Result<(), FetchError> {
        if self.start == 0 || start == 0 {
            return Ok(());
        }
        let changed = |what: &str| {
            Err(FetchError::Changed {
                what: what.to_owned(),
            })
        };
        if self.object.strong_etag().is_none() || self.object.strong_etag() != progress.etag {
            return changed("another ETag");
        }
        match (self.object.total_bytes, progress.total_bytes) {
            (Some(now), Some(then)) if now != then => changed("another length"),
            _ => Ok(()),
        }
    }
}

/// `bytes <start>-<end>/<total or *>` (RFC 9110, section 14.4).
fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    let total = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    (start <= end && total.is_none_or(|total| end < total)).then_some((start, end, total))
}

fn checksums(headers: &HeaderMap, link: &Link) -> Vec<Checksum> {
    let mut found: Vec<_> = link
        .checksum_headers
        .iter()
        .filter_map(|(name, algorithm)| {
            let value = text(headers, name)?;
            Some(Checksum {
                algorithm: *algorithm,
                value: value.trim().to_ascii_lowercase(),
            })
        })
        .collect();
    // With keys of the store's own (SSE-S3), the tag is still the MD5 of the plain bytes, and AWS
    // encrypts every object so.
    let own_keys = |name: &str, value: &str| {
        name == "x-amz-server-side-encryption" && value.eq_ignore_ascii_case("AES256")
    };
    let encrypted = headers.iter().any(|(name, value)| {
        name.as_str().contains("server-side-encryption")
            && !own_keys(name.as_str(), value.to_str().unwrap_or_default())
    });
    if link.etag == ETagMeaning::Md5WhenPlain && !encrypted {
        found.extend(text(headers, ETAG.as_str()).as_deref().and_then(plain_md5));
    }
    found
}

/// The MD5 in an `ETag` of the S3 family: 32 hex digits in quotes. Multipart objects have a dash
/// and a number behind, which makes it something else.
fn plain_md5(etag: &str) -> Option<Checksum> {
    let value = etag.trim_matches('"');
    (value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| Checksum {
        algorithm: ChecksumAlgorithm::Md5,
        value: value.to_ascii_lowercase(),
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_checked() {
        assert_eq!(
            content_range("bytes 20-30/4583"),
            Some((20, 30, Some(4583)))
        );
        assert_eq!(content_range("bytes 0-0/*"), Some((0, 0, None)));
        for broken in [
            "",
            "20-30/40",
            "bytes 30-20/40",
            "bytes 0-40/40",
            "bytes a-b/c",
            "bytes */9",
        ] {
            assert_eq!(content_range(broken), None, "{broken}");
        }
    }

    #[test]
    fn only_a_plain_etag_is_an_md5() {
        assert!(plain_md5("\"25f9e794323b453885f5181f1b624d0b\"").is_some());
        assert!(plain_md5("\"25f9e794323b453885f5181f1b624d0b-3\"").is_none());
        assert!(plain_md5("W/\"25f9e794323b453885f5181f1b624d0b\"").is_none());
    }
}
