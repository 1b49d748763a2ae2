//! One API call as errors tell of it, and what a failed answer's headers say.

use backhaul_provider_api::chrono::{DateTime, Duration};
use backhaul_provider_api::{Error, HttpResponse, Seconds, Timestamp};

/// An API call as errors tell of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The vendor's name, such as `ListBackups`.
    pub name: &'static str,
    /// What it is for: "list the backups of instance …".
    pub purpose: String,
    /// The permission it needs, in the vendor's words.
    pub permission: Option<&'static str>,
}

impl Call {
    /// An answer that is well-formed but does not hold what the documentation promises.
    pub fn malformed(&self, complaint: &str) -> Error {
        Error::permanent(format!(
            "cannot {}: {complaint}; the vendor's answer has another form than documented",
            self.purpose
        ))
        .in_call(self.name)
    }
}

/// How long the vendor asks to wait (RFC 9110, 10.2.3): seconds or a date.
pub fn retry_after(response: &HttpResponse, now: Timestamp) -> Option<Seconds> {
    let text = response.header("retry-after")?.trim();
    text.parse().ok().map(Seconds).or_else(|| {
        let wait = http_date(text)?.signed_duration_since(now).num_seconds();
        Some(Seconds(u64::try_from(wait).unwrap_or(0)))
    })
}

/// Whether the answer's `Date` is further than `allowed` from `now`.
pub fn is_skewed(response: &HttpResponse, now: Timestamp, allowed: Duration) -> bool {
    response
        .header("date")
        .and_then(http_date)
        .is_some_and(|theirs| (theirs - now).abs() > allowed)
}

/// The instant of a HTTP date such as `Mon, 15 Jan 2024 08:30:00 GMT`.
pub fn http_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text.trim())
        .ok()
        .map(|instant| instant.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, value: &str) -> HttpResponse {
        HttpResponse {
            status: 429,
            headers: vec![(name.into(), value.into())],
            body: String::new(),
        }
    }

    fn now() -> Timestamp {
        http_date("Mon, 15 Jan 2024 08:30:00 GMT").unwrap()
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        for (text, wait) in [
            ("17", Some(17)),
            ("Mon, 15 Jan 2024 08:31:30 GMT", Some(90)),
            ("Mon, 15 Jan 2024 08:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let after = retry_after(&answer("retry-after", text), now());
            assert_eq!(after, wait.map(Seconds), "{text}");
        }
        assert_eq!(retry_after(&answer("x", "17"), now()), None);
    }

    #[test]
    fn clocks_are_apart_in_either_direction() {
        for (date, skewed) in [
            ("Mon, 15 Jan 2024 08:34:00 GMT", false),
            ("Mon, 15 Jan 2024 08:36:00 GMT", true),
            ("Mon, 15 Jan 2024 08:24:00 GMT", true),
            ("today", false),
        ] {
            let answer = answer("date", date);
            assert_eq!(
                is_skewed(&answer, now(), Duration::minutes(5)),
                skewed,
                "{date}"
            );
        }
    }
}
