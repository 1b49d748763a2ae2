//! Choices about `cdb` of API 3.0.

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
