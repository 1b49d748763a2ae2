use proptest::prelude::*;

use super::*;

fn bytes(text: &str) -> u64 {
    text.parse::<ByteSize>().unwrap().bytes()
}

fn refusal(text: &str) -> String {
    let error = text.parse::<ByteSize>().unwrap_err();
    format!("{error} | {}", error.advice().unwrap_or_default())
}

#[test]
fn sizes_are_read_as_people_write_them() {
    assert_eq!(bytes("0B"), 0);
    assert_eq!(bytes("512MiB"), 512 << 20);
    assert_eq!(bytes("1.5GiB"), 3 << 29);
    assert_eq!(bytes("200MB"), 200_000_000);
    assert_eq!(bytes("200 MB"), 200_000_000);
    assert_eq!(bytes("4KB"), 4_000);
    assert_eq!(bytes("4kB"), 4_000);
}

#[test]
fn doubtful_sizes_are_refused_with_what_was_meant() {
    assert_eq!(
        refusal("200 mb"),
        "`mb` is ambiguous: bits or bytes, 1000 or 1024? | \
         write `200MB` (powers of 1000) or `200MiB` (powers of 1024)"
    );
    assert_eq!(refusal("5mib"), "`mib` is not a unit | write `5MiB`");
    assert!(refusal("512").starts_with("`512` has no unit | write `512B`"));
    assert!(refusal("10X").starts_with("`X` is not a unit of size"));
    assert!(refusal("MiB").starts_with("`MiB` does not start with a number"));
    assert!(refusal("1.2.3MB").starts_with("`1.2.3` is not a number"));
    assert!(refusal("1.MB").starts_with("`1.` is not a number"));
    assert!(refusal("99999999PiB").starts_with("`99999999PiB` is too large"));
}

#[test]
fn rates_are_per_second_and_never_zero() {
    let rate: ByteRate = "200MiB/s".parse().unwrap();
    assert_eq!(rate.bytes_per_second().get(), 200 << 20);
    let advice = |text: &str| {
        text.parse::<ByteRate>()
            .unwrap_err()
            .advice()
            .unwrap()
            .to_owned()
    };
    assert_eq!(advice("200MB"), "write `200MB/s`");
    assert_eq!(
        advice("200 mb"),
        "write `200MB` (powers of 1000) or `200MiB` (powers of 1024), with `/s` behind it"
    );
    assert_eq!(
        advice("200Mbit/s"),
        "write bytes: `25MB`, with `/s` behind it"
    );
    assert_eq!(advice("1Gbps"), "write bytes: `125MB`, with `/s` behind it");
    assert_eq!(
        advice("1GB/h"),
        "bandwidth is written per second: `200MiB/s`"
    );
    assert_eq!(advice("0B/s"), "leave the key out for no limit");
}

proptest! {
    #[test]
    fn every_size_is_read_back_as_printed(bytes: u64) {
        let size = ByteSize::from_bytes(bytes);
        prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
    }

    #[test]
    fn every_rate_is_read_back_as_printed(bytes in 1u64..) {
        let rate = ByteRate(std::num::NonZeroU64::new(bytes).unwrap());
        prop_assert_eq!(rate.to_string().parse::<ByteRate>().unwrap(), rate);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = text.parse::<ByteSize>();
        let _ = text.parse::<ByteRate>();
    }
}
