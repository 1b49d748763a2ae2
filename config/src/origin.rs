//! Where in the files the parts of a checked configuration were written.
//!
//! A checked job knows no places, so that moving it in a file does not change it. When a problem
//! shows later, the files are read once more to find the place.

use std::{cell::RefCell, collections::BTreeMap};

use toml::de::{DeTable, DeValue};

use crate::{
    AccountName, JobName,
    source::{Sources, Span},
};

/// The tables that everything stands in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// The file's index.
    pub(crate) accounts: BTreeMap<AccountName, usize>,
    /// The file's index, and the job's within the file.
    pub(crate) jobs: BTreeMap<JobName, (usize, usize)>,
    /// The file's index.
    pub(crate) defaults: Option<usize>,
}

/// One step from a table to what stands in it.
#[derive(Clone, Debug)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A place that was looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The last key; the value, where the last step is a position in a list.
    pub(crate) key: Span,
    pub(crate) value: Span,
    /// How many steps could be taken; the rest does not exist.
    steps: usize,
}

/// Finds places. Reads a file at most once, and only when asked for a place in it.
pub(crate) struct Finder<'a> {
    sources: &'a Sources,
    origins: &'a Origins,
    files: RefCell<BTreeMap<usize, DeValue<'a>>>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(sources: &'a Sources, origins: &'a Origins) -> Self {
        Self {
            sources,
            origins,
            files: RefCell::default(),
        }
    }

    /// The place of a value in an account's table, or the nearest that exists.
    pub(crate) fn account(&self, name: &AccountName, steps: &[Step<'_>]) -> Found {
        let file = self.origins.accounts.get(name).copied().unwrap_or(0);
        let table = [Step::Key("account"), Step::Key(name.as_str())];
        self.walk(file, &[&table, steps].concat())
    }

    /// The place of a value in a job's table, or in `[defaults]` where the job does not have the
    /// first key itself, or the nearest that exists.
    pub(crate) fn job(&self, name: &JobName, steps: &[Step<'_>]) -> Found {
        let (file, index) = self.origins.jobs.get(name).copied().unwrap_or((0, 0));
        let own = self.walk(
            file,
            &[&[Step::Key("job"), Step::Index(index)], steps].concat(),
        );
        match self.origins.defaults {
            Some(defaults) if own.steps < 3 && !steps.is_empty() => {
                let inherited = self.walk(defaults, &[&[Step::Key("defaults")], steps].concat());
                if inherited.steps > 1 { inherited } else { own }
            }
            _ => own,
        }
    }

    /// Goes as far as the steps lead.
    fn walk(&self, index: usize, steps: &[Step<'_>]) -> Found {
        let Some(file) = self.sources.files().get(index) else {
            return Found::default();
        };
        let shift = |span: Span| file.base + span.start..file.base + span.end;
        let mut files = self.files.borrow_mut();
        let root = files.entry(index).or_insert_with(|| {
            DeValue::Table(DeTable::parse_recoverable(&file.text).0.into_inner())
        });
        let mut found = Found {
            key: shift(0..0),
            value: shift(0..0),
            steps: 0,
        };
        let mut value = &*root;
        for step in steps {
            let next = match (step, value) {
                (Step::Key(key), DeValue::Table(table)) => table
                    .get_key_value(*key)
                    .map(|(key, value)| (key.span(), value)),
                (Step::Index(at), DeValue::Array(array)) => {
                    array.get(*at).map(|value| (value.span(), value))
                }
                _ => None,
            };
            let Some((key, next)) = next else { break };
            found.key = shift(key);
            found.value = shift(next.span());
            found.steps += 1;
            value = next.as_ref();
        }
        found
    }
}
