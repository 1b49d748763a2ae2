//! Failures, classified by the provider, because only it knows what a vendor's answer means.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Seconds;

/// What the daemon shall do about a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "class")]
pub enum ErrorClass {
    /// Too many requests: back off for the whole account.
    Throttled {
        /// How long the vendor asks to wait.
        #[serde(default)]
        after: Option<Seconds>,
    },
    /// Try again with back-off.
    Temporary,
    /// Ask again later; not a failure.
    NotReady {
        /// How long to wait.
        #[serde(default)]
        after: Option<Seconds>,
    },
    /// The link's time is over: resolve again.
    LinkExpired,
    /// The link's uses are over: resolve or prepare again.
    LinkUsed,
    /// The vendor's clock and ours differ: correct from the answer's `Date` and try once more.
    ClockSkew,
    /// The credentials were refused: stop this account.
    AuthFailed,
    /// The credentials lack a permission: stop this account.
    Forbidden {
        /// The permission that is missing, in the vendor's words.
        #[serde(default)]
        permission: Option<String>,
    },
    /// The backup is no longer at the vendor; a mirrored copy stays.
    Gone,
    /// The vendor or this library cannot do it: skip and say so.
    Unsupported,
    /// It would cost something: do nothing, and name the setting that allows it.
    NeedsConsent {
        /// What it would cost, in words.
        #[serde(default)]
        cost: String,
        /// The option that allows it.
        #[serde(default)]
        setting: String,
    },
    /// Trying again is useless.
    #[serde(other)]
    Permanent,
}

impl ErrorClass {
    /// The class's word on the wire.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Temporary => "temporary",
            Self::NotReady { .. } => "not-ready",
            Self::LinkExpired => "link-expired",
            Self::LinkUsed => "link-used",
            Self::ClockSkew => "clock-skew",
            Self::AuthFailed => "auth-failed",
            Self::Forbidden { .. } => "forbidden",
            Self::Gone => "gone",
            Self::Unsupported => "unsupported",
            Self::NeedsConsent { .. } => "needs-consent",
            Self::Permanent => "permanent",
        }
    }
}

/// A failure of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// What the daemon shall do about it.
    #[serde(flatten)]
    pub class: ErrorClass,
    /// What happened, to what, and what to do next, in one sentence without secrets.
    pub message: String,
    /// The vendor's API call, such as `ListBackups`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The vendor's error code, such as `DBS.201010`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The HTTP status of the vendor's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The vendor's request id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Error {
    /// A failure of any class.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            call: None,
            code: None,
            http_status: None,
            request_id: None,
        }
    }

    /// A failure that another try may mend.
    pub fn temporary(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Temporary, message)
    }

    /// A failure that no other try mends.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Permanent, message)
    }

    /// The credentials were refused or are missing.
    pub fn auth_failed(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::AuthFailed, message)
    }

    /// The vendor or this library cannot do it.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Unsupported, message)
    }

    /// The backup is no longer at the vendor.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Gone, message)
    }

    /// Names the vendor's API call.
    #[must_use]
    pub fn in_call(mut self, call: impl Into<String>) -> Self {
        self.call = Some(call.into());
        self
    }
}

impl fmt::Display for Error {
    /// Message, what is missing or would be spent, then call, code, status and request id in
    /// brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut notes = Vec::new();
        match &self.class {
            ErrorClass::Forbidden {
                permission: Some(permission),
            } => {
                notes.push(format!("missing permission {permission}"));
            }
            ErrorClass::NeedsConsent { cost, setting } => {
                notes.push(format!("it costs {cost}; set `{setting}` to allow it"));
            }
            _ => {}
        }
        if let Some(call) = &self.call {
            notes.push(format!("call {call}"));
        }
        if let Some(code) = &self.code {
            notes.push(format!("code {code}"));
        }
        if let Some(status) = self.http_status {
            notes.push(format!("HTTP {status}"));
        }
        if let Some(id) = &self.request_id {
            notes.push(format!("request {id}"));
        }
        if notes.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", notes.join(", "))
        }
    }
}

impl std::error::Error for Error {}
