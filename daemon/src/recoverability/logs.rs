//! Is the log in the mirror without gaps?
//!
//! Where logs carry the engine's numbers (binlogs, WAL segments) the numbers tell, because a
//! database at rest writes nothing and that is no gap. Elsewhere the times do.

use std::collections::BTreeMap;

use backhaul_provider_api::{Kind, Timestamp};
use chrono::TimeDelta;

use super::Finding;
use crate::catalog::BackupRecord;

/// How long a gap is told. Older ones can no longer be closed.
pub const TOLD_FOR: TimeDelta = TimeDelta::days(31);
/// Shorter pauses between logs without numbers are none.
const PAUSE_LEAST: TimeDelta = TimeDelta::hours(1);

/// The gaps between an instance's mirrored logs that ended not long ago, oldest first.
pub fn gaps<'a>(
    records: impl IntoIterator<Item = &'a BackupRecord>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut chains: BTreeMap<_, Vec<(Number, &BackupRecord)>> = BTreeMap::new();
    for record in records {
        let young = now.signed_duration_since(record.reaches) <= TOLD_FOR;
        if record.kind == Kind::Log && young {
            let named = [Some(&record.name), record.log_file.as_ref()];
            let mut numbers = named
                .into_iter()
                .flatten()
                .filter_map(|name| numbered(name));
            let (prefix, number) = numbers.next().unwrap_or(("", None));
            let chain = (record.node.as_deref(), prefix);
            chains.entry(chain).or_default().push((number, record));
        }
    }
    let mut found: Vec<_> = chains
        .into_values()
        .flat_map(|mut chain| {
            chain.sort_by_key(|(number, record)| (begin(record), *number));
            between(&chain)
        })
        .collect();
    found.sort_by_key(|finding| match finding {
        Finding::LogGap { from, .. } => Some(*from),
        _ => None,
    });
    found
}

/// A log's number, where its name has one: a WAL segment's two parts, of a binlog only the second.
type Number = Option<(u64, u64)>;

fn between(chain: &[(Number, &BackupRecord)]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut reached = None;
    for pair in chain.windows(2) {
        let [(number, earlier), (next, later)] = pair else {
            continue;
        };
        // Logs may overlap: what counts is how far all up to here reach.
        let from = reached.map_or(earlier.reaches, |reached| earlier.reaches.max(reached));
        reached = Some(from);
        let missing = number
            .zip(*next)
            .map(|(number, next)| missing_between(number, next));
        let torn = match missing {
            Some(missing) => missing > 0,
            None => begin(later).signed_duration_since(from) > PAUSE_LEAST,
        };
        if torn {
            found.push(Finding::LogGap {
                after: earlier.id.clone(),
                before: later.id.clone(),
                from,
                until: begin(later).max(from),
                missing,
            });
        }
    }
    found
}

/// How many numbers lie between two. Numbers that go down begin anew, as after a reset of the
/// binlogs.
fn missing_between((high, low): (u64, u64), (next_high, next_low): (u64, u64)) -> u64 {
    // Of larger WAL segments fewer share a first part, always a power of two.
    let rolls_over = next_high == high + 1 && next_low == 0 && (low + 1).is_power_of_two();
    let (number, next) = (high << 8 | low, next_high << 8 | next_low);
    match high == next_high {
        true => next_low.saturating_sub(low).saturating_sub(1),
        false if rolls_over => 0,
        false => next.saturating_sub(number).saturating_sub(1),
    }
}

fn begin(record: &BackupRecord) -> Timestamp {
    record.log_from.unwrap_or(record.started_at)
}

/// The part of a log's name that its chain shares, and its number.
fn numbered(name: &str) -> Option<(&str, Number)> {
    wal_segment(name).or_else(|| binlog(name))
}

/// `mysql-bin.000123`, whatever ending a compression adds. Exactly six digits, seven after the
/// millionth: a date has eight.
fn binlog(name: &str) -> Option<(&str, Number)> {
    let mut end = name.len();
    while let Some(dot) = name[..end].rfind('.') {
        let digits = &name[dot + 1..end];
        let plain =
            matches!(digits.len(), 6 | 7) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain {
            return Some((&name[..dot], Some((0, digits.parse().ok()?))));
        }
        end = dot;
    }
    None
}

/// `000000010000000A000000FF`: timeline, then a number in two parts. The second has 8 bits with
/// segments of the standard 16 MiB, fewer with larger ones; smaller ones are not understood.
fn wal_segment(name: &str) -> Option<(&str, Number)> {
    let stem = name.split('.').next()?;
    let plain = stem.len() == 24
        && stem
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    if !plain {
        return None;
    }
    let part = |range: std::ops::Range<usize>| u64::from_str_radix(&stem[range], 16).ok();
    let (high, low) = (part(8..16)?, part(16..24)?);
    (low <= 0xff).then_some((&stem[..8], Some((high, low))))
}
