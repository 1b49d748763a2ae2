//! Egress: which hosts and addresses requests may go to.
//!
//! Providers and vendors name URLs, and both are foreign: a wrong or malicious one must not make
//! the daemon talk to itself, to the neighbours in its network, or to a cloud's metadata service.
//! Used by `provider/exchange.rs` for API calls and by the fetch engine for links. Every request
//! passes two checks: [`Egress::check`] looks at the URL before it is sent, and the client of
//! [`Egress::client_builder`] looks at the addresses that a name resolves to, at the moment of
//! connecting, so that a name which changes its mind (DNS rebinding) gains nothing.

use std::sync::Arc;

use backhaul_config::HostPattern;
use url::{Host, Url};

pub mod address;
mod resolver;
pub mod route;

use address::{AddressKind, Neighbourhood};
use resolver::CheckingResolver;
use route::{Route, RouteError};

/// The hosts that requests may go to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Egress {
    rules: Arc<Rules>,
}

#[derive(Clone, Debug)]
struct Rules {
    /// Host patterns of the provider.
    declared: Vec<HostPattern>,
    /// Host patterns of the configuration. An exact one may be an address, or resolve to any.
    configured: Vec<HostPattern>,
    /// Endpoints of the configuration: scheme, host and port, any address.
    endpoints: Vec<Url>,
    allow_http: bool,
    neighbourhood: Neighbourhood,
    route: Route,
}

impl Egress {
    /// Allows hosts that the provider declares or the configuration names. A host that the
    /// configuration names exactly may have any address; all others must not lead to loopback,
    /// private, link-local or other special addresses.
    pub fn new(declared: Vec<HostPattern>, configured: Vec<HostPattern>, allow_http: bool) -> Self {
        Self {
            rules: Arc::new(Rules {
                declared,
                configured,
                endpoints: Vec::new(),
                allow_http,
                neighbourhood: Neighbourhood::Public,
                route: Route::default(),
            }),
        }
    }

    /// Allows these endpoints besides: exactly this scheme, host and port, at any address.
    #[must_use]
    pub fn with_endpoints(self, endpoints: Vec<Url>) -> Self {
        self.map(|rules| rules.endpoints = endpoints)
    }

    /// Lets allowed hosts have private addresses, as the intranet endpoints of vendors have.
    /// Loopback, link-local and metadata addresses stay refused.
    #[must_use]
    pub fn with_private_addresses(self) -> Self {
        self.map(|rules| rules.neighbourhood = Neighbourhood::Private)
    }

    /// Goes through a proxy, or trusts further certificates. A proxy resolves the names of hosts
    /// by itself, so that what they resolve to is then its business.
    #[must_use]
    pub fn through(self, route: Route) -> Self {
        self.map(|rules| rules.route = route)
    }

    fn map(self, change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = Arc::unwrap_or_clone(self.rules);
        change(&mut rules);
        Self {
            rules: Arc::new(rules),
        }
    }

    /// Whether a request may go to that URL, as far as the URL alone tells. Redirects must be
    /// checked one by one.
    ///
    /// # Errors
    /// When its scheme, host or address is not allowed.
    pub fn check(&self, url: &Url) -> Result<(), EgressError> {
        let rules = &*self.rules;
        let Some(host) = url.host() else {
            return Err(EgressError::NoHost);
        };
        match url.scheme() {
            "https" => {}
            "http" if rules.allow_http => {}
            "http" => {
                return Err(EgressError::PlainHttp {
                    host: host.to_string(),
                });
            }
            scheme => {
                return Err(EgressError::Scheme {
                    scheme: scheme.to_owned(),
                });
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::User {
                host: host.to_string(),
            });
        }
        if rules.is_endpoint(url) {
            return Ok(());
        }
        let name = bare(&host);
        if rules.is_named_exactly(&name) {
            return Ok(());
        }
        if !rules
            .declared
            .iter()
            .chain(&rules.configured)
            .any(|pattern| pattern.matches(&name))
        {
            return Err(EgressError::Host { host: name });
        }
        let address = match host {
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
        };
        // Even a public address must be named: a pattern is meant for names.
        Err(EgressError::Address {
            host: name,
            kind: AddressKind::of(address),
        })
    }

    /// A client that refuses to connect where names resolve to refused addresses, follows no
    /// redirect by itself, and sends no `Referer`. Literal addresses never reach its resolver:
    /// [`Egress::check`] each URL first.
    ///
    /// # Errors
    /// When the certificates of the route cannot be read.
    pub fn client_builder(&self) -> Result<reqwest::ClientBuilder, RouteError> {
        let route = &self.rules.route;
        let resolver = CheckingResolver::new(self.clone(), route.proxy_host());
        let builder = reqwest::Client::builder()
            .dns_resolver(Arc::new(resolver))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        route.apply(builder)
    }

    /// Whether a name of that host may resolve to an address of that kind.
    fn permits(&self, name: &str, kind: AddressKind) -> bool {
        let rules = &*self.rules;
        kind.is_in(rules.neighbourhood)
            || rules.is_named_exactly(name)
            || rules
                .endpoints
                .iter()
                .any(|endpoint| endpoint.host_str() == Some(name))
    }
}

impl Rules {
    fn is_endpoint(&self, url: &Url) -> bool {
        self.endpoints
            .iter()
            .any(|endpoint| endpoint.origin() == url.origin())
    }

    fn is_named_exactly(&self, name: &str) -> bool {
        self.configured
            .iter()
            .any(|pattern| pattern.is_exact() && pattern.matches(name))
    }
}

/// The host as configurations write it: an IPv6 address without its brackets.
fn bare(host: &Host<&str>) -> String {
    match host {
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

/// Why a request may not go where it wants to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The URL names no host.
    #[error("the URL names no host")]
    NoHost,
    /// Another scheme than HTTP.
    #[error("`{scheme}` URLs are not allowed, only https")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// Plain HTTP that was not allowed.
    #[error("plain HTTP to {host} is not allowed unless the account sets `allow_http = true`")]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// User and password in a URL.
    #[error("the URL to {host} carries a user name or password, which is not allowed")]
    User {
        /// The host.
        host: String,
    },
    /// A host that nobody named.
    #[error(
        "{host} is none of the hosts that the provider declares or the account's `endpoint` and `link_hosts` name"
    )]
    Host {
        /// The host.
        host: String,
    },
    /// A special address.
    #[error(
        "{host} is or leads to {kind}, which is not allowed unless the account names exactly that host in `endpoint` or `link_hosts`{}",
        if *kind == AddressKind::Private {
            ", or uses a vendor's intranet"
        } else {
            ""
        }
    )]
    Address {
        /// The host.
        host: String,
        /// What the address is.
        kind: AddressKind,
    },
    /// A name without addresses.
    #[error("the name {host} does not resolve: {reason}")]
    Resolve {
        /// The host.
        host: String,
        /// The resolver's words.
        reason: String,
    },
}

/// A URL whose path and query will be sent byte for byte as they stand in `text`.
///
/// # Errors
/// When `text` is no URL, or sending it would change bytes that a signature covers. The error
/// shows nothing of the text.
pub fn exact_url(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text).map_err(UrlError::Parse)?;
    if url.fragment().is_some() {
        return Err(UrlError::Fragment);
    }
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let written = after_scheme
        .find(['/', '?'])
        .map_or("", |at| &after_scheme[at..]);
    let sent = &url[url::Position::BeforePath..url::Position::AfterQuery];
    // An absent path is sent as `/` and signed as `/` by every vendor.
    let same = match written.strip_prefix('/') {
        Some(_) => written == sent,
        None => sent.strip_prefix('/') == Some(written),
    };
    if same {
        Ok(url)
    } else {
        Err(UrlError::Changed)
    }
}

/// Why a URL cannot be sent as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL.
    #[error("the URL cannot be read: {0}")]
    Parse(url::ParseError),
    /// It has a fragment, which is never sent.
    #[error("the URL has a fragment (`#`), which is never sent")]
    Fragment,
    /// Its path or query would change.
    #[error(
        "the URL's path or query would not be sent byte for byte: percent-encode everything but letters, digits and -._~"
    )]
    Changed,
}

#[cfg(test)]
mod tests;
