//! Times as the vendor writes them, without an offset: `2023-02-15 19:09:24`.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeDelta, Utc};

/// The hours that times are ahead of UTC.
#[derive(Debug, Clone, Copy)]
pub struct Zone(FixedOffset);

impl Zone {
    /// So many hours; those that are no offset of this world count as none.
    pub fn new(hours: i32) -> Self {
        let offset = hours.checked_mul(3600).and_then(FixedOffset::east_opt);
        Self(offset.unwrap_or_else(|| Utc.fix()))
    }

    /// A time as text.
    pub fn text(self, instant: DateTime<Utc>) -> String {
        instant.with_timezone(&self.0).format(TIME).to_string()
    }

    /// A day as text.
    pub fn day(self, instant: DateTime<Utc>) -> String {
        instant
            .with_timezone(&self.0)
            .format("%Y-%m-%d")
            .to_string()
    }

    /// Reads a time; the form is fixed.
    pub fn parse(self, text: &str) -> Option<DateTime<Utc>> {
        // Fewer digits would be read as well, but the format is documented with all of them.
        let local = (text.len() == UNSET.len())
            .then(|| NaiveDateTime::parse_from_str(text, TIME).ok())
            .flatten()?;
        let utc = local.checked_sub_signed(TimeDelta::seconds(self.0.local_minus_utc().into()))?;
        Some(utc.and_utc())
    }
}

/// What stands for a time that there is not.
pub const UNSET: &str = "0000-00-00 00:00:00";

const TIME: &str = "%Y-%m-%d %H:%M:%S";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_in_their_zone() {
        let instant = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let zone = Zone::new(8);
        assert_eq!(zone.text(instant), "2023-11-15 06:13:20");
        assert_eq!(zone.day(instant), "2023-11-15");
        assert_eq!(zone.parse("2023-11-15 06:13:20"), Some(instant));
        assert_eq!(Zone::new(0).text(instant), "2023-11-14 22:13:20");
        assert_eq!(zone.parse("2023-11-15"), None);
        assert_eq!(zone.parse("2023-11-15T06:13:20"), None);
        assert_eq!(zone.parse(UNSET), None);
    }
}
