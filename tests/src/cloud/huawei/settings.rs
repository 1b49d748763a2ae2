//! What can be chosen about an emulated Huawei Cloud: at its start, and while it runs.

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
    /// Identity service.
    pub iam: u16,
    /// Database service.
    pub rds: u16,
    /// Object store.
    pub obs: u16,
}

/// The one customer of this cloud, with made-up keys.
#[derive(Clone)]
pub struct Identity {
    /// Region id, which is also the name of its default project.
    pub region: String,
    /// Project id in that region.
    pub project_id: String,
    /// AK.
    pub access_key: String,
    /// SK.
    pub secret_key: String,
    /// IAM user.
    pub username: String,
    /// Password of that user.
    pub password: String,
    /// Account that the user belongs to.
    pub domain: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            region: "cn-north-4".to_owned(),
            project_id: "97b026aa9cc4417888c14c84a1ad9860".to_owned(),
            access_key: "AKEXAMPLE00000000001".to_owned(),
            secret_key: "SKexampleSKexampleSKexampleSKexample0001".to_owned(),
            username: "backhaul-reader".to_owned(),
            password: "Example-Password-1".to_owned(),
            domain: "example-domain".to_owned(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("region", &self.region)
            .field("project_id", &self.project_id)
            .finish_non_exhaustive()
    }
}

/// What a test or a person may change while the cloud runs. The default is what the vendor documents
/// or, where the pages contradict each other or say nothing, what is hardest to live with.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Consecutive failures of one key after which it is locked for five minutes; nothing: never.
    pub lock_out_after: Option<u32>,
    /// Calls a minute of one user to one API; nothing: no limit.
    pub calls_per_minute: Option<u32>,
    /// How long that minute is.
    pub minute: Duration,
    /// Seconds in `Retry-After` of a 429 of that limit; nothing: no such header.
    pub retry_after: Option<u64>,
    /// Life of a token.
    pub token_life: Duration,
    /// Life of a download link. Not documented for this service; 15 minutes in its sister product.
    pub link_life: Duration,
    /// Names of the query parameters of a link.
    pub link_style: LinkStyle,
    /// Links carry the security token of a temporary key.
    pub link_security_token: bool,
    /// What an expired link is answered with.
    pub expired_link: ExpiredLink,
    /// How the end of a link's life is stated.
    pub link_expiry_form: LinkExpiryForm,
    /// The answer for a backup that is not there.
    pub missing_backup: MissingBackup,
    /// Form of the errors of the service (those of the gateway have only one form).
    pub envelope: Envelope,
    /// `database_name` of a file that belongs to no single database.
    pub database_name: NoDatabase,
    /// Hours in the offset of all times, such as 8 for `+0800`.
    pub utc_offset_hours: i32,
    /// Most records on a page, whatever `limit` says; nothing: the documented 100.
    pub page_cap: Option<usize>,
    /// Order of the backups in a list.
    pub order: Order,
    /// What a list without `backup_type` holds.
    pub untyped_listing: UntypedListing,
    /// The typing errors of the vendor's printed samples appear in answers: a key and an id
    /// with a trailing blank, times with blanks in them.
    pub sample_typos: bool,
    /// Name of the header with the CRC-64 of an object; nothing: no such header.
    pub crc64_header: Option<&'static str>,
    /// Objects say that they are encrypted on the server.
    pub server_side_encryption: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            lock_out_after: Some(5),
            calls_per_minute: Some(60),
            minute: Duration::from_secs(60),
            retry_after: None,
            token_life: Duration::from_secs(24 * 3600),
            link_life: Duration::from_secs(15 * 60),
            link_style: LinkStyle::default(),
            link_security_token: false,
            expired_link: ExpiredLink::default(),
            link_expiry_form: LinkExpiryForm::default(),
            missing_backup: MissingBackup::default(),
            envelope: Envelope::default(),
            database_name: NoDatabase::default(),
            utc_offset_hours: 8,
            page_cap: None,
            order: Order::default(),
            untyped_listing: UntypedListing::default(),
            sample_typos: false,
            crc64_header: None,
            server_side_encryption: false,
        }
    }
}

/// CRC-64 header as the Java SDK reads it.
pub const CRC64_HASH: &str = "x-obs-hash-crc64ecma";
/// CRC-64 header as the Python SDK reads it.
pub const CRC64_CHECKSUM: &str = "x-obs-checksum-crc64ecma";

/// Names of the query parameters of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkStyle {
    /// `AccessKeyId`.
    #[default]
    Obs,
    /// `AWSAccessKeyId`.
    S3,
}

/// What an expired link is answered with, under status 403 and code `AccessDenied`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpiredLink {
    /// With the message `Request has expired`, as S3 does.
    #[default]
    Named,
    /// With a message that gives no reason.
    Unnamed,
}

/// How the end of a link's life is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkExpiryForm {
    /// As `link_expired_time`.
    #[default]
    Time,
    /// As `link_expired_link`, the name in the field table of the page of 2018.
    OldName,
    /// With a day of three digits, as every page prints it: `2018-08-016T10:15:14+0800`.
    MalformedDay,
    /// With a leading blank, as on the page of 2018.
    LeadingBlank,
    /// Words instead of a time.
    Unreadable,
    /// Not at all.
    Absent,
}

/// The answer for a backup that is not there: the pages list both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingBackup {
    /// 404 `DBS.201010`.
    #[default]
    NotFound,
    /// 400 `DBS.280214`.
    BadRequest,
}

/// Form of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Envelope {
    /// `error_code` and `error_msg`.
    #[default]
    One,
    /// `errCode` and `externalMessage`, the old form.
    Two,
}

/// `database_name` of a file that belongs to no single database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoDatabase {
    /// The field is absent.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// An empty string.
    Empty,
}

/// Order of the backups in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By begin time, newest first.
    #[default]
    NewestFirst,
    /// By begin time, oldest first.
    OldestFirst,
    /// As they were added.
    AsAdded,
}

/// What a list of backups without `backup_type` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UntypedListing {
    /// Full backups, as in the sister product.
    #[default]
    FullOnly,
    /// All backups.
    All,
}
