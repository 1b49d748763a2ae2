//! Where things lie in a job's directory.

use backhaul_provider_api::{Backup, Instance};

use super::file_name::SafeName;
use super::identity::BackupId;
use super::manifest::Manifest;

/// The hidden directory beside the instances.
pub const HIDDEN: &str = ".backhaul";
/// Downloads under way, in [`HIDDEN`].
pub const STAGING: &str = "staging";
/// When each backup was verified, in [`HIDDEN`].
pub const VERIFIED: &str = "verified";
/// Backups on their way out, in [`HIDDEN`].
pub const QUARANTINE: &str = "quarantine";
/// Which backups stay for ever, in [`HIDDEN`].
pub const PINS: &str = "pins";

/// The directory of an instance: its name for people, its id so that it is unique and stays.
pub fn instance_dir(instance: &Instance) -> SafeName {
    if instance.name.is_empty() || instance.name == instance.id.as_str() {
        SafeName::from_vendor(instance.id.as_str())
    } else {
        SafeName::from_vendor(&format!("{}_{}", instance.name, instance.id))
    }
}

/// The id at the end of the name of a backup's directory.
pub fn backup_id(dir_name: &str) -> Option<BackupId> {
    dir_name.rsplit_once('_')?.1.parse().ok()
}

/// The directory of a backup: `<UTC start time>_<kind>_<id>`, which sorts by time.
pub fn backup_dir(backup: &Backup, id: &BackupId) -> SafeName {
    let start = backup.started_at.format("%Y%m%dT%H%M%SZ");
    SafeName::from_vendor(&format!("{start}_{}_{id}", backup.kind))
}

/// Where a backup belongs, relative to its job's directory.
pub fn path(manifest: &Manifest) -> String {
    let home = instance_dir(&manifest.instance);
    let name = backup_dir(&manifest.backup, &manifest.id);
    format!("{home}/{name}")
}
