//! Credentials: where they are found, never what they are.

use std::{fmt, ops::Range, path::PathBuf};

use toml::de::{DeTable, DeValue};

use crate::{code, problem::Log, source::File};

/// Where a credential is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// In this environment variable of the daemon.
    Env(String),
    /// In this file; its last line break does not belong to it.
    File(PathBuf),
    /// In the systemd credential of this name.
    Credential(String),
    /// In what this program prints; program and arguments, no shell. Never empty.
    Command(Vec<String>),
}

/// What it is, in words that may be printed; of a command only the program.
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "environment variable {name}"),
            SecretRef::File(path) => write!(f, "file {}", path.display()),
            SecretRef::Credential(name) => write!(f, "systemd credential {name}"),
            SecretRef::Command(words) => match words.first() {
                Some(program) => write!(f, "command {program}"),
                None => f.write_str("command"),
            },
        }
    }
}

/// What to write instead of a secret.
pub(crate) const HELP: &str = "keep the secret out of this file: `{ env = \"NAME\" }`, \
     `{ file = \"/run/secrets/name\" }`, `{ credential = \"name\" }` (systemd) or `{ command = [\"pass\", \"name\"] }`";

/// The keys of an account whose values may be shown.
const HARMLESS: [&str; 6] = [
    "provider",
    "region",
    "endpoint",
    "link_hosts",
    "rate",
    "allow_http",
];

/// Takes every literal credential out of the tables, so that nothing behind this point can print
/// one, and reports it. Returns the places that must never be printed: every value below
/// `credentials`, also what turns out to be a mere name, and every value of an account's unknown
/// keys, where people put a secret by mistake.
pub(crate) fn withhold(root: &mut DeTable<'_>, file: &File, log: &mut Log) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let Some(DeValue::Table(accounts)) = root.get_mut("account").map(AsMut::as_mut) else {
        return hidden;
    };
    for (_, account) in accounts.iter_mut() {
        let DeValue::Table(account) = account.as_mut() else {
            continue;
        };
        for (key, value) in account.iter() {
            if HARMLESS.contains(&&**key.get_ref()) {
                hide_userinfo(value.as_ref(), value.span(), &mut hidden);
            } else {
                hide(value.as_ref(), value.span(), &mut hidden);
            }
        }
        let Some(DeValue::Table(credentials)) = account.get_mut("credentials").map(AsMut::as_mut)
        else {
            continue;
        };
        let literal: Vec<_> = credentials
            .iter()
            .filter(|(_, value)| !value.as_ref().is_table())
            .map(|(key, value)| (key.get_ref().to_string(), value.span()))
            .collect();
        for (key, span) in literal {
            credentials.remove(key.as_str());
            log.add_with(
                file.base + span.start..file.base + span.end,
                code::SECRET,
                format!("`{key}` must refer to a secret, not hold it"),
                Some(HELP.to_owned()),
            );
        }
    }
    hidden
}

/// Every value that is not a table.
fn hide(value: &DeValue<'_>, span: Range<usize>, hidden: &mut Vec<Range<usize>>) {
    match value {
        DeValue::Table(table) => {
            for (_, value) in table.iter() {
                hide(value.as_ref(), value.span(), hidden);
            }
        }
        _ => hidden.push(span),
    }
}

/// Texts with an `@`, such as a URL with user and password.
fn hide_userinfo(value: &DeValue<'_>, span: Range<usize>, hidden: &mut Vec<Range<usize>>) {
    match value {
        DeValue::String(text) if text.contains('@') => hidden.push(span),
        DeValue::Table(table) => {
            for (_, value) in table.iter() {
                hide_userinfo(value.as_ref(), value.span(), hidden);
            }
        }
        _ => {}
    }
}

/// The lines that must not be printed of a file that is not TOML. Nobody can tell where its values
/// start and end, so it is every line outside the tables that hold no secrets. Headers are shown.
pub(crate) fn withhold_lines(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut harmless = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let word = line.trim_start();
        if word.starts_with('[') {
            let name = word.trim_start_matches(['[', ' ', '\t']);
            harmless = ["job", "defaults", "daemon"]
                .iter()
                .any(|table| name.starts_with(table));
        } else if !harmless && !line.trim().is_empty() {
            hidden.push(start..start + line.len());
        }
        start += line.len();
    }
    hidden
}

/// Where in a line a value starts whose key sounds like a secret, in whichever table it stands.
pub(crate) fn telling(line: &str) -> Option<usize> {
    let equals = line.find('=')?;
    let key = line[..equals].to_ascii_lowercase();
    let told = [
        "secret",
        "password",
        "passwd",
        "token",
        "access_key",
        "credential",
    ]
    .iter()
    .any(|word| key.contains(word));
    let value = equals + 1;
    let indent = line[value..].len() - line[value..].trim_start().len();
    (told && value + indent < line.len()).then_some(value + indent)
}
