//! What backups need of each other, so that nothing is kept that cannot be restored.
//!
//! A differential backup needs its full one; an incremental one the backup right before it; a log
//! a full backup before it and every log in between. What the vendor says about a chain goes
//! before what the times suggest. Members of a group need each other.

use std::collections::HashMap;

use backhaul_provider_api::{Kind, Timestamp};

use super::{Facts, Held, Reason, Standing};

/// The relations between an instance's backups.
pub(super) struct Chains {
    /// What a differential or incremental backup builds upon.
    needs: Vec<[Option<usize>; 2]>,
    /// Logs, in the order of their beginnings.
    logs: Vec<usize>,
    /// Full backups in the order of what they reach, those that count and all of them.
    good_fulls: Vec<(Timestamp, usize)>,
    fulls: Vec<(Timestamp, usize)>,
    groups: HashMap<usize, Vec<usize>>,
    /// Which logs reach some full backup; of the others no use can be made.
    usable: Vec<bool>,
    /// Which backups rules may count.
    countable: Vec<bool>,
}

impl Chains {
    pub(super) fn new(backups: &[Facts], oldest_first: &[usize]) -> Self {
        let mut chains = Self {
            needs: vec![[None; 2]; backups.len()],
            logs: Vec::new(),
            good_fulls: Vec::new(),
            fulls: Vec::new(),
            groups: HashMap::new(),
            usable: vec![true; backups.len()],
            countable: backups.iter().map(|backup| backup.counts).collect(),
        };
        let (mut last_full, mut last_link) = (None, None);
        for &index in oldest_first {
            let backup = &backups[index];
            match backup.kind {
                Kind::Full => {
                    chains.fulls.push((backup.reaches, index));
                    last_full = Some(index);
                    last_link = Some(index);
                }
                Kind::Differential => {
                    chains.needs[index] = [backup.base.or(last_full), backup.previous];
                    last_link = Some(index);
                }
                Kind::Incremental => {
                    chains.needs[index] = [backup.previous.or(last_link), backup.base];
                    last_link = Some(index);
                }
                Kind::Log => {
                    chains.logs.push(index);
                    chains.needs[index] = [backup.base, None];
                }
                Kind::Slowlog | Kind::Unknown => {}
            }
            if let Some(group) = backup.group {
                chains.groups.entry(group).or_default().push(index);
            }
        }
        chains.logs.sort_by_key(|&log| backups[log].from);
        chains.fulls.sort_by_key(|(reaches, _)| *reaches);
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

    /// Holds a job's logs without a gap: from the oldest full backup that its rules hold, or,
    /// where it mirrors no full backups, from the oldest log that they hold.
    pub(super) fn hold_logs_of(
        &self,
        policy: usize,
        backups: &[Facts],
        full_newest_first: &[usize],
        log_newest_first: &[usize],
        held: &mut Held,
    ) {
        let by_rule = |index: &&usize| held.by_rule(**index);
        let oldest_full = full_newest_first
            .iter()
            .filter(by_rule)
            .map(|&full| backups[full].reaches)
            .min();
        let cut = oldest_full.or_else(|| {
            log_newest_first
                .iter()
                .filter(by_rule)
                .map(|&log| backups[log].reaches)
                .min()
        });
        let Some(cut) = cut else { return };
        for &log in &self.logs {
            let own = backups[log].standing == Standing::Ruled(policy);
            if own && backups[log].reaches >= cut {
                held.hold(log, Reason::Unbroken);
            }
        }
    }

    /// Holds everything that held backups need.
    pub(super) fn hold_what_is_needed(&self, backups: &[Facts], held: &mut Held) {
        let mut looked_at = vec![false; backups.len()];
        let mut groups = self.groups.clone();
        let mut waiting: Vec<usize> = (0..backups.len())
            .filter(|&index| held.has(index))
            .collect();
        loop {
            while let Some(index) = waiting.pop() {
                if std::mem::replace(&mut looked_at[index], true) {
                    continue;
                }
                for needed in self.needs[index].into_iter().flatten() {
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
            self.hold_below_runs(backups, held, &mut waiting);
            if waiting.is_empty() {
                return;
            }
        }
    }

    /// Each run of held logs needs a full backup before it, and the logs from there on.
    fn hold_below_runs(&self, backups: &[Facts], held: &mut Held, waiting: &mut Vec<usize>) {
        for place in 0..self.logs.len() {
            let log = self.logs[place];
            let continues = place > 0 && held.has(self.logs[place - 1]);
            if !held.has(log) || continues {
                continue;
            }
            let Some(base) = self.base_of(backups, log) else {
                continue;
            };
            self.hold_for(base, Reason::NeededBy(log), held, waiting);
            for &between in self.logs[..place].iter().rev() {
                // An older run that is met has a base of its own.
                if backups[between].reaches < backups[base].reaches || held.has(between) {
                    break;
                }
                self.hold_for(between, Reason::NeededBy(log), held, waiting);
            }
        }
    }

    /// The full backup that a log is replayed on: the latest before it, rather one that counts;
    /// for a log that began before all of them, the oldest.
    fn base_of(&self, backups: &[Facts], log: usize) -> Option<usize> {
        let Facts { from, reaches, .. } = backups[log];
        let before = |fulls: &[(Timestamp, usize)]| {
            let count = fulls.partition_point(|&(reached, _)| reached <= from);
            count.checked_sub(1).map(|last| fulls[last].1)
        };
        let oldest = || {
            self.fulls
                .first()
                .filter(|&&(reached, _)| reached <= reaches)
        };
        before(&self.good_fulls)
            .or_else(|| before(&self.fulls))
            .or_else(|| oldest().map(|&(_, full)| full))
    }

    fn hold_for(&self, index: usize, reason: Reason, held: &mut Held, waiting: &mut Vec<usize>) {
        if !held.has(index) {
            waiting.push(index);
            held.hold(index, reason);
        } else if !held.0[index]
            .iter()
            .any(|reason| matches!(reason, Reason::NeededBy(_) | Reason::GroupedWith(_)))
        {
            held.hold(index, reason);
        }
    }
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
