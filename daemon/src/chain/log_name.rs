//! What the name of a log file tells about its place among others.

/// The place of a log file in its series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogName {
    /// A MySQL or MariaDB binary log such as `mysql-bin.000123`.
    Binlog {
        /// What stands before the number.
        series: String,
        /// The number.
        number: u64,
    },
    /// A PostgreSQL WAL segment: 24 hex digits, three numbers of eight.
    Wal {
        /// The timeline.
        timeline: u32,
        /// The upper part of the position.
        log: u32,
        /// The segment within it. How many there are depends on their size.
        segment: u32,
    },
}

impl LogName {
    /// Reads a file's name, which may have something before (a path, an id) and an ending (`.gz`).
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        wal(name).or_else(|| binlog(name))
    }

    /// The name that the server itself gives such a file.
    pub fn of_server(&self) -> String {
        match self {
            Self::Binlog { series, number } => format!("{series}.{number:06}"),
            Self::Wal {
                timeline,
                log,
                segment,
            } => format!("{timeline:08X}{log:08X}{segment:08X}"),
        }
    }

    /// Whether `next` is the file right after this one or this one again. Nothing when they are of
    /// different series, which cannot be compared.
    pub fn is_followed_by(&self, next: &Self) -> Option<bool> {
        match (self, next) {
            (
                Self::Binlog { series, number },
                Self::Binlog {
                    series: other,
                    number: later,
                },
            ) if series == other => Some(*later <= number + 1),
            (
                Self::Wal {
                    timeline,
                    log,
                    segment,
                },
                Self::Wal {
                    timeline: other,
                    log: later_log,
                    segment: later_segment,
                },
            ) if timeline == other => Some(
                (later_log, later_segment) <= (log, segment)
                    || (later_log == log && *later_segment == segment + 1)
                    // Segments of 1 GiB, the largest, are four to a log; those of 1 MiB are 4096.
                    || (*later_log == log + 1 && *later_segment == 0 && *segment >= 3),
            ),
            _ => None,
        }
    }
}

fn wal(name: &str) -> Option<LogName> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let mut run = name
        .as_bytes()
        .split(|byte| !is_digit(byte))
        .filter(|run| run.len() == 24);
    let (run, None) = (std::str::from_utf8(run.next()?).ok()?, run.next()) else {
        return None;
    };
    let number = |at: usize| u32::from_str_radix(&run[at..at + 8], 16).ok();
    Some(LogName::Wal {
        timeline: number(0)?,
        log: number(8)?,
        segment: number(16)?,
    })
}

fn binlog(name: &str) -> Option<LogName> {
    let parts: Vec<_> = name.split('.').collect();
    let at = (1..parts.len()).find(|&at| {
        let part = parts[at];
        (6..=18).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    // An id before the server's own name differs from file to file.
    let series = parts[at - 1].rsplit('_').next()?;
    (!series.is_empty()).then_some(())?;
    Some(LogName::Binlog {
        series: series.to_owned(),
        number: parts[at].parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> LogName {
        LogName::parse(text).unwrap_or_else(|| panic!("{text} has a place"))
    }

    #[test]
    fn names_of_logs_are_read_with_whatever_vendors_put_around_them() {
        let cases = [
            ("mysql-bin.000002", "mysql-bin.000002"),
            ("4711_mysql-bin.000123.gz", "mysql-bin.000123"),
            ("a/b/binlog.1234567", "binlog.1234567"),
            ("000000010000000000000008", "000000010000000000000008"),
            (
                "wal_0000000200000001000000FF.zst",
                "0000000200000001000000FF",
            ),
        ];
        for (text, own) in cases {
            assert_eq!(name(text).of_server(), own, "{text}");
        }
        for text in ["", "base.tar.gz", "dump.2024", "a.b", ".000001"] {
            assert_eq!(LogName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn neighbours_are_told_from_files_further_on() {
        let follows = |a: &str, b: &str| name(a).is_followed_by(&name(b));
        assert_eq!(follows("b.000009", "b.000010"), Some(true));
        assert_eq!(follows("b.000009", "b.000009"), Some(true));
        assert_eq!(follows("b.000009", "b.000011"), Some(false));
        assert_eq!(follows("b.000009", "c.000010"), None);
        let wal = |log: u32, segment: u32| LogName::Wal {
            timeline: 1,
            log,
            segment,
        };
        assert_eq!(wal(1, 7).is_followed_by(&wal(1, 8)), Some(true));
        assert_eq!(wal(1, 0xff).is_followed_by(&wal(2, 0)), Some(true));
        assert_eq!(wal(1, 7).is_followed_by(&wal(1, 9)), Some(false));
        assert_eq!(wal(1, 0xff).is_followed_by(&wal(2, 1)), Some(false));
        assert_eq!(wal(1, 7).is_followed_by(&name("b.000008")), None);
    }
}
