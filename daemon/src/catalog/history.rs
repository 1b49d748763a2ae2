//! What is remembered of a job: its runs, what its last survey of the vendor found, and until when
//! its schedule is served.
//!
//! Runs are numbered in the order in which they were recorded. Their times cannot order them: a
//! clock that once was wrong would have its runs be the latest for years.

use std::sync::PoisonError;

use backhaul_config::JobName;

use super::record::SurveyRecord;
use super::{Catalog, JobRecord, Result, RunRecord, read_failed, write_failed};

/// How many runs of a job are remembered.
pub(super) const RUNS_KEPT: usize = 100;

impl Catalog {
    /// What is remembered of a job between runs.
    ///
    /// # Errors
    /// When sled fails.
    pub fn job(&self, job: &JobName) -> Result<JobRecord> {
        Ok(match self.jobs.get(job.as_str()).map_err(read_failed)? {
            Some(value) => serde_json::from_slice(&value)?,
            None => JobRecord::default(),
        })
    }

    /// Remembers something of a job. Not synced: losing it costs one catch-up run.
    ///
    /// # Errors
    /// When sled fails.
    pub fn change_job(&self, job: &JobName, change: impl FnOnce(&mut JobRecord)) -> Result<()> {
        // A pass and a verification of one job may both have something to remember.
        let _turn = self
            .changing_job
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut record = self.job(job)?;
        change(&mut record);
        self.jobs
            .insert(job.as_str(), serde_json::to_vec(&record)?)
            .map_err(write_failed)?;
        Ok(())
    }

    /// Adds a run to a job's history, durably, and forgets the oldest.
    ///
    /// # Errors
    /// When sled or the disk fails.
    pub fn add_run(&self, run: &RunRecord) -> Result<()> {
        let prefix = prefix(&run.job);
        self.runs
            .insert(self.new_run_key(&run.job)?, serde_json::to_vec(run)?)
            .map_err(write_failed)?;
        let excess = self
            .runs
            .scan_prefix(&prefix)
            .count()
            .saturating_sub(RUNS_KEPT);
        for old in self.runs.scan_prefix(&prefix).keys().take(excess) {
            self.runs
                .remove(old.map_err(read_failed)?)
                .map_err(write_failed)?;
        }
        self.commit()
    }

    pub(super) fn new_run_key(&self, job: &JobName) -> Result<String> {
        let number = self.db.generate_id().map_err(write_failed)?;
        Ok(format!("{}{number:020}", prefix(job)))
    }

    /// A job's latest runs, newest first.
    ///
    /// # Errors
    /// When sled fails.
    pub fn runs(&self, job: &JobName, count: usize) -> Result<Vec<RunRecord>> {
        let latest = self
            .runs
            .scan_prefix(prefix(job))
            .values()
            .rev()
            .take(count);
        latest
            .map(|value| Ok(serde_json::from_slice(&value.map_err(read_failed)?)?))
            .collect()
    }

    /// What the last survey of a job found, if there was one.
    ///
    /// # Errors
    /// When sled fails.
    pub fn survey(&self, job: &JobName) -> Result<Option<SurveyRecord>> {
        let value = self.surveys.get(job.as_str()).map_err(read_failed)?;
        Ok(value
            .map(|value| serde_json::from_slice(&value))
            .transpose()?)
    }

    /// Remembers what a survey found. Not synced: the next commit does that.
    ///
    /// # Errors
    /// When sled fails.
    pub fn set_survey(&self, job: &JobName, survey: &SurveyRecord) -> Result<()> {
        let value = serde_json::to_vec(survey)?;
        self.surveys
            .insert(job.as_str(), value)
            .map_err(write_failed)?;
        Ok(())
    }
}

fn prefix(job: &JobName) -> String {
    format!("{job}\0")
}
