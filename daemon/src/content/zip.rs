//! ZIP: what matters lies at the end, where the directory of all members is.
//!
//! Members themselves are not met: their headers need not tell how long they are.

use super::walk::{End, Fed, Step, Tail, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

/// The end record without its comment (APPNOTE 4.3.16).
const END: usize = 22;
const COMMENT_MAX: usize = 0xffff;
/// The locator of the 64-bit end record (4.3.15), which lies right before the end record.
const LOCATOR: usize = 20;
/// The 64-bit end record without its extensible part (4.3.14).
const END64: usize = 56;

const DIRECTORY_MAGIC: &[u8] = b"PK\x01\x02";
const END_MAGIC: &[u8] = b"PK\x05\x06";
const LOCATOR_MAGIC: &[u8] = b"PK\x06\x07";
const END64_MAGIC: &[u8] = b"PK\x06\x06";

pub(super) struct Zip {
    tail: Tail,
}

/// What an end record tells.
struct Directory {
    /// Whether the archive is one of several parts.
    split: bool,
    entries: u64,
    begin: u64,
    length: u64,
    /// Where the record that tells this lies, and so where the directory has to end.
    end: u64,
}

impl Zip {
    pub(super) fn new() -> Self {
        Self {
            tail: Tail::new(END64 + LOCATOR + END + COMMENT_MAX),
        }
    }
}

impl Walk for Zip {
    fn begin(&self) -> Want {
        Want::feed()
    }

    fn take(&mut self, _at: u64, _piece: &[u8]) -> Step<Want> {
        Ok(Want::feed())
    }

    fn feed(&mut self, _at: u64, bytes: &[u8]) -> Step<Fed> {
        self.tail.push(bytes);
        Ok(Fed::All)
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        judge(self.tail.last(), end.length).unwrap_or_else(|content| content)
    }
}

fn judge(tail: &[u8], length: u64) -> Step<Content> {
    // Where the tail begins in the file.
    let base = length - tail.len() as u64;
    let Some(at) = find_end(tail) else {
        return Err(Content::Bad {
            reason: "it is cut: the directory at the end of every zip archive is missing"
                .to_owned(),
        });
    };
    let directory = read_end(tail, at, base)?;
    if directory.split {
        return Err(cannot_tell(
            "it is one part of a zip archive in several parts",
        ));
    }
    let end = directory.begin.checked_add(directory.length);
    if end != Some(directory.end) {
        return Err(bad(
            directory.end,
            "the zip directory does not lie where the record of the archive's end says",
        ));
    }
    // The directory's beginning is looked at only if it is near the end.
    let begin = directory.begin.checked_sub(base).and_then(|begin| {
        let begin = usize::try_from(begin).ok()?;
        tail.get(begin..)
    });
    let magic = if directory.begin == 0 {
        END_MAGIC
    } else {
        DIRECTORY_MAGIC
    };
    if begin.is_some_and(|begin| directory.entries > 0 && !begin.starts_with(magic)) {
        return Err(bad(directory.begin, "no zip directory begins here"));
    }
    let empty = directory.entries == 0 && directory.length == 0;
    if empty != (directory.begin == 0) {
        return Err(bad(
            directory.end,
            "the zip directory does not fit the members",
        ));
    }
    Ok(Content::Good)
}

/// Where the end record lies in the tail: its comment has to reach exactly to the end.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END)?;
    let fits = |at: &usize| {
        let comment = number(&tail[at + 20..at + 22]);
        tail[*at..].starts_with(END_MAGIC) && (at + END) as u64 + comment == tail.len() as u64
    };
    (0..=last).rev().find(fits)
}

fn read_end(tail: &[u8], at: usize, base: u64) -> Step<Directory> {
    let record = &tail[at..];
    let field = |from: usize, to: usize| number(&record[from..to]);
    let small = Directory {
        split: field(4, 6) != 0 || field(6, 8) != 0,
        entries: field(10, 12),
        length: field(12, 16),
        begin: field(16, 20),
        end: base + at as u64,
    };
    let overflows = field(4, 6) == 0xffff
        || small.entries == 0xffff
        || small.length == 0xffff_ffff
        || small.begin == 0xffff_ffff;
    let locator = at.checked_sub(LOCATOR).map(|at| &tail[at..]);
    match locator.filter(|locator| locator.starts_with(LOCATOR_MAGIC)) {
        Some(locator) => read_end64(tail, base, number(&locator[8..16]), small.end),
        // 65,535 members are no overflow yet.
        None if overflows && small.entries != 0xffff => Err(bad(
            small.end,
            "the zip archive is large, but its 64-bit end record is missing",
        )),
        None => Ok(small),
    }
}

/// Reads the 64-bit end record that the locator says lies at `at`; the small one lies at `small`.
fn read_end64(tail: &[u8], base: u64, at: u64, small: u64) -> Step<Directory> {
    let record = at
        .checked_sub(base)
        .and_then(|at| tail.get(usize::try_from(at).ok()?..));
    let Some(record) = record.filter(|record| record.len() >= END64 + LOCATOR + END) else {
        return Err(if at < base {
            cannot_tell("its 64-bit end record lies far from its end")
        } else {
            bad(
                small,
                "the 64-bit end record of the zip archive does not lie where it should",
            )
        });
    };
    if !record.starts_with(END64_MAGIC) {
        return Err(bad(at, "no 64-bit end record of a zip archive is here"));
    }
    Ok(Directory {
        split: number(&record[16..20]) != 0 || number(&record[20..24]) != 0,
        entries: number(&record[32..40]),
        length: number(&record[40..48]),
        begin: number(&record[48..56]),
        end: at,
    })
}
