//! When a job runs: a cron pattern in a time zone.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Year},
};

use crate::{ValueError, suggest, value::Quoted};

/// A cron pattern in an IANA time zone.
///
/// Five fields (minute, hour, day of month, month, day of week), or six with seconds first.
/// Names (`MON`, `JAN`), `L`, `W`, `#`, `?` and `@daily` and its like work. Day of month *or* day
/// of week is enough where both are given, as in every cron since Vixie's.
///
/// When the clocks change, a pattern with fixed minutes and hours (`30 2 * * *`) runs exactly once
/// on each of its days: a time that is skipped runs at the first instant after the gap, a time
/// that comes twice runs the first time. A pattern with a `*` (also `*/15`) in its minutes or hours
/// follows the clock: it runs in both copies of a repeated hour and not at all in a skipped one.
#[derive(Clone)]
pub struct Schedule {
    pattern: CronPattern,
    zone: Tz,
}

impl Schedule {
    /// A schedule of this pattern in this zone.
    pub fn new(pattern: CronPattern, zone: Tz) -> Self {
        Self { pattern, zone }
    }

    /// The first run strictly after the instant, or nothing when there is none any more. Whole
    /// seconds; what `after` has beyond them does not matter.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&self.zone);
        let next = self.pattern.cron.find_next_occurrence(&local, false).ok()?;
        let next = next.with_timezone(&Utc);
        // A library that stood still would make the daemon spin.
        (next > after).then_some(next)
    }

    /// The time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The cron pattern.
    pub fn pattern(&self) -> &CronPattern {
        &self.pattern
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone && self.pattern == other.pattern
    }
}

impl Eq for Schedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pattern, self.zone.name())
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({self})")
    }
}

/// A cron pattern that is known to match some day. Cheap to clone.
#[derive(Clone)]
pub struct CronPattern {
    text: Arc<str>,
    cron: Arc<Cron>,
}

impl CronPattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

const HELP: &str = "write minute, hour, day of month, month and day of week, such as `15 3 * * *` for 03:15 every day";

impl FromStr for CronPattern {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let cron = parser()
            .parse(text)
            .map_err(|error| explain(text, &error))?;
        // The answer must not depend on the day the file is read, so it starts in the past.
        match cron.find_next_occurrence(&DateTime::<Utc>::UNIX_EPOCH, true) {
            Ok(_) => Ok(Self {
                text: text.into(),
                cron: Arc::new(cron),
            }),
            Err(_) => Err(ValueError::new(format!("{} never comes", Quoted(text)))
                .help("no month has that day; `L` as the day of month stands for the last one")),
        }
    }
}

impl PartialEq for CronPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronPattern {}

impl fmt::Display for CronPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CronPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronPattern({self})")
    }
}

/// Reads the name of a time zone of the IANA database.
///
/// # Errors
/// An unknown name, with the nearest one that exists.
pub fn parse_zone(text: &str) -> Result<Tz, ValueError> {
    text.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let help = match suggest::nearest(text, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => {
                "write a zone of the IANA database, such as `Asia/Shanghai` or `UTC`".to_owned()
            }
        };
        ValueError::new(format!("{} is not a time zone", Quoted(text))).help(help)
    })
}

fn parser() -> CronParser {
    // A year would make a job that ends; that is what deleting the job is for.
    CronParser::builder().year(Year::Disallowed).build()
}

/// Names the field that is wrong, by trying each one on its own.
fn explain(text: &str, error: &CronError) -> ValueError {
    const NAMES: [&str; 6] = [
        "second",
        "minute",
        "hour",
        "day of month",
        "month",
        "day of week",
    ];
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !(5..=6).contains(&fields.len()) {
        let message = match fields.len() {
            0 => "the schedule is empty".to_owned(),
            1 => format!("{} is not a schedule", Quoted(text)),
            n => format!(
                "{} has {n} fields; a schedule has five, or six with seconds",
                Quoted(text)
            ),
        };
        return ValueError::new(message).help(HELP);
    }
    for (at, field) in fields.iter().enumerate() {
        let mut alone = ["*"; 6];
        let place = at + 6 - fields.len();
        alone[place] = field;
        if parser().parse(&alone.join(" ")).is_err() {
            let message = format!("{} cannot be the {}", Quoted(field), NAMES[place]);
            return ValueError::new(message).help(HELP);
        }
    }
    ValueError::new(format!("{} is not a schedule: {error}", Quoted(text))).help(HELP)
}

#[cfg(test)]
mod tests;
