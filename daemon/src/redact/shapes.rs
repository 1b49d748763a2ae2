//! Secrets recognised by their shape: the query of a URL, and values that go by a telling name.

use std::borrow::Cow;

use super::BLANK;

/// Blanks URLs' queries and users, and the values of secret names.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let text = scrub_urls(text);
    match scrub_named(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(owned) => Cow::Owned(owned),
    }
}

/// Whether a parameter, header or field of that name holds a secret.
pub fn names_a_secret(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending)) || name == "sign"
}

/// How the names of secrets end, without their separators.
const SECRET_ENDINGS: [&str; 10] = [
    "signature",
    "securitytoken",
    "sessiontoken",
    "authtoken",
    "accesstoken",
    "subjecttoken",
    "credential",
    "authorization",
    "password",
    "secretkey",
];

/// `https://user:pass@host/path?query` becomes `https://…@host/path?…`.
fn scrub_urls(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        let end = url.find(ends_a_url).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        out.push_str(before);
        let (address, query) = match url.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (url, None),
        };
        let authority_end = address.find('/').unwrap_or(address.len());
        match address[..authority_end].rfind('@') {
            Some(user_end) => {
                out.push_str(BLANK);
                out.push_str(&address[user_end..]);
            }
            None => out.push_str(address),
        }
        if query.is_some() {
            out.push('?');
            out.push_str(BLANK);
        }
        rest = after;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

fn ends_a_url(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '<' | '>' | '`' | ')' | ']' | '}')
}

/// `Signature=abc&x=1`, `"X-Auth-Token": "abc"` and the like, outside of URLs.
fn scrub_named(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    for (at, _) in text.match_indices(['=', ':']) {
        if at < kept {
            continue;
        }
        let name = name_before(&text[..at]);
        if !names_a_secret(name) {
            continue;
        }
        let value = text[at + 1..].trim_start_matches([' ', '"', '\'', '\\']);
        let start = text.len() - value.len();
        // A header such as `Authorization: Scheme a, b` is secret to the end of its line.
        let length = if name.to_ascii_lowercase().ends_with("authorization") {
            value.find(['\n', '\r', '"']).unwrap_or(value.len())
        } else {
            value.find(ends_a_value).unwrap_or(value.len())
        };
        if length == 0 || &value[..length] == BLANK {
            continue;
        }
        out.push_str(&text[kept..start]);
        out.push_str(BLANK);
        kept = start + length;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

fn name_before(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '"', '\'', '\\']);
    let start = text
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    &text[start..]
}

fn ends_a_value(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '&' | '"' | '\'' | ',' | ';' | '<' | '>' | ')' | ']' | '}' | '\\'
        )
}
