//! Conditional requests: `If-Match`, `If-None-Match`, `If-Modified-Since`,
//! `If-Unmodified-Since` and `If-Range`.

use axum::http::HeaderMap;
use axum::http::header::{
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
};
use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

use super::entity_tag::EntityTag;

/// What the conditions of a request decide, evaluated in the order of RFC 9110, section 13.2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answer as if there were no condition.
    Proceed,
    /// Status 304.
    NotModified,
    /// Status 412.
    Failed,
}

/// Judges the conditions of a request against an object.
pub fn judge(headers: &HeaderMap, tag: &EntityTag, modified: DateTime<Utc>) -> Verdict {
    if let Some(tags) = text(headers, &IF_MATCH) {
        if !tag.matches_strongly(tags) {
            return Verdict::Failed;
        }
    } else if let Some(since) = date(headers, &IF_UNMODIFIED_SINCE)
        && modified.trunc_subsecs(0) > since
    {
        return Verdict::Failed;
    }
    if let Some(tags) = text(headers, &IF_NONE_MATCH) {
        if tag.matches_weakly(tags) {
            return Verdict::NotModified;
        }
    } else if let Some(since) = date(headers, &IF_MODIFIED_SINCE)
        && modified.trunc_subsecs(0) <= since
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a `Range` may be honoured: there is no `If-Range`, or it names this very object.
pub fn range_allowed(headers: &HeaderMap, tag: &EntityTag, modified: DateTime<Utc>) -> bool {
    match text(headers, &IF_RANGE) {
        None => true,
        Some(value) => match http_date(value) {
            Some(since) => modified.trunc_subsecs(0) == since,
            None => tag.matches_strongly(value),
        },
    }
}

/// The form of time in HTTP headers, such as `Mon, 15 Jan 2024 08:30:00 GMT`.
pub fn http_date_text(instant: DateTime<Utc>) -> String {
    instant.format(HTTP_DATE).to_string()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    http_date(text(headers, name)?)
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let parsed = NaiveDateTime::parse_from_str(text.trim(), HTTP_DATE).ok()?;
    Some(parsed.and_utc())
}

const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    fn modified() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2024-01-15T08:30:00.5Z")
            .unwrap()
            .to_utc()
    }

    #[test]
    fn conditions_on_the_tag_are_judged() {
        let tag = EntityTag::strong("abc");
        let cases = [
            (IF_MATCH, "\"abc\"", Verdict::Proceed),
            (IF_MATCH, "\"other\"", Verdict::Failed),
            (IF_NONE_MATCH, "\"abc\"", Verdict::NotModified),
            (IF_NONE_MATCH, "\"other\"", Verdict::Proceed),
        ];
        for (name, value, expected) in cases {
            assert_eq!(judge(&headers(name, value), &tag, modified()), expected);
        }
    }

    #[test]
    fn conditions_on_the_time_are_judged_by_whole_seconds() {
        let tag = EntityTag::strong("abc");
        let same = "Mon, 15 Jan 2024 08:30:00 GMT";
        let before = "Mon, 15 Jan 2024 08:29:59 GMT";
        assert_eq!(http_date_text(modified()), same);
        let cases = [
            (IF_MODIFIED_SINCE, same, Verdict::NotModified),
            (IF_MODIFIED_SINCE, before, Verdict::Proceed),
            (IF_UNMODIFIED_SINCE, same, Verdict::Proceed),
            (IF_UNMODIFIED_SINCE, before, Verdict::Failed),
        ];
        for (name, value, expected) in cases {
            assert_eq!(judge(&headers(name, value), &tag, modified()), expected);
        }
    }

    #[test]
    fn if_range_needs_the_very_same_object() {
        let tag = EntityTag::strong("abc");
        for (value, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", false),
            ("\"other\"", false),
            ("Mon, 15 Jan 2024 08:30:00 GMT", true),
            ("Mon, 15 Jan 2024 08:30:01 GMT", false),
        ] {
            assert_eq!(
                range_allowed(&headers(IF_RANGE, value), &tag, modified()),
                expected
            );
        }
    }
}
