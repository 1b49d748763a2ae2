//! LZ4 frames: every block is met, none is decompressed. Checksums of frame headers are compared;
//! those of blocks, which are of the bytes as they lie there, only where time does not matter.

use std::hash::Hasher;

use twox_hash::XxHash32;

use super::walk::{End, Fed, Step, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

enum State {
    /// A frame's magic number, or the end.
    Magic,
    SkippableLength,
    Descriptor,
    /// The header's parts of variable length, with its checksum.
    Rest {
        flags: u8,
        block: u8,
    },
    Block,
    /// A block whose checksum follows, and how much of it is still to come.
    Content {
        left: u64,
        hash: XxHash32,
    },
    BlockChecksum {
        expected: u32,
    },
}

pub(super) struct Lz4 {
    state: State,
    /// Where the frame began.
    begun: u64,
    block_max: u64,
    /// Whether the checksums of blocks are to be compared, and whether there are any.
    compare: bool,
    block_checksum: bool,
    content_checksum: bool,
}

impl Lz4 {
    pub(super) fn new(compare: bool) -> Self {
        Self {
            state: State::Magic,
            begun: 0,
            block_max: 0,
            compare,
            block_checksum: false,
            content_checksum: false,
        }
    }

    fn magic(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        self.begun = at;
        match number(piece) {
            0x184d_2204 => {
                self.state = State::Descriptor;
                Ok(Want::take(2))
            }
            0x184d_2a50..=0x184d_2a5f => {
                self.state = State::SkippableLength;
                Ok(Want::take(4))
            }
            0x184c_2102 => Err(cannot_tell(
                "it is in the legacy form of lz4, which has no end mark",
            )),
            _ => Err(bad(at, "no lz4 frame begins here")),
        }
    }

    fn descriptor(&mut self, at: u64, flags: u8, block: u8) -> Step<Want> {
        let size = block >> 4;
        if flags >> 6 != 1 || flags & 0x02 != 0 || block & 0x8f != 0 || size < 4 {
            return Err(bad(at, "the lz4 frame header is not valid"));
        }
        self.block_max = 1 << (8 + 2 * u32::from(size));
        self.block_checksum = flags & 0x10 != 0;
        self.content_checksum = flags & 0x04 != 0;
        let length = if flags & 0x08 != 0 { 8 } else { 0 };
        let dictionary = if flags & 0x01 != 0 { 4 } else { 0 };
        self.state = State::Rest { flags, block };
        Ok(Want::take(length + dictionary + 1))
    }

    fn block(&mut self, at: u64, header: u64) -> Step<Want> {
        if header == 0 {
            self.state = State::Magic;
            let checksum = if self.content_checksum { 4 } else { 0 };
            return Ok(Want::take(4).after(checksum));
        }
        // The highest bit says that the block is not compressed.
        let size = header & 0x7fff_ffff;
        if size == 0 || size > self.block_max {
            return Err(bad(at, "no lz4 block begins here"));
        }
        if !self.block_checksum || !self.compare {
            let checksum = if self.block_checksum { 4 } else { 0 };
            return Ok(Want::take(4).after(size + checksum));
        }
        self.state = State::Content {
            left: size,
            hash: XxHash32::with_seed(0),
        };
        Ok(Want::feed())
    }
}

impl Walk for Lz4 {
    fn begin(&self) -> Want {
        Want::take(4)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Magic => self.magic(at, piece),
            State::SkippableLength => {
                self.state = State::Magic;
                Ok(Want::take(4).after(number(piece)))
            }
            State::Descriptor => self.descriptor(at, piece[0], piece[1]),
            State::Rest { flags, block } => {
                let (fields, checksum) = piece.split_at(piece.len() - 1);
                let header = [&[flags, block], fields].concat();
                let [_, expected, ..] = XxHash32::oneshot(0, &header).to_le_bytes();
                if checksum[0] != expected {
                    return Err(bad(at, "the checksum of the lz4 frame header is another"));
                }
                self.state = State::Block;
                Ok(Want::take(4))
            }
            State::Block | State::Content { .. } => self.block(at, number(piece)),
            State::BlockChecksum { expected } => {
                if number(piece) != u64::from(expected) {
                    return Err(bad(at, "the checksum of an lz4 block is another"));
                }
                self.state = State::Block;
                Ok(Want::take(4))
            }
        }
    }

    fn feed(&mut self, _at: u64, bytes: &[u8]) -> Step<Fed> {
        let State::Content { left, hash } = &mut self.state else {
            return Ok(Fed::All);
        };
        let own = bytes
            .len()
            .min(usize::try_from(*left).unwrap_or(usize::MAX));
        hash.write(&bytes[..own]);
        *left -= own as u64;
        if *left > 0 {
            return Ok(Fed::All);
        }
        let expected = hash.finish_32();
        self.state = State::BlockChecksum { expected };
        Ok(Fed::Until(own, Want::take(4)))
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Magic if end.is_border() => Content::Good,
            _ => end.cut(&format!("the lz4 frame that begins at byte {}", self.begun)),
        }
    }
}
