//! What a file is, by its first bytes.

use std::fmt;

use super::{tar, wal};

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
    /// A file compressed by qpress.
    Qpress,
    /// POSIX tar and its kin.
    Tar,
    /// ZIP.
    Zip,
    /// PostgreSQL's custom dump (`pg_dump -Fc`).
    PgDump,
    /// A PostgreSQL WAL segment.
    Wal,
    /// A MySQL or MariaDB binary log.
    Binlog,
    /// A dump of Redis or Valkey.
    Rdb,
    /// What SQL Server writes as `.bak` and `.trn`: the Microsoft Tape Format, or the container of
    /// its compressed backups.
    SqlServer,
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
            Self::SqlServer => "SQL Server backup",
            Self::Text => "text",
            Self::Unknown => "unknown",
        })
    }
}

impl Format {
    /// Tells the format from a file's first bytes; [`super::HEAD_BYTES`] suffice.
    pub fn detect(head: &[u8]) -> Self {
        const STARTS: &[(&[u8], Format)] = &[
            (b"\x1f\x8b\x08", Format::Gzip),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x04\x22\x4d\x18", Format::Lz4),
            (b"\x02\x21\x4c\x18", Format::Lz4),
            (b"XBSTCK01", Format::Xbstream),
            (b"qpress10", Format::Qpress),
            (b"PK\x03\x04", Format::Zip),
            (b"PK\x05\x06", Format::Zip),
            (b"PGDMP", Format::PgDump),
            (b"\xfebin", Format::Binlog),
            (b"\xfdbin", Format::Binlog),
            (b"TAPE", Format::SqlServer),
            (b"MSSQLBAK", Format::SqlServer),
        ];
        let head = past_skippable_frames(head);
        if let Some((_, format)) = STARTS.iter().find(|(start, _)| head.starts_with(start)) {
            return *format;
        }
        if is_rdb(head) {
            return Self::Rdb;
        }
        if tar::is_header(head) || head.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        if wal::is_start(head) {
            return Self::Wal;
        }
        let text = std::str::from_utf8(head)
            .map_or_else(|error| error.valid_up_to() + 4 >= head.len(), |_| true);
        if !head.is_empty() && text && !head.contains(&0) {
            Self::Text
        } else {
            Self::Unknown
        }
    }
}

/// Frames that decoders of zstd and lz4 pass over say nothing of which of the two it is; what
/// follows them does.
fn past_skippable_frames(head: &[u8]) -> &[u8] {
    let mut rest = head;
    while let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, behind @ ..] = rest {
        let length = u32::from_le_bytes([*a, *b, *c, *d]);
        match usize::try_from(length)
            .ok()
            .and_then(|length| behind.get(length..))
        {
            Some(next) if !next.is_empty() => rest = next,
            _ => return head,
        }
    }
    rest
}

/// `REDIS` and four digits, or `VALKEY` and three.
fn is_rdb(head: &[u8]) -> bool {
    let digits = head.strip_prefix(b"REDIS").or(head.strip_prefix(b"VALKEY"));
    digits.is_some() && head.len() >= 9 && head[6..9].iter().all(u8::is_ascii_digit)
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
            (b"REDIS0011\xfa", Format::Rdb),
            (b"VALKEY080\xfa", Format::Rdb),
            (b"REDIS is a database", Format::Text),
            (b"\x10\xd1\x06\x00\x01\x00\x00\x00", Format::Unknown),
            (b"-- MySQL dump 10.13", Format::Text),
            (b"\x00\x01\x02", Format::Unknown),
            (b"", Format::Unknown),
            (&tar, Format::Tar),
        ];
        for (head, format) in cases {
            assert_eq!(Format::detect(head), *format, "{head:?}");
        }
    }

    #[test]
    fn frames_to_be_skipped_are_looked_past() {
        let skippable = b"\x51\x2a\x4d\x18\x03\0\0\0abc";
        let behind = |magic: &[u8]| Format::detect(&[skippable, skippable, magic].concat());
        assert_eq!(behind(b"\x28\xb5\x2f\xfd"), Format::Zstd);
        assert_eq!(behind(b"\x04\x22\x4d\x18"), Format::Lz4);
        assert_eq!(Format::detect(skippable), Format::Unknown);
    }
}
