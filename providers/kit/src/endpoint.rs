//! Scheme, host and perhaps port of one service.

use backhaul_provider_api::{Account, Error};

/// Scheme, host and perhaps port of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    host: String,
}

impl Endpoint {
    /// The endpoint that the account's configuration names for the service, if it does.
    ///
    /// # Errors
    /// When it is not of the form `https://host` or `https://host:port`.
    pub fn configured(account: &Account, service: &str) -> Result<Option<Self>, Error> {
        account
            .endpoint(service)
            .map(|url| Self::read(service, url))
            .transpose()
    }

    /// The vendor's own endpoint of that host, over HTTPS.
    pub fn https(host: impl Into<String>) -> Self {
        let host = host.into();
        Self {
            base: format!("https://{host}"),
            host,
        }
    }

    /// Reads `https://host[:port]`, or the same with `http`.
    fn read(service: &str, url: &str) -> Result<Self, Error> {
        let refuse = || {
            Error::permanent(format!(
                "the account's `endpoint.{service}` is not of the form https://host or https://host:port"
            ))
        };
        let (scheme, default_port) = match url.split_once("://") {
            Some(("https", _)) => ("https", ":443"),
            Some(("http", _)) => ("http", ":80"),
            _ => return Err(refuse()),
        };
        let authority = &url[scheme.len() + "://".len()..];
        let plain = !authority.is_empty()
            && authority
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        if !plain {
            return Err(refuse());
        }
        // HTTP clients leave the default port out of the `Host` header, which is signed.
        let host = authority
            .strip_suffix(default_port)
            .unwrap_or(authority)
            .to_ascii_lowercase();
        Ok(Self {
            base: format!("{scheme}://{host}"),
            host,
        })
    }

    /// The URL without its path: `https://rds.cn-north-4.myhuaweicloud.com`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The value of the `Host` header.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// Whether a region's name can become part of a host name: 1 to 64 letters, digits, `-`, `_`.
pub fn is_region(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(url: &str) -> Result<Option<Endpoint>, Error> {
        let account = Account {
            endpoints: [("api".to_owned(), url.to_owned())].into(),
            ..Account::default()
        };
        Endpoint::configured(&account, "api")
    }

    #[test]
    fn the_default_port_and_a_slash_at_the_end_are_left_out() {
        let endpoint = configured("https://API.example:443/").unwrap().unwrap();
        assert_eq!(endpoint.base(), "https://api.example");
        assert_eq!(endpoint.host(), "api.example");
        let local = configured("http://127.0.0.1:8080").unwrap().unwrap();
        assert_eq!(local.host(), "127.0.0.1:8080");
        assert!(
            Endpoint::configured(&Account::default(), "api")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn another_form_is_refused_by_name() {
        for url in [
            "api.example",
            "ftp://x",
            "https://",
            "https://u:p@host",
            "https://host/path",
            "https://h?q",
        ] {
            let error = configured(url).unwrap_err();
            assert!(error.message.contains("endpoint.api"), "{url}: {error}");
        }
    }

    #[test]
    fn a_region_is_a_name() {
        assert!(is_region("cn-north-4"));
        for region in ["", "evil.example/", "a b", "x@y", &"x".repeat(65)] {
            assert!(!is_region(region), "{region}");
        }
    }
}
