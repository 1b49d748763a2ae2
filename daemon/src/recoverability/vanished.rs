//! Did backups vanish at the vendor out of turn?
//!
//! Vendors drop the oldest first; that mirrored backups are gone there is what a mirror is for.
//! One that is gone while older ones are still listed was deleted by somebody.

use backhaul_provider_api::{BackupKey, Kind, Timestamp};
use serde::{Deserialize, Serialize};

use super::Finding;
use crate::mirror::identity::BackupId;

/// A mirrored backup that the vendor lists no more though it lists older ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The backup.
    pub id: BackupId,
    /// The vendor's key of it.
    pub key: BackupKey,
    /// Its kind.
    pub kind: Kind,
    /// When it was made.
    pub started_at: Timestamp,
    /// When its absence was noticed.
    pub noticed_at: Timestamp,
}

impl Missing {
    /// What is to be said about those that are missing; nothing when none is.
    pub fn finding(missing: &[Self]) -> Option<Finding> {
        let newest = missing.iter().max_by_key(|missing| missing.started_at)?;
        Some(Finding::Vanished {
            count: missing.len() as u64,
            newest: newest.id.clone(),
            started_at: newest.started_at,
            noticed_at: newest.noticed_at,
        })
    }
}
