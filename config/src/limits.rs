//! What a job, or all jobs of an account together, may take.

use std::num::NonZeroU32;

use crate::{Bandwidth, ByteSize};

/// Limits besides those of the daemon. What is absent is not limited here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Files in flight.
    pub max_downloads: Option<NonZeroU32>,
    /// Connections of all these files together.
    pub max_connections: Option<NonZeroU32>,
    /// Bytes per second.
    pub bandwidth: Option<Bandwidth>,
    /// How much the job may keep on disk, quarantine included. Jobs only.
    pub quota: Option<ByteSize>,
}
