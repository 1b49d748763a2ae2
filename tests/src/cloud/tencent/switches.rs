//! What a test may change about an emulated Tencent Cloud while it runs.
//!
//! The default is what the vendor documents or, where the pages contradict each other or say
//! nothing, what is hardest to live with.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::time::Zone;

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Hours that all times without an offset are ahead of UTC. Stated nowhere; 8 by all evidence.
    pub utc_offset_hours: i32,
    /// Life of every link, whatever was asked for; nothing: 12 hours, or what was asked for.
    pub link_life: Option<Duration>,
    /// Whether the caller is inside the vendor's network, which restrictions of links distinguish.
    pub caller_in_intranet: bool,
    /// API 3.0.
    pub api: ApiSwitches,
    /// `postgres` of API 3.0.
    pub postgres: PostgresSwitches,
    /// `cdb` of API 3.0.
    pub mysql: MysqlSwitches,
    /// API 2.0.
    pub legacy: LegacySwitches,
    /// The object store.
    pub cos: CosSwitches,
    /// The hosts behind the links of API 2.0.
    pub dl: DlSwitches,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            utc_offset_hours: 8,
            link_life: None,
            caller_in_intranet: false,
            api: ApiSwitches::default(),
            postgres: PostgresSwitches::default(),
            mysql: MysqlSwitches::default(),
            legacy: LegacySwitches::default(),
            cos: CosSwitches::default(),
            dl: DlSwitches::default(),
        }
    }
}

impl Switches {
    /// The zone of all times without an offset.
    pub(super) fn zone(&self) -> Zone {
        Zone::new(self.utc_offset_hours)
    }

    /// How long a link lives for which so much was asked.
    pub(super) fn life(&self, asked: TimeDelta) -> TimeDelta {
        self.link_life.map_or(asked, |life| {
            // Longer than chrono can hold means for ever either way.
            TimeDelta::from_std(life).unwrap_or(TimeDelta::days(36_500))
        })
    }
}

/// Choices about API 3.0.
#[derive(Debug, Clone)]
pub struct ApiSwitches {
    /// Calls a second of one key to one action.
    pub rate_limit: RateLimit,
    /// Code of a refusal by that limit: the bare one, or with one of its documented suffixes.
    pub rate_limit_code: &'static str,
    /// Code of a call without a region where one is needed, which no page names.
    pub missing_region_code: &'static str,
    /// Whether lists state `TotalCount`.
    pub total_count: bool,
    /// `Size` of a backup.
    pub size: NumberForm,
}

impl Default for ApiSwitches {
    fn default() -> Self {
        Self {
            rate_limit: RateLimit::Documented,
            rate_limit_code: "RequestLimitExceeded",
            missing_region_code: "UnsupportedRegion",
            total_count: true,
            size: NumberForm::Number,
        }
    }
}

/// Calls a second of one key to one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimit {
    /// What the page of the action says.
    #[default]
    Documented,
    /// The same for every action.
    PerSecond(u32),
    /// Any number.
    Unlimited,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberForm {
    /// `1`.
    Number,
    /// `"1"`.
    Text,
}

impl NumberForm {
    pub(super) fn json(self, number: u64) -> Value {
        match self {
            Self::Number => json!(number),
            Self::Text => json!(number.to_string()),
        }
    }
}

/// Choices about `postgres`.
#[derive(Debug, Clone)]
pub struct PostgresSwitches {
    /// Whether `DescribeBackupDownloadURL` needs a region; its page says no, others changed.
    pub link_needs_region: bool,
    /// What `URLExpireTime` 0 means, which no page says.
    pub zero_expire_time: ZeroExpireTime,
    /// Whether links without a restriction of their own work outside the vendor's network:
    /// the stored setting of the region, presumably.
    pub public_download: bool,
    /// Code for a `BackupId` that is not there, which no page names.
    pub missing_backup_code: &'static str,
}

impl Default for PostgresSwitches {
    fn default() -> Self {
        Self {
            link_needs_region: false,
            zero_expire_time: ZeroExpireTime::default(),
            public_download: true,
            missing_backup_code: "InvalidParameterValue.InvalidParameterValueError",
        }
    }
}

/// What `URLExpireTime` 0 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroExpireTime {
    /// The link has expired when it is issued.
    #[default]
    Expired,
    /// The default of 12 hours.
    DefaultLife,
}

/// Choices about `cdb`.
#[derive(Debug, Clone)]
pub struct MysqlSwitches {
    /// Largest `Limit` of backups, binlogs and slow logs: 100 on the pages, 1000 in the SDKs.
    pub page_max: usize,
    /// Order of backups and logs in a list, which no page states.
    pub order: Order,
    /// `Status` of a binlog that is there.
    pub binlog_done: BinlogDone,
    /// `MD5` of a backup.
    pub md5: OptionalField,
    /// Links of a backup that is not there yet or never will be.
    pub unfinished_links: UnfinishedLinks,
    /// Host and port in `IntranetUrl`; nothing: both links are the same, as for binlogs.
    pub intranet_host: Option<String>,
    /// Whether links work outside the vendor's network: the rule of the region.
    pub public_download: bool,
    /// Code for an instance that is not there: that of the page of 2018, or one of the SDK's.
    pub missing_instance_code: &'static str,
}

impl Default for MysqlSwitches {
    fn default() -> Self {
        Self {
            page_max: 100,
            order: Order::default(),
            binlog_done: BinlogDone::default(),
            md5: OptionalField::default(),
            unfinished_links: UnfinishedLinks::default(),
            intranet_host: None,
            public_download: true,
            missing_instance_code: "InvalidParameter.InstanceNotFound",
        }
    }
}

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By start, newest first.
    #[default]
    NewestFirst,
    /// By start, oldest first.
    OldestFirst,
    /// As they were added.
    AsAdded,
}

/// `Status` of a binlog that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BinlogDone {
    /// `FINISHED`, as in the sample.
    #[default]
    Finished,
    /// `SUCCESS`, as documented.
    Success,
}

/// A field that is newer than the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OptionalField {
    /// Not there.
    #[default]
    Absent,
    /// An empty string.
    Empty,
    /// With its value.
    Present,
}

/// Links of a backup that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnfinishedLinks {
    /// Empty strings.
    #[default]
    Empty,
    /// `null`.
    Null,
    /// Links that nothing stands behind.
    Dead,
}

/// Choices about API 2.0.
#[derive(Debug, Clone)]
pub struct LegacySwitches {
    /// How far `Timestamp` may be off: five minutes on the newer page, two hours on the older ones.
    pub skew: Duration,
    /// `code` of an answer.
    pub code: CodeForm,
    /// `size` and `totalCount`: text in the samples, Int in the tables.
    pub numbers: NumberForm,
    /// Where a business error such as 9003 is found.
    pub business_errors: BusinessErrors,
    /// Whether backups have an `out_url` beside `in_url`, as third-party scripts expect.
    pub out_url: bool,
    /// Whether `file_name` is percent-encoded, as in one sample.
    pub encoded_names: bool,
}

impl Default for LegacySwitches {
    fn default() -> Self {
        Self {
            skew: Duration::from_secs(300),
            code: CodeForm::default(),
            numbers: NumberForm::Text,
            business_errors: BusinessErrors::default(),
            out_url: false,
            encoded_names: true,
        }
    }
}

/// `code` of an answer of API 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodeForm {
    /// Text or number, as in the sample of the action; text in errors.
    #[default]
    AsSampled,
    /// `"0"`.
    Text,
    /// `0`.
    Number,
}

/// Where a business error of API 2.0 is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BusinessErrors {
    /// As `code`, which the tables of the actions suggest.
    #[default]
    InCode,
    /// As `(9003)` in `message`, under code 5100, which the generic page suggests.
    InMessage,
}

/// Choices about the object store.
#[derive(Debug, Clone)]
pub struct CosSwitches {
    /// Form of a link.
    pub link: LinkForm,
    /// Whether the host is signed.
    pub signs_host: bool,
    /// Whether links are made with a temporary key and carry its token.
    pub security_token: bool,
    /// Where the word that gives the reason of a 403 is found.
    pub reason: Reason,
    /// `x-cos-hash-crc64ecma`.
    pub crc64: Crc64,
    /// Whether a link for GET is good for HEAD, though the method is signed.
    pub head_allowed: bool,
    /// Whether `If-Range` is minded. Not documented.
    pub if_range: bool,
}

impl Default for CosSwitches {
    fn default() -> Self {
        Self {
            link: LinkForm::default(),
            signs_host: true,
            security_token: false,
            reason: Reason::default(),
            crc64: Crc64::default(),
            head_allowed: false,
            if_range: false,
        }
    }
}

/// Form of a link into the object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkForm {
    /// `?q-sign-algorithm=…&q-ak=…`.
    #[default]
    Bare,
    /// All of it inside one parameter: `?sign=q-sign-algorithm%3D…`.
    Wrapped,
}

/// Where the word that gives the reason of a 403 is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// As `Message` under `AccessDenied`, as the page on trouble-shooting prints it.
    #[default]
    InMessage,
    /// As `Code`, as the table of error codes has it.
    InCode,
}

/// `x-cos-hash-crc64ecma` of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Crc64 {
    /// That of the whole object, with ranges too.
    #[default]
    Always,
    /// Not with ranges.
    WholeOnly,
    /// Never.
    Absent,
}

/// Choices about the hosts behind the links of API 2.0.
#[derive(Debug, Clone)]
pub struct DlSwitches {
    /// The second signature, which the customer adds to a link.
    pub second_signature: SecondSignature,
    /// What `time` in a link is.
    pub time: LinkTime,
    /// Whether a `Range` is minded.
    pub ranges: bool,
    /// Status of an expired link.
    pub expired_status: u16,
    /// Status of a link that is signed badly or not twice.
    pub refused_status: u16,
}

impl Default for DlSwitches {
    fn default() -> Self {
        Self {
            second_signature: SecondSignature::default(),
            time: LinkTime::default(),
            ranges: true,
            expired_status: 403,
            refused_status: 403,
        }
    }
}

/// Which reading of the page on signing a link is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecondSignature {
    /// Both.
    #[default]
    Either,
    /// The one over decoded values, as in the page's code.
    Decoded,
    /// The one over encoded values, as in the page's prose.
    Encoded,
    /// None is needed; one that is there is ignored.
    NotNeeded,
}

/// What `time` in a link of API 2.0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkTime {
    /// When it was issued.
    #[default]
    Issue,
    /// When it expires.
    Expiry,
}
