//! Which hosts a request or a download link may lead to.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::{
    ValueError,
    glob::Glob,
    value::{Quoted, Value},
};

/// An exact host or address, or a pattern such as `*.example.com` or `rds.*.example.com`.
///
/// A `*` stands for at least one character, dots included. The last two labels of a pattern are
/// always literal, so that no pattern covers a whole top-level domain; an address is always
/// exact. Case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern {
    /// In lower case, without a trailing dot and without the brackets of an IPv6 address.
    text: String,
}

impl HostPattern {
    /// True when the host (a name, an IPv4 address or an IPv6 address with or without brackets;
    /// never with a port) is covered.
    pub fn matches(&self, host: &str) -> bool {
        let host = normal(host);
        if self.is_exact() {
            return self.text == host;
        }
        host.parse::<IpAddr>().is_err() && Glob::new(&self.text).star_nonempty().matches(&host)
    }

    /// True when it names one host or address only.
    pub fn is_exact(&self) -> bool {
        !self.text.contains('*')
    }

    /// The pattern's text in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn normal(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        // One spelling for every address.
        return address.to_string();
    }
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

impl FromStr for HostPattern {
    type Err = ValueError;

    fn from_str(written: &str) -> Result<Self, ValueError> {
        const HELP: &str =
            "write a host such as `files.example.com`, an address, or `*.example.com`";
        let text = normal(written);
        let refuse =
            |why: &str| Err(ValueError::new(format!("{} {why}", Quoted(written))).help(HELP));
        if text.parse::<IpAddr>().is_ok() {
            return Ok(Self { text });
        }
        if text.is_empty() {
            return refuse("is not a host");
        }
        if text.contains("://") || text.contains('/') {
            return refuse("is a URL, not a host");
        }
        if text.contains(':') {
            return refuse("has a port; a host without one is wanted");
        }
        if text == "*" {
            return refuse("would allow every host");
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_*".contains(c);
        let labels: Vec<&str> = text.split('.').collect();
        let sound = |label: &&str| (1..=63).contains(&label.len()) && label.chars().all(allowed);
        if text.len() > 253 || !labels.iter().all(sound) {
            return refuse("is not a host");
        }
        if text.contains('*') {
            let tail = labels.iter().rev().take(2);
            if labels.len() < 3 || tail.clone().any(|label| label.contains('*')) {
                return refuse("is too wide: its last two labels must be written out");
            }
            if tail
                .clone()
                .all(|label| label.bytes().all(|b| b.is_ascii_digit()))
            {
                return refuse("looks like an address; addresses must be written out");
            }
        }
        Ok(Self { text })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Value for HostPattern {
    const WANTED: &'static str = "a host such as \"*.example.com\"";
    const EXAMPLES: &'static [&'static str] = &["*.example.com", "files.example.com", "127.0.0.1"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
