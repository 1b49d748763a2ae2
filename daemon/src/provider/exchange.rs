//! Carries out what a provider asks for: HTTP exchanges, and the clock that signatures need.
//!
//! The provider is foreign code with a vendor's credentials in hand: where a request may go, how
//! large an answer may be and how often one may ask is decided here. One value per session;
//! sessions of one account share its [`AccountLimits`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backhaul_provider_api::{Error, HttpRequest, HttpResponse, Timestamp};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use url::Url;

use super::account_limits::AccountLimits;
use crate::egress::route::RouteError;
use crate::egress::{Egress, exact_url};

mod failure;
#[cfg(test)]
mod tests;

use failure::describe;

/// What an [`Exchange`] is made of.
#[derive(Clone, Debug)]
pub struct ExchangeSettings {
    /// The account's name in the configuration, for logs.
    pub account: String,
    /// Where requests may go: the service's hosts and the configured endpoints.
    pub egress: Egress,
    /// The `User-Agent`, unless the provider gives one.
    pub user_agent: String,
}

/// Carries out a session's HTTP exchanges.
pub struct Exchange {
    settings: ExchangeSettings,
    client: Client,
    limits: Arc<AccountLimits>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    skew: Mutex<Skew>,
}

/// How far the vendor's clock is ahead of ours.
#[derive(Clone, Copy, Debug, Default)]
struct Skew {
    /// In its last answer that told its time.
    seen: Option<TimeDelta>,
    /// As added to our time.
    applied: TimeDelta,
}

impl Exchange {
    /// Prepares the HTTP client.
    ///
    /// # Errors
    /// When the client cannot be built, such as without any trusted certificates.
    pub fn new(settings: ExchangeSettings, limits: Arc<AccountLimits>) -> Result<Self, RouteError> {
        let client = settings
            .egress
            .client_builder()?
            .user_agent(&settings.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| RouteError::Client(error.to_string()))?;
        Ok(Self {
            settings,
            client,
            limits,
            clock: Box::new(Utc::now),
            skew: Mutex::default(),
        })
    }

    /// Replaces the clock, so that a test knows every byte of a signed request.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The account's name in the configuration.
    pub fn account(&self) -> &str {
        &self.settings.account
    }

    /// The limits shared by the account's sessions.
    pub fn limits(&self) -> &Arc<AccountLimits> {
        &self.limits
    }

    /// The current time, corrected by what the vendor's clock was adopted to be.
    pub fn now(&self) -> Timestamp {
        let skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        (self.clock)() + skew.applied
    }

    /// By how much the vendor's clock was ahead of this machine's in its last answer; nothing
    /// when it never told.
    pub fn vendor_ahead(&self) -> Option<TimeDelta> {
        let skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        skew.seen
    }

    /// Corrects the clock by the last answer's `Date`. False when that would change nothing
    /// that matters, so that another try would fail like the last.
    pub fn adopt_vendor_clock(&self) -> bool {
        let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = skew.seen.unwrap_or_default();
        if (seen - skew.applied).abs() <= SKEW_IGNORED {
            return false;
        }
        skew.applied = seen;
        tracing::warn!(
            account = self.settings.account,
            offset_s = seen.num_seconds(),
            "the vendor's clock differs from this machine's; signing by the vendor's"
        );
        true
    }

    /// Carries out one exchange, waiting for the account's limits first. Redirects are not
    /// followed, cookies not kept, bodies not decompressed.
    ///
    /// # Errors
    /// Classified for the provider to hand on. Never shows the URL's query or a header.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let call = request.call.clone();
        self.exchange(request)
            .await
            .map_err(|error| error.in_call(call))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let prepared = self.prepare(&request)?;
        let place = Place::of(prepared.url());
        self.limits.ready(&request.call).await;
        let mut response = self
            .client
            .execute(prepared)
            .await
            .map_err(|error| describe(error, &place))?;
        let status = response.status().as_u16();
        self.note_date(response.headers());
        let headers = readable(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| describe(error, &place))?
        {
            if body.len() + chunk.len() > RESPONSE_MAX {
                return Err(Error::permanent(format!(
                    "the answer of {place} is longer than the {RESPONSE_MAX} bytes allowed"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        let body = match String::from_utf8(body) {
            Ok(body) => body,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        tracing::debug!(
            account = self.settings.account,
            call = request.call,
            host = place.0,
            status,
            bytes = body.len(),
            "exchange"
        );
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }

    /// Checks a request and turns it into one that can be sent.
    fn prepare(&self, request: &HttpRequest) -> Result<reqwest::Request, Error> {
        let refuse = |why: String| Error::permanent(format!("a request was refused: {why}"));
        let method = match request.method.as_str() {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => return Err(refuse(format!("the method `{}`", other.escape_default()))),
        };
        let url = exact_url(request.url.expose()).map_err(|error| refuse(error.to_string()))?;
        self.settings
            .egress
            .check(&url)
            .map_err(|error| refuse(error.to_string()))?;
        if request.headers.len() > HEADERS_MAX {
            return Err(refuse(format!("it has more than {HEADERS_MAX} headers")));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let parsed = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| refuse(format!("the header name `{}`", name.escape_default())))?;
            if SET_BY_HOST.contains(&parsed.as_str()) {
                continue;
            }
            if parsed == reqwest::header::HOST && value.expose() != authority(&url) {
                return Err(refuse(
                    "the header `Host` differs from the URL's".to_owned(),
                ));
            }
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| refuse(format!("the value of the header `{parsed}`")))?;
            value.set_sensitive(true);
            headers.append(parsed, value);
        }
        let mut prepared = reqwest::Request::new(method, url);
        *prepared.headers_mut() = headers;
        if let Some(body) = &request.body {
            *prepared.body_mut() = Some(body.expose().to_owned().into());
        }
        Ok(prepared)
    }

    fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(Ok(date)) = date.map(DateTime::parse_from_rfc2822) {
            let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
            skew.seen = Some(date.to_utc() - (self.clock)());
        }
    }
}

/// Scheme-less `host:port`, for messages.
struct Place(String);

impl Place {
    fn of(url: &Url) -> Self {
        let port = url.port_or_known_default().unwrap_or_default();
        Self(format!("{}:{port}", url.host_str().unwrap_or_default()))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `host`, or `host:port` where the port is not the scheme's own.
fn authority(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}

/// Headers as a provider sees them: bytes that are not UTF-8 are replaced.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// Headers that belong to the connection or follow from the body; a provider's are left out.
const SET_BY_HOST: [&str; 10] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest answer of a vendor, in bytes: some lists come whole. It must fit into a message.
const RESPONSE_MAX: usize = 24 << 20;
const HEADERS_MAX: usize = 100;
/// Every vendor tolerates as much, and a `Date` is never exact.
const SKEW_IGNORED: TimeDelta = TimeDelta::seconds(30);
