//! Times without a zone, such as `2023-02-15 19:09:24`.
//!
//! Several vendors print local times and say nowhere of which zone. A service assumes one, says
//! so in its description and in every backup ([`zone_assumed`]), and lets an option replace it.
//!
//! [`zone_assumed`]: backhaul_provider_api::Backup::zone_assumed

use std::fmt;

use backhaul_provider_api::Timestamp;
use backhaul_provider_api::chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, TimeZone};

const UTC: FixedOffset = match FixedOffset::east_opt(0) {
    Some(offset) => offset,
    None => panic!("no offset is in range"),
};

const CHINA: FixedOffset = match FixedOffset::east_opt(8 * 3600) {
    Some(offset) => offset,
    None => panic!("eight hours are in range"),
};

/// A fixed distance from UTC, such as `+08:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(FixedOffset);

impl Zone {
    /// UTC itself.
    pub fn utc() -> Self {
        Self(UTC)
    }

    /// China Standard Time, which has no daylight saving.
    pub fn china() -> Self {
        Self(CHINA)
    }

    /// Reads `UTC`, `Z`, `+08:00`, `+0800` or `+08`; within 14 hours of UTC.
    pub fn read(text: &str) -> Option<Self> {
        if ["UTC", "Z"].contains(&text) {
            return Some(Self(UTC));
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let rest = rest.replace(':', "");
        let (hours, minutes) = rest.split_at_checked(2)?;
        let number = |text: &str| -> Option<i32> {
            let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse().ok())?
        };
        let minutes = if minutes.is_empty() {
            0
        } else {
            number(minutes)?
        };
        let seconds = number(hours)? * 3600 + minutes * 60;
        let fits = minutes < 60 && seconds <= 14 * 3600;
        fits.then(|| FixedOffset::east_opt(sign * seconds).map(Self))?
    }

    /// The instant of `YYYY-MM-DD hh:mm:ss` (or with `T`, or with fractions) on this zone's
    /// clocks. A time before 1980 is the vendor's way to say that there is none:
    /// `0000-00-00 00:00:00`, `0001-01-04 00:00:00`.
    pub fn parse(self, text: &str) -> Option<Timestamp> {
        let text = text.trim().replacen('T', " ", 1);
        let local = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
        self.instant(local)
    }

    /// The instant at which the day `YYYY-MM-DD` begins on this zone's clocks.
    pub fn parse_day(self, text: &str) -> Option<Timestamp> {
        let day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
        self.instant(day.and_hms_opt(0, 0, 0)?)
    }

    /// The instant as `YYYY-MM-DD hh:mm:ss` on this zone's clocks.
    pub fn format(self, instant: Timestamp) -> String {
        instant
            .with_timezone(&self.0)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string()
    }

    fn instant(self, local: NaiveDateTime) -> Option<Timestamp> {
        let instant = self.0.from_local_datetime(&local).single()?;
        (local.year() >= 1980).then(|| instant.to_utc())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Zone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or("a zone is UTC or a distance from it such as +08:00")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_local_time_becomes_an_instant() {
        let instant = Zone::china().parse("2023-02-15 19:09:24").unwrap();
        assert_eq!(instant.to_rfc3339(), "2023-02-15T11:09:24+00:00");
        assert_eq!(Zone::china().format(instant), "2023-02-15 19:09:24");
        let day = Zone::china().parse_day("2017-04-25").unwrap();
        assert_eq!(day.to_rfc3339(), "2017-04-24T16:00:00+00:00");
    }

    #[test]
    fn a_time_that_stands_for_none_is_none() {
        for text in [
            "0000-00-00 00:00:00",
            "0001-01-04 00:00:00",
            "",
            "2023-02-30 00:00:00",
        ] {
            assert_eq!(Zone::china().parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_is_utc_or_a_distance() {
        assert_eq!(Zone::read("UTC"), Some(Zone::utc()));
        for (text, printed) in [
            ("UTC", "+00:00"),
            ("+08:00", "+08:00"),
            ("-0330", "-03:30"),
            ("+08", "+08:00"),
        ] {
            assert_eq!(Zone::read(text).unwrap().to_string(), printed);
        }
        for text in [
            "",
            "Asia/Shanghai",
            "+15:00",
            "08:00",
            "+8",
            "+08:60",
            "+a8:00",
        ] {
            assert_eq!(Zone::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text: String) {
            Zone::china().parse(&text);
            Zone::china().parse_day(&text);
            Zone::read(&text);
        }

        #[test]
        fn parsing_undoes_formatting(seconds in 400_000_000i64..4_000_000_000) {
            let instant = Timestamp::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(Zone::china().parse(&Zone::china().format(instant)), Some(instant));
        }
    }
}
