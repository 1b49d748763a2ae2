//! xbstream: every chunk is met, the checksum of its content compared (which is cheap), and every
//! file has to be ended.
//!
//! A chunk is `XBSTCK01`, flags (1 byte), type (1), the path's length (4) and the path. For content
//! (`P`) its length (8), its offset in the file (8), its CRC-32 (4) and the bytes follow; for sparse
//! content (`S`) the number of holes (4) comes before the length, and the holes (8 each) behind the
//! checksum, which covers them. An end (`E`) has nothing more. Numbers are little-endian.

use std::collections::BTreeMap;

use super::walk::{End, Fed, Step, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

const MAGIC: &[u8; 8] = b"XBSTCK01";
/// Magic, flags, type, length of the path.
const HEADER: usize = 14;
/// Longer paths no tool writes (its limit is 512).
const PATH_MAX: u64 = 4096;
/// How much the paths of files that are not ended yet may take. Tools interleave at most as many
/// files as they have threads.
const OPEN_MAX_BYTES: usize = 256 << 10;
/// What is kept beside each path.
const OPEN_ENTRY_BYTES: usize = 64;

enum State {
    /// A chunk's header, or the end.
    Header,
    Path {
        kind: u8,
    },
    /// Length, offset and checksum of content, behind the number of holes if it is sparse.
    Numbers {
        sparse: bool,
    },
    Content {
        left: u64,
        checksum: u64,
    },
}

pub(super) struct Xbstream {
    state: State,
    /// Where the chunk began.
    begun: u64,
    path: Box<[u8]>,
    /// Files that are not ended yet, with the offset at which each goes on.
    open: BTreeMap<Box<[u8]>, u64>,
    open_bytes: usize,
    crc: crc_fast::Digest,
}

impl Xbstream {
    pub(super) fn new() -> Self {
        Self {
            state: State::Header,
            begun: 0,
            path: Box::default(),
            open: BTreeMap::new(),
            open_bytes: 0,
            crc: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
        }
    }

    fn header(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        self.begun = at;
        if piece[..8] != *MAGIC {
            return Err(bad(at, "no xbstream chunk begins here"));
        }
        let length = number(&piece[10..14]);
        match usize::try_from(length) {
            Ok(length @ 1..) if length as u64 <= PATH_MAX => {
                self.state = State::Path { kind: piece[9] };
                Ok(Want::take(length))
            }
            _ => Err(bad(
                at,
                "the path of an xbstream chunk has no sensible length",
            )),
        }
    }

    fn path(&mut self, kind: u8, path: &[u8]) -> Step<Want> {
        self.path = path.into();
        match kind {
            b'P' | b'S' => {
                let sparse = kind == b'S';
                self.state = State::Numbers { sparse };
                Ok(Want::take(if sparse { 24 } else { 20 }))
            }
            b'E' => {
                if self.open.remove(path).is_some() {
                    self.open_bytes -= path.len() + OPEN_ENTRY_BYTES;
                }
                self.state = State::Header;
                Ok(Want::take(HEADER))
            }
            // Later versions of MariaDB have chunks that move, rename and remove.
            _ => Err(cannot_tell(format!(
                "the xbstream chunk at byte {} is of a kind that is not known here",
                self.begun
            ))),
        }
    }

    fn numbers(&mut self, piece: &[u8], sparse: bool) -> Step<Want> {
        // In MariaDB's dialect, `S` moves to an offset (8 bytes), and the next chunk follows.
        if sparse && piece[8..16] == *MAGIC {
            return Err(cannot_tell(format!(
                "the xbstream chunk at byte {} is of a kind that is not known here",
                self.begun
            )));
        }
        let (holes, piece) = if sparse {
            (8 * number(&piece[..4]), &piece[4..])
        } else {
            (0, piece)
        };
        let (length, offset) = (number(&piece[..8]), number(&piece[8..16]));
        let checksum = number(&piece[16..20]);
        self.place(offset, length)?;
        let left = length.saturating_add(holes);
        if left == 0 {
            self.state = State::Header;
            return Ok(Want::take(HEADER));
        }
        self.crc.reset();
        self.state = State::Content { left, checksum };
        Ok(Want::feed())
    }

    /// Checks that content goes on where the file's content so far ended.
    fn place(&mut self, offset: u64, length: u64) -> Step<()> {
        if let Some(next) = self.open.get_mut(&self.path) {
            if offset != *next {
                return Err(bad(
                    self.begun,
                    format!(
                        "the chunk continues {} at its byte {offset}, but its content so far ends at {next}",
                        shown(&self.path)
                    ),
                ));
            }
            *next = next.saturating_add(length);
            return Ok(());
        }
        if offset != 0 {
            return Err(bad(
                self.begun,
                format!("the beginning of {} is missing", shown(&self.path)),
            ));
        }
        self.open_bytes += self.path.len() + OPEN_ENTRY_BYTES;
        if self.open_bytes > OPEN_MAX_BYTES {
            return Err(cannot_tell("it holds more files at once than are followed"));
        }
        self.open.insert(self.path.clone(), length);
        Ok(())
    }
}

impl Walk for Xbstream {
    fn begin(&self) -> Want {
        Want::take(HEADER)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Path { kind } => self.path(kind, piece),
            State::Numbers { sparse } => self.numbers(piece, sparse),
            State::Header | State::Content { .. } => self.header(at, piece),
        }
    }

    fn feed(&mut self, _at: u64, bytes: &[u8]) -> Step<Fed> {
        let State::Content { left, checksum } = &mut self.state else {
            return Ok(Fed::All);
        };
        let own = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.crc.update(&bytes[..own]);
        *left -= own as u64;
        if *left > 0 {
            return Ok(Fed::All);
        }
        if self.crc.finalize() != *checksum {
            return Err(bad(
                self.begun,
                format!(
                    "the checksum of a chunk of {} is another",
                    shown(&self.path)
                ),
            ));
        }
        self.state = State::Header;
        Ok(Fed::Until(own, Want::take(HEADER)))
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Header if end.is_border() => match self.open.keys().next() {
                None => Content::Good,
                Some(path) => Content::Bad {
                    reason: format!(
                        "it is cut: {} of its files are not ended, such as {}",
                        self.open.len(),
                        shown(path)
                    ),
                },
            },
            _ => end.cut(&format!(
                "the xbstream chunk that begins at byte {}",
                self.begun
            )),
        }
    }
}

/// A path as a person may see it.
fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(200)
        .collect()
}
