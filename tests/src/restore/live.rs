//! Real servers that make real backups, as those of a vendor do.

use std::path::PathBuf;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// A backup as a vendor would list it, its times to the second.
#[derive(Clone, Debug)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// When it was begun; of a log, the time of its first change.
    pub begun: DateTime<Utc>,
    /// When it was done; of a log, the time of its last change.
    pub ended: DateTime<Utc>,
}

/// A full backup and the logs after it. Each part of the table's rows is in one of them.
#[derive(Clone, Debug)]
pub struct History {
    /// Rows 1 to 100.
    pub full: Made,
    /// Logs, in their order.
    pub logs: Vec<Made>,
    /// A time after row 200 and before row 201, between two logs.
    pub between: DateTime<Utc>,
}

/// A time as vendors write it.
pub(super) fn to_the_second(time: DateTime<Utc>) -> DateTime<Utc> {
    // Fails only for times that chrono's nanoseconds cannot hold.
    time.duration_trunc(TimeDelta::seconds(1)).unwrap_or(time)
}
