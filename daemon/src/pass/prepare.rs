//! Preparation: gets the vendor to make a backup downloadable, and waits until it is.

use std::time::Duration;

use backhaul_provider_api::{PollRequest, PrepareRequest, PrepareToken, Prepared, State};
use tokio_util::sync::CancellationToken;

use super::fetch_backup::BackupError;
use super::listing::Wanted;
use super::vendor::Vendor;
use crate::mirror::staging::Staging;

/// How long a preparation is waited for within one pass; the next pass goes on with the token.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// The least and greatest pause between two polls.
const PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);

/// Makes sure that links can be asked for. Returns the token that goes with them.
///
/// The token is on disk before the first poll, so that a crash never starts a second, perhaps
/// paid, preparation.
///
/// # Errors
/// When the vendor refuses or fails, or it takes too long for one pass.
pub async fn prepare(
    vendor: &Vendor,
    wanted: &Wanted,
    staging: &mut Staging,
    cancel: &CancellationToken,
) -> Result<Option<PrepareToken>, BackupError> {
    if wanted.backup.state != State::NeedsPrepare {
        return Ok(staging.token().cloned());
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut state = match staging.token().cloned() {
        Some(token) => poll(vendor, wanted, token).await?,
        None => {
            let request = PrepareRequest {
                instance: wanted.instance.as_ref().clone(),
                backup: wanted.backup.clone(),
            };
            vendor.prepare(request).await?
        }
    };
    loop {
        let Prepared::Pending {
            token,
            poll_after,
            poll_within,
            ..
        } = state
        else {
            return Ok(staging.token().cloned());
        };
        staging.set_token(Some(token.clone()))?;
        let most = poll_within.map_or(*PAUSE.end(), |most| Duration::from_secs(most.0));
        let pause = Duration::from_secs(poll_after.0)
            .clamp(*PAUSE.start(), *PAUSE.end())
            .min(most);
        if tokio::time::Instant::now() + pause > deadline {
            return Err(BackupError::StillPreparing);
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => return Err(BackupError::Stopped),
        }
        state = poll(vendor, wanted, token).await?;
    }
}

async fn poll(
    vendor: &Vendor,
    wanted: &Wanted,
    token: PrepareToken,
) -> Result<Prepared, BackupError> {
    let request = PollRequest {
        instance: wanted.instance.as_ref().clone(),
        backup: wanted.backup.clone(),
        token,
    };
    Ok(vendor.poll(request).await?)
}
