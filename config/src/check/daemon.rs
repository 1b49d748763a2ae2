//! The `[daemon]` table, and the `limits` of accounts and jobs.

use std::{num::NonZeroU32, path::PathBuf};

use super::Check;
use crate::{
    Limits, ValueError,
    config::Daemon,
    file::{self, Count, Field, Text},
    word::{Address, FilePath},
};

/// The most files in flight; more would only compete for the same disk.
const MAX_DOWNLOADS: u32 = 1_000;
/// The most connections for one file; vendors refuse more.
const MAX_CONNECTIONS_PER_FILE: u32 = 64;
/// The most connections of all files together; more would only exhaust descriptors.
const MAX_CONNECTIONS: u32 = 10_000;

impl Check<'_> {
    pub(super) fn daemon(&mut self, table: file::Daemon) -> Daemon {
        let standard = Daemon::default();
        let provider_path = match table.provider_path.is_absent() {
            true => standard.provider_path,
            false => self.paths("provider_path", table.provider_path),
        };
        Daemon {
            state_dir: self
                .path("state_dir", table.state_dir)
                .unwrap_or(standard.state_dir),
            provider_path,
            control_socket: self
                .path("control_socket", table.control_socket)
                .unwrap_or(standard.control_socket),
            listen: self
                .text("listen", table.listen)
                .map(|Address(address)| address),
            max_downloads: self
                .positive("max_downloads", table.max_downloads, MAX_DOWNLOADS)
                .unwrap_or(standard.max_downloads),
            connections_per_file: self
                .positive(
                    "connections_per_file",
                    table.connections_per_file,
                    MAX_CONNECTIONS_PER_FILE,
                )
                .unwrap_or(standard.connections_per_file),
            max_connections: self
                .positive("max_connections", table.max_connections, MAX_CONNECTIONS)
                .unwrap_or(standard.max_connections),
            bandwidth: self.text("bandwidth", table.bandwidth),
            zone: self
                .text("timezone", table.timezone)
                .unwrap_or(standard.zone),
            stall_timeout: self
                .positive_duration("stall_timeout", table.stall_timeout)
                .unwrap_or(standard.stall_timeout),
            min_speed: self.text("min_speed", table.min_speed),
            file_timeout: self.positive_duration("file_timeout", table.file_timeout),
            retry_pause: self
                .positive_duration("retry_pause", table.retry_pause)
                .unwrap_or(standard.retry_pause),
            reserve: self
                .text("reserve", table.reserve)
                .unwrap_or(standard.reserve),
            space_timeout: self
                .text("space_timeout", table.space_timeout)
                .unwrap_or(standard.space_timeout),
            verify_rate: self
                .text("verify_rate", table.verify_rate)
                .unwrap_or(standard.verify_rate),
            proxy: self.text("proxy", table.proxy),
            ca_file: self.path("ca_file", table.ca_file),
            sandbox: self
                .text("sandbox", table.sandbox)
                .unwrap_or(standard.sandbox),
            provider_timeout: self
                .text("provider_timeout", table.provider_timeout)
                .unwrap_or(standard.provider_timeout),
            stop_timeout: self
                .text("stop_timeout", table.stop_timeout)
                .unwrap_or(standard.stop_timeout),
        }
    }

    fn paths(&mut self, key: &str, field: Field<Vec<Field<Text<FilePath>>>>) -> Vec<PathBuf> {
        let fields = field.given().map(|given| given.value).unwrap_or_default();
        fields
            .into_iter()
            .filter_map(|field| self.path(key, field))
            .collect()
    }

    /// What the jobs of an account may take.
    pub(super) fn account_limits(&mut self, field: Field<file::AccountLimits>) -> Limits {
        let table = field.given().map(|given| given.value).unwrap_or_default();
        Limits {
            max_downloads: self.positive("max_downloads", table.max_downloads, MAX_DOWNLOADS),
            max_connections: self.positive(
                "max_connections",
                table.max_connections,
                MAX_CONNECTIONS,
            ),
            bandwidth: self.text("bandwidth", table.bandwidth),
            quota: None,
        }
    }

    /// What a job may take.
    pub(super) fn job_limits(&mut self, field: Field<file::JobLimits>) -> Limits {
        let table = field.given().map(|given| given.value).unwrap_or_default();
        Limits {
            max_downloads: self.positive("max_downloads", table.max_downloads, MAX_DOWNLOADS),
            max_connections: self.positive(
                "max_connections",
                table.max_connections,
                MAX_CONNECTIONS,
            ),
            bandwidth: self.text("bandwidth", table.bandwidth),
            quota: self.text("quota", table.quota),
        }
    }

    /// A count from 1 to `most`.
    fn positive(&mut self, key: &str, field: Field<Count>, most: u32) -> Option<NonZeroU32> {
        let given = field.given()?;
        let Count(count) = given.value;
        let number = NonZeroU32::new(count).filter(|_| count <= most);
        if number.is_none() {
            let error = ValueError::new(format!("{count} is not from 1 to {most}"));
            self.refuse(given.span, key, &error);
        }
        number
    }
}
