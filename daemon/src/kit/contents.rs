//! What belongs into a kit.

use std::path::PathBuf;

use backhaul_provider_api::{Kind, Timestamp};

use super::stock::{Candidate, Stock};
use super::{KitError, text};
use crate::chain::{Chain, Gap, Goal, lead_to};
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::{Manifest, Verification};
use crate::recipe::engine::Engine;
use crate::recipe::{Part, Restoration, Stop};

/// What a kit shall restore.
#[derive(Clone, Copy, Debug)]
pub enum Aim<'a> {
    /// One backup, by its place in the stock.
    Backup(usize),
    /// An instance, by id or name where there is more than one, as it was at a time.
    Time(Timestamp, Option<&'a str>),
}

/// Everything that goes into a kit.
#[derive(Debug)]
pub struct Contents {
    /// The instance, for people.
    pub instance: String,
    /// What was wanted, for people.
    pub wanted: String,
    /// Where a restore stops.
    pub stop: Stop,
    /// The instant that it leads to.
    pub reaches: Timestamp,
    /// What is missing between that instant and the wanted one.
    pub gap: Option<Gap>,
    /// The backups in the order of their application: the full one, those on top, the logs.
    pub entries: Vec<Entry>,
    /// What to know about it, in sentences.
    pub warnings: Vec<String>,
}

/// One backup of a kit.
#[derive(Debug)]
pub struct Entry {
    /// What it is there for.
    pub role: Role,
    /// Its directory in the kit.
    pub dir: String,
    /// Its directory in the mirror.
    pub source: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

/// What a backup is in a kit for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The full backup.
    Base,
    /// Applied on top of it.
    Step,
    /// Replayed after that.
    Log,
}

impl Contents {
    /// Decides what belongs into a kit.
    ///
    /// # Errors
    /// When nothing leads there, or only a part of the way and that is not enough.
    pub fn choose(stock: &Stock, aim: Aim<'_>, allow_gap: bool) -> Result<Self, KitError> {
        let (own, goal): (Vec<&Candidate>, _) = match aim {
            Aim::Time(time, instance) => (stock.of_instance(instance)?, Goal::Time(time)),
            Aim::Backup(index) => {
                let wanted = &stock.candidates[index];
                let siblings = stock
                    .candidates
                    .iter()
                    .filter(|other| wanted.is_sibling(other));
                let own: Vec<_> = siblings.collect();
                let place = own
                    .iter()
                    .position(|other| other.record.id == wanted.record.id);
                (own, Goal::Backup(place.unwrap_or_default()))
            }
        };
        let links: Vec<_> = own.iter().map(|candidate| candidate.link()).collect();
        let instance = own[0].instance();
        let wanted = match goal {
            Goal::Time(time) => format!("{instance} as of {}", text(time)),
            Goal::Backup(index) => format!("backup {} of {instance}", own[index].record.id),
        };
        let mut chain = lead_to(goal, &links).map_err(|source| KitError::NoChain {
            wanted: wanted.clone(),
            source,
        })?;
        if let Some(gap) = chain.gap.clone().filter(|_| !allow_gap) {
            return Err(KitError::Gap { wanted, gap });
        }
        let stop = stop(goal, &own, &mut chain);
        let mut contents = Self {
            warnings: warnings(stock, &own, &chain),
            entries: entries(&own, &chain)?,
            reaches: chain.reaches,
            gap: chain.gap,
            instance,
            wanted,
            stop,
        };
        if contents.stop == Stop::Base && contents.engine() != Engine::PostgreSql {
            // Only PostgreSQL needs the logs of the time of a backup to make it whole.
            contents.entries.retain(|entry| entry.role != Role::Log);
        }
        Ok(contents)
    }

    /// The bytes of all backups.
    pub fn size_bytes(&self) -> u64 {
        let sizes = self.entries.iter().map(|entry| entry.manifest.size_bytes);
        sizes.fold(0, u64::saturating_add)
    }

    /// The files of all backups.
    pub fn files(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.manifest.files.len())
            .sum()
    }

    /// The backups whose files are encrypted.
    pub fn encrypted(&self) -> impl Iterator<Item = &BackupId> {
        let manifests = self.entries.iter().map(|entry| &entry.manifest);
        manifests
            .filter(|manifest| manifest.backup.encryption.is_some())
            .map(|manifest| &manifest.id)
    }

    /// As something to be restored.
    pub fn restoration(&self) -> Restoration<'_> {
        let of = |role: Role| {
            let entries = self.entries.iter().filter(move |entry| entry.role == role);
            entries
                .map(|entry| Part {
                    dir: &entry.dir,
                    manifest: &entry.manifest,
                })
                .collect()
        };
        Restoration {
            base: of(Role::Base),
            steps: of(Role::Step),
            logs: of(Role::Log),
            stop: self.stop,
        }
    }

    fn engine(&self) -> Engine {
        self.entries
            .first()
            .map_or(Engine::Other, |entry| Engine::of(&entry.manifest))
    }
}

fn stop(goal: Goal, own: &[&Candidate], chain: &mut Chain) -> Stop {
    match goal {
        Goal::Backup(index) if own[index].record.kind != Kind::Log => Stop::Base,
        Goal::Backup(_) => Stop::EndOfLogs,
        Goal::Time(_) if chain.logs.is_empty() => Stop::Base,
        Goal::Time(_) if chain.gap.is_some() => Stop::EndOfLogs,
        Goal::Time(time) => Stop::Time(time),
    }
}

fn warnings(stock: &Stock, own: &[&Candidate], chain: &Chain) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(gap) = &chain.gap {
        warnings.push(format!(
            "This does not reach the wanted time, only {}: {}, up to {}.",
            text(gap.from),
            gap.what,
            text(gap.until)
        ));
    }
    for index in chain.all() {
        let record = &own[index].record;
        if let Verification::Suspect { reasons } = &record.verification {
            let reasons = reasons.join("; ");
            warnings.push(format!("Backup {} is suspect: {reasons}.", record.id));
        }
    }
    warnings.extend(
        stock
            .unreadable
            .iter()
            .map(|what| format!("A backup was left out of account: {what}.")),
    );
    warnings
}

fn entries(own: &[&Candidate], chain: &Chain) -> Result<Vec<Entry>, KitError> {
    let roles = (chain.base.iter().map(|index| (Role::Base, *index)))
        .chain(chain.steps.iter().map(|index| (Role::Step, *index)))
        .chain(chain.logs.iter().map(|index| (Role::Log, *index)));
    let parts: Vec<_> = roles.collect();
    let digits = parts.len().to_string().len().max(2);
    parts
        .iter()
        .enumerate()
        .map(|(place, (role, index))| {
            let record = &own[*index].record;
            let source = record.directory.join(&record.path);
            let manifest = Manifest::read(&Dir::open(&source)?)?;
            let name = record.path.rsplit('/').next().unwrap_or(&record.path);
            Ok(Entry {
                role: *role,
                dir: format!("{:0digits$}_{name}", place + 1),
                source,
                manifest,
            })
        })
        .collect()
}
