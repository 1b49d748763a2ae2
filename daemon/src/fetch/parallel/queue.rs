//! What is still to be fetched of a file, in chunks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::CHUNK_BYTES;
use crate::fetch::link::Stale;

/// How far ahead of the front chunks are taken: a broken transfer goes on from the front, and what
/// lies ahead of it is lost.
const AHEAD_BYTES: u64 = 64 * CHUNK_BYTES;

/// A stretch that a connection is to fetch.
pub(super) struct Part {
    pub start: u64,
    pub end: u64,
    /// The link that failed on it.
    pub stale: Option<Stale>,
    /// How long to wait before.
    pub delay: Duration,
}

/// The chunks that are still to be fetched, the first ones first.
pub(super) struct Queue {
    next: u64,
    total: u64,
    /// Stretches that a connection failed on, by their start.
    again: BTreeMap<u64, Part>,
}

impl Queue {
    pub(super) fn new(start: u64, total: u64) -> Self {
        Self {
            next: start,
            total,
            again: BTreeMap::new(),
        }
    }

    /// Whether there is a part to be begun while the file is whole up to `front`.
    pub(super) fn has_next(&self, front: u64) -> bool {
        let end = front.saturating_add(AHEAD_BYTES).min(self.total);
        !self.again.is_empty() || self.next < end
    }

    pub(super) fn again(&mut self, part: Part) {
        self.again.insert(part.start, part);
    }

    pub(super) fn next(&mut self) -> Option<Part> {
        if let Some((_, part)) = self.again.pop_first() {
            return Some(part);
        }
        let start = self.next;
        let end = start.saturating_add(CHUNK_BYTES).min(self.total);
        self.next = end;
        (start < end).then_some(Part {
            start,
            end,
            stale: None,
            delay: Duration::ZERO,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_comes_first_and_everything_comes_once() {
        let mut queue = Queue::new(3, 2 * CHUNK_BYTES + 10);
        let first = queue.next().unwrap();
        assert_eq!((first.start, first.end), (3, CHUNK_BYTES + 3));
        queue.again(Part {
            start: 100,
            ..first
        });
        let mut spans = Vec::new();
        while let Some(part) = queue.next() {
            spans.push((part.start, part.end));
        }
        let rest = CHUNK_BYTES + 3;
        assert_eq!(
            spans,
            [
                (100, rest),
                (rest, rest + CHUNK_BYTES),
                (rest + CHUNK_BYTES, 2 * CHUNK_BYTES + 10)
            ]
        );
        assert!(!queue.has_next(0));
    }

    #[test]
    fn a_chunk_that_fails_again_and_again_stops_those_far_ahead_of_it() {
        let mut queue = Queue::new(0, 1 << 40);
        while queue.has_next(0) {
            let _ = queue.next().unwrap();
        }
        assert_eq!(queue.next().unwrap().start, AHEAD_BYTES);
        assert!(queue.has_next(2 * CHUNK_BYTES));
    }
}
