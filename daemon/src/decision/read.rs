//! Reads the decision log back.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use backhaul_config::JobName;
use backhaul_provider_api::Timestamp;
use chrono::{Datelike, Months, NaiveDate};

use super::{Action, DIRECTORY, Entry};
use crate::dir::{Dir, FsError};
use crate::mirror::identity::BackupId;
use crate::seal::unsealed;

/// The longest line that is looked at. Ours are far shorter; a damaged file may have none at all.
const LINE_MAX: u64 = 1 << 20;

/// A calendar month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of an instant.
    pub fn of(time: Timestamp) -> Self {
        let date = time.date_naive();
        // Every month has a first day.
        Self(date.with_day(1).unwrap_or(date))
    }

    /// Its first instant.
    pub fn begin(self) -> Timestamp {
        self.0.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        self.begin()
            .checked_add_months(Months::new(1))
            .unwrap_or(Timestamp::MAX_UTC)
    }

    /// The name of its file.
    pub fn file_name(self) -> String {
        format!("{self}.jsonl")
    }

    fn from_file_name(name: &str) -> Option<Self> {
        let text = name.strip_suffix(".jsonl")?;
        let month = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
        // Only names as we write them, so that a name and its month are one thing.
        Some(Self(month)).filter(|month| month.to_string() == text)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

/// The months of which there are files, oldest first.
///
/// # Errors
/// When the directory cannot be listed.
pub fn months(directory: &Dir) -> Result<Vec<Month>, FsError> {
    let mut months: Vec<_> = directory
        .entries()?
        .into_iter()
        .filter_map(|(name, _)| Month::from_file_name(name.to_str()?))
        .collect();
    months.sort();
    Ok(months)
}

/// Which entries are wanted: all that fit everything that is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this job.
    pub job: Option<JobName>,
    /// About the backup of this id.
    pub backup: Option<BackupId>,
    /// About this instance, by the vendor's id for it.
    pub instance: Option<String>,
    /// Of this kind.
    pub action: Option<Action>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Filter {
    fn wants(&self, entry: &Entry) -> bool {
        fn fits<T: PartialEq>(wanted: Option<&T>, is: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| is == Some(wanted))
        }
        let instance = entry.instance.as_ref().map(|id| id.as_str().to_owned());
        fits(self.job.as_ref(), Some(&entry.job))
            && fits(self.backup.as_ref(), entry.backup.as_ref())
            && fits(self.instance.as_ref(), instance.as_ref())
            && fits(self.action.as_ref(), Some(&entry.action))
            && self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time < until)
    }

    /// Whether a month's file may hold what is wanted. A clock that was put back may have written a
    /// later time's file on, so nothing is concluded from a month that is too late.
    fn reaches(&self, month: Month) -> bool {
        self.since.is_none_or(|since| month.end() > since)
    }
}

/// What was read.
#[derive(Debug, Default)]
pub struct Found {
    /// The entries, in the order of writing.
    pub entries: Vec<Entry>,
    /// Lines that cannot be read, as `<file>, line <number>: why`.
    pub damaged: Vec<String>,
}

/// The latest `count` entries of the log in a state directory that are wanted; all of them without
/// a number. A log that was never written has none.
///
/// # Errors
/// When a file cannot be read.
pub fn read(state_dir: &Path, filter: &Filter, count: Option<usize>) -> Result<Found, FsError> {
    let directory = match Dir::open(&state_dir.join(DIRECTORY)) {
        Ok(directory) => directory,
        Err(error) if error.is_missing() => return Ok(Found::default()),
        Err(error) => return Err(error),
    };
    let count = count.unwrap_or(usize::MAX);
    let mut damaged = Vec::new();
    let mut entries = VecDeque::new();
    for month in months(&directory)?.into_iter().rev() {
        let left = count - entries.len();
        if left == 0 || !filter.reaches(month) {
            break;
        }
        for entry in read_month(&directory, month, filter, left, &mut damaged)?
            .into_iter()
            .rev()
        {
            entries.push_front(entry);
        }
    }
    Ok(Found {
        entries: entries.into(),
        damaged,
    })
}

/// The latest `count` entries of a month.
fn read_month(
    directory: &Dir,
    month: Month,
    filter: &Filter,
    count: usize,
    damaged: &mut Vec<String>,
) -> Result<VecDeque<Entry>, FsError> {
    let name = month.file_name();
    let mut file = match directory.open_file(&name) {
        Ok(file) => BufReader::new(file),
        // Removed for its age since the listing.
        Err(error) if error.is_missing() => return Ok(VecDeque::new()),
        Err(error) => return Err(error),
    };
    let mut entries = VecDeque::new();
    let mut line = Vec::new();
    for number in 1u64.. {
        line.clear();
        let length = file
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|source| directory.error("read", name.as_ref(), source))?;
        if length == 0 {
            break;
        }
        let whole = line.strip_suffix(b"\n").unwrap_or(&line);
        match unsealed::<Entry>(whole) {
            Ok(entry) if filter.wants(&entry) => {
                if entries.len() == count {
                    entries.pop_front();
                }
                entries.push_back(entry);
            }
            Ok(_) => {}
            // Torn right at its beginning: nothing is lost.
            Err(_) if whole.is_empty() => {}
            Err(error) => damaged.push(format!("{name}, line {number}: {error}")),
        }
    }
    Ok(entries)
}
