//! Times as they stand in keys: `%Y-%m-%dT%H%M%SZ`, also in several pieces (`%Y/%m/%d`).
//!
//! Every specifier takes a fixed number of digits, or all that there are, so that a text matches
//! a format in one way only. Ranges are checked at the end, when all pieces are together.

use backhaul_provider_api::Timestamp;
use backhaul_provider_api::chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta};
use backhaul_provider_kit::zone::Zone;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// What a piece of a time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Fraction,
    Epoch,
    Offset,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Literal(char),
    Field(Field),
}

/// A format such as `%Y%m%d-%H%M%S`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeFormat {
    items: Vec<Item>,
    /// A `Z` right after the clock stands for UTC.
    utc: bool,
}

impl TimeFormat {
    /// Reads a format.
    ///
    /// # Errors
    /// When it has a specifier that is not supported, or none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S");
        let mut items = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                items.push(Item::Literal(letter));
                continue;
            }
            items.push(match letters.next() {
                Some('%') => Item::Literal('%'),
                Some('Y') => Item::Field(Field::Year),
                Some('y') => Item::Field(Field::ShortYear),
                Some('m') => Item::Field(Field::Month),
                Some('b') => Item::Field(Field::MonthName),
                Some('d') => Item::Field(Field::Day),
                Some('j') => Item::Field(Field::DayOfYear),
                Some('H') => Item::Field(Field::Hour),
                Some('M') => Item::Field(Field::Minute),
                Some('S') => Item::Field(Field::Second),
                Some('f') => Item::Field(Field::Fraction),
                Some('s') => Item::Field(Field::Epoch),
                Some('z') => Item::Field(Field::Offset),
                other => {
                    let specifier = other.map(String::from).unwrap_or_default();
                    return Err(format!(
                        "`%{specifier}` is not supported; there are %Y %y %m %b %d %j %H %M %S %f %s %z %F %T %%"
                    ));
                }
            });
        }
        let utc = items.windows(2).any(|pair| {
            use Field::{Fraction, Hour, Minute, Second};
            matches!(
                pair,
                [
                    Item::Field(Hour | Minute | Second | Fraction),
                    Item::Literal('Z')
                ]
            )
        });
        if items.iter().any(|item| matches!(item, Item::Field(_))) {
            Ok(Self { items, utc })
        } else {
            Err("a time needs a format such as %Y-%m-%dT%H%M%SZ".to_owned())
        }
    }

    /// The fields it has.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.items.iter().filter_map(|item| match item {
            Item::Field(field) => Some(*field),
            Item::Literal(_) => None,
        })
    }

    /// How many bytes at the beginning of the text have this form, if they have.
    pub(crate) fn length(&self, text: &str) -> Option<usize> {
        self.read(text, &mut Pieces::default())
    }

    /// Reads the beginning of the text into `pieces`; how many bytes were read.
    pub(crate) fn read(&self, text: &str, pieces: &mut Pieces) -> Option<usize> {
        let mut at = 0;
        for item in &self.items {
            let rest = text.get(at..)?;
            at += match item {
                Item::Literal(letter) => rest.starts_with(*letter).then_some(letter.len_utf8())?,
                Item::Field(field) => pieces.take(*field, rest)?,
            };
        }
        if self.utc {
            pieces.offset_s = Some(0);
        }
        Some(at)
    }
}

/// The pieces of one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    epoch_s: Option<i64>,
    offset_s: Option<i64>,
}

impl Pieces {
    fn take(&mut self, field: Field, text: &str) -> Option<usize> {
        let digits = |count: usize| -> Option<(u32, usize)> {
            let text = text.get(..count)?;
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| Some((text.parse().ok()?, count)))?
        };
        let run = text.bytes().take_while(u8::is_ascii_digit).count();
        let (target, (value, length)) = match field {
            Field::Year => {
                let (year, length) = digits(4)?;
                self.year = Some(i32::try_from(year).ok()?);
                return Some(length);
            }
            Field::ShortYear => {
                let (year, length) = digits(2)?;
                self.year = Some(2000 + i32::try_from(year).ok()?);
                return Some(length);
            }
            Field::MonthName => {
                let name = text.get(..3)?.to_ascii_lowercase();
                let index = MONTHS.iter().position(|month| *month == name)?;
                self.month = Some(u32::try_from(index).ok()? + 1);
                return Some(3);
            }
            Field::Month => {
                let (month, length) = digits(2)?;
                self.month = Some(month);
                return Some(length);
            }
            Field::Day => {
                let (day, length) = digits(2)?;
                self.day = Some(day);
                return Some(length);
            }
            Field::DayOfYear => {
                let (day, length) = digits(3)?;
                self.day_of_year = Some(day);
                return Some(length);
            }
            Field::Fraction => {
                let shown = text.get(..run).filter(|_| (1..=9).contains(&run))?;
                self.nanos = format!("{shown:0<9}").parse().ok()?;
                return Some(run);
            }
            Field::Epoch => {
                self.epoch_s = Some(text.get(..run)?.parse().ok()?);
                return Some(run);
            }
            Field::Offset => {
                let (offset_s, length) = offset(text)?;
                self.offset_s = Some(offset_s);
                return Some(length);
            }
            Field::Hour => (&mut self.hour, digits(2)?),
            Field::Minute => (&mut self.minute, digits(2)?),
            Field::Second => (&mut self.second, digits(2)?),
        };
        *target = value;
        Some(length)
    }

    /// The instant, and whether the text itself told the zone; `zone` counts where it did not.
    pub(crate) fn instant(&self, zone: Zone) -> Option<(Timestamp, bool)> {
        if let Some(epoch_s) = self.epoch_s {
            let instant = DateTime::from_timestamp(epoch_s, self.nanos)?;
            return Some((instant, true));
        }
        let year = self.year?;
        let day = match self.day_of_year {
            Some(day) => NaiveDate::from_yo_opt(year, day)?,
            None => NaiveDate::from_ymd_opt(year, self.month?, self.day?)?,
        };
        // 24:00 is how some write the end of a day.
        let (day, hour) = match (self.hour, self.minute, self.second) {
            (24, 0, 0) => (day.checked_add_days(Days::new(1))?, 0),
            (hour, ..) => (day, hour),
        };
        let clock = NaiveTime::from_hms_nano_opt(hour, self.minute, self.second, self.nanos)?;
        let local = day.and_time(clock);
        match self.offset_s {
            Some(offset_s) => {
                let instant = local.checked_sub_signed(TimeDelta::try_seconds(offset_s)?)?;
                Some((instant.and_utc(), true))
            }
            None => {
                let text = local.format("%Y-%m-%d %H:%M:%S%.f").to_string();
                Some((zone.parse(&text)?, false))
            }
        }
    }
}

/// `Z`, `+08:00` or `+0800`.
fn offset(text: &str) -> Option<(i64, usize)> {
    if text.starts_with('Z') {
        return Some((0, 1));
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let colon = usize::from(text.get(3..4) == Some(":"));
    let number = |from: usize| -> Option<i64> {
        let text = text.get(from..from + 2)?;
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok())?
    };
    let (hours, minutes) = (number(1)?, number(3 + colon)?);
    (hours <= 14 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), 5 + colon))
}

#[cfg(test)]
mod tests;
