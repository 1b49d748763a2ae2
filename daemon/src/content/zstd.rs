//! Zstandard frames (RFC 8878): every block is met, none is decompressed.

use super::walk::{End, Step, Walk, Want, bad, number};
use crate::mirror::manifest::Content;

/// A block is never longer, compressed or not (RFC 8878, 3.1.1.2.4).
const BLOCK_MAX_BYTES: u64 = 128 << 10;

enum State {
    /// A frame's magic number, or the end.
    Magic,
    SkippableLength,
    Descriptor,
    Block,
}

pub(super) struct Zstd {
    state: State,
    /// Where the frame began.
    begun: u64,
    checksum: bool,
}

impl Zstd {
    pub(super) fn new() -> Self {
        Self {
            state: State::Magic,
            begun: 0,
            checksum: false,
        }
    }
}

impl Walk for Zstd {
    fn begin(&self) -> Want {
        Want::take(4)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Magic => {
                self.begun = at;
                match number(piece) {
                    0xfd2f_b528 => {
                        self.state = State::Descriptor;
                        Ok(Want::take(1))
                    }
                    0x184d_2a50..=0x184d_2a5f => {
                        self.state = State::SkippableLength;
                        Ok(Want::take(4))
                    }
                    _ => Err(bad(at, "no zstd frame begins here")),
                }
            }
            State::SkippableLength => {
                self.state = State::Magic;
                Ok(Want::take(4).after(number(piece)))
            }
            State::Descriptor => {
                let descriptor = piece[0];
                if descriptor & 0x08 != 0 {
                    return Err(bad(at, "a reserved bit of the zstd frame header is set"));
                }
                self.checksum = descriptor & 0x04 != 0;
                let single_segment = descriptor & 0x20 != 0;
                let window = u64::from(!single_segment);
                let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
                let length = match descriptor >> 6 {
                    0 => u64::from(single_segment),
                    size => 1 << size,
                };
                self.state = State::Block;
                Ok(Want::take(3).after(window + dictionary + length))
            }
            State::Block => {
                let header = number(piece);
                let (last, kind, size) = (header & 1 != 0, header >> 1 & 3, header >> 3);
                if kind == 3 || size > BLOCK_MAX_BYTES {
                    return Err(bad(at, "no zstd block begins here"));
                }
                // A block of one repeated byte holds that byte only.
                let content = if kind == 1 { 1 } else { size };
                if !last {
                    return Ok(Want::take(3).after(content));
                }
                self.state = State::Magic;
                let checksum = if self.checksum { 4 } else { 0 };
                Ok(Want::take(4).after(content + checksum))
            }
        }
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Magic if end.is_border() => Content::Good,
            _ => end.cut(&format!(
                "the zstd frame that begins at byte {}",
                self.begun
            )),
        }
    }
}
