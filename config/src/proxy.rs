//! The way to the vendor through a proxy.

use std::{fmt, str::FromStr};

use crate::{
    Endpoint, ValueError,
    value::{Quoted, Value},
};

/// The proxy that requests and downloads go through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Proxy {
    /// None, whatever the environment says.
    Direct,
    /// The one at this address, `http://` or `https://`, for every request.
    Through(Endpoint),
}

impl FromStr for Proxy {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "none" {
            return Ok(Self::Direct);
        }
        text.parse().map(Self::Through).map_err(|_| {
            // Never repeats the text: it may hold a password.
            ValueError::new(format!(
                "this is neither a proxy's address nor {}",
                Quoted("none")
            ))
            .help(
                "write `http://proxy.example:3128`; a proxy that wants a password is set in \
                     the environment, as `HTTPS_PROXY`",
            )
        })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("none"),
            Self::Through(endpoint) => f.write_str(endpoint.as_str()),
        }
    }
}

impl Value for Proxy {
    const WANTED: &'static str = "a proxy such as \"http://proxy.example:3128\"";
    const EXAMPLES: &'static [&'static str] = &["http://proxy.example:3128", "none"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}
