//! Opens a link: the `GET`, its redirects, and what a refusal means.

use std::time::{Duration, SystemTime};

use backhaul_provider_api::Link;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_RANGE, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use super::answer::Answer;
use super::error::FetchError;
use crate::egress::Egress;
use crate::redact::SignedUrl;

/// How many redirects are followed.
const REDIRECTS_MAX: usize = 5;
/// How much of a refusal's body is read to find its code.
const REFUSAL_BYTES: usize = 4096;

/// A stretch of a file: from `start` on, to the end of the file or before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u64,
    /// The byte after the last one; absent, to the end of the file.
    pub end: Option<u64>,
}

impl Span {
    /// From a byte to the end of the file.
    pub fn from(start: u64) -> Self {
        Self { start, end: None }
    }

    /// The value of the `Range` header (RFC 9110, section 14.2); nothing for a whole file.
    fn header(self) -> Option<String> {
        match self {
            Self {
                start: 0,
                end: None,
            } => None,
            Self { start, end: None } => Some(format!("bytes={start}-")),
            Self {
                start,
                end: Some(end),
            } => Some(format!("bytes={start}-{}", end.saturating_sub(1))),
        }
    }
}

/// Opens download links.
pub struct Opener {
    client: Client,
    egress: Egress,
}

impl Opener {
    /// An opener for links to the hosts that `egress` allows. `client` must not follow redirects.
    pub fn new(client: Client, egress: Egress) -> Self {
        Self { client, egress }
    }

    /// Asks for the bytes of `span`, of the object that `etag` identifies.
    ///
    /// The link is used byte for byte and by `GET` only, as its signature demands; the headers
    /// added (`Range`, `If-Range`) are not part of any vendor's signature.
    ///
    /// # Errors
    /// Classified: expired, refused, gone, overloaded, unreachable.
    pub async fn open(
        &self,
        link: &Link,
        span: Span,
        etag: Option<&str>,
    ) -> Result<Answer, FetchError> {
        // Registered with the redactor as long as it is used here.
        let signed = SignedUrl::parse(link.url.expose()).map_err(|_| FetchError::NotAUrl)?;
        let mut url = signed.expose().clone();
        let first_host = url.host_str().map(str::to_owned);
        for _ in 0..=REDIRECTS_MAX {
            self.egress.check(&url)?;
            let same_host = url.host_str() == first_host.as_deref();
            let mut headers = if same_host {
                own_headers(link)?
            } else {
                HeaderMap::new()
            };
            if let Some(range) = span.header() {
                headers.insert(RANGE, header_value(&range)?);
                if let Some(etag) = etag {
                    headers.insert(IF_RANGE, header_value(etag)?);
                }
            }
            let sent = self.client.get(url.clone()).headers(headers).send().await;
            let response = sent.map_err(|error| FetchError::network(&error, span.start))?;
            if !response.status().is_redirection() {
                return judge(response, link, span).await;
            }
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            url = target
                .and_then(|target| url.join(target).ok())
                .ok_or_else(|| FetchError::Unexpected {
                    what: "a redirect to nowhere".to_owned(),
                })?;
        }
        Err(FetchError::Unexpected {
            what: format!("more than {REDIRECTS_MAX} redirects"),
        })
    }
}

async fn judge(response: Response, link: &Link, span: Span) -> Result<Answer, FetchError> {
    let status = response.status();
    if status.is_success() {
        return Answer::read(response, link, span);
    }
    let after = retry_after(response.headers());
    let date = response
        .headers()
        .get(reqwest::header::DATE)
        .and_then(|value| chrono::DateTime::parse_from_rfc2822(value.to_str().ok()?).ok());
    let code = refusal_code(response).await;
    // The server's own clock decides whether the link is over, ours may be wrong.
    let over = match (link.expires_at, date) {
        (Some(expires), Some(date)) => expires <= date,
        _ => false,
    };
    Err(match status {
        StatusCode::NOT_FOUND | StatusCode::GONE if !over => FetchError::Gone {
            status: status.as_u16(),
            code,
        },
        _ if over || code.to_ascii_lowercase().contains("expired") => FetchError::LinkExpired,
        StatusCode::FORBIDDEN if code.starts_with("InvalidObjectState") => {
            FetchError::Archived { code }
        }
        StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
            FetchError::Changed {
                what: format!("HTTP {} {code}", status.as_u16()),
            }
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => FetchError::Server {
            status: status.as_u16(),
            code,
            after,
        },
        _ if status.is_server_error() => FetchError::Server {
            status: status.as_u16(),
            code,
            after,
        },
        _ => FetchError::LinkRefused {
            status: status.as_u16(),
            code,
        },
    })
}

fn own_headers(link: &Link) -> Result<HeaderMap, FetchError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &link.headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| FetchError::Unexpected {
            what: "a link with a header that has no valid name".to_owned(),
        })?;
        let mut value = header_value(value.expose())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn header_value(text: &str) -> Result<HeaderValue, FetchError> {
    HeaderValue::try_from(text).map_err(|_| FetchError::Unexpected {
        what: "a validator or header with control characters".to_owned(),
    })
}

/// `Retry-After`, in seconds or as a date, at most an hour.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let wait = match text.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            SystemTime::from(at)
                .duration_since(SystemTime::now())
                .unwrap_or_default()
        }
    };
    Some(wait.min(Duration::from_secs(3600)))
}

/// The `<Code>` of an object store's XML error, and its message when that tells more. Nothing
/// else of the body is kept: it may echo the link.
async fn refusal_code(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Ok(Some(piece))) =
        tokio::time::timeout(Duration::from_secs(10), response.chunk()).await
    {
        body.extend_from_slice(&piece[..piece.len().min(REFUSAL_BYTES - body.len())]);
        if body.len() >= REFUSAL_BYTES {
            break;
        }
    }
    let body = String::from_utf8_lossy(&body);
    let code = element(&body, "Code").unwrap_or_default();
    match element(&body, "Message") {
        Some(message) if message.to_ascii_lowercase().contains("expired") => {
            format!("{code} Expired")
        }
        _ => code,
    }
}

fn element(body: &str, name: &str) -> Option<String> {
    let rest = body.split_once(&format!("<{name}>"))?.1;
    let text = rest.split_once('<')?.0.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
    Some(text.chars().filter(|c| plain(*c)).take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_told_in_seconds_or_as_a_date() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("999999999"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(3600)));
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"),
        );
        assert_eq!(retry_after(&headers), Some(Duration::ZERO));
    }

    #[test]
    fn an_element_is_read_without_echoing_links() {
        let body = "<Error><Code>AccessDenied</Code><Message>see https://h/k?Signature=x</Message>";
        assert_eq!(element(body, "Code").as_deref(), Some("AccessDenied"));
        assert_eq!(
            element(body, "Message").as_deref(),
            Some("see httpshkSignaturex")
        );
        assert_eq!(element(body, "HostId"), None);
    }
}
