//! Choices about `postgres` of API 3.0.

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
