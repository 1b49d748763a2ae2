use proptest::prelude::*;

use super::*;

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, seconds) in [
        ("7d", 604_800),
        ("26h", 93_600),
        ("1h30m", 5_400),
        ("1h 30m", 5_400),
        ("2 weeks", 1_209_600),
        ("90min", 5_400),
        ("0s", 0),
    ] {
        assert_eq!(parse(text).unwrap(), Duration::from_secs(seconds), "{text}");
    }
    assert_eq!(parse("250ms").unwrap(), Duration::from_millis(250));
}

#[test]
fn doubtful_durations_are_refused_with_what_was_meant() {
    let refusal = |text: &str| {
        let error = parse(text).unwrap_err();
        format!("{error} | {}", error.advice().unwrap_or_default())
    };
    assert!(refusal("26").starts_with("`26` has no unit | write `26h` or `26d`"));
    assert_eq!(
        refusal("3 months"),
        "`months` has no fixed length | write days: `30d`, `365d`"
    );
    assert!(refusal("1.5h").starts_with("`1.5h` is not a duration | write whole numbers"));
    assert!(refusal("-1h").starts_with("`-1h` is not a duration"));
    assert!(refusal("5x").starts_with("`x` is not a unit of time"));
    assert!(refusal("101 years").starts_with("`years` has no fixed length"));
    assert!(refusal("9999999w").starts_with("`9999999w` is more than a hundred years"));
    assert!(refusal("99999999999999999999s").contains("more than a hundred years"));
    assert!(refusal("").starts_with("the duration is empty"));
}

#[test]
fn durations_are_printed_short() {
    for text in ["7d", "26h", "1h30m", "14d", "250ms", "0s", "8d", "1m5s"] {
        assert_eq!(format(parse(text).unwrap()), text);
    }
}

proptest! {
    #[test]
    fn every_duration_is_read_back_as_printed(millis in 0u64..3_155_760_000_000) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse(&format(duration)).unwrap(), duration);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = parse(&text);
    }
}
