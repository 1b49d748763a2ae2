//! tar in its dialects (V7, ustar, GNU, pax): every member is met by its header, whose checksum is
//! compared; contents are passed over.

use super::walk::{End, Fed, Step, TAKE_MAX, Walk, Want, bad, cannot_tell};
use crate::mirror::manifest::Content;

const BLOCK: usize = 512;

enum State {
    /// A member's header, or the end mark.
    Header,
    /// GNU: more of the map of a sparse file, before its content of so many bytes.
    SparseMap { content: u64 },
    /// The records of a pax header that are for the next member.
    Pax { length: usize },
    /// One block of zeros was read.
    HalfEnd,
    /// Behind the end mark, where only zeros belong.
    Padding,
}

pub(super) struct Tar {
    state: State,
    /// Where the last member's header lies.
    member: u64,
    /// The next member's size, where a pax header tells it.
    size: Option<u64>,
}

impl Tar {
    pub(super) fn new() -> Self {
        Self {
            state: State::Header,
            member: 0,
            size: None,
        }
    }

    fn header(&mut self, at: u64, block: &[u8]) -> Step<Want> {
        if block.iter().all(|byte| *byte == 0) {
            self.state = State::HalfEnd;
            return Ok(Want::take(BLOCK));
        }
        if !is_header(block) {
            return Err(bad(at, "no tar header with a right checksum is here"));
        }
        let Some(size) = size(&block[124..136]) else {
            return Err(bad(at, "the tar header tells no size"));
        };
        self.member = at;
        let kind = block[156];
        if matches!(kind, b'x' | b'X') {
            return self.pax(size);
        }
        // Headers that speak of the next member leave its size to come.
        let own = match kind {
            b'g' | b'L' | b'K' => size,
            // Links, devices, directories and pipes have no content, whatever their size says.
            b'1'..=b'6' => {
                self.size = None;
                0
            }
            _ => self.size.take().unwrap_or(size),
        };
        if kind == b'S' && block[482] != 0 {
            self.state = State::SparseMap { content: own };
            return Ok(Want::take(BLOCK));
        }
        Ok(self.next(own))
    }

    fn pax(&mut self, size: u64) -> Step<Want> {
        match usize::try_from(size) {
            Ok(length @ 1..=TAKE_MAX) => {
                self.state = State::Pax { length };
                Ok(Want::take(length))
            }
            Ok(0) => Ok(self.next(0)),
            _ => Err(cannot_tell(format!(
                "the pax header at byte {} is larger than is read",
                self.member
            ))),
        }
    }

    /// The next header, behind a content of so many bytes.
    fn next(&mut self, content: u64) -> Want {
        self.state = State::Header;
        Want::take(BLOCK).after(padded(content))
    }
}

impl Walk for Tar {
    fn begin(&self) -> Want {
        Want::take(BLOCK)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Header => self.header(at, piece),
            State::SparseMap { content } => Ok(match piece[504] {
                0 => self.next(content),
                _ => Want::take(BLOCK),
            }),
            State::Pax { length } => {
                self.size = pax_size(piece);
                self.state = State::Header;
                Ok(Want::take(BLOCK).after(padded(length as u64) - length as u64))
            }
            State::HalfEnd if piece.iter().all(|byte| *byte == 0) => {
                self.state = State::Padding;
                Ok(Want::feed())
            }
            State::HalfEnd | State::Padding => Err(bad(
                at,
                "something follows a single block of zeros, where tar stops reading",
            )),
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8]) -> Step<Fed> {
        if is_zero(bytes) {
            return Ok(Fed::All);
        }
        let other = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
        Err(cannot_tell(format!(
            "the archive is whole, but something follows its end mark at byte {}, where tar stops reading",
            at + other as u64
        )))
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Padding => Content::Good,
            State::HalfEnd if end.is_border() => cannot_tell(
                "all members are whole, but only one of the two blocks of zeros is there that end a tar archive",
            ),
            State::HalfEnd => end.cut("its end mark"),
            State::Header if end.is_border() => Content::Bad {
                reason: format!(
                    "it ends at byte {} behind a whole member but without the end mark (two blocks of zeros): either it is cut there or its writer left the mark out",
                    end.length
                ),
            },
            _ => end.cut(&format!(
                "the tar member that begins at byte {}",
                self.member
            )),
        }
    }
}

/// Whether a member's header with a right checksum is here.
pub(super) fn is_header(block: &[u8]) -> bool {
    let (Some(block), Some(field)) = (block.get(..BLOCK), block.get(148..156)) else {
        return false;
    };
    let Some(expected) = octal(field) else {
        return false;
    };
    // The field itself counts as spaces. Old tars summed signed characters: a byte from 0x80 counts
    // 256 less.
    let spaces = 8 * u64::from(b' ');
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let unsigned = sum(block) - sum(field) + spaces;
    let signed = || {
        let high = |bytes: &[u8]| bytes.iter().filter(|byte| **byte >= 0x80).count() as u64;
        unsigned.checked_sub(256 * (high(block) - high(field)))
    };
    block[0] != 0 && (expected == unsigned || Some(expected) == signed())
}

/// A size: octal text, or for large ones a number in base 256, the highest byte first.
fn size(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 == 0 {
        return octal(field);
    }
    let high = std::iter::once(field[0] & 0x7f).chain(field[1..].iter().copied());
    high.into_iter().try_fold(0_u64, |sum, byte| {
        Some(sum.checked_mul(256)? | u64::from(byte))
    })
}

/// Octal digits between spaces and zeros; none is nought.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.split('\0').next()?.trim_matches(' ');
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    digits.then(|| u64::from_str_radix(text, 8).ok())?
}

/// The `size` of a pax header's records, each of which is `LENGTH KEY=VALUE\n`.
fn pax_size(mut records: &[u8]) -> Option<u64> {
    let mut size = None;
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
        let record = records.get(space + 1..length.checked_sub(1)?)?;
        if let Some(value) = record.strip_prefix(b"size=") {
            size = std::str::from_utf8(value).ok()?.parse().ok();
        }
        records = &records[length..];
    }
    size
}

fn padded(length: u64) -> u64 {
    length
        .checked_next_multiple_of(BLOCK as u64)
        .unwrap_or(u64::MAX)
}

/// Word by word: archives may be padded by much.
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<16>();
    words.iter().all(|word| u128::from_ne_bytes(*word) == 0) && rest.iter().all(|byte| *byte == 0)
}
