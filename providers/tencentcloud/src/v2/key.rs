//! The identity of a backup. The API gives backups no id.
//!
//! A full backup is its type and its snapshot time (`xtrabackup-20160706T010454`); fetched in
//! part, its choice of tables besides (`mysql-20160706T010454-5e1a…`). Two logs may end in the
//! same second, so a log is its file name besides, as a digest.

use backhaul_provider_api::chrono::NaiveDateTime;
use backhaul_provider_api::{BackupKey, Kind, Method};

/// How the vendor writes a snapshot time.
const DATE: &str = "%Y-%m-%d %H:%M:%S";

/// How a key writes it.
const STAMP: &str = "%Y%m%dT%H%M%S";

/// The vendor's word for what an entry is: its field `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// A logical backup.
    Mysql,
    /// A physical backup.
    Xtrabackup,
    /// A binary log.
    Binlog,
    /// A slow query log.
    Slowlog,
}

impl Type {
    const ALL: [Self; 4] = [Self::Mysql, Self::Xtrabackup, Self::Binlog, Self::Slowlog];

    fn as_str(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Xtrabackup => "xtrabackup",
            Self::Binlog => "binlog",
            Self::Slowlog => "slowlog",
        }
    }

    /// The type that a word means.
    pub(super) fn read(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(word))
    }

    /// What such an entry contains.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Mysql | Self::Xtrabackup => Kind::Full,
            Self::Binlog => Kind::Log,
            Self::Slowlog => Kind::Slowlog,
        }
    }

    /// How it was made.
    pub(super) fn method(self) -> Method {
        match self {
            Self::Mysql => Method::Logical,
            Self::Xtrabackup => Method::Physical,
            Self::Binlog | Self::Slowlog => Method::Unknown,
        }
    }
}

/// A backup's identity within its instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// What it is.
    pub(super) of: Type,
    /// The snapshot time on the vendor's clocks, whatever their zone.
    pub(super) time: NaiveDateTime,
    /// 16 hex digits: of the choice of tables for a partial export, of the file name for a log.
    pub(super) mark: Option<String>,
}

impl Identity {
    /// The key that the daemon knows the backup by.
    pub(super) fn key(&self) -> BackupKey {
        let (word, stamp) = (self.of.as_str(), self.time.format(STAMP));
        BackupKey::new(match &self.mark {
            None => format!("{word}-{stamp}"),
            Some(mark) => format!("{word}-{stamp}-{mark}"),
        })
    }

    /// The identity in a key.
    pub(super) fn read(key: &BackupKey) -> Option<Self> {
        let mut parts = key.as_str().split('-');
        let identity = Self {
            of: Type::read(parts.next()?)?,
            time: NaiveDateTime::parse_from_str(parts.next()?, STAMP).ok()?,
            mark: parts.next().map(str::to_owned),
        };
        // One spelling only: what does not print the same is none of ours.
        (identity.key() == *key).then_some(identity)
    }

    /// The snapshot time as the vendor's calls want it.
    pub(super) fn date(&self) -> String {
        self.time.format(DATE).to_string()
    }
}

/// The snapshot time in an entry's field `date`.
pub(super) fn read_date(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, DATE).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity(of: Type, mark: Option<&str>) -> Identity {
        Identity {
            of,
            time: read_date("2016-07-06 01:04:54").unwrap(),
            mark: mark.map(str::to_owned),
        }
    }

    /// Were these to change, everything mirrored would be fetched again.
    #[test]
    fn keys_are_the_same_for_ever() {
        for (identity, key) in [
            (
                identity(Type::Xtrabackup, None),
                "xtrabackup-20160706T010454",
            ),
            (
                identity(Type::Mysql, Some("0123456789abcdef")),
                "mysql-20160706T010454-0123456789abcdef",
            ),
        ] {
            assert_eq!(identity.key().as_str(), key);
            assert_eq!(Identity::read(&BackupKey::new(key)), Some(identity));
        }
    }

    #[test]
    fn a_key_tells_the_date_to_ask_for() {
        assert_eq!(identity(Type::Mysql, None).date(), "2016-07-06 01:04:54");
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        for key in [
            "",
            "mysql",
            "mysql-2016",
            "MYSQL-20160706T010454",
            "mysql-20160706T010454-a-b",
            "dump-20160706T010454",
            "mysql-20161306T010454",
        ] {
            assert_eq!(Identity::read(&BackupKey::new(key)), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text: String) {
            Identity::read(&BackupKey::new(text.clone()));
            read_date(&text);
        }
    }
}
