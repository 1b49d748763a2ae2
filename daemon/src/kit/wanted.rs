//! What a kit shall restore: a backup by the beginning of its id, or a time.

use std::fmt;
use std::str::FromStr;

use backhaul_provider_api::Timestamp;
use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// What is wanted, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The backup whose id begins so.
    Backup(String),
    /// A time.
    Time(When),
}

/// A time as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// With its offset from UTC.
    Exact(Timestamp),
    /// As clocks showed it in a zone that is not said.
    Local(NaiveDateTime),
}

impl When {
    /// The instant, in that zone where the time does not say its own.
    ///
    /// # Errors
    /// When clocks never showed it there, or did twice.
    pub fn within(self, zone: Tz) -> Result<Timestamp, String> {
        let local = match self {
            Self::Exact(time) => return Ok(time),
            Self::Local(local) => local,
        };
        match zone.from_local_datetime(&local) {
            LocalResult::Single(time) => Ok(time.with_timezone(&Utc)),
            LocalResult::Ambiguous(first, second) => Err(format!(
                "clocks in {zone} showed {local} twice; say which: {} or {}",
                first.to_rfc3339(),
                second.to_rfc3339()
            )),
            LocalResult::None => Err(format!(
                "clocks in {zone} never showed {local}: they were put forward then"
            )),
        }
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_id = (4..=16).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_id {
            return Ok(Self::Backup(text.to_owned()));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Time(When::Exact(time.with_timezone(&Utc))));
        }
        const FORMS: [&str; 4] = [
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M",
        ];
        FORMS
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|local| Self::Time(When::Local(local)))
            .ok_or_else(|| {
                format!(
                    "{text:?} is neither a backup's id (its first 4 hex digits or more) nor a time such as 2026-11-22T13:11:47Z, 2026-11-22T21:11:47+08:00 or \"2026-11-22 21:11\" in the job's zone"
                )
            })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(time) => f.write_str(&super::text(*time)),
            Self::Local(local) => write!(f, "{local}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_told_apart() {
        let id = |text: &str| Ok(Wanted::Backup(text.to_owned()));
        assert_eq!("20261122".parse(), id("20261122"));
        assert_eq!("0123456789abcdef".parse(), id("0123456789abcdef"));
        let exact = "2026-11-22T21:11:47+08:00".parse::<Wanted>().unwrap();
        let utc = Utc.with_ymd_and_hms(2026, 11, 22, 13, 11, 47).unwrap();
        assert_eq!(exact, Wanted::Time(When::Exact(utc)));
        for text in ["2026-11-22 21:11", "2026-11-22T21:11:00"] {
            let Ok(Wanted::Time(when)) = text.parse() else {
                panic!("{text} is a time");
            };
            let there = when.within(chrono_tz::Asia::Shanghai).unwrap();
            assert_eq!(
                there,
                Utc.with_ymd_and_hms(2026, 11, 22, 13, 11, 0).unwrap()
            );
        }
        for text in ["", "abc", "yesterday", "2026-11-22", "0123456789abcdef0"] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_around_a_change_of_clocks_are_not_guessed() {
        let when = |text: &str| match text.parse() {
            Ok(Wanted::Time(when)) => when,
            other => panic!("{other:?}"),
        };
        let zone = chrono_tz::Europe::Berlin;
        let twice = when("2026-10-25 02:30").within(zone).unwrap_err();
        assert!(
            twice.contains("+02:00") && twice.contains("+01:00"),
            "{twice}"
        );
        assert!(
            when("2026-03-29 02:30")
                .within(zone)
                .unwrap_err()
                .contains("never")
        );
    }
}
