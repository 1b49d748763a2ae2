//! Key material of encrypted backups: fetched before the files, kept apart from them.
//!
//! `<state_dir>/keys/<id>.json`, in a directory that only the daemon's user may enter. A mirror
//! that is stolen is then of no use, and one whose keys are lost neither: back both up.

use std::os::unix::fs::DirBuilderExt;

use backhaul_provider_api::KeyMaterial;
use serde::Serialize;

use super::context::Context;
use super::fetch_backup::BackupError;
use super::listing::Wanted;
use super::vendor::Vendor;
use crate::dir::{Dir, FsError};
use crate::mirror::identity::Identity;

/// The directory of the keys in the state directory.
pub const DIRECTORY: &str = "keys";

#[derive(Serialize)]
struct Stored<'a> {
    format: u32,
    identity: &'a Identity,
    keys: &'a [KeyMaterial],
}

/// Fetches and stores the key material of a backup that is encrypted. Durable on return.
///
/// # Errors
/// When the vendor does not hand it out, or the disk fails.
pub async fn keep(context: &Context, vendor: &Vendor, wanted: &Wanted) -> Result<(), BackupError> {
    if wanted.backup.encryption.is_none() {
        return Ok(());
    }
    let keys = vendor.secrets(wanted).await?;
    if keys.is_empty() {
        return Ok(());
    }
    let state = Dir::create_all(&context.state_dir)?;
    let path = context.state_dir.join(DIRECTORY);
    match std::fs::DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            let doing = "create the directory";
            return Err(FsError {
                doing,
                path,
                source: error,
            }
            .into());
        }
        _ => state.sync()?,
    }
    let stored = Stored {
        format: 1,
        identity: &wanted.identity,
        keys: &keys,
    };
    // Plain data with text keys always serialises.
    let bytes = serde_json::to_vec_pretty(&stored).unwrap_or_default();
    let name = format!("{}.json", wanted.identity.id());
    Ok(state.dir(DIRECTORY)?.write_durable(&name, &bytes)?)
}
