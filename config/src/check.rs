//! From the tables as written to the checked configuration.
//!
//! Nothing here stops at the first problem: whatever cannot be used is reported and left out, and
//! only a configuration without any problem leaves this module's caller.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Component, Path, PathBuf},
};

use crate::{
    Config, CronPattern, ValueError, code,
    file::{Defaults, Document, Field, Given, Text},
    problem::Log,
    source::{Places, Sources, Span},
    value::Value,
    word::FilePath,
};

mod account;
mod daemon;
mod job;

/// Checks all files together.
pub(crate) fn check(documents: Vec<Document>, sources: &Sources, log: &mut Log) -> Config {
    let mut check = Check {
        sources,
        log,
        patterns: HashMap::new(),
    };
    let mut config = Config::default();
    let mut daemon = None;
    let mut defaults = None;
    let mut accounts = Vec::new();
    let mut jobs = Vec::new();
    for (file, document) in documents.into_iter().enumerate() {
        check.once("daemon", &mut daemon, document.daemon);
        if check.once("defaults", &mut defaults, document.defaults) {
            config.origins.defaults = Some(file);
        }
        let tables = document.account.given().map(|given| given.value);
        accounts.extend(
            tables
                .into_iter()
                .flatten()
                .map(|(name, table)| (file, name, table)),
        );
        let tables = document
            .job
            .given()
            .map(|given| given.value)
            .unwrap_or_default();
        jobs.extend(
            tables
                .into_iter()
                .enumerate()
                .map(|(index, table)| ((file, index), table)),
        );
    }

    if let Some(daemon) = daemon {
        config.daemon = check.daemon(daemon.value);
    }
    let known = check.accounts(accounts, &mut config);
    let defaults = defaults.map_or_else(Defaults::default, |given| given.value);
    check.jobs(jobs, &defaults, &known, &mut config);
    config
}

/// What every part of the check needs.
struct Check<'a> {
    sources: &'a Sources,
    log: &'a mut Log,
    /// Patterns that were read already; most jobs share theirs with others.
    patterns: HashMap<String, Result<CronPattern, ValueError>>,
}

impl Check<'_> {
    /// Takes a table that may exist once only. True when it was taken.
    fn once<T>(&mut self, name: &str, slot: &mut Option<Given<T>>, table: Field<T>) -> bool {
        let Some(table) = table.given() else {
            return false;
        };
        if let Some(first) = slot {
            self.twice(&format!("`[{name}]`"), &first.span, table.span);
            return false;
        }
        *slot = Some(table);
        true
    }

    /// Reports the second of two that may exist once only.
    fn twice(&mut self, what: &str, first: &Span, second: Span) {
        let first = Places::new(self.sources).find(first).map(|place| {
            format!(
                "the first one is at {}:{}:{}",
                place.path.display(),
                place.line,
                place.column
            )
        });
        let message = format!("{what} is declared twice");
        self.log.add_with(second, code::DUPLICATE, message, first);
    }

    fn refuse(&mut self, span: Span, key: &str, error: &ValueError) {
        let message = format!("`{key}`: {error}");
        let help = error.advice().map(str::to_owned);
        self.log.add_with(span, code::VALUE, message, help);
    }

    /// Reports a key that must be there and is not. `table` is the place of the table.
    fn require<T>(
        &mut self,
        table: &Span,
        label: &str,
        key: &str,
        example: &str,
        field: &Field<T>,
    ) {
        if field.is_absent() {
            self.log.add_with(
                table.clone(),
                code::MISSING_KEY,
                format!("{label} has no `{key}`"),
                Some(format!("add `{key} = {example}`")),
            );
        }
    }

    /// Reads a text, if there is one.
    fn text<T: Value>(&mut self, key: &str, field: Field<Text<T>>) -> Option<T> {
        let given = field.given()?;
        match T::read(&given.value.text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(given.span, key, &error);
                None
            }
        }
    }

    /// Reads a list of texts.
    fn texts<T: Value>(&mut self, key: &str, field: Field<Vec<Field<Text<T>>>>) -> Vec<T> {
        let fields = field.given().map(|given| given.value).unwrap_or_default();
        fields
            .into_iter()
            .filter_map(|field| self.text(key, field))
            .collect()
    }

    /// Reads a path and makes it absolute.
    fn path(&mut self, key: &str, field: Field<Text<FilePath>>) -> Option<PathBuf> {
        let span = field.span()?;
        let FilePath(path) = self.text(key, field)?;
        Some(plain(&self.sources.folder(&span).join(path)))
    }

    /// Reads a cron pattern, each different one once.
    fn pattern(&mut self, key: &str, field: Field<Text<CronPattern>>) -> Option<CronPattern> {
        let given = field.given()?;
        let text = given.value.text;
        let known = self.patterns.get(&text).cloned();
        let result = known.unwrap_or_else(|| {
            let result = CronPattern::read(&text);
            self.patterns.insert(text, result.clone());
            result
        });
        match result {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.refuse(given.span, key, &error);
                None
            }
        }
    }
}

/// The path without `.`, `..` and doubled separators: one spelling for one place, because mirrors
/// are told apart by their paths. `..` is resolved by text, not through links.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// Where each name was declared first, also when what it names has problems.
type Declared<N> = BTreeMap<N, Span>;
