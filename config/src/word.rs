//! Plain words of the configuration: paths, addresses, names of secrets, and words from a list.

use std::{net::SocketAddr, path::PathBuf};

use backhaul_provider_api::{Kind, Network};
use chrono_tz::Tz;

use crate::{
    CronPattern, Missed, Sandbox, ValueError,
    schedule::parse_zone,
    value::{Quoted, Value, choose},
};

/// A text that is not empty and has no control characters. Its refusal never repeats the text,
/// which may be an argument of a command that reads a secret.
pub(crate) struct Plain(pub(crate) String);

impl Value for Plain {
    const WANTED: &'static str = "a text";
    const EXAMPLES: &'static [&'static str] = &[];

    fn read(text: &str) -> Result<Self, ValueError> {
        if text.is_empty() {
            return Err(ValueError::new("the text is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(ValueError::new("the text has a control character"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A path, absolute or relative to the file it stands in.
pub(crate) struct FilePath(pub(crate) PathBuf);

impl Value for FilePath {
    const WANTED: &'static str = "a path such as \"/srv/backups\"";
    const EXAMPLES: &'static [&'static str] = &["/srv/backups/orders"];

    fn read(text: &str) -> Result<Self, ValueError> {
        if text.is_empty() {
            return Err(ValueError::new("the path is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(ValueError::new("the path has a control character"));
        }
        if text == "~" || text.starts_with("~/") {
            return Err(ValueError::new("`~` does not stand for a home folder here")
                .help("write the whole path; a relative one starts at the folder of this file"));
        }
        Ok(Self(PathBuf::from(text)))
    }
}

/// An address and a port to listen on.
pub(crate) struct Address(pub(crate) SocketAddr);

impl Value for Address {
    const WANTED: &'static str = "an address and a port such as \"127.0.0.1:9494\"";
    const EXAMPLES: &'static [&'static str] = &["127.0.0.1:9494", "[::1]:9494"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse().map(Self).map_err(|_| {
            let port = text
                .rsplit(':')
                .next()
                .and_then(|port| port.parse::<u16>().ok());
            let port = port.unwrap_or(9494);
            ValueError::new(format!("{} is not an address and a port", Quoted(text))).help(format!(
                "write `127.0.0.1:{port}`, or `0.0.0.0:{port}` for every interface"
            ))
        })
    }
}

/// The name of an environment variable.
pub(crate) struct EnvName(pub(crate) String);

impl Value for EnvName {
    const WANTED: &'static str = "the name of an environment variable such as \"HW_SK\"";
    const EXAMPLES: &'static [&'static str] = &["HW_SK"];

    /// Never repeats the text: it may be the secret, pasted to the wrong place.
    fn read(text: &str) -> Result<Self, ValueError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let sound = text.chars().all(allowed) && !text.starts_with(|c: char| c.is_ascii_digit());
        if text.is_empty() || !sound {
            return Err(
                ValueError::new("this is not the name of an environment variable")
                    .help("write its name, such as `HW_SK`: letters, digits and `_`"),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// The name of a systemd credential, which is a file name.
pub(crate) struct CredentialName(pub(crate) String);

impl Value for CredentialName {
    const WANTED: &'static str = "the name of a systemd credential such as \"hw-sk\"";
    const EXAMPLES: &'static [&'static str] = &["hw-sk"];

    /// Never repeats the text: it may be the secret, pasted to the wrong place.
    fn read(text: &str) -> Result<Self, ValueError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let sound = (1..=255).contains(&text.len()) && text.chars().all(allowed);
        if !sound || text == "." || text == ".." {
            return Err(
                ValueError::new("this is not the name of a systemd credential").help(
                    "write the name from `LoadCredential=`: letters, digits, `.`, `_` and `-`",
                ),
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl Value for CronPattern {
    const WANTED: &'static str = "a cron pattern such as \"15 3 * * *\"";
    const EXAMPLES: &'static [&'static str] = &["15 3 * * *", "0 */6 * * *", "@daily"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl Value for Tz {
    const WANTED: &'static str = "a time zone such as \"Asia/Shanghai\"";
    const EXAMPLES: &'static [&'static str] = &["Asia/Shanghai", "Europe/Berlin", "UTC"];

    fn read(text: &str) -> Result<Self, ValueError> {
        parse_zone(text)
    }
}

macro_rules! closed {
    ($type:ty, $wanted:literal, $($word:literal => $value:expr),+) => {
        impl Value for $type {
            const WANTED: &'static str = $wanted;
            const EXAMPLES: &'static [&'static str] = &[$($word),+];
            const CLOSED: bool = true;

            fn read(text: &str) -> Result<Self, ValueError> {
                choose(text, &[$(($word, $value)),+])
            }
        }
    };
}

closed!(
    Kind, "a kind such as \"full\"",
    "full" => Kind::Full,
    "differential" => Kind::Differential,
    "incremental" => Kind::Incremental,
    "log" => Kind::Log,
    "slowlog" => Kind::Slowlog
);
closed!(
    Network, "a network such as \"public\"",
    "public" => Network::Public,
    "intranet" => Network::Intranet,
    "auto" => Network::Auto
);
closed!(
    Missed, "\"run_once\" or \"skip\"",
    "run_once" => Missed::RunOnce,
    "skip" => Missed::Skip
);
closed!(
    Sandbox, "\"require\" or \"prefer\"",
    "require" => Sandbox::Require,
    "prefer" => Sandbox::Prefer
);
