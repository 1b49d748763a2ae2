//! Chooses what is worth fetching: a backup that retention would let go at once is not, or it
//! would be fetched and let go again at every pass for as long as the vendor keeps it.

use std::collections::BTreeMap;

use backhaul_config::Job;
use backhaul_provider_api::InstanceId;

use super::PassError;
use super::context::Context;
use super::listing::Wanted;
use crate::catalog::BackupRecord;
use crate::dir::Dir;
use crate::mirror::identity::Identity;
use crate::mirror::pins;
use crate::prune::Decided;

/// What to do with backups that are not mirrored yet.
#[derive(Default)]
pub struct Selection<'a> {
    /// To be fetched, in the order given.
    pub fetch: Vec<&'a Wanted>,
    /// Spared, because retention would let them go at once.
    pub spared: Vec<&'a Wanted>,
}

/// Divides candidates, newest first, by what retention would decide if all of them were mirrored.
///
/// # Errors
/// When the catalog fails or the pins cannot be read.
pub fn select<'a>(
    context: &Context,
    job: &Job,
    directory: Option<&Dir>,
    candidates: Vec<&'a Wanted>,
) -> Result<Selection<'a>, PassError> {
    if job.retention.is_empty() || candidates.is_empty() {
        return Ok(Selection {
            fetch: candidates,
            spared: Vec::new(),
        });
    }
    let instances = context.catalog.instances(&job.directory)?;
    let pins = directory.map(pins::list).transpose()?.unwrap_or_default();
    let mut by_instance: BTreeMap<&InstanceId, Vec<&'a Wanted>> = BTreeMap::new();
    for candidate in &candidates {
        by_instance
            .entry(&candidate.identity.instance)
            .or_default()
            .push(candidate);
    }
    let mut kept = std::collections::BTreeSet::new();
    for (instance, candidates) in by_instance {
        let mut records = match instances.get(instance) {
            Some(keys) => context.catalog.of_instance(keys)?,
            None => Vec::new(),
        };
        // A damaged copy is as good as gone once it is fetched again.
        let again = |id: &Identity| {
            candidates
                .iter()
                .any(|wanted| wanted.replaces.is_some() && wanted.identity == *id)
        };
        records.retain(|record| !again(&record.identity));
        let first = records.len();
        records.extend(
            candidates
                .iter()
                .map(|wanted| BackupRecord::expected(&wanted.identity, &wanted.backup, job)),
        );
        let decided = Decided::new(job, records, &pins, true, true, context.now());
        let keeps = candidates
            .iter()
            .zip(&decided.verdicts[first..])
            .filter(|(_, verdict)| verdict.keeps());
        kept.extend(keeps.map(|(wanted, _)| &wanted.identity));
    }
    let (fetch, spared) = candidates
        .into_iter()
        .partition(|wanted| kept.contains(&wanted.identity));
    Ok(Selection { fetch, spared })
}
