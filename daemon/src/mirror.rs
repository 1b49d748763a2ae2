//! The mirror: local directories that hold complete backups, and nothing half done in sight.
//!
//! `<job directory>/<instance>/<UTC start>_<kind>_<id>/` holds the vendor's files, `SHA256SUMS`
//! and `backup.json`, the [`manifest`]. Hidden beside the instances, `.backhaul/` holds
//! [`staging`] (downloads under way), [`quarantine`] (backups on their way out), on the same file
//! system so that a rename is enough, and [`pins`].
//!
//! The mirror is the truth; the catalog is rebuilt from it by [`scan`].

pub mod file_name;
pub mod identity;
pub mod layout;
pub mod manifest;
pub mod pins;
pub mod publish;
pub mod quarantine;
pub mod scan;
pub mod staging;
pub mod verify;
