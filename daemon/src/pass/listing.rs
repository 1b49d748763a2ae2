//! Reads the vendor's lists to their ends and finds out what of them is new.
//!
//! Pages are looked at one by one; of what is known already nothing is kept, so memory grows only
//! with what is to be fetched.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use backhaul_config::Job;
use backhaul_provider_api::{
    Backup, BackupKey, Instance, InstanceId, Kind, Next, Origin, State, Timestamp, Window,
};

use super::PassError;
use super::context::Context;
use super::vendor::{self, Vendor};
use crate::catalog::BackupRecord;
use crate::catalog::mark::Mark;
use crate::catalog::record::Unfetched;
use crate::dir::Dir;
use crate::mirror::identity::Identity;
use crate::mirror::manifest::Manifest;
use crate::mirror::{publish, staging};
use crate::recoverability::Recent;

/// How many passed-over entries a pass reports by name.
const PASSED_OVER_MAX: usize = 100;

/// A backup that can be fetched and is not mirrored yet.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What makes it this backup.
    pub identity: Identity,
    /// Its instance, shared by all its backups.
    pub instance: Arc<Instance>,
    /// The backup as listed.
    pub backup: Backup,
    /// Where a damaged copy lies, or lay, whose place it takes; relative to the job's directory.
    pub replaces: Option<String>,
}

impl Wanted {
    /// Its name for people.
    pub fn label(&self) -> &str {
        if self.backup.name.is_empty() {
            self.backup.key.as_str()
        } else {
            &self.backup.name
        }
    }

    /// Writes down that it is not fetched, and why.
    pub fn skip(&self, context: &Context, job: &Job, reason: &str) {
        let id = self.identity.id();
        context.note_skip(job, id.as_str(), reason, |entry| {
            let bytes = self.backup.size.map(|size| size.bytes);
            entry
                .of_instance(&self.instance.id)
                .of_backup(&id, None, bytes)
        });
    }

    /// Itself as one that was not fetched.
    pub fn unfetched(&self, why: String) -> Unfetched {
        Unfetched {
            id: self.identity.id(),
            key: self.identity.key.clone(),
            name: self.backup.name.clone(),
            instance: self.identity.instance.clone(),
            kind: self.backup.kind,
            started_at: self.backup.started_at,
            why,
        }
    }
}

/// What the vendor has.
#[derive(Debug, Default)]
pub struct Survey {
    /// The instances that the job wants and the vendor has.
    pub instances: BTreeSet<InstanceId>,
    /// How many backups of theirs are listed.
    pub listed: u64,
    /// How many are mirrored already.
    pub known: u64,
    /// What is not mirrored yet, newest first.
    pub wanted: Vec<Wanted>,
    /// Listed, but not to be fetched, and why.
    pub passed_over: Vec<String>,
    /// The same by backup, for whoever asks about one.
    pub unfetched: Vec<Unfetched>,
    /// What the lists say about the vendor's side.
    pub seen: BTreeMap<InstanceId, Seen>,
    /// Instances that could not be listed, and why.
    pub errors: Vec<String>,
    /// Listings that do not cover everything, and why.
    pub warnings: Vec<String>,
    incomplete: bool,
}

/// What an instance's list says about the vendor's side.
#[derive(Debug, Default)]
pub struct Seen {
    /// The instance's name.
    pub name: String,
    /// When the newest backups of each kind were made.
    pub recent: BTreeMap<Kind, Recent>,
    /// When the oldest of each kind was made that the vendor drops by itself.
    pub oldest: BTreeMap<Kind, Timestamp>,
    /// The mirrored backups that are no longer listed since this time; nothing unless the list
    /// was read to its stated end.
    pub vanished: Vec<BackupRecord>,
    /// The keys of all, when the list was read to its stated end.
    pub keys: Option<BTreeSet<BackupKey>>,
}

impl Seen {
    fn add(&mut self, backup: &Backup) {
        if matches!(backup.state, State::Failed) {
            return;
        }
        self.recent
            .entry(backup.kind)
            .or_default()
            .add(backup.started_at);
        if backup.origin == Origin::Automatic {
            let oldest = self.oldest.entry(backup.kind).or_insert(backup.started_at);
            *oldest = (*oldest).min(backup.started_at);
        }
    }
}

impl Survey {
    /// Whether every list was read to its stated end. Only then does absence mean anything.
    pub fn complete(&self) -> bool {
        !self.incomplete
    }

    fn pass_over(&mut self, what: String) {
        if self.passed_over.len() < PASSED_OVER_MAX {
            self.passed_over.push(what);
        }
    }
}

/// Lists what the job wants.
///
/// # Errors
/// When the account's instances cannot be listed, or the catalog cannot be read. A single
/// instance that fails is reported in the survey.
pub async fn survey(
    context: &Context,
    vendor: &Vendor,
    job: &Job,
    directory: Option<&Dir>,
) -> Result<Survey, PassError> {
    let mut survey = Survey::default();
    let (all, end) = vendor.instances(job).await?;
    if !end.complete {
        survey.incomplete = true;
        let why = end
            .reason
            .unwrap_or_else(|| "no reason was given".to_owned());
        survey
            .warnings
            .push(format!("the list of instances is not complete: {why}"));
    }
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|one| job.wants(one.id.as_str(), &one.name))
        .collect();
    survey.instances = wanted.iter().map(|instance| instance.id.clone()).collect();
    if wanted.is_empty() {
        // A job that silently mirrors nothing is the worst kind of success.
        survey.errors.push(match job.instances.is_empty() {
            true => "the account has no instance of this service".to_owned(),
            false => "no instance of the account matches `instances`".to_owned(),
        });
    }
    for instance in wanted {
        if let Err(error) =
            list_instance(context, vendor, job, directory, &instance, &mut survey).await
        {
            match error {
                PassError::Provider(error) if !vendor::ends_pass(&error) => {
                    survey.incomplete = true;
                    survey.errors.push(format!(
                        "instance {} ({}): {error}",
                        instance.name, instance.id
                    ));
                }
                error => return Err(error),
            }
        }
    }
    // The newest backup is the one that matters most.
    survey
        .wanted
        .sort_by_key(|wanted| std::cmp::Reverse(wanted.backup.started_at));
    Ok(survey)
}

/// Where sound copies lie, by backup.
type Known = HashMap<BackupKey, Box<str>>;

async fn list_instance(
    context: &Context,
    vendor: &Vendor,
    job: &Job,
    directory: Option<&Dir>,
    instance: &Instance,
    survey: &mut Survey,
) -> Result<(), PassError> {
    let mut pages = vendor.pages(instance, job);
    let instance = &Arc::new(instance.clone());
    // A list may shift between pages and show an entry twice.
    let mut keys = BTreeSet::new();
    let mut seen = Seen {
        name: instance.name.clone(),
        ..Seen::default()
    };
    // What is known of the instance, and any of its backups; read at the first one.
    let mut known: Option<(Identity, Known)> = None;
    let mut end = None;
    while let Some(page) = pages.next().await? {
        for entry in page.passed_over {
            let what = format!("{} {}", instance.id, entry.what);
            let reason = format!("{}: {}", entry.what, entry.reason);
            context.note_skip(job, &what, &reason, |skip| skip.of_instance(&instance.id));
            survey.pass_over(format!(
                "{} of {}: {}",
                entry.what, instance.id, entry.reason
            ));
        }
        for backup in page.backups {
            if !job.kinds.contains(&backup.kind) || !keys.insert(backup.key.clone()) {
                continue;
            }
            survey.listed += 1;
            seen.add(&backup);
            let known = match &mut known {
                Some((_, known)) => known,
                None => {
                    let any = vendor.identity(instance, &backup);
                    let sound = context.catalog.sound_copies(&any, &job.directory)?;
                    &mut known.insert((any, sound)).1
                }
            };
            let is_there = known
                .get(&backup.key)
                .zip(directory)
                .is_some_and(|(path, directory)| directory.has(path));
            if is_there {
                survey.known += 1;
            } else {
                consider(context, vendor, job, directory, instance, backup, survey)?;
            }
        }
        if let Next::End(completeness) = page.next {
            end = Some(completeness);
        }
    }
    match end {
        Some(end) if end.complete => {
            if let Some((any, _)) = known {
                seen.vanished = note_vanished(context, job, &any, &keys, end.window)?;
            }
            if keys.is_empty() {
                nothing_listed(context, job, instance, survey)?;
            } else {
                seen.keys = Some(keys);
            }
        }
        end => {
            survey.incomplete = true;
            let why = end.and_then(|end| end.reason);
            survey.warnings.push(format!(
                "the list of backups of {} is not complete: {}",
                instance.id,
                why.unwrap_or_else(|| "no reason was given".to_owned())
            ));
        }
    }
    survey.seen.insert(instance.id.clone(), seen);
    Ok(())
}

/// An empty list is perhaps true, perhaps a mistake of the vendor; where something is mirrored,
/// nothing is concluded from it.
fn nothing_listed(
    context: &Context,
    job: &Job,
    instance: &Instance,
    survey: &mut Survey,
) -> Result<(), PassError> {
    let summary = context.catalog.summary(&job.directory)?;
    if let Some(mirrored) = summary.instances.get(&instance.id) {
        survey.incomplete = true;
        survey.warnings.push(format!(
            "the vendor lists no backup of {} at all, though {} are mirrored",
            instance.id, mirrored.backups
        ));
    }
    Ok(())
}

/// Notes which mirrored backups the vendor lists no more. Only where the list reaches, and only of
/// kinds that were asked for, absence means anything.
fn note_vanished(
    context: &Context,
    job: &Job,
    any: &Identity,
    keys: &BTreeSet<BackupKey>,
    window: Window,
) -> Result<Vec<BackupRecord>, PassError> {
    let concerns = |record: &BackupRecord| {
        let within = window.from.is_none_or(|from| record.started_at >= from)
            && window.until.is_none_or(|until| record.started_at < until);
        within && job.kinds.contains(&record.kind)
    };
    let now = context.now();
    Ok(context
        .catalog
        .note_unlisted(any, &job.directory, keys, concerns, now)?)
}

fn consider(
    context: &Context,
    vendor: &Vendor,
    job: &Job,
    directory: Option<&Dir>,
    instance: &Arc<Instance>,
    backup: Backup,
    survey: &mut Survey,
) -> Result<(), PassError> {
    let identity = vendor.identity(instance, &backup);
    let id = identity.id();
    let known = context.catalog.get(&identity, &job.directory)?;
    let mut replaces = None;
    if let Some(record) = &known {
        // The mirror is the truth: what is gone or damaged is fetched again.
        let there = directory.is_some_and(|directory| directory.has(&record.path));
        if !there {
            survey
                .warnings
                .push(format!("backup {id} is no longer at {}", record.path));
        } else if record.damage.is_empty() {
            survey.known += 1;
            return Ok(());
        }
        if !record.damage.is_empty() {
            replaces = Some(record.path.clone());
        }
    } else if let Some(directory) = directory {
        let mark = Mark::read(directory, &id).filter(|mark| !mark.damage.is_empty());
        replaces = mark.map(|mark| mark.path);
    }
    let why_not = match &backup.state {
        State::Available | State::NeedsPrepare => None,
        State::Running => Some("the vendor is still making it".to_owned()),
        State::NotDownloadable { reason } => Some(reason.clone()),
        State::Failed => Some("the vendor failed to make it".to_owned()),
        State::Deleting => Some("the vendor is deleting it".to_owned()),
        State::Expired => Some("the vendor has dropped its files".to_owned()),
        State::Unknown => Some("it is in a state that this version does not know".to_owned()),
    };
    let wanted = Wanted {
        identity,
        instance: Arc::clone(instance),
        backup,
        replaces,
    };
    if let Some(why_not) = why_not {
        wanted.skip(context, job, &why_not);
        survey.pass_over(format!("{} of {}: {why_not}", wanted.label(), instance.id));
        survey.unfetched.push(wanted.unfetched(why_not));
        return Ok(());
    }
    // Until now its record stood for it; a damaged one does until a sound copy takes its place.
    if let Some(gone) = known.as_ref().filter(|record| record.damage.is_empty()) {
        context.catalog.forget(std::slice::from_ref(gone))?;
    }
    // A run that was killed between publication and record, or a lost catalog: it is there.
    let there = directory
        .and_then(|directory| publish::find_published(directory, instance, &wanted.backup, &id));
    // One that was found damaged is not, unless it was repaired since.
    let whole = |manifest: &Manifest| {
        known.as_ref().is_none_or(|known| {
            known.damage.is_empty() || manifest.mirrored_at > known.last_verified()
        })
    };
    if let Some((path, manifest)) = there.filter(|(_, manifest)| whole(manifest)) {
        // Another job may be publishing it at this moment; then clearing up is its business.
        if let Some((directory, _claim)) = directory.zip(context.claim(&job.directory, &id)) {
            staging::discard(directory, &id)?;
            Mark::remove(directory, &id)?;
        }
        let record = BackupRecord::of(&manifest, job.directory.clone(), path);
        context.note_found(job, &record);
        context.catalog.put(&[record])?;
        survey.known += 1;
        return Ok(());
    }
    survey.wanted.push(wanted);
    Ok(())
}
