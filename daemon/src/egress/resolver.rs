//! Name resolution that refuses addresses a request must not go to.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::AddressKind;
use super::{Egress, EgressError};

/// Resolves by the system's resolver and leaves out refused addresses.
pub struct CheckingResolver {
    egress: Egress,
    proxies: Vec<String>,
}

impl CheckingResolver {
    /// Checks by those rules. The hosts of the configured proxy and of the system's are let
    /// through: the operator set them, and a URL cannot name them without passing
    /// [`Egress::check`].
    pub fn new(egress: Egress, configured: Option<String>) -> Self {
        let proxies = PROXY_VARIABLES
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .filter_map(|proxy| proxy_host(&proxy))
            .chain(configured)
            .collect();
        Self { egress, proxies }
    }
}

impl Resolve for CheckingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.egress.clone();
        let host = name.as_str().trim_end_matches('.').to_ascii_lowercase();
        let is_proxy = self.proxies.contains(&host);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0))
                .await
                .map_err(|error| EgressError::Resolve {
                    host: host.clone(),
                    reason: error.to_string(),
                })?;
            let addresses = if is_proxy {
                found.collect()
            } else {
                permitted(&egress, &host, found)?
            };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses that the host may have.
///
/// # Errors
/// When there are none, or none is permitted.
pub fn permitted(
    egress: &Egress,
    host: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, EgressError> {
    let mut refused = None;
    let mut addresses = Vec::new();
    for address in found {
        let kind = AddressKind::of(address.ip());
        if egress.permits(host, kind) {
            addresses.push(address);
        } else {
            refused = Some(kind);
        }
    }
    match (addresses.is_empty(), refused) {
        (false, _) => Ok(addresses),
        (true, Some(kind)) => Err(EgressError::Address {
            host: host.to_owned(),
            kind,
        }),
        (true, None) => Err(EgressError::Resolve {
            host: host.to_owned(),
            reason: "it has no address".to_owned(),
        }),
    }
}

/// Where reqwest looks for proxies.
const PROXY_VARIABLES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

fn proxy_host(proxy: &str) -> Option<String> {
    let url = match proxy.contains("://") {
        true => url::Url::parse(proxy),
        false => url::Url::parse(&format!("http://{proxy}")),
    };
    Some(url.ok()?.host_str()?.to_ascii_lowercase())
}
