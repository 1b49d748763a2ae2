//! What all passes share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use backhaul_config::{AccountName, Job, ProviderName};
use backhaul_provider_api::{RateLimit, Timestamp};

use crate::catalog::mend::{Mended, mend};
use crate::catalog::{BackupRecord, Catalog};
use crate::decision::{self, Action, Entry};
use crate::dir::Dir;
use crate::egress::route::Routes;
use crate::event::Events;
use crate::fetch::limits::Limits;
use crate::fetch::space::Space;
use crate::mirror::identity::BackupId;
use crate::mirror::staging;
use crate::provider::{AccountLimits, Libraries, Library, discover};
use crate::prune::QuarantineLock;

use super::PassError;

/// The parts that every pass uses; cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The index of what is mirrored.
    pub catalog: Arc<Catalog>,
    /// Slots, bandwidth and reserve of all transfers.
    pub limits: Limits,
    /// The way out to the vendors.
    pub routes: Routes,
    /// Who counts on which free bytes of the disks.
    pub space: Space,
    /// The provider libraries.
    pub libraries: Arc<Libraries>,
    /// The folders they are looked for in.
    pub provider_path: Arc<[PathBuf]>,
    /// How long a provider may think about one question.
    pub provider_timeout: Duration,
    /// Tells what happens.
    pub events: Events,
    /// Where decisions are written down.
    pub decisions: decision::Log,
    /// Where the daemon keeps its own files.
    pub state_dir: Arc<Path>,
    /// The kernel's boot, which decides what unsynced bytes are worth.
    pub boot: Arc<str>,
    /// Request limits by account and service, shared by all jobs.
    pub account_limits: Arc<Mutex<BTreeMap<AccountName, ByService>>>,
    /// What is being fetched right now.
    pub claims: Claims,
    /// The right to move backups in and out of quarantine.
    pub quarantine_lock: QuarantineLock,
    /// The turns of those who want the same backup for several directories.
    pub turns: Turns,
    /// The directories that the catalog was compared with since the start.
    pub mended: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// The request limits of one account.
pub type ByService = BTreeMap<String, Arc<AccountLimits>>;

/// The backups that are being fetched, by directory.
pub type Claims = Arc<Mutex<BTreeSet<(PathBuf, BackupId)>>>;

/// Who has the turn to bring a backup into a mirror, by backup.
pub type Turns = Arc<Mutex<BTreeMap<BackupId, Weak<tokio::sync::Mutex<()>>>>>;

/// The right to fetch a backup into a directory, given back when dropped.
pub struct Claim {
    claims: Claims,
    what: (PathBuf, BackupId),
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.what);
    }
}

impl Context {
    /// The right to fetch a backup into a directory, unless another job is at it: two jobs may
    /// share a directory, but not a download under way.
    pub fn claim(&self, directory: &Path, id: &BackupId) -> Option<Claim> {
        let what = (directory.to_owned(), id.clone());
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.insert(what.clone()).then(|| Claim {
            claims: Arc::clone(&self.claims),
            what,
        })
    }

    /// Waits until no other job is bringing the same backup into a directory of its own: after that
    /// it can be taken from there. The turn ends when the guard is dropped.
    pub async fn turn(&self, id: &BackupId) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(id).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let new = Arc::new(tokio::sync::Mutex::new(()));
                turns.insert(id.clone(), Arc::downgrade(&new));
                new
            })
        };
        turn.lock_owned().await
    }

    /// Puts what lies in a job's directory into the catalog where it is missing there, and finishes
    /// repairs that were cut off; once, because only a kill or a damage while nobody looked can
    /// have that effect. Returns how many backups were missing.
    ///
    /// # Errors
    /// When the directory cannot be listed or the catalog fails.
    pub fn mend(&self, job: &Job, job_dir: &Dir) -> Result<usize, PassError> {
        let mut mended = self.mended.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = job_dir.path();
        if mended.contains(directory) {
            return Ok(0);
        }
        let Mended { found, repaired } = mend(&self.catalog, directory)?;
        for record in &found {
            self.note_found(job, record);
        }
        for record in &repaired {
            tracing::warn!(job = %job.name, backup = %record.id, "the repair of a damaged backup was cut off; it is finished now");
            let reason =
                "the mirrored copy is damaged; its repair was cut off, and is finished now";
            let entry = Entry::new(&job.name, Action::Repaired, reason);
            self.decisions.note(entry.of_record(record));
        }
        for id in staging::ids(job_dir)? {
            // A run that was killed right after publication leaves its staging directory. Another
            // job may be at that point at this moment; then clearing up is its business.
            if self.catalog.has(&id, directory)?
                && let Some(_claim) = self.claim(directory, &id)
            {
                staging::discard(job_dir, &id)?;
            }
        }
        mended.insert(directory.to_owned());
        Ok(found.len())
    }

    /// Writes down that a backup lay in the mirror and the catalog did not know it.
    pub fn note_found(&self, job: &Job, record: &BackupRecord) {
        let reason = "it lies in the mirror and was not in the catalog";
        let entry = Entry::new(&job.name, Action::Found, reason).of_record(record);
        self.decisions.note(entry);
    }

    /// Writes down that a backup, or something that is `what` to the vendor, is not fetched; unless
    /// that was the last that was written about it, and for the same reason.
    pub fn note_skip(
        &self,
        job: &Job,
        what: &str,
        reason: &str,
        about: impl FnOnce(Entry) -> Entry,
    ) {
        if !self.decisions.writes() {
            return;
        }
        match self.catalog.remember_skip(&job.name, what, reason) {
            Ok(false) => {}
            // Rather twice than not at all.
            Ok(true) | Err(_) => {
                let entry = Entry::new(&job.name, Action::Skipped, reason);
                self.decisions.note(about(entry));
            }
        }
    }

    /// The time, by the machine's clock.
    pub fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }

    /// The library of a provider, as it is on disk now.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub async fn library(&self, provider: &ProviderName) -> Result<Arc<Library>, PassError> {
        let found = discover(&self.provider_path)
            .libraries
            .remove(provider.as_str());
        let found = found.ok_or_else(|| PassError::NoProvider(provider.to_string()))?;
        Ok(self
            .libraries
            .load(&found.path)
            .await
            .map_err(crate::provider::ProviderError::from)?)
    }

    /// The request limits of a service of an account, `rates` at the first use. Where the
    /// configuration limits the account itself, `service` is empty and all services share them.
    pub fn limits_of(
        &self,
        account: &AccountName,
        service: &str,
        rates: &[RateLimit],
    ) -> Arc<AccountLimits> {
        let mut limits = self
            .account_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let services = limits.entry(account.clone()).or_default();
        if let Some(limits) = services.get(service) {
            return Arc::clone(limits);
        }
        let new = match services.values().next() {
            Some(other) => other.beside(rates),
            None => AccountLimits::new(rates),
        };
        let new = Arc::new(new);
        services.insert(service.to_owned(), Arc::clone(&new));
        new
    }

    /// Forgets the limits of accounts whose configuration changed.
    pub fn forget_limits(&self, account: &AccountName) {
        self.account_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(account);
    }
}
