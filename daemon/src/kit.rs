//! Emergency kits: one directory with everything that a restore needs, for a machine without
//! Backhaul.
//!
//! Made from the manifests alone: neither a daemon nor a catalog is asked, so that a kit can be
//! made of a mirror of which only the disk is left. [`stock`] reads what there is, [`contents`]
//! decides by [`crate::chain`] what belongs in, [`write`](mod@write) copies and verifies it,
//! [`guide`] says how to restore it.

use std::path::PathBuf;

use backhaul_provider_api::Timestamp;

use crate::chain::{Gap, NoChain};
use crate::dir::FsError;
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::ManifestError;

pub mod contents;
mod copy;
pub mod guide;
pub mod stock;
pub mod wanted;
pub mod write;

/// Why there is no kit.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// What is wanted is not said clearly enough.
    #[error("{0}")]
    Unclear(String),
    /// There is no such backup.
    #[error("{0}")]
    NoBackup(String),
    /// Nothing leads there.
    #[error("{wanted}: {source}")]
    NoChain {
        /// What was wanted, for people.
        wanted: String,
        /// Why not.
        source: NoChain,
    },
    /// Something is missing on the way.
    #[error(
        "{wanted} cannot be restored: {what}, from {} to {}; with --allow-gap the kit restores it as it was at {}",
        text(gap.from), text(gap.until), text(gap.from),
        what = gap.what
    )]
    Gap {
        /// What was wanted, for people.
        wanted: String,
        /// What is missing.
        gap: Gap,
    },
    /// The place for the kit cannot be used.
    #[error("{}: {what}", path.display())]
    Target {
        /// The place.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The disk is too small.
    #[error(
        "{}: the kit needs {needed} bytes, {free} are free; {} more are needed",
        path.display(), needed - free
    )]
    Space {
        /// Where the kit would be made.
        path: PathBuf,
        /// How many bytes the kit has.
        needed: u64,
        /// How many can be written there.
        free: u64,
    },
    /// A mirrored file is not what its manifest says.
    #[error(
        "{}: damaged: {what}; `backhaul verify` tells what else is, another backup may serve",
        path.display()
    )]
    Damaged {
        /// The file in the mirror.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The keys of an encrypted backup are not there.
    #[error("backup {id} is encrypted and its keys are not in {}", directory.display())]
    NoKeys {
        /// The backup.
        id: BackupId,
        /// Where they should be.
        directory: PathBuf,
    },
    /// The disk.
    #[error(transparent)]
    File(#[from] FsError),
    /// A manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl KitError {
    /// Whether asking otherwise would help.
    pub fn is_mistake(&self) -> bool {
        matches!(self, Self::Unclear(_))
    }
}

/// A time as kits and their messages write it.
pub fn text(time: Timestamp) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
