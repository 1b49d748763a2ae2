//! Why listed backups were last not fetched, so that the decision log says it once.

use backhaul_config::JobName;
use sha2::{Digest, Sha256};

use super::{Catalog, Result, read_failed, write_failed};

impl Catalog {
    /// Remembers why a job does not fetch a backup that is `what` to it. False when that was the
    /// reason last time. Not synced: losing it costs a line in the decision log.
    ///
    /// # Errors
    /// When sled fails.
    pub fn remember_skip(&self, job: &JobName, what: &str, reason: &str) -> Result<bool> {
        let digest = &Sha256::digest(reason)[..8];
        let before = self
            .skips
            .get(key(job.as_str(), what))
            .map_err(read_failed)?;
        if before.is_some_and(|before| before == digest) {
            return Ok(false);
        }
        self.skips
            .insert(key(job.as_str(), what), digest)
            .map_err(write_failed)?;
        Ok(true)
    }
}

pub(super) fn key(job: &str, what: &str) -> Vec<u8> {
    [job.as_bytes(), what.as_bytes()].join(&0)
}
