//! What a file is, by its first bytes.

use std::fmt;

use crate::mirror::manifest::Content;

/// A format that backups come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The LZ4 frame format.
    Lz4,
    /// Percona's streaming archive; what a `.qp` file of Huawei Cloud is.
    Xbstream,
    /// A single file compressed by qpress.
    Qpress,
    /// POSIX tar.
    Tar,
    /// ZIP.
    Zip,
    /// PostgreSQL's custom dump (`pg_dump -Fc`).
    PgDump,
    /// A PostgreSQL WAL segment.
    Wal,
    /// A MySQL or MariaDB binary log.
    Binlog,
    /// A Redis dump.
    Rdb,
    /// A Microsoft Tape Format file, as SQL Server writes `.bak` and `.trn`.
    Mtf,
    /// Text.
    Text,
    /// None of these.
    Unknown,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xbstream => "xbstream",
            Self::Qpress => "qpress",
            Self::Tar => "tar",
            Self::Zip => "zip",
            Self::PgDump => "pg_dump custom format",
            Self::Wal => "PostgreSQL WAL",
            Self::Binlog => "binlog",
            Self::Rdb => "RDB",
            Self::Mtf => "SQL Server backup",
            Self::Text => "text",
            Self::Unknown => "unknown",
        })
    }
}

/// Tells the format from the first bytes (1024 suffice).
pub fn detect(head: &[u8]) -> Format {
    const STARTS: &[(&[u8], Format)] = &[
        (b"\x1f\x8b\x08", Format::Gzip),
        (b"\x28\xb5\x2f\xfd", Format::Zstd),
        (b"\x04\x22\x4d\x18", Format::Lz4),
        (b"XBSTCK01", Format::Xbstream),
        (b"qpress10", Format::Qpress),
        (b"PK\x03\x04", Format::Zip),
        (b"PGDMP", Format::PgDump),
        (b"\xfebin", Format::Binlog),
        (b"REDIS", Format::Rdb),
        (b"TAPE", Format::Mtf),
    ];
    if let Some((_, format)) = STARTS.iter().find(|(start, _)| head.starts_with(start)) {
        return *format;
    }
    if head.get(257..262) == Some(b"ustar") {
        return Format::Tar;
    }
    // A WAL page begins with a magic of its version, 0xD0nn or 0xD1nn in little endian, and
    // flags; the first page of a segment has the flag XLP_LONG_HEADER (0x0002).
    if let [_, 0xd0 | 0xd1, flags, 0, ..] = head
        && flags & 0x02 != 0
    {
        return Format::Wal;
    }
    let text = std::str::from_utf8(head)
        .map_or_else(|error| error.valid_up_to() + 4 >= head.len(), |_| true);
    if !head.is_empty() && text && !head.contains(&0) {
        Format::Text
    } else {
        Format::Unknown
    }
}

/// What kind of page pretends to be a file, if it is one. Backups that are text (a logical dump)
/// begin otherwise.
pub fn error_page(head: &[u8], length: u64, name: &str) -> Option<&'static str> {
    if length > 1 << 20 || detect(head) != Format::Text {
        return None;
    }
    let start: String = String::from_utf8_lossy(head)
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return (!ends(".html")).then_some("an HTML page");
    }
    if start.starts_with("<?xml") || start.starts_with("<error>") {
        return (!ends(".xml")).then_some("an XML error page");
    }
    let json = start.starts_with('{') && (start.contains("\"error") || start.contains("\"code\""));
    (json && !ends(".json")).then_some("a JSON error message")
}

/// Whether a file is what its name says.
pub fn judge(name: &str, found: Format) -> Content {
    use Format::{Gzip, Lz4, Mtf, PgDump, Rdb, Tar, Text, Xbstream, Zip, Zstd};
    const EXPECTED: &[(&str, &[Format])] = &[
        (".gz", &[Gzip]),
        (".tgz", &[Gzip]),
        (".zst", &[Zstd]),
        (".lz4", &[Lz4]),
        (".tar", &[Tar]),
        (".zip", &[Zip]),
        (".xb", &[Xbstream]),
        (".xbstream", &[Xbstream]),
        (".qp", &[Xbstream, Format::Qpress]),
        (".dump", &[PgDump, Text]),
        (".rdb", &[Rdb]),
        (".bak", &[Mtf, Zip, Gzip, Lz4, Zstd]),
        (".sql", &[Text]),
    ];
    let name = name.to_ascii_lowercase();
    let expected = EXPECTED.iter().find(|(ending, _)| name.ends_with(ending));
    match expected {
        Some((_, formats)) if formats.contains(&found) => Content::Good,
        Some((ending, _)) => Content::Bad {
            reason: format!("a {ending} file that begins like {found}"),
        },
        None if matches!(found, Format::Unknown | Text) => Content::CannotTell,
        None => Content::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: &[(&[u8], Format)] = &[
            (b"\x1f\x8b\x08\x00", Format::Gzip),
            (b"XBSTCK01\x00P", Format::Xbstream),
            (b"PGDMP\x01\x0e", Format::PgDump),
            (b"\xfebin\x00", Format::Binlog),
            (b"\x10\xd1\x06\x00\x01\x00\x00\x00", Format::Wal),
            (b"-- MySQL dump 10.13", Format::Text),
            (b"\x00\x01\x02", Format::Unknown),
            (b"", Format::Unknown),
            (&tar, Format::Tar),
        ];
        for (head, format) in cases {
            assert_eq!(detect(head), *format, "{head:?}");
        }
    }

    #[test]
    fn error_pages_are_no_backups() {
        let xml = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
        assert!(error_page(xml, 60, "a.qp").is_some());
        assert!(error_page(b"\n<HTML><body>", 13, "a.tar.gz").is_some());
        assert!(error_page(b"{\"error_code\":\"x\"}", 18, "a").is_some());
        assert!(error_page(b"-- PostgreSQL database dump", 27, "a.sql").is_none());
        assert!(error_page(b"\x1f\x8b\x08", 3, "a.gz").is_none());
    }

    #[test]
    fn a_name_that_lies_is_bad_and_an_unknown_one_cannot_be_told() {
        assert_eq!(judge("a.tar.gz", Format::Gzip), Content::Good);
        assert!(matches!(judge("a.qp", Format::Gzip), Content::Bad { .. }));
        assert_eq!(judge("a.xxx", Format::Unknown), Content::CannotTell);
    }
}
