//! Lengths of time, as people write them: `7d`, `26h`, `1h30m`.

use std::time::Duration;

use crate::{
    ValueError,
    value::{Quoted, Value},
};

/// The longest length of time that is accepted: a hundred years.
pub const LONGEST: Duration = Duration::from_secs(36_525 * 86_400);

const UNITS: [(u64, &[&str]); 6] = [
    (604_800_000, &["w", "week", "weeks"]),
    (86_400_000, &["d", "day", "days"]),
    (3_600_000, &["h", "hr", "hour", "hours"]),
    (60_000, &["m", "min", "minute", "minutes"]),
    (1_000, &["s", "sec", "second", "seconds"]),
    (1, &["ms"]),
];

const HELP: &str = "the units are `ms`, `s`, `m` (minutes), `h`, `d` and `w`, as in `1h30m`";

/// Reads a length of time: whole numbers, each with its unit, one after the other.
///
/// # Errors
/// A number without a unit, an unknown unit, a month or year (they differ in length), more than
/// [`LONGEST`].
pub fn parse(text: &str) -> Result<Duration, ValueError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(ValueError::new("the duration is empty").help("write a duration such as `26h`"));
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = length(rest, |c| c.is_ascii_digit());
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = length(tail, char::is_alphabetic);
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() || (unit.is_empty() && !tail.is_empty()) {
            let message = format!("{} is not a duration", Quoted(text));
            return Err(ValueError::new(message).help(format!("write whole numbers; {HELP}")));
        }
        let millis = unit_millis(number, unit)?;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|count| count.checked_mul(millis))
            .and_then(|add| total.checked_add(add))
            .ok_or_else(|| too_long(text))?;
        rest = tail.trim_start();
    }
    let total = Duration::from_millis(total);
    if total > LONGEST {
        return Err(too_long(text));
    }
    Ok(total)
}

/// Writes a length of time so that [`parse`] reads the same one. What is shorter than a millisecond is dropped.
pub fn format(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (millis, names) in UNITS {
        let whole = rest / millis;
        // People write `7d` and `26h`, neither `1w` nor `1d2h`.
        let rare = names[0] == "w" || (names[0] == "d" && rest % millis != 0);
        if whole == 0 || rare {
            continue;
        }
        text.push_str(&format!("{whole}{}", names[0]));
        rest %= millis;
    }
    text
}

fn length(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn unit_millis(number: &str, unit: &str) -> Result<u64, ValueError> {
    if let Some((millis, _)) = UNITS.iter().find(|(_, names)| names.contains(&unit)) {
        return Ok(*millis);
    }
    let lower = unit.to_lowercase();
    if unit.is_empty() {
        let message = format!("{} has no unit", Quoted(number));
        return Err(
            ValueError::new(message).help(format!("write `{number}h` or `{number}d`; {HELP}"))
        );
    }
    if unit == "M"
        || ["mo", "month", "months", "y", "yr", "year", "years"].contains(&lower.as_str())
    {
        let message = format!("{} has no fixed length", Quoted(unit));
        return Err(ValueError::new(message).help("write days: `30d`, `365d`"));
    }
    let message = format!("{} is not a unit of time", Quoted(unit));
    Err(ValueError::new(message).help(HELP))
}

fn too_long(text: &str) -> ValueError {
    ValueError::new(format!("{} is more than a hundred years", Quoted(text)))
}

impl Value for Duration {
    const WANTED: &'static str = "a duration such as \"26h\"";
    const EXAMPLES: &'static [&'static str] = &["26h", "7d", "1h30m"];

    fn read(text: &str) -> Result<Self, ValueError> {
        parse(text)
    }
}

#[cfg(test)]
mod tests;
