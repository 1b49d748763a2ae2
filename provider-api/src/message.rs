//! The JSON messages of the contract, as they cross the C boundary and the process boundary.
//!
//! The daemon sends an [`Operation`]; the provider answers an [`Outcome`]. In between the
//! provider may send any number of [`Ask`]s, each answered by an [`Outcome`] in turn.

use serde::{Deserialize, Serialize};

use crate::{
    Error, HttpRequest, InstancesRequest, ListRequest, LogLevel, PollRequest, PrepareRequest,
    ReleaseRequest, ResolveRequest, SecretsRequest,
};

/// One operation of a session, such as `{"op":"list","request":{…}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "op", content = "request")]
pub enum Operation {
    /// Answered by an [`InstancesPage`](crate::InstancesPage).
    Instances(InstancesRequest),
    /// Answered by a [`ListPage`](crate::ListPage).
    List(ListRequest),
    /// Answered by [`Prepared`](crate::Prepared).
    Prepare(PrepareRequest),
    /// Answered by [`Prepared`](crate::Prepared).
    Poll(PollRequest),
    /// Answered by null.
    Release(ReleaseRequest),
    /// Answered by a [`ResolvedPage`](crate::ResolvedPage).
    Resolve(ResolveRequest),
    /// Answered by a list of [`KeyMaterial`](crate::KeyMaterial).
    Secrets(SecretsRequest),
}

impl Operation {
    /// The operation's word on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Instances(_) => "instances",
            Self::List(_) => "list",
            Self::Prepare(_) => "prepare",
            Self::Poll(_) => "poll",
            Self::Release(_) => "release",
            Self::Resolve(_) => "resolve",
            Self::Secrets(_) => "secrets",
        }
    }
}

/// What a provider asks of its host, such as `{"ask":"now"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask", content = "request")]
pub enum Ask {
    /// Answered by an [`HttpResponse`](crate::HttpResponse).
    Send(HttpRequest),
    /// Answered by a [`Timestamp`](crate::Timestamp).
    Now,
    /// Answered by a list of that many numbers from 0 to 255.
    Random(usize),
    /// Answered by null.
    Log {
        /// How loud.
        level: LogLevel,
        /// The line.
        message: String,
    },
}

/// `{"ok":…}` or `{"error":{…}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome<T> {
    /// It worked.
    Ok(T),
    /// It failed.
    Error(Error),
}

impl<T> From<Result<T, Error>> for Outcome<T> {
    fn from(result: Result<T, Error>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Error(error),
        }
    }
}

impl<T> From<Outcome<T>> for Result<T, Error> {
    fn from(outcome: Outcome<T>) -> Self {
        match outcome {
            Outcome::Ok(value) => Ok(value),
            Outcome::Error(error) => Err(error),
        }
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
