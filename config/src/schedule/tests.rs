use chrono::{Datelike, Duration, NaiveDate, TimeZone, Timelike};
use proptest::prelude::*;

use super::*;

fn schedule(pattern: &str, zone: &str) -> Schedule {
    Schedule::new(pattern.parse().unwrap(), parse_zone(zone).unwrap())
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The runs after the instant, as local times with their offsets.
fn runs(pattern: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(pattern, zone);
    let mut at = utc(after);
    (0..count)
        .map(|_| {
            at = schedule.next_after(at).unwrap();
            at.with_timezone(&schedule.zone())
                .format("%d %H:%M:%S %:z")
                .to_string()
        })
        .collect()
}

#[test]
fn daily_times_run_once_on_the_days_the_clocks_change() {
    for (pattern, zone, after, expected) in [
        // Berlin, 2026-03-29: 02:00 becomes 03:00.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T00:00:00Z",
            [
                "28 02:30:00 +01:00",
                "29 03:00:00 +02:00",
                "30 02:30:00 +02:00",
            ],
        ),
        (
            "0 0 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            [
                "29 00:00:00 +01:00",
                "30 00:00:00 +02:00",
                "31 00:00:00 +02:00",
            ],
        ),
        // Berlin, 2026-10-25: 03:00 becomes 02:00.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            [
                "25 02:30:00 +02:00",
                "26 02:30:00 +01:00",
                "27 02:30:00 +01:00",
            ],
        ),
        // New York, 2026-03-08: 02:00 becomes 03:00.
        (
            "15 2 * * *",
            "America/New_York",
            "2026-03-07T00:00:00Z",
            [
                "07 02:15:00 -05:00",
                "08 03:00:00 -04:00",
                "09 02:15:00 -04:00",
            ],
        ),
        // New York, 2026-11-01: 02:00 becomes 01:00.
        (
            "15 1 * * *",
            "America/New_York",
            "2026-10-31T12:00:00Z",
            [
                "01 01:15:00 -04:00",
                "02 01:15:00 -05:00",
                "03 01:15:00 -05:00",
            ],
        ),
        // Lord Howe, 2026-10-04: 02:00 becomes 02:30.
        (
            "10 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-02T18:00:00Z",
            [
                "04 02:30:00 +11:00",
                "05 02:10:00 +11:00",
                "06 02:10:00 +11:00",
            ],
        ),
    ] {
        assert_eq!(runs(pattern, zone, after, 3), expected, "{pattern} {zone}");
    }
}

#[test]
fn patterns_with_a_star_follow_the_clock() {
    // Skipped hour: no run in it.
    assert_eq!(
        runs("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
        [
            "29 01:30:00 +01:00",
            "29 03:00:00 +02:00",
            "29 03:30:00 +02:00"
        ]
    );
    assert_eq!(
        runs("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1),
        ["30 02:00:00 +02:00"]
    );
    // Repeated hour: both copies.
    assert_eq!(
        runs(
            "*/30 * * * *",
            "America/New_York",
            "2026-11-01T04:59:00Z",
            4
        ),
        [
            "01 01:00:00 -04:00",
            "01 01:30:00 -04:00",
            "01 01:00:00 -05:00",
            "01 01:30:00 -05:00"
        ]
    );
}

#[test]
fn a_year_of_daily_runs_has_one_for_each_day_in_every_zone() {
    for zone in [
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Africa/Cairo",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Asia/Shanghai",
    ] {
        for pattern in [
            "0 0 * * *",
            "30 0 * * *",
            "30 1 * * *",
            "0 2 * * *",
            "30 2 * * *",
            "15 3 * * *",
        ] {
            let schedule = schedule(pattern, zone);
            let tz = schedule.zone();
            let mut day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
            let mut at = tz
                .with_ymd_and_hms(2025, 12, 31, 12, 0, 0)
                .unwrap()
                .to_utc();
            while day.year() == 2026 {
                at = schedule.next_after(at).unwrap();
                assert_eq!(at.with_timezone(&tz).date_naive(), day, "{pattern} {zone}");
                day = day.succ_opt().unwrap();
            }
        }
    }
}

#[test]
fn seconds_are_optional_and_fractions_do_not_matter() {
    let daily = schedule("15 3 * * *", "UTC");
    let expected = utc("2026-11-22T03:15:00Z");
    assert_eq!(
        daily.next_after(utc("2026-11-22T03:14:59.999Z")),
        Some(expected)
    );
    assert_eq!(
        daily.next_after(expected),
        Some(expected + Duration::days(1))
    );
    assert_eq!(
        daily.next_after(expected + Duration::milliseconds(1)),
        Some(expected + Duration::days(1))
    );
    let precise = schedule("30 15 3 * * *", "UTC");
    assert_eq!(precise.next_after(expected).unwrap().second(), 30);
    assert_eq!(
        schedule("@daily", "UTC").next_after(expected),
        Some(utc("2026-11-23T00:00:00Z"))
    );
}

#[test]
fn wrong_patterns_are_refused_with_the_field_that_is_wrong() {
    for (text, expected) in [
        ("15 25 * * *", "`25` cannot be the hour"),
        ("15 3 * * MOON", "`MOON` cannot be the day of week"),
        ("x 0 0 * * *", "`x` cannot be the second"),
        ("0 0 30 2 *", "`0 0 30 2 *` never comes"),
        ("daily", "`daily` is not a schedule"),
        (
            "3 * *",
            "`3 * *` has 3 fields; a schedule has five, or six with seconds",
        ),
        (
            "0 0 0 1 1 * 2030",
            "`0 0 0 1 1 * 2030` has 7 fields; a schedule has five, or six with seconds",
        ),
        ("", "the schedule is empty"),
    ] {
        let error = text.parse::<CronPattern>().unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.advice().is_some());
    }
    assert!("0 0 29 2 *".parse::<CronPattern>().is_ok());
}

#[test]
fn a_misspelt_zone_is_answered_with_the_right_one() {
    let advice = |text: &str| parse_zone(text).unwrap_err().advice().unwrap().to_owned();
    assert_eq!(advice("Asia/Shangai"), "did you mean `Asia/Shanghai`?");
    assert_eq!(advice("asia/shanghai"), "did you mean `Asia/Shanghai`?");
    assert!(advice("+08:00").starts_with("write a zone of the IANA database"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9*/,LW#?a-z@ -]{0,24}") {
        if let Ok(pattern) = text.parse::<CronPattern>() {
            let schedule = Schedule::new(pattern, chrono_tz::Europe::Berlin);
            let after = utc("2026-10-25T00:30:00Z");
            if let Some(next) = schedule.next_after(after) {
                prop_assert!(next > after);
            }
        }
    }
}
