//! The `[daemon]` table.

use std::{num::NonZeroU32, path::PathBuf};

use super::Check;
use crate::{
    ValueError,
    config::Daemon,
    file::{self, Count, Field, Text},
    word::{Address, FilePath},
};

/// The most files in flight; more would only compete for the same disk.
const MAX_DOWNLOADS: u32 = 1_000;
/// The most connections for one file; vendors refuse more.
const MAX_CONNECTIONS_PER_FILE: u32 = 64;

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
            bandwidth: self.text("bandwidth", table.bandwidth),
            reserve: self
                .text("reserve", table.reserve)
                .unwrap_or(standard.reserve),
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
