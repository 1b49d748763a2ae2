//! What a pass would do, without doing it.

use backhaul_config::{Account, Job, JobName};
use backhaul_provider_api::{Kind, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::catalog::BackupRecord;
use crate::dir::Dir;
use crate::mirror::identity::BackupId;
use crate::pass::selection::{self, Selection};
use crate::pass::vendor::Vendor;
use crate::pass::{Context, PassError, listing};
use crate::prune;
use crate::retention::Decision;
use crate::retention::freeze::{Evidence, Freeze, judge};

/// What a pass of one job would do.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// The job.
    pub job: JobName,
    /// What it would fetch, in that order.
    pub fetch: Vec<ToFetch>,
    /// About how many bytes that is, as far as the vendor tells.
    pub fetch_bytes: u64,
    /// How many of the listed backups are mirrored already.
    pub known: u64,
    /// Listed, but not to be fetched, and why.
    pub passed_over: Vec<String>,
    /// What retention decides about what is mirrored now.
    pub retention: Vec<Decided>,
    /// Whether the vendor's lists were read to their ends; if not, nothing would be let go.
    pub complete: bool,
    /// What freezes retention, in sentences: then nothing would be let go.
    pub frozen: Vec<String>,
    /// What would be held back of single instances, in sentences.
    pub held_back: Vec<String>,
    /// What would fail, and why.
    pub errors: Vec<String>,
    /// What is worth a look.
    pub warnings: Vec<String>,
}

/// A backup that would be fetched.
#[derive(Debug, Serialize)]
pub struct ToFetch {
    /// Its id.
    pub id: BackupId,
    /// The vendor's name for it.
    pub name: String,
    /// Its instance's name.
    pub instance: String,
    /// What it contains in relation to others.
    pub kind: Kind,
    /// When the vendor began to make it.
    pub started_at: Timestamp,
    /// About how many bytes, as far as the vendor tells.
    pub bytes: Option<u64>,
}

/// A mirrored backup and what retention decides about it.
#[derive(Debug, Serialize)]
pub struct Decided {
    /// The backup.
    #[serde(flatten)]
    pub backup: BackupRecord,
    /// The decision and its reasons.
    #[serde(flatten)]
    pub decision: Decision,
}

/// Asks the vendor and makes the plan of a job. Fetches and changes nothing.
///
/// # Errors
/// When the vendor cannot be asked, or the catalog fails.
pub async fn make(
    context: &Context,
    job: &Arc<Job>,
    account: &Arc<Account>,
) -> Result<Plan, PassError> {
    let cancel = CancellationToken::new();
    let vendor = Vendor::open(context, job, account, &cancel).await?;
    let directory = match Dir::open(&job.directory) {
        Ok(directory) => Some(directory),
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(error.into()),
    };
    let survey = listing::survey(context, &vendor, job, directory.as_ref()).await?;
    let Selection { fetch, spared } = selection::select(
        context,
        job,
        directory.as_ref(),
        survey.wanted.iter().collect(),
    )?;
    let mut passed_over = survey.passed_over.clone();
    passed_over.extend(spared.iter().map(|wanted| {
        format!(
            "{} of {}: retention would let it go at once",
            wanted.label(),
            wanted.instance.id
        )
    }));
    let fetch: Vec<_> = fetch
        .into_iter()
        .map(|wanted| ToFetch {
            id: wanted.identity.id(),
            name: wanted.label().to_owned(),
            instance: wanted.instance.name.clone(),
            kind: wanted.backup.kind,
            started_at: wanted.backup.started_at,
            bytes: wanted.backup.size.map(|size| size.bytes),
        })
        .collect();
    let now = context.now();
    let (mut retention, mut held_back) = (Vec::new(), Vec::new());
    let instances = &survey.instances;
    prune::decide(
        &context.catalog,
        job,
        directory.as_ref(),
        instances,
        false,
        now,
        |_, decided| {
            retention.extend(decided.of_job(job).map(|(record, decision)| Decided {
                backup: record.clone(),
                decision,
            }));
            held_back.extend(decided.held_back);
            Ok(())
        },
    )?;
    let frozen = judge(&Evidence {
        successful: survey.errors.is_empty(),
        complete: survey.complete(),
        vendor_ahead: vendor.vendor_ahead(),
        last: context
            .catalog
            .survey(&job.name)?
            .and_then(|survey| survey.at),
        now,
    });
    Ok(Plan {
        job: job.name.clone(),
        fetch_bytes: fetch
            .iter()
            .filter_map(|one| one.bytes)
            .fold(0, u64::saturating_add),
        fetch,
        known: survey.known,
        complete: survey.complete(),
        frozen: match job.retention.is_empty() {
            true => Vec::new(),
            false => frozen.iter().map(Freeze::to_string).collect(),
        },
        held_back,
        passed_over,
        retention,
        errors: survey.errors,
        warnings: survey.warnings,
    })
}
