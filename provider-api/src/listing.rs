//! Listings: windows, pages, and the statement of completeness that ends one.

use serde::{Deserialize, Serialize};

use crate::{Backup, Instance, Kind, Timestamp, message::is_default};

/// Where a listing goes on. Opaque to the daemon, short-lived, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Takes a cursor's text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The cursor's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A half-open stretch of time, `from` included and `until` excluded; an absent end is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// The earliest instant.
    pub from: Option<Timestamp>,
    /// The first instant after it.
    pub until: Option<Timestamp>,
}

/// How a page ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Next {
    /// There is another page.
    More(Cursor),
    /// The listing is over.
    End(Completeness),
}

/// The statement that ends a listing. Only a complete listing lets the daemon conclude anything
/// from a backup's absence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    /// True when everything in `window` was seen.
    pub complete: bool,
    /// The window truly covered.
    #[serde(default)]
    pub window: Window,
    /// How many items the listing yielded over all its pages, those passed over included.
    pub count: u64,
    /// Why it is not complete, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Completeness {
    /// Everything there is was seen, over all time.
    pub fn complete(count: u64) -> Self {
        Self {
            complete: true,
            window: Window::default(),
            count,
            reason: None,
        }
    }

    /// Everything in `window` was seen.
    pub fn within(window: Window, count: u64) -> Self {
        Self {
            complete: true,
            window,
            count,
            reason: None,
        }
    }

    /// Something may be missing.
    pub fn incomplete(count: u64, reason: impl Into<String>) -> Self {
        Self {
            complete: false,
            window: Window::default(),
            count,
            reason: Some(reason.into()),
        }
    }
}

/// Asks for one page of an instance's backups.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListRequest {
    /// The instance.
    pub instance: Instance,
    /// The kinds wanted; a provider lists no others.
    pub kinds: Vec<Kind>,
    /// The stretch of time wanted.
    #[serde(default)]
    pub window: Window,
    /// Where to go on; absent at the first page.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// One page of backups.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListPage {
    /// The backups of this page, in any order and any state.
    pub backups: Vec<Backup>,
    /// Entries that could not be understood or do not concern the job, each with its reason.
    #[serde(default, skip_serializing_if = "is_default")]
    pub passed_over: Vec<PassedOver>,
    /// The next page, or the end with its statement of completeness.
    pub next: Next,
}

/// An entry of the vendor's list that became no [`Backup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// The vendor's id or name of it, as far as it could be read.
    pub what: String,
    /// Why it was passed over, naming the field.
    pub reason: String,
}
