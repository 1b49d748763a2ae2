//! What a provider is told about the account it works for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Secret};

/// The account, service and settings of one session. One provider process serves one session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The service of the provider that the session is for, such as `rds`.
    pub service: String,
    /// The vendor's region, where the account or job names one.
    pub region: Option<String>,
    /// Resolved credentials by the names the service declares, such as `access_key`.
    pub credentials: BTreeMap<String, Secret>,
    /// Configured endpoints by service (and auxiliary service such as `iam`): scheme, host and
    /// port without a trailing slash. The provider appends the vendor's own path.
    pub endpoints: BTreeMap<String, String>,
    /// Which of a vendor's networks links should lead through.
    pub network: Network,
    /// The job's `options`, already checked against the service's schema.
    pub options: serde_json::Value,
}

impl Account {
    /// The credential of that name, if it is set and not empty.
    pub fn credential(&self, name: &str) -> Option<&Secret> {
        self.credentials
            .get(name)
            .filter(|secret| !secret.is_empty())
    }

    /// The credential of that name.
    ///
    /// # Errors
    /// `auth_failed`, naming the credential, when it is absent or empty.
    pub fn require(&self, name: &str) -> Result<&Secret, Error> {
        self.credential(name)
            .ok_or_else(|| Error::auth_failed(format!("the account has no credential `{name}`")))
    }

    /// The configured endpoint of a service, without a trailing slash.
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints
            .get(service)
            .map(|url| url.trim_end_matches('/'))
    }
}

/// Which of a vendor's networks a download link should lead through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// The public internet.
    #[default]
    Public,
    /// The vendor's internal network; reachable from the vendor's own machines only.
    Intranet,
    /// Intranet where the vendor offers it, otherwise public.
    Auto,
}
