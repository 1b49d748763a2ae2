//! What backups need of each other, so that nothing is kept that cannot be restored.
//!
//! A differential backup needs its full one; an incremental one the backup right before it; a log
//! a full backup before it and every log in between. What the vendor says about a chain goes
//! before what the times suggest. Members of a group need each other.

use std::collections::HashMap;

use backhaul_provider_api::Kind;

use super::{Facts, Held, Moment, Reason, Standing};

/// The relations between an instance's backups.
pub(super) struct Chains {
    /// What a differential or incremental backup builds upon.
    needs: HashMap<usize, [Option<usize>; 2]>,
    /// Logs, in the order of their beginnings.
    logs: Vec<usize>,
    /// Full backups in the order of what they reach, those that count and all of them.
    good_fulls: Vec<(Moment, usize)>,
    fulls: Vec<(Moment, usize)>,
    /// Everything that logs can be applied on top of, in the order of what it reaches, if it counts.
    footings: Vec<(Moment, usize)>,
    groups: HashMap<usize, Vec<usize>>,
    /// Which logs reach some full backup; of the others no use can be made.
    usable: Vec<bool>,
    /// Which backups rules may count.
    countable: Vec<bool>,
    /// Where in `logs` the row begins that rules hold without a gap.
    row: usize,
    /// Whether that row goes further back than any full backup that they hold.
    rooted: bool,
}

impl Chains {
    pub(super) fn new(backups: &[Facts], oldest_first: &[usize]) -> Self {
        let mut chains = Self {
            needs: HashMap::new(),
            logs: Vec::new(),
            good_fulls: Vec::new(),
            fulls: Vec::new(),
            footings: Vec::new(),
            groups: HashMap::new(),
            usable: vec![true; backups.len()],
            countable: backups.iter().map(|backup| backup.counts).collect(),
            row: usize::MAX,
            rooted: false,
        };
        let (mut last_full, mut last_link) = (None, None);
        let full = |other: &usize| backups[*other].kind == Kind::Full;
        let link = |other: &usize| {
            let kind = backups[*other].kind;
            matches!(kind, Kind::Full | Kind::Differential | Kind::Incremental)
        };
        for &index in oldest_first {
            let backup = &backups[index];
            // What cannot be is not believed.
            let (base, previous) = (backup.base.filter(full), backup.previous.filter(link));
            match backup.kind {
                Kind::Full => {
                    chains.fulls.push((backup.reaches, index));
                    last_full = Some(index);
                    last_link = Some(index);
                }
                Kind::Differential => {
                    chains.needs.insert(index, [base.or(last_full), previous]);
                    last_link = Some(index);
                }
                Kind::Incremental => {
                    chains.needs.insert(index, [previous.or(last_link), base]);
                    last_link = Some(index);
                }
                Kind::Log => {
                    chains.logs.push(index);
                    if base.is_some() {
                        chains.needs.insert(index, [base, None]);
                    }
                }
                Kind::Slowlog | Kind::Unknown => {}
            }
            if link(&index) && backup.counts {
                chains.footings.push((backup.reaches, index));
            }
            if let Some(group) = backup.group {
                chains.groups.entry(group).or_default().push(index);
            }
        }
        chains.logs.sort_by_key(|&log| backups[log].from);
        chains.fulls.sort_by_key(|(reaches, _)| *reaches);
        chains.footings.sort_by_key(|(reaches, _)| *reaches);
        let good = chains
            .fulls
            .iter()
            .copied()
            .filter(|&(_, full)| backups[full].counts);
        chains.good_fulls = good.collect();
        if let Some(&(oldest, _)) = chains.fulls.first() {
            for &log in &chains.logs {
                chains.usable[log] = backups[log].reaches >= oldest;
            }
        }
        chains.count_groups_once(backups);
        chains
    }

    fn count_groups_once(&mut self, backups: &[Facts]) {
        for members in self.groups.values() {
            let whole = members.iter().all(|&member| backups[member].counts);
            let mut stood_for = [false; Kind::ALL.len() + 1];
            for &member in members.iter().rev() {
                let newest =
                    !std::mem::replace(&mut stood_for[backups[member].kind as usize], true);
                self.countable[member] = whole && newest;
            }
        }
    }

    /// Whether a log can be of use: without any full backup in the mirror that is not known.
    pub(super) fn is_usable(&self, log: usize) -> bool {
        self.usable[log]
    }

    /// Whether rules may count a backup: it is verified and, in a group, all members are and it
    /// is the newest of its kind.
    pub(super) fn is_countable(&self, index: usize) -> bool {
        self.countable[index]
    }

    /// Holds a job's logs without a gap, from the oldest full backup or log that its rules hold.
    pub(super) fn hold_logs(
        &mut self,
        backups: &[Facts],
        full_newest_first: &[usize],
        log_newest_first: &[usize],
        held: &mut Held,
    ) {
        let oldest = |list: &[usize]| {
            let oldest_first = list.iter().rev().copied();
            oldest_first
                .filter(|&index| held.has(index))
                .find(|&index| held.by_rule(index))
        };
        let (full, log) = (oldest(full_newest_first), oldest(log_newest_first));
        let reaches = |index: usize| backups[index].reaches;
        let Some(cut) = full.into_iter().chain(log).map(reaches).min() else {
            return;
        };
        let own = |log: &usize| backups[*log].standing == Standing::Ruled;
        let first = |log: &usize| own(log) && reaches(*log) >= cut;
        // In the order of their beginnings: logs may overlap, and lie within each other.
        let Some(begin) = self.logs.iter().position(first) else {
            return;
        };
        for &log in self.logs[begin..].iter().filter(|log| own(log)) {
            held.hold(log, Reason::Unbroken);
        }
        self.row = begin;
        // Logs that the rules hold further back than any full backup bring their own.
        self.rooted = full.is_none_or(|full| reaches(full) > cut);
    }

    /// Where logs are missing between held ones, holds the first backup behind the gap that logs can
    /// be applied on top of: from there on they are of use again.
    pub(super) fn hold_bridges(&self, backups: &[Facts], held: &mut Held) {
        let mut covered = None;
        for &log in &self.logs {
            if !held.has(log) {
                continue;
            }
            let own = &backups[log];
            covered = covered.or_else(|| {
                let mut newest_first = self.fulls.iter().rev();
                let root =
                    newest_first.find(|(reaches, full)| *reaches <= own.reaches && held.has(*full));
                root.map(|(reaches, _)| *reaches)
            });
            if covered.is_some_and(|covered| own.leaves_gap_after(covered)) {
                let before = |&(reaches, _): &(Moment, usize)| own.leaves_gap_after(reaches);
                let bridge = self.footings.get(self.footings.partition_point(before));
                if let Some(&(_, bridge)) = bridge.filter(|(_, bridge)| !held.has(*bridge)) {
                    held.hold(bridge, Reason::NeededBy(log));
                }
            }
            covered = covered.max(Some(own.reaches));
        }
    }

    /// Holds everything that held backups need.
    pub(super) fn hold_what_is_needed(&self, backups: &[Facts], held: &mut Held) {
        let mut looked_at = vec![false; backups.len()];
        let mut groups = self.groups.clone();
        let mut waiting: Vec<usize> = (0..backups.len())
            .filter(|&index| held.has(index) && self.has_relations(backups, index))
            .collect();
        loop {
            while let Some(index) = waiting.pop() {
                if std::mem::replace(&mut looked_at[index], true) {
                    continue;
                }
                for needed in self
                    .needs
                    .get(&index)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .copied()
                {
                    self.hold_for(needed, Reason::NeededBy(index), held, &mut waiting);
                }
                // Once for a group: what one of them needs, all do.
                let group = backups[index].group.and_then(|group| groups.remove(&group));
                for member in group
                    .into_iter()
                    .flatten()
                    .filter(|&member| member != index)
                {
                    self.hold_for(member, Reason::GroupedWith(index), held, &mut waiting);
                }
            }
            self.hold_below_logs(backups, held, &mut waiting);
            if waiting.is_empty() {
                return;
            }
        }
    }

    fn has_relations(&self, backups: &[Facts], index: usize) -> bool {
        backups[index].group.is_some() || self.needs.contains_key(&index)
    }

    /// Logs need a full backup before them, and all logs from there on.
    fn hold_below_logs(&self, backups: &[Facts], held: &mut Held, waiting: &mut Vec<usize>) {
        // Whether the log before is part of a row that goes back to a full backup without a gap,
        // and where the last such log of another job is, when only logs without use follow it.
        let (mut joined, mut row) = (false, None);
        let mut filled: Option<std::ops::Range<usize>> = None;
        for (place, &log) in self.logs.iter().enumerate() {
            let base = match self.membership(backups, place, held) {
                Membership::None => {
                    joined = false;
                    continue;
                }
                Membership::Row => {
                    (joined, row) = (true, None);
                    continue;
                }
                Membership::OthersRow => {
                    if let Some(last) = row {
                        // Ours in the middle of theirs are links of their chain.
                        for &between in &self.logs[last + 1..place] {
                            self.hold_for(between, Reason::NeededBy(log), held, waiting);
                        }
                        joined = true;
                    }
                    if joined {
                        row = Some(place);
                        continue;
                    }
                    // The first of a row may reach over its full backup.
                    let base = self.full_before(backups[log].reaches, backups[log].reaches);
                    joined = base.is_some();
                    row = base.map(|_| place);
                    base
                }
                Membership::Alone { joins } => {
                    (joined, row) = (joins, None);
                    self.full_before(backups[log].from, backups[log].reaches)
                }
            };
            let Some(base) = base else { continue };
            self.hold_for(base, Reason::NeededBy(log), held, waiting);
            let mut first = place;
            while let Some(before) = first.checked_sub(1) {
                let between = self.logs[before];
                if backups[between].reaches < backups[base].reaches {
                    break;
                }
                self.hold_for(between, Reason::NeededBy(log), held, waiting);
                first = match &filled {
                    // All of these are held since the last time.
                    Some(filled) if filled.contains(&before) => filled.start,
                    _ => before,
                };
            }
            filled = Some(first..place);
        }
    }

    fn membership(&self, backups: &[Facts], place: usize, held: &Held) -> Membership {
        let log = self.logs[place];
        let (reasons, backup) = (&held.0[log], &backups[log]);
        let others = backup.standing != Standing::Ruled;
        let in_row = !others && place >= self.row;
        let for_itself = |reason: &Reason| !matches!(reason, Reason::NeededBy(_));
        if backup.pinned || (self.rooted && place == self.row) {
            Membership::Alone { joins: in_row }
        } else if in_row {
            Membership::Row
        } else if others && backup.counts {
            Membership::OthersRow
        } else if reasons.iter().any(for_itself) {
            Membership::Alone { joins: false }
        } else {
            Membership::None
        }
    }

    /// The latest full backup before an instant, rather one that counts; where all are later, the
    /// oldest if it is before the other instant.
    fn full_before(&self, instant: Moment, at_least: Moment) -> Option<usize> {
        let before = |fulls: &[(Moment, usize)]| {
            let count = fulls.partition_point(|&(reached, _)| reached <= instant);
            count.checked_sub(1).map(|last| fulls[last].1)
        };
        let oldest = || {
            self.fulls
                .first()
                .filter(|&&(reached, _)| reached <= at_least)
        };
        before(&self.good_fulls)
            .or_else(|| before(&self.fulls))
            .or_else(|| oldest().map(|&(_, full)| full))
    }

    fn hold_for(&self, index: usize, reason: Reason, held: &mut Held, waiting: &mut Vec<usize>) {
        if !held.has(index) {
            held.hold(index, reason);
            waiting.push(index);
        } else if !held.0[index]
            .iter()
            .any(|reason| matches!(reason, Reason::NeededBy(_) | Reason::GroupedWith(_)))
        {
            held.hold(index, reason);
        }
    }
}

/// What a log is to the logs around it, where full backups are concerned.
enum Membership {
    /// Not held, or only because another log needs it.
    None,
    /// One of those that rules hold without a gap from a held full backup on.
    Row,
    /// One of another job, which keeps its logs without a gap.
    OthersRow,
    /// Held for itself, or the first of a row: it brings its own full backup.
    Alone {
        /// Whether a row begins with it.
        joins: bool,
    },
}

impl Held {
    /// Whether a rule of a policy holds a backup, not only a pin or its state.
    fn by_rule(&self, index: usize) -> bool {
        let rule = |reason: &Reason| {
            matches!(
                reason,
                Reason::MinGood(_) | Reason::KeepLast(_) | Reason::Within(_) | Reason::Period(..)
            )
        };
        self.0[index].iter().any(rule)
    }
}
