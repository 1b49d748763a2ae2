//! The products whose backups the API hands out.

use backhaul_provider_api::{Account, Error};

/// A database product, which is a service of this provider and a path of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    MySql,
    Redis,
}

impl Product {
    pub(crate) const ALL: [Self; 2] = [Self::MySql, Self::Redis];

    /// The product of the account's service.
    ///
    /// # Errors
    /// `unsupported` for another service. The vendor documents no backup calls for MongoDB,
    /// Memcached and Kafka.
    pub(crate) fn of(account: &Account) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|product| product.as_str() == account.service)
            .ok_or_else(|| {
                Error::unsupported(format!(
                    "the provider capitalonline has no service {:?}, only `mysql` and `redis`",
                    account.service
                ))
            })
    }

    /// The word for the service, for its endpoint in a configuration, and in the API's path.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::Redis => "redis",
        }
    }

    /// The engine's own spelling.
    pub(crate) fn engine(self) -> &'static str {
        match self {
            Self::MySql => "MySQL",
            Self::Redis => "Redis",
        }
    }

    /// The product's name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::MySql => "Cloud Database MySQL",
            Self::Redis => "Cloud Database Redis",
        }
    }
}
