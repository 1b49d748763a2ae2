//! Dumps of Redis and Valkey: the end mark, and the checksum over everything, which is cheap.

use super::walk::{End, Fed, Step, Walk, Want, cannot_tell, number};
use crate::mirror::manifest::Content;

/// The checksum at the end (since version 5 of the format).
const CHECKSUM: usize = 8;
const CHECKSUM_SINCE: u32 = 5;
/// The last byte before it.
const END_MARK: u8 = 0xff;
/// How a dump begins that commands of an append-only file follow: this field, with the value 1.
const PREAMBLE: &[u8] = b"aof-preamble\xc0\x01";

pub(super) struct Rdb {
    version: u32,
    preamble: bool,
    crc: crc_fast::Digest,
    /// The last bytes, which may be the checksum itself and are not part of it.
    held: Vec<u8>,
    /// The last byte that went into the checksum.
    last: u8,
}

impl Rdb {
    /// A dump that begins with these bytes.
    pub(super) fn new(head: &[u8]) -> Self {
        // `REDIS0011`, `VALKEY080`.
        let digits = head
            .get(6..9)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let version = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Self {
            version,
            preamble: head.windows(PREAMBLE.len()).any(|field| field == PREAMBLE),
            crc: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Redis),
            held: Vec::with_capacity(2 * CHECKSUM),
            last: 0,
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.crc.update(bytes);
            self.last = *last;
        }
    }
}

impl Walk for Rdb {
    fn begin(&self) -> Want {
        Want::feed()
    }

    fn take(&mut self, _at: u64, _piece: &[u8]) -> Step<Want> {
        Ok(Want::feed())
    }

    fn feed(&mut self, _at: u64, bytes: &[u8]) -> Step<Fed> {
        let (front, back) = bytes.split_at(bytes.len().saturating_sub(CHECKSUM));
        let excess = (self.held.len() + bytes.len()).saturating_sub(CHECKSUM);
        let old: Vec<u8> = self.held.drain(..excess.min(self.held.len())).collect();
        self.hash(&old);
        self.hash(front);
        self.held.extend_from_slice(back);
        Ok(Fed::All)
    }

    fn end(&mut self, _end: &End<'_>) -> Content {
        if self.version < CHECKSUM_SINCE {
            return match self.held.last() {
                Some(&END_MARK) => cannot_tell("its version of RDB has no checksum"),
                _ => cut(),
            };
        }
        let expected = number(&self.held);
        // Nought means that the server was told not to compute it.
        if self.last == END_MARK && (expected == 0 || self.crc.finalize() == expected) {
            return Content::Good;
        }
        if self.preamble {
            return cannot_tell(
                "it is an append-only file that begins with a dump; the commands behind it are not checked",
            );
        }
        if self.last == END_MARK {
            return Content::Bad {
                reason: "the checksum at the end of the RDB file is another".to_owned(),
            };
        }
        cut()
    }
}

fn cut() -> Content {
    Content::Bad {
        reason: "it is cut: the end mark of an RDB file is missing".to_owned(),
    }
}
