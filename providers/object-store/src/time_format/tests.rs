use proptest::prelude::*;

use super::*;

fn read(format: &str, text: &str) -> Option<(String, bool)> {
    let format = TimeFormat::parse(format).unwrap();
    let mut pieces = Pieces::default();
    let length = format.read(text, &mut pieces)?;
    assert_eq!(format.length(text), Some(length));
    let (instant, zoned) = pieces.instant(Zone::read("+08:00").unwrap())?;
    (length == text.len()).then(|| (instant.to_rfc3339(), zoned))
}

#[test]
fn a_time_is_read_by_its_format() {
    for (format, text, instant, zoned) in [
        (
            "%Y-%m-%dT%H%M%SZ",
            "2024-01-15T083000Z",
            "2024-01-15T08:30:00+00:00",
            true,
        ),
        (
            "%Y%m%d-%H%M%S",
            "20240115-083000",
            "2024-01-15T00:30:00+00:00",
            false,
        ),
        ("%F", "2024-01-15", "2024-01-14T16:00:00+00:00", false),
        ("%Y/%j", "2024/060", "2024-02-28T16:00:00+00:00", false),
        ("%s", "1705307400", "2024-01-15T08:30:00+00:00", true),
        (
            "%d%b%y_%H.%M%z",
            "15Jan24_08.30+0200",
            "2024-01-15T06:30:00+00:00",
            true,
        ),
        (
            "%FT%T%z",
            "2024-01-15T08:30:00-03:30",
            "2024-01-15T12:00:00+00:00",
            true,
        ),
        (
            "%FT%T.%fZ",
            "2024-01-15T08:30:00.25Z",
            "2024-01-15T08:30:00.250+00:00",
            true,
        ),
        (
            "%Y%m%d%H%M",
            "202401152400",
            "2024-01-15T16:00:00+00:00",
            false,
        ),
    ] {
        assert_eq!(
            read(format, text),
            Some((instant.to_owned(), zoned)),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_time_is_none() {
    for (format, text) in [
        ("%Y-%m-%d", "2024-1-15"),
        ("%Y-%m-%d", "2024-13-15"),
        ("%Y-%m-%d", "0000-00-00"),
        ("%Y-%m-%d %H", "2024-01-15 25"),
        ("%d%b%Y", "15Foo2024"),
        ("%d%b%Y", "15é2024"),
        ("%s", ""),
        ("%s", "99999999999999999999"),
        ("%Y%m%d%z", "20240115+99:00"),
    ] {
        assert_eq!(read(format, text), None, "{format} {text}");
    }
}

#[test]
fn an_unknown_specifier_is_named() {
    for (format, named) in [("%Y-%Q", "%Q"), ("%", "`%`"), ("today", "needs a format")] {
        let error = TimeFormat::parse(format).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(format in "(%[A-Za-z%]|[-TZ:/ ]){0,8}", text: String) {
        if let Ok(format) = TimeFormat::parse(&format) {
            let mut pieces = Pieces::default();
            format.read(&text, &mut pieces);
            pieces.instant(Zone::china());
        }
    }

    #[test]
    fn reading_undoes_writing(seconds in 400_000_000_i64..4_000_000_000) {
        let instant = Timestamp::from_timestamp(seconds, 0).unwrap();
        let form = "%Y-%m-%dT%H%M%SZ";
        let text = instant.format(form).to_string();
        prop_assert_eq!(read(form, &text), Some((instant.to_rfc3339(), true)));
    }
}
