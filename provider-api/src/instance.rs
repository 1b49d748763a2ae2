//! Database instances: the sources that backups belong to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Completeness, Cursor, Next, Timestamp};

/// The vendor's stable id of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct InstanceId(String);

impl InstanceId {
    /// Takes the vendor's id as it is.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as the vendor writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One managed database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Instance {
    /// The vendor's stable id.
    pub id: InstanceId,
    /// The name people gave it; may change and need not be unique.
    #[serde(default)]
    pub name: String,
    /// The engine in the vendor's spelling, such as `MySQL` or `PostgreSQL`.
    #[serde(default)]
    pub engine: Option<String>,
    /// The engine's version, as exact as the vendor tells it.
    #[serde(default)]
    pub engine_version: Option<String>,
    /// The vendor's region.
    #[serde(default)]
    pub region: Option<String>,
    /// The vendor's id of the project, tenant or account that owns the instance. Part of a
    /// backup's identity; absent, the name of the configured account stands in.
    #[serde(default)]
    pub scope: Option<String>,
    /// The vendor's word for its state, for people only.
    #[serde(default)]
    pub status: Option<String>,
    /// When the instance was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// Asks for one page of the account's instances.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstancesRequest {
    /// Ids or name patterns (`*` and `?`) of the job, as a hint for filters on the vendor's side.
    /// A provider may ignore it: the daemon filters again. Empty means every instance.
    pub wanted: Vec<String>,
    /// Where to go on; absent at the first page.
    pub cursor: Option<Cursor>,
}

/// One page of instances.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstancesPage {
    /// The instances of this page.
    pub instances: Vec<Instance>,
    /// The next page, or the end with its statement of completeness.
    pub next: Next,
}

impl InstancesPage {
    /// The only page of a complete listing.
    pub fn last(instances: Vec<Instance>) -> Self {
        let count = instances.len() as u64;
        Self {
            instances,
            next: Next::End(Completeness::complete(count)),
        }
    }
}
