//! qpress: every block is met, none is unpacked.
//!
//! `qpress10` and the chunk size (8 bytes); then entries: a directory (`D`: length of the name, 4
//! bytes, and the name with a final zero), the way up from it (`U`), or a file (`F` and its name as
//! above). A file's content is blocks, `NEWBNEWB`, an offset (8), the Adler-32 (4) of what follows
//! and a chunk packed by QuickLZ, and ends with `ENDSENDS` and 8 bytes. A chunk tells its own length:
//! behind a byte of flags as a number of 4 bytes, or of one.

use super::walk::{End, Step, Walk, Want, bad, number};
use crate::mirror::manifest::Content;

/// QuickLZ's flag for lengths of 4 bytes.
const LONG: u8 = 0x02;

enum State {
    Magic,
    /// The kind of the next entry, or the end.
    Entry,
    NameLength {
        file: bool,
    },
    /// The first bytes of a block or of a file's end mark.
    Block,
    /// The rest of a block's header, to its chunk's flags.
    BlockHeader,
    ChunkLength {
        header: u64,
    },
}

pub(super) struct Qpress {
    state: State,
    /// Where the entry began.
    begun: u64,
    /// How many directories are not left yet.
    open: u32,
}

impl Qpress {
    pub(super) fn new() -> Self {
        Self {
            state: State::Magic,
            begun: 0,
            open: 0,
        }
    }

    fn entry(&mut self, at: u64, kind: u8) -> Step<Want> {
        self.begun = at;
        match kind {
            b'F' | b'D' => {
                self.open += u32::from(kind == b'D');
                self.state = State::NameLength { file: kind == b'F' };
                Ok(Want::take(4))
            }
            b'U' if self.open > 0 => {
                self.open -= 1;
                Ok(Want::take(1))
            }
            _ => Err(bad(at, "no qpress entry begins here")),
        }
    }
}

impl Walk for Qpress {
    fn begin(&self) -> Want {
        Want::take(16)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Magic => {
                self.state = State::Entry;
                Ok(Want::take(1))
            }
            State::Entry => self.entry(at, piece[0]),
            State::NameLength { file } => {
                let name = number(piece) + 1;
                if file {
                    self.state = State::Block;
                    return Ok(Want::take(8).after(name));
                }
                self.state = State::Entry;
                Ok(Want::take(1).after(name))
            }
            State::Block => match piece {
                b"NEWBNEWB" => {
                    self.state = State::BlockHeader;
                    Ok(Want::take(8 + 4 + 1))
                }
                b"ENDSENDS" => {
                    self.state = State::Entry;
                    Ok(Want::take(1).after(8))
                }
                _ => Err(bad(at, "no qpress block begins here")),
            },
            State::BlockHeader => {
                let size = if piece[12] & LONG == 0 { 1 } else { 4 };
                self.state = State::ChunkLength {
                    header: 1 + 2 * size as u64,
                };
                Ok(Want::take(size))
            }
            State::ChunkLength { header } => {
                // The length counts the chunk's own header, of which its flags are read.
                let read = 1 + piece.len() as u64;
                let length = number(piece);
                if length < header {
                    return Err(bad(at, "a qpress chunk is shorter than its header"));
                }
                self.state = State::Block;
                Ok(Want::take(8).after(length - read))
            }
        }
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Magic => end.cut("the qpress header"),
            State::Entry if end.is_border() && self.begun > 0 && self.open == 0 => Content::Good,
            State::Entry if end.is_border() => Content::Bad {
                reason: format!("it is cut: it ends at byte {} between entries", end.length),
            },
            _ => end.cut(&format!("the entry that begins at byte {}", self.begun)),
        }
    }
}
