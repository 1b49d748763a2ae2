//! Retention: which mirrored backups are kept and which are let go, each with its reason.
//!
//! Pure: from the facts about an instance's backups, a job's policy and the time to a verdict for
//! every backup. Rules apply per instance, job and kind; only verified backups count towards any
//! rule. `chain` adds what kept backups need. When nothing may be let go at all is the business
//! of [`freeze`] and [`brake`]; moving backups out is that of [`crate::prune`].
//!
//! Planning is meant for a million backups: nothing here is slower than sorting them.

pub mod brake;
mod chain;
mod facts;
pub mod freeze;
mod period;
pub mod reason;

use backhaul_config::Retention;
use backhaul_provider_api::{Kind, Timestamp};
use chrono::TimeDelta;
use chrono_tz::Tz;

pub use facts::{Facts, Moment, Standing, facts};
pub use reason::{Decision, LetGo, Reason};

use chain::Chains;
use period::Period;

/// The rules of a job and the zone in which their days begin.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The rules.
    pub rules: Retention,
    /// The zone of days, weeks, months and years.
    pub zone: Tz,
}

/// What happens to one backup, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, for these reasons; never none.
    Keep(Vec<Reason>),
    /// Nothing holds it.
    LetGo(LetGo),
}

impl Verdict {
    /// Whether the backup stays.
    pub fn keeps(&self) -> bool {
        matches!(self, Self::Keep(_))
    }
}

/// Decides about all backups of one instance that lie in one directory. The answer is in the
/// order of `backups`.
pub fn decide(policy: &Policy, backups: &[Facts], now: Timestamp) -> Vec<Verdict> {
    if policy.rules.is_empty() {
        let verdicts = backups.iter().map(|backup| match backup.standing {
            Standing::Held(reason) => Verdict::Keep(vec![reason]),
            Standing::Ruled => Verdict::Keep(vec![Reason::NoRetention]),
        });
        return verdicts.collect();
    }
    let now = Moment::from(now);
    let mut held = Held::new(backups.len());
    let mut oldest_first: Vec<usize> = (0..backups.len()).collect();
    oldest_first.sort_by_key(|&index| backups[index].started_at);
    let mut chains = Chains::new(backups, &oldest_first);

    for (index, backup) in backups.iter().enumerate() {
        hold_whatever_the_rules_say(policy, backup, now, index, &mut held);
    }
    let lists = Lists::new(backups, &oldest_first, &chains, now);
    for kind in Kind::ALL {
        let list = lists.newest_first(kind);
        hold_newest(policy.rules.min_good, list, Reason::MinGood, &mut held);
        if kind != Kind::Log {
            hold_by_rules(policy, backups, list, now, &mut held);
            continue;
        }
        // A log that nothing can replay is of no use, whatever rule names it.
        let usable = list.iter().copied().filter(|&log| chains.is_usable(log));
        let usable: Vec<_> = usable.collect();
        hold_by_rules(policy, backups, &usable, now, &mut held);
        chains.hold_logs(backups, lists.newest_first(Kind::Full), &usable, &mut held);
    }
    chains.hold_bridges(backups, &mut held);
    chains.hold_what_is_needed(backups, &mut held);

    let verdicts = held.0.into_iter().enumerate().map(|(index, reasons)| {
        if reasons.is_empty() {
            Verdict::LetGo(why_not(&backups[index], &chains, index))
        } else {
            Verdict::Keep(reasons)
        }
    });
    verdicts.collect()
}

/// The reasons that hold each backup.
struct Held(Vec<Vec<Reason>>);

impl Held {
    fn new(count: usize) -> Self {
        Self(vec![Vec::new(); count])
    }

    fn hold(&mut self, index: usize, reason: Reason) {
        self.0[index].push(reason);
    }

    fn has(&self, index: usize) -> bool {
        !self.0[index].is_empty()
    }
}

/// The backups that count, by kind, newest first. Of a group its newest member stands for
/// all; the others are held with it.
struct Lists([Vec<usize>; Kind::ALL.len() + 1]);

impl Lists {
    fn new(backups: &[Facts], oldest_first: &[usize], chains: &Chains, now: Moment) -> Self {
        let mut lists: [Vec<usize>; Kind::ALL.len() + 1] = Default::default();
        for &index in oldest_first.iter().rev() {
            let backup = &backups[index];
            let ruled = backup.standing == Standing::Ruled && backup.started_at <= now;
            if ruled && chains.is_countable(index) {
                lists[backup.kind as usize].push(index);
            }
        }
        Self(lists)
    }

    fn newest_first(&self, kind: Kind) -> &[usize] {
        &self.0[kind as usize]
    }
}

fn hold_whatever_the_rules_say(
    policy: &Policy,
    backup: &Facts,
    now: Moment,
    index: usize,
    held: &mut Held,
) {
    if backup.pinned {
        held.hold(index, Reason::Pinned);
    }
    if let Standing::Held(reason) = backup.standing {
        held.hold(index, reason);
    } else if backup.started_at > now {
        held.hold(index, Reason::Future);
    } else if backup.damaged {
        // Somebody may still make use of what is left of it.
        held.hold(index, Reason::Damaged);
    } else if !backup.counts {
        // It counts for nothing, yet may be all there is of its day: it stays as long as the
        // longest stretch that the policy names by time, at least the quarantine's.
        let rules = &policy.rules;
        let enough = rules.within.unwrap_or_default().max(rules.quarantine);
        if backup.started_at >= now - TimeDelta::from_std(enough).unwrap_or(TimeDelta::MAX) {
            held.hold(index, Reason::SuspectRecent);
        }
    }
}

fn hold_newest(
    count: u32,
    newest_first: &[usize],
    reason: impl Fn(u32) -> Reason,
    held: &mut Held,
) {
    for &index in newest_first.iter().take(count as usize) {
        held.hold(index, reason(count));
    }
}

fn hold_by_rules(
    policy: &Policy,
    backups: &[Facts],
    newest_first: &[usize],
    now: Moment,
    held: &mut Held,
) {
    let rules = &policy.rules;
    hold_newest(rules.keep_last, newest_first, Reason::KeepLast, held);
    if let Some(within) = rules.within.filter(|within| !within.is_zero()) {
        let edge = now - TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
        let young = newest_first.partition_point(|&index| backups[index].started_at >= edge);
        for &index in &newest_first[..young] {
            held.hold(index, Reason::Within(within));
        }
    }
    let counts = [
        (Period::Hour, rules.hourly),
        (Period::Day, rules.daily),
        (Period::Week, rules.weekly),
        (Period::Month, rules.monthly),
        (Period::Year, rules.yearly),
    ];
    for (period, count) in counts {
        let mut rest = newest_first;
        for _ in 0..count {
            let Some(&newest) = rest.first() else { break };
            // The newest backup of each period stands for it.
            held.hold(newest, Reason::Period(period, count));
            let newest = backups[newest].started_at.timestamp();
            let begin = Moment::from(period.begin(newest, policy.zone));
            rest = &rest[rest.partition_point(|&index| backups[index].started_at >= begin)..];
        }
    }
}

fn why_not(backup: &Facts, chains: &Chains, index: usize) -> LetGo {
    if backup.kind == Kind::Log && !chains.is_usable(index) {
        LetGo::NothingToReplayItOn
    } else if !backup.counts {
        LetGo::Suspect
    } else if backup.kind == Kind::Log {
        LetGo::NoFullKept
    } else {
        LetGo::NoRule
    }
}

#[cfg(test)]
mod tests;
