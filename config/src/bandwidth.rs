//! How many bytes per second may be received, perhaps depending on day and hour.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;

use crate::{
    ByteRate, ValueError,
    value::{Quoted, Value},
};

/// A rate, or a weekly timetable of rates: `mon-fri 08:00-18:00 20MiB/s, 200MiB/s`.
///
/// The entries are tried from left to right; the first whose days and hours fit holds. Days and
/// hours may be left out of an entry; hours may lead over midnight (`22:00-06:00`), and then
/// belong to the day they begin on. `unlimited` stands for no limit, which is also what holds
/// when no entry fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bandwidth {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    /// The first and the last day, counted from Monday; they may lead over Sunday.
    days: Option<(u32, u32)>,
    /// Minutes of the day: from, and until before.
    hours: Option<(u32, u32)>,
    rate: Option<ByteRate>,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u32 = 24 * 60;
const HELP: &str =
    "write a rate such as `200MiB/s`, or entries such as `mon-fri 08:00-18:00 20MiB/s, 200MiB/s`";

impl Bandwidth {
    /// The same rate at all times.
    pub fn always(rate: ByteRate) -> Self {
        Self {
            entries: vec![Entry {
                days: None,
                hours: None,
                rate: Some(rate),
            }],
        }
    }

    /// The rate that holds at an instant, by the clocks of a zone; nothing for no limit.
    pub fn rate_at(&self, at: DateTime<Utc>, zone: Tz) -> Option<ByteRate> {
        let local = at.with_timezone(&zone);
        let minute = local.hour() * 60 + local.minute();
        let day = local.weekday().num_days_from_monday();
        let fitting = self.entries.iter().find(|entry| entry.holds(day, minute));
        fitting.and_then(|entry| entry.rate)
    }
}

impl Entry {
    fn holds(&self, day: u32, minute: u32) -> bool {
        let (from, until) = self.hours.unwrap_or((0, DAY_MINUTES));
        if from < until {
            return (from..until).contains(&minute) && self.on(day);
        }
        let yesterday = (day + 6) % 7;
        (minute >= from && self.on(day)) || (minute < until && self.on(yesterday))
    }

    fn on(&self, day: u32) -> bool {
        self.days.is_none_or(|(first, last)| {
            if first <= last {
                (first..=last).contains(&day)
            } else {
                day >= first || day <= last
            }
        })
    }
}

impl FromStr for Bandwidth {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        // A single rate is refused in its own words.
        let timetable = text.contains([',', ':']) || text.starts_with(char::is_alphabetic);
        if !timetable {
            return Ok(Self::always(text.parse()?));
        }
        let entries = text.split(',').map(entry).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }
}

fn entry(text: &str) -> Result<Entry, ValueError> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let Some(rate) = words.pop() else {
        return Err(ValueError::new("an entry of the timetable is empty").help(HELP));
    };
    let mut entry = Entry {
        days: None,
        hours: None,
        rate: match rate {
            "unlimited" => None,
            rate => Some(rate.parse()?),
        },
    };
    for word in words {
        if entry.days.is_none()
            && entry.hours.is_none()
            && let Some(days) = days(word)
        {
            entry.days = Some(days);
        } else if entry.hours.is_none()
            && let Some(hours) = hours(word)
        {
            entry.hours = Some(hours);
        } else {
            return Err(ValueError::new(format!(
                "{} is neither days such as `mon-fri` nor hours such as `08:00-18:00`",
                Quoted(word)
            ))
            .help(HELP));
        }
    }
    Ok(entry)
}

fn days(word: &str) -> Option<(u32, u32)> {
    let day = |name: &str| {
        let at = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name))?;
        u32::try_from(at).ok()
    };
    match word.split_once('-') {
        Some((first, last)) => Some((day(first)?, day(last)?)),
        None => day(word).map(|day| (day, day)),
    }
}

fn hours(word: &str) -> Option<(u32, u32)> {
    let minute = |text: &str| {
        if text == "24:00" {
            return Some(DAY_MINUTES);
        }
        let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
        Some(time.hour() * 60 + time.minute())
    };
    let (from, until) = word.split_once('-')?;
    let (from, until) = (minute(from)?, minute(until)?);
    (from != until && from < DAY_MINUTES).then_some((from, until))
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, entry) in self.entries.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            let day = |day: u32| DAYS.get(day as usize).copied().unwrap_or_default();
            match entry.days {
                Some((first, last)) if first == last => write!(f, "{} ", day(first))?,
                Some((first, last)) => write!(f, "{}-{} ", day(first), day(last))?,
                None => {}
            }
            if let Some((from, until)) = entry.hours {
                let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
                write!(f, "{}-{} ", time(from), time(until))?;
            }
            match entry.rate {
                Some(rate) => rate.fmt(f)?,
                None => f.write_str("unlimited")?,
            }
        }
        Ok(())
    }
}

impl Value for Bandwidth {
    const WANTED: &'static str = "a rate such as \"200MiB/s\"";
    const EXAMPLES: &'static [&'static str] =
        &["200MiB/s", "mon-fri 08:00-18:00 20MiB/s, 200MiB/s"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: &str =
        "mon-fri 08:00-18:00 20MiB/s, sat 1MiB/s, fri-sun 22:00-06:00 unlimited, 200MiB/s";

    /// The rate in MiB/s at a local time in Shanghai; 2026-11-23 is a Monday.
    fn at(text: &str, time: &str) -> Option<u64> {
        let time = DateTime::parse_from_rfc3339(&format!("2026-11-{time}:00+08:00")).unwrap();
        let bandwidth: Bandwidth = text.parse().unwrap();
        let rate = bandwidth.rate_at(time.to_utc(), Tz::Asia__Shanghai);
        rate.map(|rate| rate.bytes_per_second().get() >> 20)
    }

    #[test]
    fn a_single_rate_always_holds() {
        assert_eq!(at("200MiB/s", "23T03:00"), Some(200));
    }

    #[test]
    fn the_first_entry_that_fits_holds() {
        for (time, rate) in [
            ("23T07:59", Some(200)),
            ("23T08:00", Some(20)),
            ("27T17:59", Some(20)),
            ("27T18:00", Some(200)),
            ("28T12:00", Some(1)),
            ("29T12:00", Some(200)),
        ] {
            assert_eq!(at(OFFICE, time), rate, "{time}");
        }
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_they_begin_on() {
        for (time, rate) in [
            ("27T22:00", None),
            ("29T23:59", None),
            ("30T05:59", None),
            ("30T06:00", Some(200)),
            ("26T23:00", Some(200)),
            ("27T05:00", Some(200)),
        ] {
            assert_eq!(at(OFFICE, time), rate, "{time}");
        }
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        for text in [
            OFFICE,
            "200MiB/s",
            "unlimited",
            "sun-tue 22:00-24:00 1MiB/s",
        ] {
            assert_eq!(text.parse::<Bandwidth>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn another_form_is_refused_with_advice() {
        for text in [
            "mon-fri",
            "200MiB/s, ",
            "08:00-18:00 mon 1MiB/s",
            "25:00-26:00 1MiB/s",
            "08:00-08:00 1MiB/s",
            "someday 1MiB/s",
            "mon tue 1MiB/s",
            "mon 20MiB",
            "",
        ] {
            let error = text.parse::<Bandwidth>().unwrap_err();
            assert!(error.advice().is_some(), "{text}: {error}");
        }
    }
}
