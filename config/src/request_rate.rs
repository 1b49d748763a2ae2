//! How many requests in how much time: `60/min`.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use crate::{
    ValueError,
    value::{Quoted, Value},
};

/// A request limit such as `10/s`, `60/min` or `1000/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestRate {
    requests: NonZeroU32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl RequestRate {
    /// How many requests.
    pub fn requests(self) -> NonZeroU32 {
        self.requests
    }

    /// In how much time.
    pub fn per(self) -> Duration {
        Duration::from_secs(match self.unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3_600,
            Unit::Day => 86_400,
        })
    }
}

impl FromStr for RequestRate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write a request limit such as `10/s`, `60/min` or `1000/h`";
        let Some((count, unit)) = text.split_once('/') else {
            let message = format!("{} does not say per what time", Quoted(text));
            return Err(ValueError::new(message).help(HELP));
        };
        let requests = count.trim_end().parse().map_err(|_| {
            let message = format!("{} is not a number of requests above zero", Quoted(count));
            ValueError::new(message).help(HELP)
        })?;
        let unit = match unit.trim_start() {
            "s" | "sec" | "second" => Unit::Second,
            "m" | "min" | "minute" => Unit::Minute,
            "h" | "hour" => Unit::Hour,
            "d" | "day" => Unit::Day,
            other => {
                let message = format!("{} is not a unit of time", Quoted(other));
                return Err(ValueError::new(message).help(HELP));
            }
        };
        Ok(Self { requests, unit })
    }
}

impl fmt::Display for RequestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
            Unit::Day => "day",
        };
        write!(f, "{}/{unit}", self.requests)
    }
}

impl Value for RequestRate {
    const WANTED: &'static str = "a request limit such as \"60/min\"";
    const EXAMPLES: &'static [&'static str] = &["60/min", "10/s", "1000/h"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn request_limits_name_a_count_and_a_time() {
        let rate: RequestRate = "60/min".parse().unwrap();
        assert_eq!((rate.requests().get(), rate.per().as_secs()), (60, 60));
        for bad in ["60", "0/s", "-1/s", "ten/s", "10/fortnight", "1.5/s", "/s"] {
            assert!(bad.parse::<RequestRate>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_limit_is_read_back_as_printed(count in 1u32.., unit in "(s|min|h|day)") {
            let text = format!("{count}/{unit}");
            prop_assert_eq!(text.parse::<RequestRate>().unwrap().to_string(), text);
        }
    }
}
