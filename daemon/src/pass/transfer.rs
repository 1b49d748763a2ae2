//! The transfers of one pass: several backups at once, each reported as it ends.
//!
//! Each is a task of its own, so that what costs CPU (hashing, files) runs on all cores.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use backhaul_config::{Account, Job};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::commit::Commits;
use super::fetch_backup::{self, BackupError};
use super::listing::Wanted;
use super::quota::Quota;
use super::vendor::Vendor;
use super::{Context, PassError, Report};
use crate::catalog::BackupRecord;
use crate::decision::{Action, Entry};
use crate::dir::Dir;
use crate::event::Event;
use crate::fetch::Fetcher;
use crate::mirror::staging;
use crate::provider::ProviderError;

/// How many backups of one pass are under way at the same time at most, those included that wait
/// for their commit.
const BACKUPS_AT_ONCE: usize = 256;
/// How many of them are being fetched at most. The daemon's `max_downloads` limits the files
/// below that.
const FETCHED_AT_ONCE: usize = 16;

/// The transfers of one pass.
pub(super) struct Transfers {
    pub context: Context,
    pub job: Arc<Job>,
    pub account: Arc<Account>,
    pub vendor: Vendor,
    pub fetcher: Fetcher,
    pub directory: Arc<Dir>,
    pub staging: Arc<Dir>,
    pub commits: Commits,
    pub turns: Semaphore,
    pub quota: Quota,
    pub received: AtomicU64,
    pub shared: AtomicU64,
}

impl Transfers {
    /// The transfers of a pass into that directory.
    pub(super) fn new(
        context: &Context,
        job: &Arc<Job>,
        account: &Arc<Account>,
        vendor: Vendor,
        directory: Dir,
    ) -> Result<Self, PassError> {
        let directory = Arc::new(directory);
        Ok(Self {
            context: context.clone(),
            job: Arc::clone(job),
            account: Arc::clone(account),
            fetcher: vendor.fetcher(context, job)?,
            vendor,
            quota: Quota::of(context, job, &directory)?,
            commits: Commits::new(Arc::clone(&directory), context, job),
            staging: Arc::new(staging::place(&directory)?),
            directory,
            turns: Semaphore::new(FETCHED_AT_ONCE),
            received: AtomicU64::new(0),
            shared: AtomicU64::new(0),
        })
    }

    /// Mirrors backups, several at once, and reports each. False when going on is of no use.
    pub(super) async fn run(self: &Arc<Self>, wanted: Vec<&Wanted>, report: &mut Report) -> bool {
        let mut queue = wanted.into_iter();
        let mut transfers = JoinSet::new();
        let mut go_on = true;
        loop {
            let room = if go_on {
                BACKUPS_AT_ONCE - transfers.len()
            } else {
                0
            };
            for wanted in queue.by_ref().take(room) {
                transfers.spawn(transfer(Arc::clone(self), wanted.clone()));
            }
            let (wanted, result) = match transfers.join_next().await {
                None => break,
                Some(Ok(ended)) => ended,
                Some(Err(error)) => match error.try_into_panic() {
                    // A bug, and none of the backup.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The threads are ending.
                    Err(_) => return false,
                },
            };
            go_on &= self.report(&wanted, result, report);
        }
        report.unreached += queue.len() as u64;
        go_on && !self.vendor.cancel().is_cancelled()
    }

    fn task<'t>(&'t self, wanted: &'t Wanted) -> fetch_backup::Task<'t> {
        fetch_backup::Task {
            context: &self.context,
            job: &self.job,
            account: &self.account,
            vendor: &self.vendor,
            fetcher: &self.fetcher,
            directory: &self.directory,
            staging: &self.staging,
            commits: &self.commits,
            turns: &self.turns,
            quota: &self.quota,
            wanted,
            received: &self.received,
            shared: &self.shared,
        }
    }

    /// Reports how one backup fared. False when trying others is of no use.
    fn report(
        &self,
        wanted: &Wanted,
        result: Result<BackupRecord, BackupError>,
        report: &mut Report,
    ) -> bool {
        let job = &self.job.name;
        let error = match result {
            Ok(record) => {
                report.mirrored += 1;
                report.repaired += u64::from(wanted.replaces.is_some());
                if !record.verification.counts() {
                    report
                        .warnings
                        .push(format!("backup {} ({}) is suspect", record.name, record.id));
                }
                return true;
            }
            Err(BackupError::Stopped) => return false,
            // The error that ended the session is told by the backup that met it.
            Err(BackupError::Provider(ProviderError::Ended { .. })) => {
                report.unreached += 1;
                return false;
            }
            Err(error) => error,
        };
        let id = wanted.identity.id();
        tracing::warn!(%job, backup = %id, %error, "a backup could not be mirrored");
        let bytes = wanted.backup.size.map(|size| size.bytes);
        let failed = Entry::new(job, Action::Failed, error.to_string())
            .of_instance(&wanted.instance.id)
            .of_backup(&id, None, bytes);
        self.context.decisions.note(failed);
        self.context.events.tell(Event::BackupFailed {
            job: job.clone(),
            id: id.clone(),
            error: error.to_string(),
        });
        if error.disk_is_full() && report.disk_full {
            // Said once; the others would say the same.
            report.unreached += 1;
            return false;
        }
        report.disk_full |= error.disk_is_full();
        report
            .errors
            .push(format!("backup {} ({id}): {error}", wanted.label()));
        !report.disk_full
    }
}

/// One backup's way into the mirror.
async fn transfer(
    transfers: Arc<Transfers>,
    wanted: Wanted,
) -> (Wanted, Result<BackupRecord, BackupError>) {
    let result = fetch_backup::mirror(&transfers.task(&wanted)).await;
    (wanted, result)
}
