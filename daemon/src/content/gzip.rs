//! gzip (RFC 1952).
//!
//! Where a member ends is known only to who inflates it, and inflating costs many times what
//! hashing costs. So only the beginning of a file is inflated ([`Budget`]): that is the whole of a
//! small one, whose checksums are then compared, and of a large one enough to see what is inside.
//! [`Depth::Whole`](super::Depth) inflates all of it.

use flate2::{Decompress, FlushDecompress, Status};

use super::walk::{End, Fed, Step, Walk, Want, bad, cannot_tell, number};
use super::{Checker, name};
use crate::mirror::manifest::Content;

/// How many compressed bytes are inflated where not all are to be.
const PROBE_PACKED_BYTES: u64 = 1 << 20;
/// How many bytes those may become, so that a file made to swell costs little.
const PROBE_PLAIN_BYTES: u64 = 16 << 20;
/// How many bytes are inflated at once.
const OUTPUT_BYTES: usize = 32 << 10;
/// The most that a name or a comment in a header may take.
const TEXT_MAX_BYTES: u64 = 64 << 10;

const HAS_HEADER_CHECKSUM: u8 = 0x02;
const HAS_EXTRA: u8 = 0x04;
const HAS_NAME: u8 = 0x08;
const HAS_COMMENT: u8 = 0x10;
const RESERVED: u8 = 0xe0;

/// How many bytes may still be inflated: those that come in, and those that go out.
struct Budget {
    packed: u64,
    plain: u64,
}

enum State {
    Header,
    ExtraLength,
    Text {
        begun: u64,
    },
    HeaderChecksum,
    Deflated,
    Trailer,
    /// Behind a member: another one, padding, or the end.
    Border,
    Padding,
    /// The budget is spent.
    Unread,
}

pub(super) struct Gzip {
    state: State,
    /// The parts of the header that are still to come.
    flags: u8,
    /// Where the member's compressed data begins.
    begun: u64,
    inflate: Decompress,
    output: Vec<u8>,
    crc: crc_fast::Digest,
    plain: u64,
    budget: Option<Budget>,
    inside: Option<Box<Checker>>,
}

impl Gzip {
    /// `inside` is what checks the content.
    pub(super) fn new(whole: bool, inside: Option<Checker>) -> Self {
        Self {
            state: State::Header,
            flags: 0,
            begun: 0,
            inflate: Decompress::new(false),
            output: Vec::new(),
            crc: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
            plain: 0,
            budget: (!whole).then_some(Budget {
                packed: PROBE_PACKED_BYTES,
                plain: PROBE_PLAIN_BYTES,
            }),
            inside: inside.map(Box::new),
        }
    }

    /// What the header has next.
    fn header(&mut self, at: u64) -> Want {
        let flags = &mut self.flags;
        let mut next = |flag: u8| {
            let has = *flags & flag != 0;
            *flags &= !flag;
            has
        };
        if next(HAS_EXTRA) {
            self.state = State::ExtraLength;
            return Want::take(2);
        }
        if next(HAS_NAME) || next(HAS_COMMENT) {
            self.state = State::Text { begun: at };
            return Want::feed();
        }
        if next(HAS_HEADER_CHECKSUM) {
            self.state = State::HeaderChecksum;
            return Want::take(2);
        }
        self.state = State::Deflated;
        self.begun = at;
        self.inflate.reset(false);
        self.crc.reset();
        self.plain = 0;
        self.output.resize(OUTPUT_BYTES, 0);
        Want::feed()
    }

    fn inflate(&mut self, at: u64, mut bytes: &[u8]) -> Step<Fed> {
        let mut used = 0;
        loop {
            let (packed, plain) = match &self.budget {
                Some(budget) => (budget.packed, budget.plain),
                None => (u64::MAX, u64::MAX),
            };
            let input = &bytes[..bounded(packed, bytes.len())];
            // One byte more than the budget, to learn whether there is one.
            let room = bounded(plain.saturating_add(1), OUTPUT_BYTES);
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status =
                self.inflate
                    .decompress(input, &mut self.output[..room], FlushDecompress::None);
            let Ok(status) = status else {
                return Err(bad(
                    self.begun,
                    "the compressed data that begins here is damaged",
                ));
            };
            let read = bounded(self.inflate.total_in() - read, input.len());
            let written = bounded(self.inflate.total_out() - written, room);
            used += read;
            bytes = &bytes[read..];
            self.content(written)?;
            if matches!(status, Status::StreamEnd) {
                self.state = State::Trailer;
                return Ok(Fed::Until(used, Want::take(8)));
            }
            if let Some(budget) = &mut self.budget {
                budget.packed -= read as u64;
                let spent = budget.packed == 0 && written < room;
                if spent || written as u64 > budget.plain {
                    self.state = State::Unread;
                    self.output = Vec::new();
                    let inner = self.inside.take();
                    if let Some(reason) = inner.and_then(|checker| checker.broken_promise()) {
                        return Err(inside(&reason));
                    }
                    return Ok(Fed::Until(used, Want::feed().after(u64::MAX)));
                }
                budget.plain -= written as u64;
            }
            if bytes.is_empty() && written < room {
                return Ok(Fed::All);
            }
            if read == 0 && written == 0 {
                return Err(bad(
                    at + used as u64,
                    "the compressed data goes on, but not as deflate",
                ));
            }
        }
    }

    /// Takes what was inflated.
    fn content(&mut self, written: usize) -> Step<()> {
        let plain = &self.output[..written];
        self.crc.update(plain);
        self.plain += written as u64;
        let Some(checker) = &mut self.inside else {
            return Ok(());
        };
        checker.update(plain);
        match checker.settled() {
            Some(Content::Bad { reason }) => Err(inside(reason)),
            _ => Ok(()),
        }
    }
}

impl Walk for Gzip {
    fn begin(&self) -> Want {
        Want::take(10)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        let behind = at + piece.len() as u64;
        match self.state {
            State::Header => {
                if piece[..3] != *b"\x1f\x8b\x08" || piece[3] & RESERVED != 0 {
                    return Err(bad(at, "this is no gzip header"));
                }
                self.flags = piece[3];
                Ok(self.header(behind))
            }
            State::ExtraLength => {
                let length = number(piece);
                let next = self.header(behind + length);
                Ok(next.after(length))
            }
            State::HeaderChecksum => Ok(self.header(behind)),
            State::Trailer => {
                let (crc, length) = (number(&piece[..4]), number(&piece[4..]));
                if self.crc.finalize() != crc {
                    return Err(bad(at, "the checksum of the content is another"));
                }
                if self.plain & 0xffff_ffff != length {
                    return Err(bad(at, "the length of the content is another"));
                }
                self.state = State::Border;
                Ok(Want::feed())
            }
            State::Text { .. }
            | State::Deflated
            | State::Border
            | State::Padding
            | State::Unread => Ok(Want::feed()),
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8]) -> Step<Fed> {
        match self.state {
            State::Text { begun } => {
                let end = bytes.iter().position(|byte| *byte == 0);
                let length = end.unwrap_or(bytes.len());
                if at + length as u64 - begun > TEXT_MAX_BYTES {
                    return Err(bad(begun, "a name in the gzip header does not end"));
                }
                Ok(match end {
                    Some(end) => Fed::Until(end + 1, self.header(at + end as u64 + 1)),
                    None => Fed::All,
                })
            }
            State::Deflated => self.inflate(at, bytes),
            State::Border if bytes[0] == 0 => {
                self.state = State::Padding;
                Ok(Fed::Until(0, Want::feed()))
            }
            State::Border => {
                self.state = State::Header;
                Ok(Fed::Until(0, Want::take(10)))
            }
            // `gzip` too ignores zeros at the end: tapes and block devices leave them.
            State::Padding => match bytes.iter().position(|byte| *byte != 0) {
                Some(other) => Err(bad(
                    at + other as u64,
                    "something follows the end of the data",
                )),
                None => Ok(Fed::All),
            },
            _ => Ok(Fed::All),
        }
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Border | State::Padding => match self.inside.take() {
                Some(checker) => match checker.conclude() {
                    Content::Bad { reason } => inside(&reason),
                    Content::Good | Content::CannotTell { .. } => Content::Good,
                },
                None => Content::Good,
            },
            State::Unread => cannot_tell(
                "it begins as it should, but whether compressed data is whole shows only when all of it is decompressed",
            ),
            State::Deflated => end.cut("the compressed data"),
            State::Trailer => end.cut("the checksum behind the compressed data"),
            _ => end.cut("a gzip header"),
        }
    }
}

/// What checks the content of a gzip file of this name.
pub(super) fn inside_of(name: &str, depth: super::Depth, level: u8) -> Option<Checker> {
    (level < super::NESTING_MAX)
        .then(|| Checker::nested(&name::without_gzip(name), depth, level + 1))
}

fn inside(reason: &str) -> Content {
    Content::Bad {
        reason: format!("inside the gzip: {reason}"),
    }
}

/// The smaller of a count and the length of a buffer.
fn bounded(count: u64, length: usize) -> usize {
    usize::try_from(count).map_or(length, |count| count.min(length))
}
