//! How a file is packed, the command that unpacks it, and the list of logs.

use std::collections::BTreeMap;

use super::{Part, Restoration};
use crate::chain::log_name::LogName;
use crate::mirror::manifest::FileEntry;

/// The file beside a recipe that lists all log files in the order of their application.
pub const LOG_LIST: &str = "logs.list";

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// LZ4.
    Lz4,
    /// ZIP.
    Zip,
    /// qpress.
    Qpress,
}

impl Packing {
    /// The packing of a file, by the format that its first bytes show.
    pub fn of(file: &FileEntry) -> Self {
        match file.format.as_str() {
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "lz4" => Self::Lz4,
            "zip" => Self::Zip,
            "qpress" => Self::Qpress,
            _ => Self::Plain,
        }
    }

    /// The word for it in [`LOG_LIST`].
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Zip => "zip",
            Self::Qpress => "qpress",
        }
    }

    /// The command that writes the unpacked file on its standard output.
    pub fn unpack(self, path: &str) -> String {
        match self {
            Self::Plain => format!("cat \"$KIT/{path}\""),
            Self::Gzip => format!("gzip -dc \"$KIT/{path}\""),
            Self::Zstd => format!("zstd -dc \"$KIT/{path}\""),
            Self::Lz4 => format!("lz4 -dc \"$KIT/{path}\""),
            Self::Zip => format!("unzip -p \"$KIT/{path}\""),
            Self::Qpress => format!("qpress -dio < \"$KIT/{path}\""),
        }
    }

    /// The program needed for it, for people.
    pub fn tool(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Lz4 => Some("lz4"),
            Self::Zip => Some("unzip (Info-ZIP 6.0 or newer)"),
            Self::Qpress => Some("qpress 11"),
        }
    }
}

/// The sentence about the programs that unpack, where any is needed.
pub fn tools<'a>(files: impl Iterator<Item = &'a FileEntry>) -> Option<String> {
    let mut names: Vec<_> = files.filter_map(|file| Packing::of(file).tool()).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| format!("To unpack: {}.", names.join(", ")))
}

/// The list of logs: packing, path and the server's own name, one file a line.
pub fn log_list(restoration: &Restoration<'_>) -> Option<String> {
    let of_node = |part: &Part<'_>| part.manifest.backup.node.clone();
    let files: Vec<_> = restoration
        .logs
        .iter()
        .flat_map(|part| part.files().map(|file| (of_node(part), file)))
        .map(|(node, (path, file))| (path, file, (node, own_name(file))))
        .collect();
    // A file that is in two backups is applied once; the longer one was fetched when it was whole.
    let mut longest = BTreeMap::new();
    for (place, (_, file, key)) in files.iter().enumerate() {
        let best = longest.entry(key).or_insert(place);
        if files[*best].1.size_bytes < file.size_bytes {
            *best = place;
        }
    }
    let lines: String = files
        .iter()
        .enumerate()
        .filter(|(place, (_, _, key))| longest.get(key) == Some(place))
        .map(|(_, (path, file, (_, name)))| format!("{} {path} {name}\n", Packing::of(file).word()))
        .collect();
    (!lines.is_empty()).then_some(lines)
}

/// The name that the server gave a log file, as far as the vendor's name shows it.
fn own_name(file: &FileEntry) -> String {
    LogName::parse(&file.vendor_name)
        .or_else(|| LogName::parse(file.name.as_str()))
        .map_or_else(|| file.name.to_string(), |name| name.of_server())
}

/// Commands that unpack all logs into a directory under the names that the server gave them.
pub fn unpack_logs(into: &str) -> String {
    format!(
        r#"mkdir "$WORK/{into}"
while read -r how path name; do
    case $how in
        plain) cat "$KIT/$path" ;;
        gzip) gzip -dc "$KIT/$path" ;;
        zstd) zstd -dc "$KIT/$path" ;;
        lz4) lz4 -dc "$KIT/$path" ;;
        zip) unzip -p "$KIT/$path" ;;
        qpress) qpress -dio < "$KIT/$path" ;;
    esac > "$WORK/{into}/$name"
done < "$KIT/{LOG_LIST}"
"#
    )
}
