use proptest::prelude::*;

use super::*;

fn rfc3339(text: &str) -> Option<String> {
    parse(text).map(|instant| instant.to_rfc3339())
}

#[test]
fn reads_the_documented_form() {
    assert_eq!(
        rfc3339("2018-08-06T12:41:14+0800").as_deref(),
        Some("2018-08-06T04:41:14+00:00")
    );
    assert_eq!(
        rfc3339("2018-08-06T12:41:14+0000").as_deref(),
        Some("2018-08-06T12:41:14+00:00")
    );
    assert_eq!(
        rfc3339("2018-08-06T01:00:00-0330").as_deref(),
        Some("2018-08-06T04:30:00+00:00")
    );
}

#[test]
fn reads_other_spellings_of_the_zone() {
    for text in [
        "2018-08-06T04:41:14Z",
        "2018-08-06T12:41:14+08:00",
        "2018-08-06T12:41:14+08",
    ] {
        assert_eq!(
            rfc3339(text).as_deref(),
            Some("2018-08-06T04:41:14+00:00"),
            "{text}"
        );
    }
}

#[test]
fn reads_the_impossible_day_of_the_link_pages() {
    for text in ["2018-08-016T10:15:14+0800", " 2018-08-016T10:15:14+0800"] {
        assert_eq!(
            rfc3339(text).as_deref(),
            Some("2018-08-16T02:15:14+00:00"),
            "{text}"
        );
    }
}

#[test]
fn reads_the_blanks_of_the_postgresql_sample() {
    assert_eq!(
        rfc3339("2018 - 08 - 06 T12: 41: 14 + 0800").as_deref(),
        Some("2018-08-06T04:41:14+00:00")
    );
}

#[test]
fn reads_the_microseconds_of_iam() {
    assert_eq!(
        rfc3339("2019-02-13T06:52:13.855000Z").as_deref(),
        Some("2019-02-13T06:52:13.855+00:00")
    );
}

#[test]
fn refuses_what_is_no_instant() {
    for text in [
        "",
        "2018-08-06",
        "2018-08-06T12:41:14",
        "2018-08-06 12:41:14+0800",
        "2018-13-06T12:41:14+0800",
        "2018-02-30T12:41:14+0800",
        "2018-08-116T12:41:14+0800",
        "2018-08-06T25:41:14+0800",
        "2018-08-06T12:41+0800",
        "2018-08-06T12:41:14:00+0800",
        "2018-08-06T12:41:14.+0800",
        "2018-08-06T12:41:14+8",
        "2018-08-06T12:41:14+9900",
        "2018-08-06T12:41:14+08é0",
        "-018-08-06T12:41:14Z",
        "N/A",
    ] {
        assert_eq!(rfc3339(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn reads_what_it_writes(seconds in 0i64..4_102_444_800) {
        let instant = DateTime::from_timestamp(seconds, 0).unwrap();
        prop_assert_eq!(parse(&format(instant)), Some(instant));
    }

    #[test]
    fn never_panics(text: String) {
        parse(&text);
    }

    #[test]
    fn never_panics_on_almost_times(text in "[0-9 ]{1,5}-[0-9]{1,3}-[0-9]{1,4}T[0-9:.é]{1,10}[Z+-][0-9:é]{0,6}") {
        parse(&text);
    }

    #[test]
    fn an_offset_shifts_by_itself(seconds in 0i64..4_000_000_000, hours in 0i64..=14) {
        let local = DateTime::from_timestamp(seconds + hours * 3600, 0).unwrap();
        let text = format!("{}+{hours:02}00", local.format("%Y-%m-%dT%H:%M:%S"));
        prop_assert_eq!(parse(&text), DateTime::from_timestamp(seconds, 0));
    }
}
