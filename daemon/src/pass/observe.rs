//! What a pass learned, remembered until the next: for retention between passes, for `why`, and
//! for the watch over the vendor's side ([`crate::recoverability`]).

use std::collections::BTreeSet;

use backhaul_config::Job;
use backhaul_provider_api::{InstanceId, Timestamp};

use super::PassError;
use super::context::Context;
use super::listing::{Seen, Survey, Wanted};
use crate::catalog::SurveyRecord;
use crate::catalog::record::Unfetched;
use crate::recoverability::{Finding, InstanceWatch, Missing, TOLD_FOR, gaps, shrunk};

/// How many backups that were not fetched are remembered.
const UNFETCHED_MAX: usize = 10_000;
/// How many vanished backups of an instance are remembered.
const MISSING_MAX: usize = 1000;

/// Remembers what was listed and not fetched: passed over, spared by retention, failed, not
/// reached. The newest first.
pub fn unfetched(
    context: &Context,
    job: &Job,
    survey: &Survey,
    spared: &[&Wanted],
    errors: &[String],
) -> Result<Vec<Unfetched>, PassError> {
    let spared: BTreeSet<_> = spared.iter().map(|wanted| &wanted.identity).collect();
    let mut all = survey.unfetched.clone();
    for wanted in &survey.wanted {
        let id = wanted.identity.id();
        if context.catalog.has(&id, &job.directory)? {
            continue;
        }
        let failure = || {
            errors
                .iter()
                .find(|error| error.contains(id.as_str()))
                .cloned()
        };
        let why = match spared.contains(&wanted.identity) {
            true => "retention would let it go at once".to_owned(),
            false => failure().unwrap_or_else(|| "the last pass did not get to it".to_owned()),
        };
        all.push(wanted.unfetched(why));
    }
    all.sort_by_key(|unfetched| std::cmp::Reverse(unfetched.started_at));
    all.truncate(UNFETCHED_MAX);
    Ok(all)
}

/// Brings the watch up to date after a survey. What is mirrored is looked at again only when that
/// changed.
///
/// # Errors
/// When the catalog fails.
pub fn watch(
    context: &Context,
    job: &Job,
    survey: &Survey,
    memory: &mut SurveyRecord,
    changed: bool,
    now: Timestamp,
) -> Result<(), PassError> {
    if survey.complete() {
        for (id, instance) in &mut memory.watch.instances {
            if !survey.instances.contains(id) {
                // Nothing more is to be expected of it.
                instance.gone_since.get_or_insert(now);
                instance.findings.clear();
            }
        }
    }
    for (id, seen) in &survey.seen {
        let known = memory.watch.instances.contains_key(id);
        let instance = memory.watch.instances.entry(id.clone()).or_default();
        instance.name.clone_from(&seen.name);
        instance.gone_since = None;
        let mut findings = match changed || !known {
            true => of_mirror(context, job, id, now)?,
            false => instance
                .findings
                .iter()
                .filter(|finding| still_told(finding, now))
                .cloned()
                .collect(),
        };
        findings.extend(of_vendor(instance, seen, now));
        instance.findings = findings;
    }
    Ok(())
}

/// What the mirrored backups of an instance say.
fn of_mirror(
    context: &Context,
    job: &Job,
    instance: &InstanceId,
    now: Timestamp,
) -> Result<Vec<Finding>, PassError> {
    let instances = context.catalog.instances(&job.directory)?;
    let Some(keys) = instances.get(instance) else {
        return Ok(Vec::new());
    };
    let mut records = context.catalog.of_instance(keys)?;
    // Logs may be another job's; sizes are compared within what this job mirrored.
    let logs = gaps(&records, now);
    records.retain(|record| record.job == job.name.as_str());
    let mut findings = shrunk(&records);
    findings.extend(logs);
    Ok(findings)
}

/// What was found in the mirror earlier and holds as long as that does not change.
fn still_told(finding: &Finding, now: Timestamp) -> bool {
    match finding {
        Finding::Shrunk { .. } => true,
        Finding::LogGap { until, .. } => now.signed_duration_since(*until) <= TOLD_FOR,
        Finding::Vanished { .. } | Finding::Stopped { .. } => false,
    }
}

/// What the vendor's list says.
fn of_vendor(instance: &mut InstanceWatch, seen: &Seen, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (kind, recent) in &seen.recent {
        instance.recent.entry(*kind).or_default().merge(recent);
    }
    // Only what is listed to its end can be late.
    if let Some(keys) = &seen.keys {
        findings.extend(
            instance
                .recent
                .iter()
                .filter_map(|(kind, recent)| recent.stopped(*kind, now)),
        );
        let new = seen.vanished.iter().map(|record| Missing {
            id: record.id.clone(),
            key: record.identity.key.clone(),
            kind: record.kind,
            started_at: record.started_at,
            noticed_at: now,
        });
        instance.missing.extend(new);
        // Out of turn is what is younger than something that the vendor drops by itself.
        instance.missing.retain(|missing| {
            let oldest = seen.oldest.get(&missing.kind);
            oldest.is_some_and(|oldest| missing.started_at > *oldest)
                && !keys.contains(&missing.key)
        });
        instance.missing.truncate(MISSING_MAX);
    }
    findings.extend(Missing::finding(&instance.missing));
    findings
}
