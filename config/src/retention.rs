//! How long a job's backups are kept.

use std::{fmt, time::Duration};

use crate::duration;

/// Which backups are kept. Every rule keeps what it names; a backup that none names may go.
///
/// Periods are those of the job's time zone. The default, without any rule, keeps everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Retention {
    /// The newest so many.
    pub keep_last: u32,
    /// One for each of the newest so many hours that have one.
    pub hourly: u32,
    /// One for each of the newest so many days that have one.
    pub daily: u32,
    /// One for each of the newest so many weeks that have one.
    pub weekly: u32,
    /// One for each of the newest so many months that have one.
    pub monthly: u32,
    /// One for each of the newest so many years that have one.
    pub yearly: u32,
    /// Everything younger than this.
    pub within: Option<Duration>,
    /// So many verified backups stay, whatever the rules say.
    pub min_good: u32,
    /// How long a backup that may go stays restorable in quarantine.
    pub quarantine: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            keep_last: 0,
            hourly: 0,
            daily: 0,
            weekly: 0,
            monthly: 0,
            yearly: 0,
            within: None,
            min_good: 1,
            quarantine: Duration::from_secs(7 * 86_400),
        }
    }
}

impl Retention {
    /// True when no rule is set, which keeps everything.
    pub fn is_empty(&self) -> bool {
        self.counts().iter().all(|(_, count)| *count == 0)
            && self.within.unwrap_or_default().is_zero()
    }

    fn counts(&self) -> [(&'static str, u32); 6] {
        [
            ("keep_last", self.keep_last),
            ("hourly", self.hourly),
            ("daily", self.daily),
            ("weekly", self.weekly),
            ("monthly", self.monthly),
            ("yearly", self.yearly),
        ]
    }
}

/// As the configuration writes it.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("keep everything");
        }
        f.write_str("{ ")?;
        for (key, count) in self.counts().iter().filter(|(_, count)| *count > 0) {
            write!(f, "{key} = {count}, ")?;
        }
        if let Some(within) = self.within {
            write!(f, "within = \"{}\", ", duration::format(within))?;
        }
        let quarantine = duration::format(self.quarantine);
        write!(
            f,
            "min_good = {}, quarantine = \"{quarantine}\" }}",
            self.min_good
        )
    }
}
