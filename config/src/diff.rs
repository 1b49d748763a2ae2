//! What a new configuration changes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{Account, AccountName, Config, Job, JobName};

mod settings;

/// The difference between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Changed keys of `[daemon]`.
    pub daemon: Vec<Change>,
    /// Accounts.
    pub accounts: Changes<AccountName>,
    /// Jobs. One whose account changed is among the changed ones.
    pub jobs: Changes<JobName>,
}

/// What was added, removed and changed, each in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<N> {
    /// Only in the new configuration.
    pub added: Vec<N>,
    /// Only in the old configuration.
    pub removed: Vec<N>,
    /// In both, with the keys that differ.
    pub changed: Vec<(N, Vec<Change>)>,
}

/// A key whose value differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key as the file writes it, such as `credentials.secret_key`.
    pub key: String,
    /// The old value in words, never a secret; nothing where there was none.
    pub old: Option<String>,
    /// The new value in words, never a secret; nothing where there is none.
    pub new: Option<String>,
}

impl Config {
    /// What turns the old configuration into the new one. Only meaning counts: moving a job to
    /// another place or file changes nothing.
    pub fn diff(old: &Config, new: &Config) -> Diff {
        let daemon = match old.daemon == new.daemon {
            true => Vec::new(),
            false => changed_keys(old.daemon.settings(), new.daemon.settings()),
        };
        let accounts = changes(&old.accounts, &new.accounts, Account::settings);
        let mut jobs = changes(&old.jobs, &new.jobs, Job::settings);
        if !accounts.changed.is_empty() {
            add_jobs_of_changed_accounts(&mut jobs, &accounts, old, new);
        }
        Diff {
            daemon,
            accounts,
            jobs,
        }
    }
}

impl Diff {
    /// True when nothing differs.
    pub fn is_empty(&self) -> bool {
        self.daemon.is_empty() && self.accounts.is_empty() && self.jobs.is_empty()
    }
}

impl<N> Changes<N> {
    /// True when nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl<N> Default for Changes<N> {
    fn default() -> Self {
        Self {
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        }
    }
}

/// The keys of a table with their values in words; keys without a value are left out.
type Settings = BTreeMap<String, Setting>;

/// A value in words, with what makes it differ from another one that reads the same.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Setting {
    words: String,
    /// Compared, never shown.
    hidden: Vec<String>,
}

fn changes<N: Ord + Clone, T: PartialEq>(
    old: &BTreeMap<N, Arc<T>>,
    new: &BTreeMap<N, Arc<T>>,
    settings: fn(&T) -> Settings,
) -> Changes<N> {
    let mut changes = Changes::default();
    for (name, now) in new {
        match old.get(name) {
            None => changes.added.push(name.clone()),
            Some(before) if Arc::ptr_eq(before, now) || before == now => {}
            Some(before) => {
                let keys = changed_keys(settings(before), settings(now));
                changes.changed.push((name.clone(), keys));
            }
        }
    }
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    changes.removed = gone.cloned().collect();
    changes
}

fn changed_keys(mut old: Settings, new: Settings) -> Vec<Change> {
    let mut changed = Vec::new();
    for (key, now) in new {
        let before = old.remove(&key);
        if before.as_ref() != Some(&now) {
            changed.push(Change {
                key,
                old: before.map(|setting| setting.words),
                new: Some(now.words),
            });
        }
    }
    changed.extend(old.into_iter().map(|(key, before)| Change {
        key,
        old: Some(before.words),
        new: None,
    }));
    changed.sort_by(|a, b| a.key.cmp(&b.key));
    changed
}

/// A job works with its account's settings, so it changes with them.
fn add_jobs_of_changed_accounts(
    jobs: &mut Changes<JobName>,
    accounts: &Changes<AccountName>,
    old: &Config,
    new: &Config,
) {
    let changed_account = |job: &Job| {
        accounts
            .changed
            .iter()
            .any(|(name, _)| *name == job.account)
    };
    let mut changed: BTreeMap<_, _> = std::mem::take(&mut jobs.changed).into_iter().collect();
    for (name, job) in &new.jobs {
        let same_account = old
            .jobs
            .get(name)
            .is_some_and(|before| before.account == job.account);
        if same_account && changed_account(job) {
            let words = format!("`{}` as it was", job.account);
            changed.entry(name.clone()).or_default().push(Change {
                key: "account".to_owned(),
                old: Some(words),
                new: Some(format!("`{}` as it is now", job.account)),
            });
        }
    }
    jobs.changed = changed.into_iter().collect();
}

/// The difference in words, one line each, without a line break at the end.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        lines.extend(self.daemon.iter().map(|change| format!("daemon: {change}")));
        self.accounts.lines("account", &mut lines);
        self.jobs.lines("job", &mut lines);
        if lines.is_empty() {
            return f.write_str("nothing changes");
        }
        f.write_str(&lines.join("\n"))
    }
}

impl<N: fmt::Display> Changes<N> {
    fn lines(&self, what: &str, lines: &mut Vec<String>) {
        lines.extend(
            self.added
                .iter()
                .map(|name| format!("{what} {name}: added")),
        );
        lines.extend(
            self.removed
                .iter()
                .map(|name| format!("{what} {name}: removed")),
        );
        for (name, changes) in &self.changed {
            lines.extend(
                changes
                    .iter()
                    .map(|change| format!("{what} {name}: {change}")),
            );
        }
    }
}

/// `key: old → new`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old == new => write!(f, "{} changed", self.key),
            (Some(old), Some(new)) => write!(f, "{}: {old} → {new}", self.key),
            (None, Some(new)) => write!(f, "{} set: {new}", self.key),
            (Some(old), None) => write!(f, "{} unset, was {old}", self.key),
            (None, None) => write!(f, "{} changed", self.key),
        }
    }
}

#[cfg(test)]
mod tests;
