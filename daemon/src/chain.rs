//! Chains: which backups together restore an instance as it was at one time.
//!
//! Pure: from the backups of one instance and a goal to the full backup, what is applied on top of
//! it, and the first place where something is missing. A differential backup builds upon the full
//! one before it, an incremental one upon the backup before it, a log upon everything that was
//! restored up to where it begins.
//!
//! What vendors tell of chains is thin, so the evidence is taken in this order: a named base or
//! predecessor, numbers in the names of log files, times.

use backhaul_provider_api::{Kind, LogSpan, Timestamp};

mod coverage;
pub mod log_name;

pub use coverage::Gap;
use log_name::LogName;

/// One backup of an instance, as far as chains are concerned.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    /// Its key within the instance.
    pub key: &'a str,
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// The instant up to which its data reach.
    pub reaches: Timestamp,
    /// For a log: the time it covers.
    pub span: Option<LogSpan>,
    /// The key of the full backup it needs, where the vendor tells it.
    pub base: Option<&'a str>,
    /// The key of the backup right before it, where the vendor tells it.
    pub previous: Option<&'a str>,
    /// Its number in the chain, where the vendor tells it.
    pub sequence: Option<u64>,
    /// The node that made it, where several do.
    pub node: Option<&'a str>,
    /// Backups of one group are restorable only together.
    pub group: Option<&'a str>,
    /// Whether it is verified. A full or differential backup that is not is taken only when it is
    /// asked for; of the others there is no second one.
    pub counts: bool,
    /// For a full backup: whether logs can be applied on top of it. Not on a logical dump.
    pub takes_logs: bool,
    /// For a log: its first and last file, where their names tell their place.
    pub files: Option<(LogName, LogName)>,
}

impl Link<'_> {
    /// The time that a log covers; where the vendor does not tell, that of its making.
    fn covered(&self) -> LogSpan {
        self.span.unwrap_or(LogSpan {
            from: self.started_at,
            until: self.reaches,
        })
    }

    /// Whether nothing speaks against this backup being the one right after `last`.
    fn follows(&self, last: &Self) -> bool {
        let named = self.previous.is_none_or(|key| key == last.key);
        let numbers = last.sequence.zip(self.sequence);
        named && numbers.is_none_or(|(before, own)| own == before.saturating_add(1))
    }
}

/// What is to be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// What this backup holds, by its place in the list.
    Backup(usize),
    /// The instance as it was then.
    Time(Timestamp),
}

/// Backups that are restored one after the other. Numbers are places in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The full backup, with the others of its group.
    pub base: Vec<usize>,
    /// Differential and incremental backups, in the order of their application.
    pub steps: Vec<usize>,
    /// Logs, in the order of their application.
    pub logs: Vec<usize>,
    /// The instant up to which all this restores.
    pub reaches: Timestamp,
    /// What is missing between that instant and the goal.
    pub gap: Option<Gap>,
}

impl Chain {
    /// Everything in it, in the order of application.
    pub fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.base
            .iter()
            .chain(&self.steps)
            .chain(&self.logs)
            .copied()
    }
}

/// Why there is no chain at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoChain {
    /// The backup is of a kind that restores nothing.
    #[error("a {0} backup restores nothing")]
    NothingToRestore(Kind),
    /// There is no full backup that reaches so far back.
    #[error(
        "no full backup is mirrored that was finished by {0}, so nothing can be restored as it was then"
    )]
    NoBase(Timestamp),
    /// There are some, but none is verified.
    #[error(
        "every full backup that was finished by {0} is suspect; name one by its id to take it all the same"
    )]
    OnlySuspect(Timestamp),
    /// The full backup that the vendor names is not mirrored.
    #[error("it builds upon the vendor's backup {0:?}, which is not mirrored")]
    MissingBase(String),
}

/// The chain that leads to a goal. What is missing on the way is told in it.
///
/// # Errors
/// When there is nothing to begin with.
pub fn lead_to(goal: Goal, links: &[Link<'_>]) -> Result<Chain, NoChain> {
    let index = match goal {
        Goal::Time(time) => return best(time, time, links, None),
        Goal::Backup(index) => index,
    };
    let wanted = &links[index];
    let end = wanted.reaches;
    match wanted.kind {
        Kind::Full => Ok(finish(index, Vec::new(), end, Reach::Own, links)),
        Kind::Differential | Kind::Incremental => {
            let base = base_of(wanted, links)?;
            let mut steps = Vec::new();
            if wanted.kind == Kind::Incremental {
                steps = steps_after(base, wanted.started_at, true, links);
            }
            steps.retain(|&step| step != index);
            let last = steps.last().copied().unwrap_or(base);
            if wanted.kind == Kind::Incremental && !wanted.follows(&links[last]) {
                let reaches = links[last].reaches;
                let mut chain = finish(base, steps, reaches, Reach::Own, links);
                chain.gap = Some(Gap {
                    from: reaches,
                    until: wanted.started_at,
                    what: "an incremental backup between is not mirrored".to_owned(),
                });
                return Ok(chain);
            }
            steps.push(index);
            Ok(finish(base, steps, end, Reach::Own, links))
        }
        Kind::Log => best(wanted.covered().from, end, links, Some(index)),
        Kind::Slowlog | Kind::Unknown => Err(NoChain::NothingToRestore(wanted.kind)),
    }
}

/// How far logs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Only what the last backup needs to be whole: logs written while it was made.
    Own,
    /// Up to a time. The log after it is taken too: vendors' times may be those of the upload,
    /// and an engine knows that it is past a time only by a later record.
    Time,
    /// Up to this log.
    Log(usize),
}

/// The chain from the full backup that leads furthest; of several, the newest: the least to replay.
fn best(
    begin: Timestamp,
    end: Timestamp,
    links: &[Link<'_>],
    log: Option<usize>,
) -> Result<Chain, NoChain> {
    let reach = log.map_or(Reach::Time, Reach::Log);
    let fits = |link: &Link<'_>| match log {
        // What was finished while the log was written can still take it.
        Some(_) => link.reaches <= end.max(begin) && link.takes_logs,
        None => link.reaches <= end,
    };
    let mut bases: Vec<_> = (0..links.len())
        .filter(|&index| links[index].kind == Kind::Full && fits(&links[index]))
        .collect();
    if bases.is_empty() {
        return Err(NoChain::NoBase(end));
    }
    bases.retain(|&index| links[index].counts);
    bases.sort_by_key(|&index| std::cmp::Reverse((links[index].reaches, index)));
    let mut found: Option<Chain> = None;
    for base in bases {
        // What was made while the wanted log was written would take its place.
        let steps = steps_after(base, if log.is_some() { begin } else { end }, false, links);
        let chain = finish(base, steps, end, reach, links);
        if chain.gap.is_none() {
            return Ok(chain);
        }
        if found
            .as_ref()
            .is_none_or(|found| chain.reaches > found.reaches)
        {
            found = Some(chain);
        }
    }
    found.ok_or(NoChain::OnlySuspect(end))
}

/// Puts a chain together: the base with its group, the steps, and the logs after the last of them.
fn finish(
    base: usize,
    steps: Vec<usize>,
    end: Timestamp,
    reach: Reach,
    links: &[Link<'_>],
) -> Chain {
    let mut group = vec![base];
    if let Some(name) = links[base].group {
        group.extend((0..links.len()).filter(|&other| {
            other != base && links[other].kind == Kind::Full && links[other].group == Some(name)
        }));
    }
    let last = steps.last().copied().unwrap_or(base);
    let covered = if links[base].takes_logs {
        coverage::of_logs(last, group.len() > 1, end, reach, links)
    } else {
        coverage::without_logs(&links[last], end)
    };
    Chain {
        base: group,
        steps,
        logs: covered.logs,
        reaches: covered.reaches,
        gap: covered.gap,
    }
}

/// The full backup that a differential or incremental one builds upon.
fn base_of(link: &Link<'_>, links: &[Link<'_>]) -> Result<usize, NoChain> {
    match link.base {
        Some(key) => links
            .iter()
            .position(|other| other.key == key)
            .ok_or_else(|| NoChain::MissingBase(key.to_owned())),
        None => latest_full(link, links).ok_or(NoChain::NoBase(link.started_at)),
    }
}

/// The last full backup begun before this one. Verified or not: what the vendor built upon does not
/// depend on what we think of it. A logical dump is no base of anything.
fn latest_full(link: &Link<'_>, links: &[Link<'_>]) -> Option<usize> {
    (0..links.len())
        .filter(|&index| {
            let other = &links[index];
            other.kind == Kind::Full && other.takes_logs && other.started_at <= link.started_at
        })
        .max_by_key(|&index| links[index].started_at)
}

/// The newest differential backup on a base and the unbroken row of incremental ones after it, up
/// to a time: that of their beginning when one of them is the goal, else that of their data.
fn steps_after(base: usize, end: Timestamp, to_start: bool, links: &[Link<'_>]) -> Vec<usize> {
    let in_time = |link: &Link<'_>| match to_start {
        true => link.started_at <= end,
        false => link.reaches <= end,
    };
    let mut own: Vec<usize> = (0..links.len())
        .filter(|&index| {
            let link = &links[index];
            matches!(link.kind, Kind::Differential | Kind::Incremental)
                && (link.counts || link.kind == Kind::Incremental)
                && in_time(link)
                && link.started_at >= links[base].started_at
                && base_of(link, links).is_ok_and(|found| found == base)
        })
        .collect();
    own.sort_by_key(|&index| (links[index].started_at, index));
    let mut steps: Vec<usize> = own
        .iter()
        .copied()
        .rfind(|&index| links[index].kind == Kind::Differential)
        .into_iter()
        .collect();
    let mut last = steps.first().copied().unwrap_or(base);
    for index in own {
        let link = &links[index];
        if link.kind != Kind::Incremental || link.started_at <= links[last].started_at {
            continue;
        }
        if !link.follows(&links[last]) {
            break;
        }
        steps.push(index);
        last = index;
    }
    steps
}

#[cfg(test)]
mod tests;
