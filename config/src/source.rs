//! The files of a configuration, and where in them a place is.
//!
//! All files share one range of offsets, one after the other, so that a single number names a
//! byte of the whole configuration. Lines are counted only when there is a problem to print.

use std::{
    cell::OnceCell,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::secret;

/// One file of the configuration, as the daemon has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The absolute path; relative paths in the file start at its folder.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

/// A range of bytes in the whole configuration.
pub(crate) type Span = Range<usize>;

/// All files of a configuration. Its `Debug` shows no text, since a text may hold a secret.
#[derive(Clone, Default)]
pub(crate) struct Sources {
    files: Vec<File>,
}

#[derive(Clone)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: Arc<str>,
    /// Where the file starts in the shared range.
    pub(crate) base: usize,
    /// What must never be printed, in offsets of the file.
    secrets: Vec<Range<usize>>,
}

impl Sources {
    pub(crate) fn new(sources: &[Source]) -> Self {
        let mut base = 0;
        let files = sources
            .iter()
            .map(|source| {
                let file = File {
                    path: source.path.clone(),
                    text: source.text.as_str().into(),
                    base,
                    secrets: Vec::new(),
                };
                // One more, so that the end of a file is not the start of the next.
                base += source.text.len() + 1;
                file
            })
            .collect();
        Self { files }
    }

    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// Never print these places of the file.
    pub(crate) fn withhold(&mut self, file: usize, secrets: Vec<Range<usize>>) {
        if let Some(file) = self.files.get_mut(file) {
            file.secrets.extend(secrets);
        }
    }

    /// The folder of the file that the span lies in.
    pub(crate) fn folder(&self, span: &Span) -> &Path {
        let file = self.files.get(self.index(span));
        file.and_then(|file| file.path.parent())
            .unwrap_or(Path::new("/"))
    }

    fn index(&self, span: &Span) -> usize {
        let after = self.files.partition_point(|file| file.base <= span.start);
        after.saturating_sub(1)
    }
}

/// Turns spans into places for people. Counts the lines of a file once.
pub(crate) struct Places<'a> {
    sources: &'a Sources,
    lines: Vec<OnceCell<Vec<usize>>>,
}

/// A span as people want it.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// Both from 1; the column in characters.
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// In offsets of the file.
    pub(crate) span: Range<usize>,
    pub(crate) excerpt: Excerpt,
}

/// One line of a file with the offending part, both fit to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) line: String,
    /// In characters of `line`.
    pub(crate) marked: Range<usize>,
}

/// The longest line that is printed whole, in characters.
const LINE_CHARS: usize = 160;
/// How much of a longer line is printed before the offending part.
const LEAD_CHARS: usize = 40;
/// Stands for what must not be printed.
const MASK: &str = "********";

impl<'a> Places<'a> {
    pub(crate) fn new(sources: &'a Sources) -> Self {
        let lines = sources.files.iter().map(|_| OnceCell::new()).collect();
        Self { sources, lines }
    }

    /// The place of a span, or nothing when there is no file at all.
    pub(crate) fn find(&self, span: &Span) -> Option<Place> {
        let index = self.sources.index(span);
        let file = self.sources.files.get(index)?;
        let text = &*file.text;
        let starts = self.lines.get(index)?.get_or_init(|| line_starts(text));
        let start = floor(text, span.start.saturating_sub(file.base));
        let end = floor(text, span.end.saturating_sub(file.base)).max(start);
        let line = starts.partition_point(|at| *at <= start).max(1);
        let line_start = starts.get(line - 1).copied().unwrap_or(0);
        let line_end = starts.get(line).map_or(text.len(), |next| next - 1);
        let whole = text[line_start..line_end].trim_end_matches('\r');
        let column = text[line_start..start].chars().count() + 1;
        let secret = file
            .secrets
            .iter()
            .filter(|secret| secret.start < line_end.max(line_start + 1) && secret.end > line_start)
            .map(|secret| floor(text, secret.start.max(line_start)) - line_start)
            .chain(secret::telling(whole))
            .min();
        let length = text[start..end.min(line_end).max(start)].chars().count();
        Some(Place {
            path: file.path.clone(),
            line,
            column,
            span: start..end,
            excerpt: excerpt(whole, secret, column - 1, length),
        })
    }
}

/// The line as it may be printed: without what follows a secret's start, without control
/// characters, and not longer than a terminal can bear.
fn excerpt(line: &str, secret: Option<usize>, mark: usize, length: usize) -> Excerpt {
    let visible = secret.and_then(|at| line.get(..at));
    let mut chars: Vec<char> = visible
        .unwrap_or(line)
        .chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect();
    let (mut mark, mut length) = (mark, length.max(1));
    if visible.is_some() {
        let limit = chars.len();
        chars.extend(MASK.chars());
        if mark >= limit {
            (mark, length) = (limit, MASK.len());
        }
    }
    if chars.len() > LINE_CHARS {
        let cut = mark.saturating_sub(LEAD_CHARS).min(chars.len());
        let end = (cut + LINE_CHARS).min(chars.len());
        let tail = end < chars.len();
        chars = chars[cut..end].to_vec();
        mark -= cut;
        if cut > 0 {
            chars.insert(0, '…');
            mark += 1;
        }
        if tail {
            chars.push('…');
        }
    }
    let mark = mark.min(chars.len());
    let end = (mark + length).min(chars.len()).max(mark + 1);
    Excerpt {
        line: chars.into_iter().collect(),
        marked: mark..end,
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let after = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after).collect()
}

/// The nearest boundary of a character at or before the offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
