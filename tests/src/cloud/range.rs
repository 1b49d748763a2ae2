//! The `Range` header: which part of an object is asked for.

/// What a `Range` header means for an object of a known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// No range, one that is malformed, or several: the whole object, with status 200.
    Whole,
    /// From the first to before the second offset, with status 206.
    Part {
        /// First byte.
        start: u64,
        /// One after the last byte; greater than `start`.
        end: u64,
    },
    /// Starts beyond the end, with status 416.
    Unsatisfiable,
}

impl Requested {
    /// Reads a header value. Several ranges in one header are answered with the whole object, which
    /// HTTP allows.
    pub fn parse(header: Option<&str>, length: u64) -> Self {
        let Some(ranges) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
            return Self::Whole;
        };
        let Some((first, last)) = ranges.trim().split_once('-') else {
            return Self::Whole;
        };
        let (start, last) = match (number(first), number(last)) {
            (Number::Absent, Number::Value(suffix)) => {
                return if suffix == 0 || length == 0 {
                    Self::Unsatisfiable
                } else {
                    Self::Part {
                        start: length.saturating_sub(suffix),
                        end: length,
                    }
                };
            }
            (Number::Value(start), Number::Absent) => (start, u64::MAX),
            (Number::Value(start), Number::Value(last)) if start <= last => (start, last),
            _ => return Self::Whole,
        };
        if start >= length {
            Self::Unsatisfiable
        } else {
            Self::Part {
                start,
                end: last.saturating_add(1).min(length),
            }
        }
    }
}

enum Number {
    Absent,
    Value(u64),
    Bad,
}

fn number(text: &str) -> Number {
    if text.is_empty() {
        Number::Absent
    } else if text.bytes().all(|digit| digit.is_ascii_digit()) {
        // A number too large for 64 bits lies beyond every object.
        Number::Value(text.parse().unwrap_or(u64::MAX))
    } else {
        Number::Bad
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Requested::{Part, Unsatisfiable, Whole};
    use super::*;

    #[test]
    fn single_ranges_are_read_in_all_their_forms() {
        let cases = [
            ("bytes=0-0", Part { start: 0, end: 1 }),
            ("bytes=20-30", Part { start: 20, end: 31 }),
            (
                "bytes=90-",
                Part {
                    start: 90,
                    end: 100,
                },
            ),
            (
                "bytes=90-500",
                Part {
                    start: 90,
                    end: 100,
                },
            ),
            (
                "bytes=-10",
                Part {
                    start: 90,
                    end: 100,
                },
            ),
            ("bytes=-500", Part { start: 0, end: 100 }),
            ("bytes=100-", Unsatisfiable),
            ("bytes=100-200", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=99999999999999999999-", Unsatisfiable),
            ("bytes=30-20", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=0-1,5-6", Whole),
            ("items=0-1", Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(Requested::parse(Some(header), 100), expected, "{header}");
        }
        assert_eq!(Requested::parse(None, 100), Whole);
    }

    proptest! {
        #[test]
        fn a_part_lies_inside_the_object(header: String, a: u32, b: u32, length in 0_u64..1000) {
            for header in [header, format!("bytes={a}-{b}"), format!("bytes=-{a}")] {
                if let Part { start, end } = Requested::parse(Some(&header), length) {
                    prop_assert!(start < end && end <= length);
                }
            }
        }
    }
}
