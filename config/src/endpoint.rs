//! Where a vendor's service is reached, where the configuration says so.

use std::{fmt, str::FromStr};

use url::Url;

use crate::{
    ValueError,
    value::{Quoted, Value},
};

/// A checked endpoint: scheme (`http` or `https`), host and port, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Without a trailing slash, as providers are given it.
    text: String,
    host: String,
    port: u16,
    https: bool,
}

impl Endpoint {
    /// The URL without a trailing slash; the port only where it is not the scheme's own.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also where it is the scheme's own.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// False for plain HTTP.
    pub fn is_https(&self) -> bool {
        self.https
    }
}

impl FromStr for Endpoint {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write scheme, host and port only, such as `https://rds.example.com`";
        let refuse = |message: String| Err(ValueError::new(message).help(HELP));
        // A URL with user and password never reaches a message.
        if text.contains('@') {
            return refuse("an endpoint must not hold a user or a password".to_owned());
        }
        let quoted = Quoted(text);
        let Ok(url) = Url::parse(text) else {
            return refuse(format!("{quoted} is not a URL"));
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse(format!("{quoted} is neither `https://` nor `http://`"));
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return refuse(format!("{quoted} has no host"));
        };
        if port == 0 {
            return refuse(format!("{quoted} has no usable port"));
        }
        if url.query().is_some() || url.fragment().is_some() || url.path() != "/" {
            return refuse(format!(
                "{quoted} has a path or a query; the provider appends the vendor's own path"
            ));
        }
        Ok(Self {
            text: url.as_str().trim_end_matches('/').to_owned(),
            host: host.to_owned(),
            port,
            https: url.scheme() == "https",
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Value for Endpoint {
    const WANTED: &'static str = "a URL such as \"https://rds.example.com\"";
    const EXAMPLES: &'static [&'static str] = &[
        "https://rds.cn-north-4.myhuaweicloud.com",
        "http://127.0.0.1:9000",
    ];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_scheme_host_and_port() {
        let endpoint: Endpoint = "HTTPS://RDS.Example.com:443/".parse().unwrap();
        assert_eq!(endpoint.as_str(), "https://rds.example.com");
        assert_eq!((endpoint.host(), endpoint.port()), ("rds.example.com", 443));
        let endpoint: Endpoint = "http://[::1]:9000".parse().unwrap();
        assert_eq!((endpoint.host(), endpoint.port()), ("[::1]", 9000));
        assert!(!endpoint.is_https());
    }

    #[test]
    fn anything_more_is_refused_without_repeating_a_password() {
        for bad in [
            "rds.example.com",
            "ftp://a.b",
            "https://a.b/v3",
            "https://a.b/?x",
            "https://a.b/#x",
            "https://",
            "https://a.b:0",
            "https://a.b:99999",
            "",
            "file:///etc/passwd",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
        let error = "https://me:hunter2@a.b".parse::<Endpoint>().unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
