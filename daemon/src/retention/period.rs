//! Hours, days, weeks, months and years of a time zone, daylight-saving changes included.

use backhaul_provider_api::Timestamp;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;

/// A calendar period that a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A clock hour. When the clock goes back, the two hours of the same name are two.
    Hour,
    /// A day, of 23 or 25 hours when the clock changes.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Period {
    /// The rule's name in the configuration.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Hour => "hourly",
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Year => "yearly",
        }
    }

    /// The first instant of the period that `at` lies in; never after `at`.
    pub fn begin(self, at: Timestamp, zone: Tz) -> Timestamp {
        let local = at.with_timezone(&zone);
        let date = local.date_naive();
        let first = match self {
            Self::Hour => return hour(at, &local),
            Self::Day => Some(date),
            Self::Week => {
                date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))
            }
            Self::Month => date.with_day(1),
            Self::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
        };
        // Without such a date (the first week of all time) the period begins with `at`.
        first.map_or(at, |first| first_instant(first, zone).min(at))
    }
}

fn hour(at: Timestamp, local: &DateTime<Tz>) -> Timestamp {
    let into = TimeDelta::minutes(local.minute().into())
        + TimeDelta::seconds(local.second().into())
        + TimeDelta::nanoseconds((local.nanosecond() % 1_000_000_000).into());
    at - into
}

/// The first instant of a day: midnight, the earlier one where there are two, or when the clock
/// first shows the day where midnight is skipped.
fn first_instant(date: NaiveDate, zone: Tz) -> Timestamp {
    let midnight = date.and_time(NaiveTime::MIN);
    // Clocks change by multiples of a quarter of an hour; a skipped day has no instant at all.
    let quarters = (0..=4 * 25).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
    let shown = |local| zone.from_local_datetime(&local).earliest();
    quarters
        .filter_map(shown)
        .next()
        .map_or_else(|| midnight.and_utc(), |first| first.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(period: Period, at: &str, zone: Tz) -> String {
        period
            .begin(at.parse().unwrap(), zone)
            .format("%FT%RZ")
            .to_string()
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(
            begin(Period::Day, "2026-11-22T15:59:59Z", zone),
            "2026-11-21T16:00Z"
        );
        assert_eq!(
            begin(Period::Day, "2026-11-22T16:00:00Z", zone),
            "2026-11-22T16:00Z"
        );
        assert_eq!(
            begin(Period::Week, "2026-11-22T15:59:59Z", zone),
            "2026-11-15T16:00Z"
        );
        assert_eq!(
            begin(Period::Month, "2026-11-30T16:00:00Z", zone),
            "2026-11-30T16:00Z"
        );
        assert_eq!(
            begin(Period::Year, "2026-11-22T00:00:00Z", zone),
            "2025-12-31T16:00Z"
        );
    }

    #[test]
    fn a_day_of_25_hours_is_one_day_and_its_doubled_hour_two_hours() {
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(
            begin(Period::Day, "2026-10-25T22:59:00Z", zone),
            "2026-10-24T22:00Z"
        );
        assert_eq!(
            begin(Period::Hour, "2026-10-25T00:30:00Z", zone),
            "2026-10-25T00:00Z"
        );
        assert_eq!(
            begin(Period::Hour, "2026-10-25T01:30:00Z", zone),
            "2026-10-25T01:00Z"
        );
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_when_the_clock_first_shows_it() {
        // In 2018, clocks in São Paulo went from 23:59:59 of November 3rd to 01:00 of the 4th.
        let zone = chrono_tz::America::Sao_Paulo;
        assert_eq!(
            begin(Period::Day, "2018-11-04T12:00:00Z", zone),
            "2018-11-04T03:00Z"
        );
    }

    #[test]
    fn a_midnight_that_comes_twice_begins_its_day_at_the_first() {
        // In 2026, clocks in Havana go from 01:00 of November 1st back to 00:00.
        let zone = chrono_tz::America::Havana;
        assert_eq!(
            begin(Period::Day, "2026-11-01T05:30:00Z", zone),
            "2026-11-01T04:00Z"
        );
    }

    #[test]
    fn zones_off_the_full_hour_have_their_own_hours() {
        let zone = chrono_tz::Asia::Kathmandu;
        assert_eq!(
            begin(Period::Hour, "2026-01-01T00:20:00Z", zone),
            "2026-01-01T00:15Z"
        );
    }
}
