//! Finds which part of a key each token of a pattern takes.
//!
//! Tokens take as little as they can, from left to right. What failed once is remembered, so that
//! the work grows with the square of a key's length at most, whatever pattern and key are.

use std::ops::Range;

use super::{Free, Token};

/// The part that each token takes, if the whole key matches.
pub(super) fn spans(tokens: &[Token], key: &str) -> Option<Vec<Range<usize>>> {
    let mut search = Search {
        tokens,
        key,
        spans: Vec::with_capacity(tokens.len()),
        failed: Vec::new(),
    };
    search.from(0).then_some(search.spans)
}

struct Search<'a> {
    tokens: &'a [Token],
    key: &'a str,
    spans: Vec<Range<usize>>,
    /// Which (token, position) led to nothing; made when it is first needed.
    failed: Vec<bool>,
}

impl Search<'_> {
    /// Whether the tokens that have no span yet match the key from `at` on.
    fn from(&mut self, at: usize) -> bool {
        let index = self.spans.len();
        let Some(token) = self.tokens.get(index) else {
            return at == self.key.len();
        };
        let width = self.key.len() + 1;
        if self.failed.get(index * width + at) == Some(&true) {
            return false;
        }
        let rest = &self.key[at..];
        let matches = match token {
            Token::Literal(text) => rest.starts_with(text) && self.take(at..at + text.len()),
            Token::Time(format) => format
                .length(rest)
                .is_some_and(|length| self.take(at..at + length)),
            Token::Free(free) => self.take_free(*free, at),
        };
        if !matches {
            if self.failed.is_empty() {
                self.failed = vec![false; self.tokens.len() * width];
            }
            self.failed[index * width + at] = true;
        }
        matches
    }

    fn take(&mut self, span: Range<usize>) -> bool {
        let end = span.end;
        self.spans.push(span);
        let matches = self.from(end);
        if !matches {
            self.spans.pop();
        }
        matches
    }

    fn take_free(&mut self, free: Free, at: usize) -> bool {
        let rest = &self.key[at..];
        let longest = match rest.find('/') {
            Some(slash) if !free.takes_slashes() => slash,
            _ => rest.len(),
        };
        let shortest = match rest.chars().next() {
            Some(first) if !free.may_be_empty() => first.len_utf8(),
            _ => 0,
        };
        if longest < shortest || (longest == 0 && !free.may_be_empty()) {
            return false;
        }
        if self.spans.len() + 1 == self.tokens.len() {
            // The last token takes all or nothing.
            return longest == rest.len() && self.take(at..at + longest);
        }
        (shortest..=longest)
            .filter(|length| rest.is_char_boundary(*length))
            .any(|length| self.take(at..at + length))
    }
}
