//! Which logs lead from a backup to a time, and where they break off.

use std::collections::BTreeSet;

use backhaul_provider_api::{Kind, Timestamp};
use chrono::TimeDelta;
use serde::Serialize;

use super::{Link, Reach};

/// How far apart two logs may lie where too few are known to tell what is usual.
const USUAL_DISTANCE: TimeDelta = TimeDelta::minutes(10);

/// Something is missing in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Up to here everything is there.
    pub from: Timestamp,
    /// The end of what is missing.
    pub until: Timestamp,
    /// What is missing, for people.
    pub what: String,
}

/// The logs of a chain.
pub(super) struct Covered {
    pub logs: Vec<usize>,
    pub reaches: Timestamp,
    pub gap: Option<Gap>,
}

/// A backup on which no log can be applied reaches as far as it does.
pub(super) fn without_logs(link: &Link<'_>, end: Timestamp) -> Covered {
    Covered {
        logs: Vec::new(),
        reaches: link.reaches,
        gap: (end > link.reaches).then(|| Gap {
            from: link.reaches,
            until: end,
            what: "no logs can be applied on this full backup, a logical dump".to_owned(),
        }),
    }
}

/// The logs from the backup at `point` on. Those of one node, because each node writes its own,
/// unless every node has its own part of the data (`sharded`).
pub(super) fn of_logs(
    point: usize,
    sharded: bool,
    end: Timestamp,
    reach: Reach,
    links: &[Link<'_>],
) -> Covered {
    let start = links[point].started_at;
    let mut logs: Vec<usize> = (0..links.len())
        .filter(|&index| links[index].kind == Kind::Log && links[index].covered().until >= start)
        .collect();
    logs.sort_by_key(|&index| {
        let span = links[index].covered();
        (span.from, span.until, index)
    });
    let nodes: BTreeSet<_> = logs.iter().map(|&index| links[index].node).collect();
    let only = match reach {
        Reach::Log(index) if !sharded => Some(links[index].node),
        _ => None,
    };
    let ways = nodes
        .into_iter()
        .filter(|node| only.is_none_or(|only| only == *node))
        .map(|node| {
            let own: Vec<_> = logs
                .iter()
                .copied()
                .filter(|&index| links[index].node == node)
                .collect();
            (node, walk(point, &own, end, reach, links))
        });
    if sharded {
        return ways
            .map(|(_, way)| way)
            .reduce(together)
            .unwrap_or_else(|| walk(point, &[], end, reach, links));
    }
    ways.max_by_key(|(node, way)| {
        let own = *node == links[point].node;
        (way.gap.is_none(), way.reaches, own)
    })
    .map_or_else(|| walk(point, &[], end, reach, links), |(_, way)| way)
}

/// Parts of one database restore only as far as the one that reaches least far.
fn together(mut one: Covered, other: Covered) -> Covered {
    one.logs.extend(other.logs);
    if other.reaches < one.reaches {
        one.reaches = other.reaches;
        one.gap = other.gap.or(one.gap);
    }
    one
}

fn walk(point: usize, logs: &[usize], end: Timestamp, reach: Reach, links: &[Link<'_>]) -> Covered {
    let slack = slack(logs, links);
    let mut covered = Covered {
        logs: Vec::new(),
        reaches: links[point].reaches,
        gap: None,
    };
    for &index in logs {
        let span = links[index].covered();
        let before = covered.logs.last().copied();
        let beyond = match reach {
            Reach::Own => span.from >= end,
            Reach::Time => span.from > end,
            Reach::Log(last) => before == Some(last),
        };
        if beyond && reach != Reach::Time {
            break;
        }
        if reach != Reach::Own
            && let Some(gap) = hole(before, covered.reaches, index, slack, links)
        {
            if beyond && covered.reaches >= end {
                break;
            }
            covered.gap = Some(gap);
            return covered;
        }
        covered.logs.push(index);
        covered.reaches = covered.reaches.max(span.until);
        if beyond {
            break;
        }
    }
    match reach {
        Reach::Own => covered.reaches = links[point].reaches,
        Reach::Time if covered.reaches < end => {
            let what = match covered.logs.is_empty() {
                true => "no log is mirrored that goes on from there",
                false => "no later log is mirrored",
            };
            covered.gap = Some(Gap {
                from: covered.reaches,
                until: end,
                what: what.to_owned(),
            });
        }
        Reach::Time => covered.reaches = end,
        Reach::Log(_) => {}
    }
    covered
}

/// What is missing before a log: after the one before it, or after the backup they begin with.
fn hole(
    before: Option<usize>,
    reached: Timestamp,
    index: usize,
    slack: TimeDelta,
    links: &[Link<'_>],
) -> Option<Gap> {
    let gap = |what: String| Gap {
        from: reached,
        until: links[index].covered().from,
        what,
    };
    let names = before.and_then(|before| {
        links[before]
            .files
            .as_ref()
            .zip(links[index].files.as_ref())
    });
    if let Some(((_, last), (first, _))) = names
        && let Some(followed) = last.is_followed_by(first)
    {
        return (!followed).then(|| {
            let (last, first) = (last.of_server(), first.of_server());
            gap(format!(
                "the logs between {last} and {first} are not mirrored"
            ))
        });
    }
    let empty = links[index].covered().from.signed_duration_since(reached);
    (empty > slack).then(|| gap("no log of that time is mirrored".to_owned()))
}

/// How long a time without log is nothing unusual. Some vendors give a log the time of its upload,
/// a few seconds in five minutes; so what counts is how the others lie.
fn slack(logs: &[usize], links: &[Link<'_>]) -> TimeDelta {
    let pairs = || {
        logs.windows(2)
            .map(|pair| (links[pair[0]].covered(), links[pair[1]].covered()))
    };
    let distance = median(pairs().map(|(one, next)| next.from - one.from));
    let hole = median(pairs().map(|(one, next)| (next.from - one.until).max(TimeDelta::zero())));
    match (distance, hole) {
        (Some(distance), Some(hole)) if logs.len() > 3 => hole + distance / 2,
        _ => USUAL_DISTANCE,
    }
}

fn median(values: impl Iterator<Item = TimeDelta>) -> Option<TimeDelta> {
    let mut values: Vec<_> = values.collect();
    values.sort();
    values.get(values.len() / 2).copied()
}
