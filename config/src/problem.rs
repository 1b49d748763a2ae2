//! What is wrong with a configuration, for people.

use std::{fmt, ops::Range, path::PathBuf};

use crate::source::{Excerpt, Places, Sources, Span};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The offending bytes of the file. They may hold a secret: print the problem, not the bytes.
    pub span: Range<usize>,
    /// What kind of problem it is, see [`code`](crate::code).
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    excerpt: Excerpt,
}

impl Problem {
    /// The offending line as it may be shown: a secret in it is masked, a long line cut short.
    pub fn excerpt(&self) -> &str {
        &self.excerpt.line
    }

    /// The offending part of [`Problem::excerpt`], in characters.
    pub fn marked(&self) -> Range<usize> {
        self.excerpt.marked.clone()
    }
}

/// `path:line:column: message`, the line, carets under the offending part, the help.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        writeln!(f, "{path}:{}:{}: {}", self.line, self.column, self.message)?;
        writeln!(f, "    {}", self.excerpt.line)?;
        // Tabs are kept, so that the carets stand under the text however wide a tab is.
        let before: String = (self.excerpt.line.chars())
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .chain(std::iter::repeat(' '))
            .take(self.excerpt.marked.start)
            .collect();
        write!(f, "    {before}{}", "^".repeat(self.excerpt.marked.len()))?;
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration: at least one problem, in the order of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    problems: Vec<Problem>,
}

impl Problems {
    /// The problems, in the order of the files.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.problems.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::error::Error for Problems {}

/// One problem after the other, with an empty line between them.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// Collects problems while a configuration is read and checked.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    start: usize,
    end: usize,
    code: &'static str,
    message: String,
    help: Option<String>,
}

impl Log {
    pub(crate) fn add(&mut self, span: Span, code: &'static str, message: String) {
        self.add_with(span, code, message, None);
    }

    pub(crate) fn add_with(
        &mut self,
        span: Span,
        code: &'static str,
        message: String,
        help: Option<String>,
    ) {
        self.entries.push(Entry {
            start: span.start,
            end: span.end,
            code,
            message,
            help,
        });
    }

    /// The problems for people, or nothing when there are none. What many jobs inherit from
    /// `[defaults]` is one problem, not many.
    ///
    /// # Errors
    /// The problems.
    pub(crate) fn verdict(mut self, sources: &Sources) -> Result<(), Problems> {
        self.entries.sort();
        self.entries.dedup();
        let places = Places::new(sources);
        let problems: Vec<Problem> = self
            .entries
            .into_iter()
            .filter_map(|entry| {
                let place = places.find(&(entry.start..entry.end))?;
                Some(Problem {
                    path: place.path,
                    line: place.line,
                    column: place.column,
                    span: place.span,
                    code: entry.code,
                    message: entry.message,
                    help: entry.help,
                    excerpt: place.excerpt,
                })
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Problems { problems })
        }
    }
}
