//! Logical dumps in text: the tools write a line at the end of a dump that is complete.

use super::walk::{End, Fed, Step, Tail, Walk, Want, cannot_tell};
use crate::mirror::manifest::Content;

/// How a dump says that it begins, and that it is complete. Neither is written when comments are
/// switched off.
const DUMPS: &[(&str, &str)] = &[
    ("-- MySQL dump ", "-- Dump completed"),
    ("-- MariaDB dump ", "-- Dump completed"),
    (
        "-- PostgreSQL database dump\n",
        "-- PostgreSQL database dump complete",
    ),
    (
        "-- PostgreSQL database cluster dump\n",
        "-- PostgreSQL database cluster dump complete",
    ),
];
/// What may follow the end mark: a date, a closing directive of psql.
const TAIL_BYTES: usize = 1024;

pub(super) struct Sql {
    mark: Option<&'static str>,
    tail: Tail,
}

impl Sql {
    /// Text that begins with these bytes.
    pub(super) fn new(head: &[u8]) -> Self {
        let head = String::from_utf8_lossy(head).replace("\r\n", "\n");
        let begins = |start: &str| head.starts_with(start) || head.contains(&format!("\n{start}"));
        let dump = DUMPS.iter().find(|(start, _)| begins(start));
        Self {
            mark: dump.map(|(_, mark)| *mark),
            tail: Tail::new(TAIL_BYTES),
        }
    }
}

impl Walk for Sql {
    fn begin(&self) -> Want {
        match self.mark {
            Some(_) => Want::feed(),
            None => Want::feed().after(u64::MAX),
        }
    }

    fn take(&mut self, _at: u64, _piece: &[u8]) -> Step<Want> {
        Ok(Want::feed())
    }

    fn feed(&mut self, _at: u64, bytes: &[u8]) -> Step<Fed> {
        self.tail.push(bytes);
        Ok(Fed::All)
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        let Some(mark) = self.mark else {
            return cannot_tell("nothing in this text would show that its end is missing");
        };
        let last = String::from_utf8_lossy(self.tail.last());
        if last.lines().any(|line| line.starts_with(mark)) {
            return Content::Good;
        }
        Content::Bad {
            reason: format!(
                "it is cut: the dump ends at byte {} without the line `{mark}`",
                end.length
            ),
        }
    }
}
