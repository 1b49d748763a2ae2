//! Amounts of bytes and bytes per second, as people write them.

use std::{fmt, str::FromStr};

use crate::{
    ValueError,
    value::{Quoted, Value},
};

/// A number of bytes, written `512MiB`, `1.5GiB` or `200MB`.
///
/// `k`, `M`, `G`, `T`, `P` are powers of 1000, with an `i` powers of 1024. Case matters, because
/// `b` means bits to half of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// That many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Bytes per second, never zero, written `200MiB/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteRate(std::num::NonZeroU64);

impl ByteRate {
    /// That many bytes per second.
    pub const fn from_bytes_per_second(bytes: std::num::NonZeroU64) -> Self {
        Self(bytes)
    }

    /// Bytes per second.
    pub const fn bytes_per_second(self) -> std::num::NonZeroU64 {
        self.0
    }
}

/// Largest first, binary before decimal, so that a printed size is short.
const UNITS: [(&str, u64); 11] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let split = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let unit = unit.strip_prefix(' ').unwrap_or(unit);
        let factor = factor(text, number, unit)?;
        let bytes = scale(number, factor).ok_or_else(|| not_a_number(text, number))?;
        u64::try_from(bytes)
            .map(Self)
            .map_err(|_| ValueError::new(format!("{} is too large", Quoted(text))))
    }
}

fn not_a_number(text: &str, number: &str) -> ValueError {
    if number.is_empty() {
        ValueError::new(format!("{} does not start with a number", Quoted(text)))
            .help("write a size such as `512MiB` or `1.5GB`")
    } else {
        ValueError::new(format!("{} is not a number", Quoted(number)))
            .help("write a size such as `512MiB` or `1.5GB`")
    }
}

/// The bytes of one unit, or why the unit is refused.
fn factor(text: &str, number: &str, unit: &str) -> Result<u64, ValueError> {
    if let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) {
        return Ok(*factor);
    }
    if unit == "KB" {
        return Ok(1_000);
    }
    if number.is_empty() {
        return Err(not_a_number(text, number));
    }
    if unit.is_empty() {
        return Err(
            ValueError::new(format!("{} has no unit", Quoted(text))).help(format!(
                "write `{number}B` for bytes, `{number}MB` or `{number}MiB`"
            )),
        );
    }
    let prefix = unit.chars().next().unwrap_or_default().to_ascii_uppercase();
    let rest = unit.get(1..).unwrap_or_default();
    let of_size = "KMGTP".contains(prefix);
    if of_size && rest.eq_ignore_ascii_case("ib") {
        return Err(ValueError::new(format!("{} is not a unit", Quoted(unit)))
            .help(format!("write `{number}{prefix}iB`")));
    }
    let small = if prefix == 'K' { 'k' } else { prefix };
    let decimal = format!("{small}B");
    if of_size && ["bit", "bits", "bps"].contains(&rest) {
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == decimal)
            .map_or(1, |(_, f)| *f);
        let bytes = scale(number, factor).ok_or_else(|| not_a_number(text, number))? / 8;
        let bytes = ByteSize(u64::try_from(bytes).unwrap_or(u64::MAX));
        return Err(ValueError::new(format!("{} counts bits", Quoted(unit)))
            .help(format!("write bytes: `{bytes}`")));
    }
    if of_size && ["", "b", "B", "i"].contains(&rest) {
        return Err(ValueError::new(format!(
            "{} is ambiguous: bits or bytes, 1000 or 1024?",
            Quoted(unit)
        ))
        .help(format!(
            "write `{number}{decimal}` (powers of 1000) or `{number}{prefix}iB` (powers of 1024)"
        )));
    }
    Err(
        ValueError::new(format!("{} is not a unit of size", Quoted(unit))).help(
            "the units are `B`, `kB`, `MB`, `GB`, `TB`, `PB` and `KiB`, `MiB`, `GiB`, `TiB`, `PiB`",
        ),
    )
}

/// The decimal number times the factor, rounded down.
fn scale(number: &str, factor: u64) -> Option<u128> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    // More digits than these cannot matter and would overflow.
    if whole.is_empty() || whole.len() > 20 || fraction.len() > 15 {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let mut bytes = whole.checked_mul(u128::from(factor))?;
    if !fraction.is_empty() {
        let digits: u128 = fraction.parse().ok()?;
        let divisor = 10u128.pow(u32::try_from(fraction.len()).ok()?);
        bytes += digits * u128::from(factor) / divisor;
    }
    Some(bytes)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, factor) = UNITS
            .iter()
            .find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor))
            .unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / factor)
    }
}

impl FromStr for ByteRate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Some((size, unit)) = text.split_once('/') else {
            return Err(match text.parse::<ByteSize>() {
                Ok(_) => ValueError::new(format!("{} does not say per what time", Quoted(text)))
                    .help(format!("write `{text}/s`")),
                Err(error) => per_second(error),
            });
        };
        if unit != "s" {
            let message = format!("{} is not a unit of bandwidth", Quoted(&format!("/{unit}")));
            return Err(
                ValueError::new(message).help("bandwidth is written per second: `200MiB/s`")
            );
        }
        let size: ByteSize = size.parse().map_err(per_second)?;
        std::num::NonZeroU64::new(size.bytes())
            .map(Self)
            .ok_or_else(|| {
                ValueError::new("a bandwidth of zero would stop every download")
                    .help("leave the key out for no limit")
            })
    }
}

/// The refusal of a rate's size, with advice for a rate.
fn per_second(error: ValueError) -> ValueError {
    let advice = error
        .advice()
        .unwrap_or("write a smaller number")
        .to_owned();
    error.help(format!("{advice}, with `/s` behind it"))
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", ByteSize(self.0.get()))
    }
}

impl Value for ByteSize {
    const WANTED: &'static str = "a size such as \"512MiB\"";
    const EXAMPLES: &'static [&'static str] = &["512MiB", "1.5GB"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl Value for ByteRate {
    const WANTED: &'static str = "a rate such as \"200MiB/s\"";
    const EXAMPLES: &'static [&'static str] = &["200MiB/s", "25MB/s"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
