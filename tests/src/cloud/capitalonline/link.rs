//! Links to files: made by the API, good for one file on one network until they end.
//!
//! How the vendor's links look is not documented. These carry an opaque token, so that a client
//! cannot know more than it is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::cloud::object::Address;
use crate::cloud::percent::{encode, hex};
use crate::cloud::shared::Shared;

/// The network that a link leads through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The internet.
    Public,
    /// The vendor's own network.
    Intranet,
}

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The file.
    pub address: Address,
    /// The network.
    pub side: Side,
    /// The first instant at which it is good no more.
    pub ends: DateTime<Utc>,
}

/// All links ever made.
#[derive(Debug, Default)]
pub struct LinkBook {
    tickets: Shared<HashMap<String, Ticket>>,
    serial: AtomicU64,
}

impl LinkBook {
    /// Path and query of a new link.
    pub fn issue(&self, ticket: Ticket, tells_expiry: bool) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(format!("link/{serial}"));
        let token = hex(digest.get(..16).unwrap_or_default());
        let expiry = if tells_expiry {
            format!("Expires={}&", ticket.ends.timestamp())
        } else {
            String::new()
        };
        let link = format!("{}?{expiry}{TOKEN}={token}", path(&ticket.address));
        self.tickets.lock().insert(token, ticket);
        link
    }

    /// What a token is good for.
    pub fn ticket(&self, token: &str) -> Option<Ticket> {
        self.tickets.lock().get(token).cloned()
    }
}

/// The path of a file, each part encoded whole.
pub fn path(address: &Address) -> String {
    let encode = |text: &str| encode(text.as_bytes());
    format!("/{}/{}", encode(&address.bucket), encode(&address.key))
}

/// The parameter with the token. Logs leave out the values of parameters of such names.
pub const TOKEN: &str = "token";
