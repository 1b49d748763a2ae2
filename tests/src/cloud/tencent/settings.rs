//! What is fixed at the start of an emulated Tencent Cloud. What can change later is in [`switches`](super::switches).

use std::fmt;

use super::switches::Switches;

/// Everything that is fixed at the start, and the first position of the switches.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where to listen.
    pub ports: Ports,
    /// Who the customer is.
    pub identity: Identity,
    /// What can be changed later.
    pub switches: Switches,
}

/// Ports on 127.0.0.1; 0 lets the system choose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// API 3.0, both products.
    pub api: u16,
    /// API 2.0.
    pub legacy: u16,
    /// Object store.
    pub cos: u16,
    /// The hosts behind the links of API 2.0.
    pub dl: u16,
}

/// The one customer of this cloud, with made-up keys.
#[derive(Clone)]
pub struct Identity {
    /// Region in the long notation, such as `ap-guangzhou`.
    pub region: String,
    /// SecretId.
    pub secret_id: String,
    /// SecretKey.
    pub secret_key: String,
    /// Number of the account, shown in names of buckets and in links.
    pub app_id: u64,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            region: "ap-guangzhou".to_owned(),
            secret_id: "AKIDEXAMPLE0000000000000000000000001".to_owned(),
            secret_key: "SecretKeyExample000000000000001".to_owned(),
            app_id: 1_251_004_065,
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("region", &self.region)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}
