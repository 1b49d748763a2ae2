//! Preparation: vendors that must first make a backup downloadable.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Backup, Instance, Seconds, Timestamp};

/// The vendor's id of a preparation under way. The daemon stores it before the first poll, so
/// that a crash never starts a second one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrepareToken(String);

impl PrepareToken {
    /// Takes a token as it is.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrepareToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Asks the vendor to make a backup downloadable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrepareRequest {
    /// The instance.
    pub instance: Instance,
    /// The backup, as listed.
    pub backup: Backup,
}

/// Asks how a preparation stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PollRequest {
    /// The instance.
    pub instance: Instance,
    /// The backup, as listed.
    pub backup: Backup,
    /// The token that `prepare` gave.
    pub token: PrepareToken,
}

/// Tells the vendor that a preparation is no longer needed. Idempotent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReleaseRequest {
    /// The instance.
    pub instance: Instance,
    /// The token that `prepare` gave.
    pub token: PrepareToken,
}

/// How a preparation stands. A failed one is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "prepared")]
pub enum Prepared {
    /// Links can be asked for.
    Ready,
    /// Not yet.
    Pending {
        /// To be given with every poll.
        token: PrepareToken,
        /// Poll no earlier than after this.
        poll_after: Seconds,
        /// Poll no later than after this, where the vendor gives up otherwise.
        #[serde(default)]
        poll_within: Option<Seconds>,
        /// When the vendor gives up.
        #[serde(default)]
        deadline: Option<Timestamp>,
    },
}
