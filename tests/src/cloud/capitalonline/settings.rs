//! What can be chosen about an emulated CapitalOnline: at its start, and while it runs.

use std::fmt;
use std::time::Duration;

/// Everything that is fixed at the start, and the first position of the switches.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where to listen.
    pub ports: Ports,
    /// Who the customer is.
    pub identity: Identity,
    /// What can be changed later.
    pub switches: Switches,
}

/// Ports on 127.0.0.1; 0 lets the system choose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// API.
    pub api: u16,
    /// Files on the public network.
    pub files: u16,
    /// Files inside the vendor's network.
    pub intranet: u16,
}

/// The one customer of this cloud, with made-up keys.
#[derive(Clone)]
pub struct Identity {
    /// Access key id.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            access_key: "AKEXAMPLE0000000000000000000001".to_owned(),
            secret_key: "sk-example-0123456789abcdef".to_owned(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// What a test or a person may change while the cloud runs. The default is what the vendor
/// documents or, where its pages contradict each other or say nothing, what is hardest to live
/// with.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Greatest difference of `Timestamp` from the clock; nothing: not checked.
    pub skew_max: Option<Duration>,
    /// How long a nonce is remembered; nothing: not checked.
    pub nonce_window: Option<Duration>,
    /// Calls a minute; nothing: no limit.
    pub calls_per_minute: Option<u32>,
    /// Seconds in `Retry-After` of that limit; nothing: no such header.
    pub retry_after: Option<u64>,
    /// The answer to an unknown key or a wrong signature.
    pub bad_credentials: Refused,
    /// The answer to a `Timestamp` too far from the clock.
    pub stale_timestamp: Refused,
    /// The answer to a nonce that came before.
    pub used_nonce: Refused,
    /// The answer to too many calls.
    pub throttled: Refused,
    /// The answer to an unknown `Action`.
    pub unknown_action: Refused,
    /// Errors come with HTTP 200, their code in the envelope.
    pub errors_with_200: bool,
    /// Errors name their text `message` instead of `Message`.
    pub lower_case_message: bool,
    /// `BackupSize` is a text instead of a number.
    pub size_as_text: bool,
    /// Added to every `BackupSize`, as if it were the size of something else.
    pub size_error: i64,
    /// `Data` of a list without entries.
    pub empty_list: EmptyList,
    /// `Data` of any other list.
    pub list_form: ListForm,
    /// Most entries of a list; nothing: all there are.
    pub list_cap: Option<usize>,
    /// Lists count all entries, shown or not, as `TotalCount`.
    pub total_in_lists: bool,
    /// Lists of backups say `ShardId` already.
    pub shards_in_lists: bool,
    /// Lists have the optional `TaskId`.
    pub task_id_in_lists: bool,
    /// `InstanceId` of a backup is the `InstanceUuid`; else another id.
    pub instance_id_is_uuid: bool,
    /// Backups of MySQL are described as before 2022: `full-backup`, no `BackupStrategy`.
    pub old_backup_types: bool,
    /// Whether `DownloadBackup` tells the id it was asked for.
    pub backup_id_in_download: BackupIdInDownload,
    /// Order of the backups in a list.
    pub order: Order,
    /// Hours that all times are ahead of UTC.
    pub utc_offset_hours: i32,
    /// Filters of instances by name and address match parts; else whole values.
    pub filters_match_parts: bool,
    /// `BackupDownloadUrl`.
    pub public_link: LinkField,
    /// `BackupIntranetDownloadUrl`.
    pub intranet_link: LinkField,
    /// Life of a link.
    pub link_life: Duration,
    /// Links carry their end as `Expires`, as those of S3 do.
    pub link_tells_expiry: bool,
    /// Status of the answer to a link whose life is over.
    pub expired_link_status: u16,
    /// Files are served without ranges.
    pub no_ranges: bool,
    /// Files are served without an entity tag.
    pub no_entity_tag: bool,
    /// Files are served with their name in `Content-Disposition`.
    pub content_disposition: bool,
}

impl Default for Switches {
    fn default() -> Self {
        let quarter = Duration::from_secs(15 * 60);
        Self {
            skew_max: Some(quarter),
            nonce_window: Some(quarter),
            calls_per_minute: None,
            retry_after: None,
            bad_credentials: Refused::new(401, "40100002"),
            stale_timestamp: Refused::new(400, "InvalidParameter"),
            used_nonce: Refused::new(400, "InvalidParameter"),
            throttled: Refused::new(429, "RequestLimitExceeded"),
            unknown_action: Refused::new(400, "UnsupportedOperation"),
            errors_with_200: false,
            lower_case_message: false,
            size_as_text: false,
            size_error: 0,
            empty_list: EmptyList::default(),
            list_form: ListForm::default(),
            list_cap: None,
            total_in_lists: false,
            shards_in_lists: false,
            task_id_in_lists: false,
            instance_id_is_uuid: false,
            old_backup_types: false,
            backup_id_in_download: BackupIdInDownload::default(),
            order: Order::default(),
            utc_offset_hours: 8,
            filters_match_parts: true,
            public_link: LinkField::default(),
            intranet_link: LinkField::default(),
            link_life: quarter,
            link_tells_expiry: false,
            expired_link_status: 403,
            no_ranges: false,
            no_entity_tag: false,
            content_disposition: false,
        }
    }
}

/// Status and code of an error that the vendor does not document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// `Code`.
    pub code: String,
}

impl Refused {
    /// An error of that status and code.
    pub fn new(status: u16, code: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
        }
    }
}

/// `Data` of a list without entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyList {
    /// `[]`.
    #[default]
    List,
    /// `{}`.
    Object,
    /// `null`.
    Null,
    /// No such field.
    Absent,
}

/// `Data` of a list: the vendor's tables say dict, its samples a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListForm {
    /// The list itself.
    #[default]
    List,
    /// An object with the list in it, and fields of a paging that nobody asked for.
    Object,
}

/// Whether `DownloadBackup` tells the id it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackupIdInDownload {
    /// As the samples: of Redis yes, of MySQL no.
    #[default]
    Sample,
    /// Always.
    Always,
    /// Always, but another id.
    Wrong,
}

/// A field with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkField {
    /// It holds one.
    #[default]
    Given,
    /// It is an empty text.
    Empty,
    /// There is no such field.
    Absent,
}

/// Order of the backups in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By start time, newest first, as in the vendor's sample.
    #[default]
    NewestFirst,
    /// By start time, oldest first.
    OldestFirst,
    /// As they were added.
    AsAdded,
}
