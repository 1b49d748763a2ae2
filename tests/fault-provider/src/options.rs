//! What the job's `options` choose.

use backhaul_provider_api::{Backup, Instance, InstanceId, KeyMaterial};
use serde::Deserialize;

use crate::fault::Fault;
use crate::series::Series;

/// The options of a job for the fault provider.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What goes wrong.
    pub mode: Fault,
    /// In which operation it goes wrong.
    pub during: String,
    /// The instances of the account.
    pub instances: Vec<Instance>,
    /// The backups, each with its instance and files.
    pub backups: Vec<Entry>,
    /// Many backups of one form, instead of `backups`.
    pub series: Option<Series>,
    /// How many backups a page holds.
    pub page_size: usize,
    /// Says at the end that the listing is not complete.
    pub incomplete: bool,
    /// How a backup that needs it is prepared.
    pub prepare: Preparation,
    /// The key material of encrypted backups.
    pub keys: Vec<KeyMaterial>,
}

/// One backup of the scripted vendor.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The instance it belongs to; without one, every instance has it.
    #[serde(default)]
    pub instance: Option<String>,
    /// The backup as listed.
    pub backup: Backup,
    /// Its files as resolved, in the contract's own form.
    #[serde(default)]
    pub files: Vec<backhaul_provider_api::File>,
}

/// What becomes of a preparation.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preparation {
    /// It is ready at once.
    #[default]
    Ready,
    /// It is ready at the second poll.
    Pending,
    /// It never gets ready.
    Never,
    /// It would cost something that nobody has allowed.
    NeedsConsent,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Fault::Ok,
            during: "list".to_owned(),
            instances: vec![Instance {
                id: InstanceId::new("i-1"),
                name: "orders".to_owned(),
                engine: Some("MySQL".to_owned()),
                engine_version: Some("8.0.36".to_owned()),
                region: None,
                scope: None,
                status: None,
                created_at: None,
            }],
            backups: Vec::new(),
            series: None,
            page_size: 100,
            incomplete: false,
            prepare: Preparation::Ready,
            keys: Vec::new(),
        }
    }
}
