//! The identity of a backup within its instance, from which its key is made.

use backhaul_provider_api::{Timestamp, chrono::SecondsFormat};
use serde::{Deserialize, Serialize};

/// What makes a backup this one among those of an instance, in the words of its keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SetId {
    /// The texts of `{time:…}`.
    pub(crate) times: Vec<String>,
    /// The word in the place of `{kind}`, or the layout's kind.
    pub(crate) kind: String,
    /// The text of `{set}`, or the key of an object that is told apart by one of the next two.
    pub(crate) set: Option<String>,
    /// When the object was written, where objects are overwritten.
    pub(crate) modified: Option<Timestamp>,
    /// The object's version, where versions are looked at.
    pub(crate) version: Option<String>,
}

impl SetId {
    /// The key of the backup. Only `set` is free text, and it stands behind what is not.
    pub(crate) fn key(&self) -> String {
        let mut parts = Vec::new();
        if !self.times.is_empty() {
            parts.push(format!("time={}", self.times.join("/")));
        }
        parts.push(format!("kind={}", self.kind));
        if let Some(modified) = self.modified {
            let modified = modified.to_rfc3339_opts(SecondsFormat::Millis, true);
            parts.push(format!("modified={modified}"));
        }
        if let Some(version) = &self.version {
            parts.push(format!("version={version}"));
        }
        if let Some(set) = &self.set {
            parts.push(format!("set={set}"));
        }
        parts.join(",")
    }
}
