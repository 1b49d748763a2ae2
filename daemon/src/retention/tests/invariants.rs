//! What must be true of any decision, found out by other means than the decision itself.

use std::collections::BTreeMap;

use super::*;

/// Checks a decision; says what is wrong with it.
pub fn check(policy: &Policy, backups: &[Facts], verdicts: &[Verdict]) -> Result<(), String> {
    assert_eq!(backups.len(), verdicts.len());
    let kept: Vec<bool> = verdicts.iter().map(Verdict::keeps).collect();
    if verdicts.contains(&Verdict::Keep(Vec::new())) {
        return Err("a backup is kept for no reason".to_owned());
    }
    chains_are_whole(backups, &kept)?;
    logs_are_replayable(backups, verdicts, &kept)?;
    groups_are_whole(backups, &kept)?;
    enough_good_ones_stay(policy, backups, &kept)?;
    for (backup, kept) in backups.iter().zip(&kept) {
        let untouchable = backup.pinned || matches!(backup.standing, Standing::Held(_));
        if untouchable && !kept {
            return Err(format!(
                "{backup:?} was let go though it is pinned or not ours"
            ));
        }
    }
    Ok(())
}

/// Of what is left, retention lets nothing more go.
pub fn check_stable(
    policy: &Policy,
    backups: &[Facts],
    verdicts: &[Verdict],
    now: Timestamp,
) -> Result<(), String> {
    let left = left(backups, verdicts);
    let again = decide(policy, &left, now);
    match again.iter().position(|verdict| !verdict.keeps()) {
        Some(index) => Err(format!("a second run lets go {:?}", left[index])),
        None => Ok(()),
    }
}

/// The kept backups, with relations among themselves.
pub fn left(backups: &[Facts], verdicts: &[Verdict]) -> Vec<Facts> {
    let mut places = vec![None; backups.len()];
    let mut count = 0;
    for (place, verdict) in places.iter_mut().zip(verdicts) {
        if verdict.keeps() {
            *place = Some(count);
            count += 1;
        }
    }
    let kept = backups
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| verdict.keeps());
    let moved = |at: Option<usize>| at.and_then(|at| places[at]);
    kept.map(|(backup, _)| Facts {
        base: moved(backup.base),
        previous: moved(backup.previous),
        ..*backup
    })
    .collect()
}

fn in_order(backups: &[Facts], kind: impl Fn(Kind) -> bool) -> Vec<usize> {
    let mut order: Vec<_> = (0..backups.len())
        .filter(|&index| kind(backups[index].kind))
        .collect();
    order.sort_by_key(|&index| backups[index].started_at);
    order
}

fn chains_are_whole(backups: &[Facts], kept: &[bool]) -> Result<(), String> {
    let chained = |kind| matches!(kind, Kind::Full | Kind::Differential | Kind::Incremental);
    let order = in_order(backups, chained);
    for (place, &index) in order.iter().enumerate().filter(|(_, index)| kept[**index]) {
        let backup = &backups[index];
        let before = &order[..place];
        let full = |other: &usize| backups[*other].kind == Kind::Full;
        let (told, suggested) = match backup.kind {
            Kind::Differential => {
                let latest = before.iter().rev().copied().find(full);
                (backup.base.filter(full), latest)
            }
            Kind::Incremental => {
                let link = |other: &usize| chained(backups[*other].kind);
                (backup.previous.filter(link), before.last().copied())
            }
            _ => continue,
        };
        if let Some(needed) = told.or(suggested).filter(|&needed| !kept[needed]) {
            return Err(format!(
                "{:?} is kept, but not {:?}",
                backup, backups[needed]
            ));
        }
    }
    Ok(())
}

/// Before each kept log, as far as the mirror ever had one, there is a kept full backup from
/// which on all logs are kept.
fn logs_are_replayable(
    backups: &[Facts],
    verdicts: &[Verdict],
    kept: &[bool],
) -> Result<(), String> {
    let mut logs = in_order(backups, |kind| kind == Kind::Log);
    logs.sort_by_key(|&log| backups[log].from);
    let fulls = in_order(backups, |kind| kind == Kind::Full);
    let reached = fulls.iter().map(|&full| backups[full].reaches);
    let Some(oldest) = reached.min() else {
        return Ok(());
    };
    let mut kept_fulls: Vec<_> = fulls
        .iter()
        .filter(|&&full| kept[full])
        .map(|&full| backups[full].reaches)
        .collect();
    kept_fulls.sort_unstable();
    // The last log before the one that is looked at which is not kept.
    let mut missing_at = None;
    for &log in &logs {
        let Facts { from, reaches, .. } = backups[log];
        if !kept[log] {
            missing_at = Some(from);
            continue;
        }
        // What is kept for another log's sake is looked at with that one.
        let only_needed = |reason: &Reason| matches!(reason, Reason::NeededBy(_));
        let for_others = match &verdicts[log] {
            Verdict::Keep(reasons) => reasons.iter().all(only_needed),
            Verdict::LetGo(_) => false,
        };
        if oldest > reaches || for_others {
            continue;
        }
        // One that reaches over a full backup is usable from there on; what is pinned, wholly.
        let wholly = backups[log].pinned && oldest <= from;
        let count = kept_fulls.partition_point(|full| *full <= if wholly { from } else { reaches });
        let usable = count > 0 && missing_at.is_none_or(|missing| missing < kept_fulls[count - 1]);
        if !usable {
            return Err(format!("{:?} is kept but cannot be replayed", backups[log]));
        }
    }
    Ok(())
}

fn groups_are_whole(backups: &[Facts], kept: &[bool]) -> Result<(), String> {
    let mut groups = BTreeMap::new();
    for (backup, kept) in backups.iter().zip(kept) {
        if let Some(group) = backup.group
            && *groups.entry(group).or_insert(*kept) != *kept
        {
            return Err(format!("group {group} is torn apart"));
        }
    }
    Ok(())
}

fn enough_good_ones_stay(policy: &Policy, backups: &[Facts], kept: &[bool]) -> Result<(), String> {
    for kind in Kind::ALL {
        // A group counts as one, if at all; what stands alone is counted here.
        let counts = |backup: &Facts| {
            let ours = backup.standing == Standing::Ruled && backup.kind == kind;
            ours && backup.counts && backup.group.is_none()
        };
        let grouped = |backup: &Facts| backup.kind == kind && backup.group.is_some();
        let all = backups.iter().filter(|backup| counts(backup)).count();
        let left = backups.iter().zip(kept);
        let left = left
            .filter(|(backup, kept)| counts(backup) && **kept)
            .count();
        let groups = backups.iter().filter(|backup| grouped(backup)).count();
        if left + groups < all.min(policy.rules.min_good as usize) {
            return Err(format!(
                "{left} of {all} good {kind} backups are left under {policy:?}"
            ));
        }
    }
    Ok(())
}
