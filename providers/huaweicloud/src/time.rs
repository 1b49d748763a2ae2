//! The vendor's times: `2018-08-06T12:41:14+0800`, and what its pages print in their place.
//!
//! Read leniently, because the printed samples hold blanks anywhere and the day `016`; but never
//! without a zone, because the vendor's zone differs from region to region.

use backhaul_provider_api::Timestamp;
use backhaul_provider_api::chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

/// The instant that a text such as `2018-08-06T12:41:14+0800` names. The zone is `Z`, `±hh`,
/// `±hhmm` or `±hh:mm`; fractions of a second are kept to the microsecond.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let (date, rest) = text.split_once(['T', 't'])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let local = parse_date(date)?.and_time(parse_time(time)?);
    let utc = local.checked_sub_signed(parse_zone(zone)?)?;
    Some(DateTime::from_naive_utc_and_offset(utc, Utc))
}

/// The instant in the form that the API's query parameters take, in UTC.
pub(crate) fn format(instant: Timestamp) -> String {
    instant.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    // Every edition of the vendor's page prints the expiry `2018-08-016T10:15:14+0800`.
    let day = if day.len() == 3 {
        day.strip_prefix('0')?
    } else {
        day
    };
    let year = i32::try_from(digits(year, 4, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, digits(month, 1, 2)?, digits(day, 1, 2)?)
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = time.split(':').map(|part| digits(part, 1, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || fraction.is_empty() || !is_digits(fraction) {
        return None;
    }
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros.parse().ok()?)
}

fn parse_zone(text: &str) -> Option<Duration> {
    if text.eq_ignore_ascii_case("z") {
        return Some(Duration::zero());
    }
    let (sign, offset) = match text.split_at_checked(1)? {
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 2 => (offset, "00"),
        None => offset.split_at_checked(2)?,
    };
    let (hours, minutes) = (digits(hours, 2, 2)?, digits(minutes, 2, 2)?);
    if hours > 15 || minutes > 59 {
        return None;
    }
    Some(Duration::minutes(sign * i64::from(hours * 60 + minutes)))
}

fn digits(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && is_digits(text);
    if fits { text.parse().ok() } else { None }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
