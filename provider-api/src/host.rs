//! What a provider may ask of its host: HTTP, the clock, randomness, a log line.

use serde::{Deserialize, Serialize};

use crate::{Error, Secret, Timestamp};

/// The provider's only way to the outside. Every answer can be recorded and replayed.
pub trait Host {
    /// Carries out one HTTP exchange: TLS, proxy, time-outs, size cap, rate limit and the list of
    /// allowed hosts are the host's business. Redirects are not followed. Any answer with a
    /// status is `Ok`.
    ///
    /// # Errors
    /// When there was no answer, already classified; hand it on with `?`.
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error>;

    /// The current time, corrected by what the vendor's clock was seen to be.
    fn now(&self) -> Timestamp;

    /// `count` unpredictable bytes, at most 1024.
    fn random(&self, count: usize) -> Vec<u8>;

    /// Writes one line to the daemon's log. Secrets in it are blanked, long ones cut.
    fn log(&self, level: LogLevel, message: &str);
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody should look.
    Warn,
    /// Worth a line in a normal log.
    Info,
    /// For finding faults.
    #[serde(other)]
    Debug,
}

/// An HTTP request that the host shall carry out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The vendor's name for the call, such as `ListBackups`; used for limits, logs and errors.
    pub call: String,
    /// The method in upper case.
    pub method: String,
    /// The whole URL. Its path and query are sent byte for byte.
    pub url: Secret,
    /// The headers, in order. `Host` is taken from the URL unless given.
    #[serde(default)]
    pub headers: Vec<(String, Secret)>,
    /// The body, UTF-8.
    #[serde(default)]
    pub body: Option<Secret>,
}

/// A vendor's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced by U+FFFD.
    pub body: String,
}

impl HttpResponse {
    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// True for 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
