//! What a provider tells about itself: services, limits, hosts, settings.

use serde::{Deserialize, Serialize};

use crate::Kind;

/// A whole number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

/// What a provider is and what it serves. Needs no account and no host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    /// The provider's name as configurations write it, such as `huaweicloud`.
    pub name: String,
    /// The library's own version.
    pub version: String,
    /// The vendor's name for people.
    #[serde(default)]
    pub title: String,
    /// The services it serves.
    #[serde(default)]
    pub services: Vec<Service>,
}

impl Description {
    /// A provider without services yet.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            version: version.into(),
            services: Vec::new(),
        }
    }

    /// The service of that name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

/// One service of a vendor: a product whose backups can be fetched.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// The name as configurations write it, such as `rds`.
    pub name: String,
    /// The product's name for people.
    pub title: String,
    /// The kinds it can list.
    pub kinds: Vec<Kind>,
    /// Host patterns (`*` stands for one or more labels' characters) that API calls may go to.
    /// Configured endpoints are allowed besides.
    pub api_hosts: Vec<String>,
    /// Host patterns that download links may lead to. The account's `link_hosts` are allowed
    /// besides.
    pub link_hosts: Vec<String>,
    /// The endpoints a configuration may replace, such as `rds` and `iam`.
    pub endpoints: Vec<String>,
    /// The ways to authenticate, each a set of credentials that go together.
    pub credentials: Vec<Vec<Credential>>,
    /// True when a region must be configured.
    pub needs_region: bool,
    /// The JSON Schema of the job's `options`. Null means that there are none.
    pub options_schema: serde_json::Value,
    /// The vendor's documented request limits.
    pub rate_limits: Vec<RateLimit>,
    /// How long links live at least and at most, where it is known.
    pub link_lifetime: Option<(Seconds, Seconds)>,
    /// What preparing a backup costs.
    pub prepare: LoadClass,
    /// What checksums the vendor gives, in words.
    pub checksums: String,
    /// What identifies a backup, in words.
    pub identity: String,
    /// The permissions the credentials need, in the vendor's words.
    pub permissions: Vec<String>,
    /// How the vendor's times are read, in words, where they carry no zone.
    pub time_zone: String,
}

/// One credential of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its name in the configuration, such as `access_key`.
    pub name: String,
    /// True when the set works without it.
    #[serde(default)]
    pub optional: bool,
}

impl Credential {
    /// A credential that must be set.
    pub fn required(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            optional: false,
        }
    }

    /// A credential that may be left out.
    pub fn optional(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            optional: true,
        }
    }
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateScope {
    /// Each API call by its own.
    Call,
    /// All calls of the account together.
    #[default]
    #[serde(other)]
    Account,
}

/// A request limit as the vendor documents it. The daemon keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// How many requests.
    pub requests: u32,
    /// In how much time.
    pub per: Seconds,
    /// What is counted.
    #[serde(default)]
    pub scope: RateScope,
    /// The one call that the limit is for, such as `DescribeBackups`; absent, it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// What preparing a backup costs the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadClass {
    /// Nothing; or nothing is ever prepared.
    #[default]
    Free,
    /// Money.
    Billed,
    /// Load on the live database.
    LoadsDatabase,
    /// The live database is unavailable meanwhile, or the cost is of a kind this side does not know.
    #[serde(other)]
    BlocksDatabase,
}
