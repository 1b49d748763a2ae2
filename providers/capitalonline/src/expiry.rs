//! When a link ends, as far as the link itself tells.
//!
//! The vendor documents no lifetime. Its object storage signs links in the ways of S3, so the
//! parameters of both are looked for.

use backhaul_provider_api::Timestamp;
use backhaul_provider_api::chrono::{DateTime, Datelike, Duration, NaiveDateTime};
use backhaul_provider_kit::percent;

/// The instant in `Expires` (Unix seconds), or in `X-Amz-Date` and `X-Amz-Expires`.
pub(crate) fn expiry(url: &str) -> Option<Timestamp> {
    let (_, query) = url.split_once('?')?;
    let parameter = |wanted: &str| {
        query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (percent::decode(name) == wanted).then(|| percent::decode(value))
        })
    };
    let plain = || DateTime::from_timestamp(parameter("Expires")?.parse().ok()?, 0);
    let signed_at = || {
        let text = parameter("X-Amz-Date")?;
        Some(
            NaiveDateTime::parse_from_str(&text, "%Y%m%dT%H%M%SZ")
                .ok()?
                .and_utc(),
        )
    };
    let long = || {
        let life = Duration::try_seconds(parameter("X-Amz-Expires")?.parse().ok()?)?;
        signed_at()?.checked_add_signed(life)
    };
    // A number far off is no time but a lifetime, or seconds in another unit.
    plain()
        .or_else(long)
        .filter(|end| (2000..2200).contains(&end.year()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_ways_of_signing_tell_the_end() {
        for (query, end) in [
            (
                "AWSAccessKeyId=a&Signature=b%3D&Expires=1705307700",
                Some("2024-01-15T08:35:00+00:00"),
            ),
            (
                "X-Amz-Date=20240115T083000Z&X-Amz-Expires=300",
                Some("2024-01-15T08:35:00+00:00"),
            ),
            ("X-Amz-Date=20240115T083000Z", None),
            ("X-Amz-Expires=300", None),
            ("Expires=3600", None),
            ("Expires=1705307700000", None),
            ("Expires=soon", None),
            ("expires", None),
            ("", None),
        ] {
            let told = expiry(&format!("https://gic.example/b/k?{query}"));
            assert_eq!(told.map(|end| end.to_rfc3339()).as_deref(), end, "{query}");
        }
        assert_eq!(expiry("https://gic.example/b/k"), None);
    }

    proptest! {
        #[test]
        fn no_url_makes_it_fail(url: String, life: i64) {
            expiry(&url);
            expiry(&format!("https://x/?X-Amz-Date=20240115T083000Z&X-Amz-Expires={life}"));
            expiry(&format!("https://x/?Expires={life}"));
        }
    }
}
