//! What the mirrors hold, read from the manifests, as much of it as choosing needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use backhaul_provider_api::LogSpan;

use super::KitError;
use crate::catalog::BackupRecord;
use crate::chain::Link;
use crate::chain::log_name::LogName;
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::Manifest;
use crate::mirror::quarantine;
use crate::mirror::scan::{Found, scan_some};
use crate::recipe::engine::Engine;

/// One mirrored backup. Its manifest is read again when it is chosen: there may be a million.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What the catalog would record.
    pub record: BackupRecord,
    span: Option<LogSpan>,
    previous: Option<String>,
    sequence: Option<u64>,
    node: Option<String>,
    group: Option<String>,
    takes_logs: bool,
    files: Option<(LogName, LogName)>,
}

/// All backups of some directories.
#[derive(Debug, Default)]
pub struct Stock {
    /// The backups, each once.
    pub candidates: Vec<Candidate>,
    /// Backups whose manifest cannot be read, and why.
    pub unreadable: Vec<String>,
}

impl Candidate {
    fn of(manifest: &Manifest, directory: &Path, path: String) -> Self {
        let backup = &manifest.backup;
        let chain = backup.chain.clone().unwrap_or_default();
        let mut names: Vec<_> = manifest
            .files
            .iter()
            .filter_map(|file| {
                LogName::parse(&file.vendor_name).or_else(|| LogName::parse(file.name.as_str()))
            })
            .collect();
        names.sort_by_key(LogName::of_server);
        let last = names.pop();
        let first = names.into_iter().next().or_else(|| last.clone());
        Self {
            span: backup.log_span,
            previous: chain.previous.map(|key| key.to_string()),
            sequence: chain.sequence,
            node: backup.node.clone(),
            group: backup.group.clone(),
            takes_logs: Engine::of(manifest).takes_logs(manifest),
            files: first.zip(last),
            record: BackupRecord::of(manifest, directory.to_owned(), path),
        }
    }

    /// As a part of chains.
    pub fn link(&self) -> Link<'_> {
        let record = &self.record;
        Link {
            key: record.identity.key.as_str(),
            kind: record.kind,
            started_at: record.started_at,
            reaches: record.reaches,
            span: self.span,
            base: record.base.as_deref(),
            previous: self.previous.as_deref(),
            sequence: self.sequence,
            node: self.node.as_deref(),
            group: self.group.as_deref(),
            counts: record.verification.counts(),
            takes_logs: self.takes_logs,
            files: self.files.clone(),
        }
    }

    /// Its instance, for people.
    pub fn instance(&self) -> String {
        let record = &self.record;
        match record.instance_name.is_empty() {
            true => record.identity.instance.to_string(),
            false => format!("{} ({})", record.instance_name, record.identity.instance),
        }
    }

    /// Whether both are of one instance of one vendor.
    pub fn is_sibling(&self, other: &Self) -> bool {
        let (one, other) = (&self.record.identity, &other.record.identity);
        (&one.provider, &one.scope, &one.instance)
            == (&other.provider, &other.scope, &other.instance)
    }
}

impl Stock {
    /// Reads the manifests of these directories.
    ///
    /// # Errors
    /// When a directory is missing or cannot be listed.
    pub fn read(directories: &BTreeSet<PathBuf>) -> Result<Self, KitError> {
        let mut stock = Self::default();
        let mut seen = BTreeSet::new();
        for directory in directories {
            // Slow logs restore nothing, and there are many.
            let wanted = |name: &str| !name.contains("_slowlog_");
            scan_some(directory, wanted, |found| match found {
                Found::Backup(path, manifest) => {
                    if seen.insert(manifest.id.clone()) {
                        stock
                            .candidates
                            .push(Candidate::of(&manifest, directory, path));
                    }
                }
                Found::Unreadable(path, error) => {
                    let path = directory.join(path);
                    stock
                        .unreadable
                        .push(format!("{}: {error}", path.display()));
                }
            })?;
        }
        Ok(stock)
    }

    /// The one backup whose id begins so.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn by_id(&self, prefix: &str, directories: &BTreeSet<PathBuf>) -> Result<usize, KitError> {
        let fits: Vec<_> = (0..self.candidates.len())
            .filter(|&index| {
                self.candidates[index]
                    .record
                    .id
                    .as_str()
                    .starts_with(prefix)
            })
            .collect();
        match fits.as_slice() {
            [one] => Ok(*one),
            [] => Err(KitError::NoBackup(self.missing(prefix, directories))),
            more => {
                let ids: Vec<_> = more
                    .iter()
                    .map(|&index| self.candidates[index].record.id.as_str())
                    .collect();
                let what = format!(
                    "{} backups have an id that begins with {prefix}: {}",
                    ids.len(),
                    ids.join(", ")
                );
                Err(KitError::Unclear(what))
            }
        }
    }

    fn missing(&self, prefix: &str, directories: &BTreeSet<PathBuf>) -> String {
        let in_quarantine = directories.iter().find_map(|directory| {
            let found = quarantine::list(&Dir::open(directory).ok()?).ok()?;
            let is_it = |id: &BackupId| id.as_str().starts_with(prefix);
            found.into_iter().map(|one| one.id).find(is_it)
        });
        match in_quarantine {
            Some(id) => format!(
                "backup {id} is in quarantine; `backhaul restore-quarantined {id}` brings it back"
            ),
            None => {
                let unreadable = match self.unreadable.len() {
                    0 => String::new(),
                    count => format!(
                        "; {count} manifests cannot be read: {}",
                        self.unreadable.join("; ")
                    ),
                };
                format!("no mirrored backup has an id that begins with {prefix}{unreadable}")
            }
        }
    }

    /// The backups of one instance, by id or name; of the only one when none is named.
    ///
    /// # Errors
    /// When it is not clear which one.
    pub fn of_instance(&self, named: Option<&str>) -> Result<Vec<&Candidate>, KitError> {
        let fits = |candidate: &&Candidate| {
            let record = &candidate.record;
            named.is_none_or(|name| {
                record.identity.instance.as_str() == name || record.instance_name == name
            })
        };
        let found: Vec<_> = self.candidates.iter().filter(fits).collect();
        // By identity: the same instance may have had several names.
        let mut instances = BTreeMap::new();
        for candidate in &found {
            let identity = &candidate.record.identity;
            let key = (&identity.provider, &identity.scope, &identity.instance);
            instances.insert(key, candidate.instance());
        }
        let names: Vec<_> = instances.values().cloned().collect();
        match (instances.len(), named) {
            (1, _) => {
                // A name leads to the backups under the instance's other names too.
                let one = found[0];
                Ok(self
                    .candidates
                    .iter()
                    .filter(|other| one.is_sibling(other))
                    .collect())
            }
            (0, None) => Err(KitError::NoBackup("nothing is mirrored there".to_owned())),
            (0, Some(name)) => {
                let all: BTreeSet<_> = self.candidates.iter().map(Candidate::instance).collect();
                let all: Vec<_> = all.into_iter().collect();
                Err(KitError::Unclear(format!(
                    "no backup of an instance {name:?} is mirrored there; there are {}",
                    all.join(", ")
                )))
            }
            (_, None) => Err(KitError::Unclear(format!(
                "--instance is needed to say which: {}",
                names.join(", ")
            ))),
            (_, Some(name)) => Err(KitError::Unclear(format!(
                "several instances are called {name:?}; name one by its id: {}",
                names.join(", ")
            ))),
        }
    }
}
