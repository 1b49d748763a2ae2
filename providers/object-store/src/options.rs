//! The job's `options`: which bucket, and how its keys are to be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use backhaul_provider_api::{Error, Kind, Seconds, serde_json::Value};
use backhaul_provider_kit::zone::Zone;
use serde::Deserialize;

use crate::layout::{Layout, Layouts, Rules};
use crate::pattern::Pattern;

mod schema;

pub(crate) use schema::schema;

/// How long links live unless an option or the daemon says otherwise.
const LINK_LIFETIME_S: u64 = 3600;

/// The shortest and the longest life of a link, in seconds; Signature Version 4 allows a week.
pub(crate) const LINK_LIFETIMES_S: (u64, u64) = (60, 7 * 86_400);

/// The options of a job, checked.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) bucket: BucketName,
    /// Empty, or a folder with `/` at its end.
    pub(crate) prefix: String,
    pub(crate) addressing: Option<Addressing>,
    pub(crate) layouts: Layouts,
    pub(crate) engine: Option<String>,
    pub(crate) link_lifetime_s: u64,
    pub(crate) etag_is_md5: bool,
}

/// The options as they are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    bucket: BucketName,
    #[serde(default)]
    prefix: Prefix,
    addressing: Option<Addressing>,
    pattern: Option<Pattern>,
    layouts: Option<Vec<WrittenLayout>>,
    kind: Option<Kind>,
    #[serde(default)]
    kinds: BTreeMap<String, Kind>,
    complete_when: Option<String>,
    settle: Option<Span>,
    timezone: Option<String>,
    instance: Option<String>,
    engine: Option<String>,
    #[serde(default)]
    versions: bool,
    link_lifetime: Option<Span>,
    #[serde(default = "yes")]
    etag_is_md5: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLayout {
    pattern: Pattern,
    kind: Option<Kind>,
    kinds: Option<BTreeMap<String, Kind>>,
    complete_when: Option<String>,
    settle: Option<Span>,
}

fn yes() -> bool {
    true
}

impl Options {
    /// Reads the options.
    pub(crate) fn read(options: &Value) -> Result<Self, Error> {
        let refuse =
            |why: String| Error::permanent(format!("the job's options are refused: {why}"));
        let written = Written::deserialize(options).map_err(|error| refuse(error.to_string()))?;
        written.check().map_err(refuse)
    }
}

impl Written {
    fn check(self) -> Result<Options, String> {
        let layouts = match (self.pattern, self.layouts) {
            (Some(pattern), None) => vec![WrittenLayout {
                pattern,
                kind: None,
                kinds: None,
                complete_when: None,
                settle: None,
            }],
            (None, Some(layouts)) if !layouts.is_empty() => layouts,
            (Some(_), Some(_)) => {
                return Err(
                    "`pattern` and `layouts` exclude each other; move the pattern into `layouts`"
                        .to_owned(),
                );
            }
            _ => {
                return Err(
                    "`pattern` is missing, such as \"{instance}/{time:%Y-%m-%dT%H%M%SZ}/{file}\""
                        .to_owned(),
                );
            }
        };
        let layouts = layouts
            .into_iter()
            .map(|layout| {
                Layout::new(Rules {
                    pattern: layout.pattern,
                    kind: layout.kind.or(self.kind).unwrap_or(Kind::Full),
                    kinds: layout.kinds.unwrap_or_else(|| self.kinds.clone()),
                    complete_when: layout.complete_when.or_else(|| self.complete_when.clone()),
                    settle_s: layout.settle.or(self.settle).map(|span| span.0),
                    versions: self.versions,
                })
                .map(Arc::new)
            })
            .collect::<Result<Vec<_>, String>>()?;
        let lifetime = self.link_lifetime.map_or(LINK_LIFETIME_S, |span| span.0);
        let (least, most) = LINK_LIFETIMES_S;
        if !(least..=most).contains(&lifetime) {
            return Err("`link_lifetime` is not between 1min and 7d".to_owned());
        }
        let instance = self.instance.unwrap_or_else(|| self.bucket.0.clone());
        if instance.is_empty() || instance.len() > 256 || instance.contains(char::is_control) {
            return Err("`instance` is empty, too long, or holds a control character".to_owned());
        }
        let zone = self
            .timezone
            .map(|text| Zone::try_from(text).map_err(|why| format!("`timezone`: {why}")))
            .transpose()?;
        Ok(Options {
            layouts: Layouts {
                list: layouts,
                zone,
                instance,
                versions: self.versions,
            },
            bucket: self.bucket,
            prefix: self.prefix.0,
            addressing: self.addressing,
            engine: self.engine,
            link_lifetime_s: lifetime,
            etag_is_md5: self.etag_is_md5,
        })
    }
}

/// How long a link shall live: as asked, else as configured, within what the signature allows.
pub(crate) fn link_lifetime_s(asked: Option<Seconds>, configured_s: u64) -> u64 {
    let (least, most) = LINK_LIFETIMES_S;
    asked
        .map_or(configured_s, |Seconds(asked_s)| asked_s)
        .clamp(least, most)
}

/// The name of a bucket; becomes part of a path or of a host name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct BucketName(String);

impl BucketName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be a part of a host name.
    pub(crate) fn is_host_part(&self) -> bool {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        self.0.len() <= 63 && self.0.bytes().all(plain)
    }
}

impl TryFrom<String> for BucketName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let fits = (1..=255).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && !name.bytes().all(|byte| byte == b'.');
        if fits {
            Ok(Self(name))
        } else {
            Err(
                "a bucket's name has letters, digits, `-`, `_` and `.`; the folder in it belongs into `prefix`",
            )
        }
    }
}

/// A folder of the bucket.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Prefix(String);

impl TryFrom<String> for Prefix {
    type Error = &'static str;

    fn try_from(mut prefix: String) -> Result<Self, Self::Error> {
        if prefix.starts_with('/') {
            return Err("`prefix` begins with `/`, but keys do not");
        }
        if prefix.len() > 900 || prefix.contains(char::is_control) {
            return Err("`prefix` is too long or holds a control character");
        }
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Ok(Self(prefix))
    }
}

/// Where a bucket's name stands in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Addressing {
    /// `https://host/bucket/key`.
    Path,
    /// `https://bucket.host/key`.
    VirtualHost,
    /// `https://host/key`: the endpoint is the bucket's own.
    OwnHost,
}

/// A length of time in seconds, written as `15min`, `1h30m`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Span(u64);

impl TryFrom<String> for Span {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a duration is written as 30s, 15min, 1h30m or 7d";
        let (mut total_s, mut rest) = (0_u64, text.trim());
        if rest.is_empty() {
            return Err(WRONG);
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at(letters);
            let unit_s = match unit {
                "s" => 1,
                "m" | "min" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return Err(WRONG),
            };
            let span_s = number
                .parse::<u64>()
                .ok()
                .and_then(|count| count.checked_mul(unit_s));
            total_s = span_s
                .and_then(|span_s| total_s.checked_add(span_s))
                .ok_or(WRONG)?;
            rest = tail.trim_start();
        }
        // Ten years: more is a slip, and would leave the range of times.
        if total_s > 3650 * 86_400 {
            return Err("a duration is ten years at most");
        }
        Ok(Self(total_s))
    }
}

#[cfg(test)]
mod tests;
