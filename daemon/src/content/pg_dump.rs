//! PostgreSQL's custom dumps: the header, the table of contents and all blocks of data are met;
//! nothing is decompressed.
//!
//! The layout is that of `ReadHead`, `ReadToc` and `_PrintTocData` in `src/bin/pg_dump`. A number
//! is a byte of sign and as many bytes as the header says, the lowest first; a text is its length,
//! -1 for none, and its bytes.

use super::walk::{End, Step, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

/// Magic, version (3 bytes), sizes of numbers and of offsets, format.
const PREFIX: usize = 11;
/// The minor versions of the format (PostgreSQL 9.0 to 18) that are followed.
const FIRST: u8 = 12;
const LAST: u8 = 16;
/// Since this one, the compression is a byte.
const COMPRESSION_BYTE: u8 = 15;
const NUMBER_MAX: usize = 8;

const FORMAT_CUSTOM: u8 = 1;
const FORMAT_TAR: u8 = 3;
const FORMAT_DIRECTORY: u8 = 5;

const BLOCK_DATA: u8 = 1;
const BLOCK_LARGE_OBJECTS: u8 = 3;

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Number,
    Text,
}

/// Time of the dump (7), database, versions of server and tool, count of entries.
const HEADER: &[Field] = &[
    Field::Number,
    Field::Number,
    Field::Number,
    Field::Number,
    Field::Number,
    Field::Number,
    Field::Number,
    Field::Text,
    Field::Text,
    Field::Text,
    Field::Number,
];

/// The fields of an entry with the version that brought them; dependencies and offset follow.
const ENTRY: &[(Field, u8)] = &[
    (Field::Number, 0),  // id
    (Field::Number, 0),  // whether it has data
    (Field::Text, 0),    // table's oid
    (Field::Text, 0),    // oid
    (Field::Text, 0),    // tag
    (Field::Text, 0),    // description
    (Field::Number, 0),  // section
    (Field::Text, 0),    // definition
    (Field::Text, 0),    // drop statement
    (Field::Text, 0),    // copy statement
    (Field::Text, 0),    // schema
    (Field::Text, 0),    // tablespace
    (Field::Text, 14),   // access method
    (Field::Number, 16), // kind of relation
    (Field::Text, 0),    // owner
    (Field::Text, 0),    // with oids
];

enum State {
    Prefix,
    Compression,
    Header(usize),
    Entry(usize),
    Dependency,
    Offset,
    /// The kind of a block of data, or the end.
    Block,
    BlockId {
        large_objects: bool,
    },
    /// The next large object of a block, nought at its end.
    LargeObject,
    /// The length of the next piece of data, nought at the end.
    Chunk {
        large_objects: bool,
    },
}

pub(super) struct PgDump {
    state: State,
    minor: u8,
    number_bytes: usize,
    offset_bytes: usize,
    entries_left: u64,
    /// Entries whose data the table of contents places, and all that have data.
    placed: u64,
    with_data: u64,
    blocks: u64,
    /// Where the entry or block began.
    begun: u64,
}

impl PgDump {
    pub(super) fn new() -> Self {
        Self {
            state: State::Prefix,
            minor: 0,
            number_bytes: 0,
            offset_bytes: 0,
            entries_left: 0,
            placed: 0,
            with_data: 0,
            blocks: 0,
            begun: 0,
        }
    }

    fn prefix(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        let (major, minor, format) = (piece[5], piece[6], piece[10]);
        self.minor = minor;
        self.number_bytes = usize::from(piece[8]);
        self.offset_bytes = usize::from(piece[9]);
        if major != 1 {
            return Err(bad(
                at,
                format!("no pg_dump writes the version {major}.{minor}"),
            ));
        }
        match format {
            FORMAT_CUSTOM => {}
            FORMAT_TAR | FORMAT_DIRECTORY => {
                return Err(cannot_tell(
                    "it is the table of contents of a dump in several files",
                ));
            }
            _ => return Err(bad(at, format!("no pg_dump writes the format {format}"))),
        }
        if !(FIRST..=LAST).contains(&minor) {
            return Err(cannot_tell(format!(
                "its version of pg_dump's format, {major}.{minor}, is not known here"
            )));
        }
        let sizes = 1..=NUMBER_MAX;
        if !sizes.contains(&self.number_bytes) || !sizes.contains(&self.offset_bytes) {
            return Err(bad(
                at,
                "the dump's header tells no sensible sizes of numbers",
            ));
        }
        if minor >= COMPRESSION_BYTE {
            self.state = State::Compression;
            return Ok(Want::take(1));
        }
        // A number, and what is in it does not matter.
        self.state = State::Header(0);
        Ok(self.number().after(1 + self.number_bytes as u64))
    }

    fn number(&self) -> Want {
        Want::take(1 + self.number_bytes)
    }

    /// Reads a number; at most 8 bytes, of which 4 are used.
    fn value(&self, at: u64, piece: &[u8]) -> Step<i64> {
        let value = i64::try_from(number(&piece[1..]));
        match (piece[0], value) {
            (0, Ok(value)) => Ok(value),
            (1, Ok(value)) => Ok(-value),
            _ => Err(bad(at, "the dump's table of contents or data is damaged")),
        }
    }

    /// Goes on behind a field: a text's bytes are passed over.
    fn behind(&self, field: Field, value: i64) -> Want {
        let skip = match field {
            Field::Text => u64::try_from(value).unwrap_or(0),
            Field::Number => 0,
        };
        self.number().after(skip)
    }

    fn header(&mut self, at: u64, field: usize, value: i64) -> Step<Want> {
        if field + 1 < HEADER.len() {
            self.state = State::Header(field + 1);
            return Ok(self.behind(HEADER[field], value));
        }
        self.entries_left = u64::try_from(value)
            .map_err(|_| bad(at, "the dump's table of contents has no sensible length"))?;
        Ok(self.next_entry(at + 1 + self.number_bytes as u64))
    }

    fn next_entry(&mut self, at: u64) -> Want {
        self.begun = at;
        if self.entries_left == 0 {
            self.state = State::Block;
            return Want::take(1);
        }
        self.entries_left -= 1;
        self.state = State::Entry(0);
        self.number()
    }

    fn entry(&mut self, field: usize, value: i64) -> Want {
        let behind = self.behind(ENTRY[field].0, value);
        let next = (field + 1..ENTRY.len()).find(|next| ENTRY[*next].1 <= self.minor);
        self.state = next.map_or(State::Dependency, State::Entry);
        behind
    }

    fn offset(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match piece[0] {
            // Not known when the table was written: the dump went into a pipe.
            1 => self.with_data += 1,
            2 => {
                self.with_data += 1;
                self.placed += 1;
            }
            // It has no data.
            3 => {}
            _ => return Err(bad(at, "the dump's table of contents is damaged")),
        }
        Ok(self.next_entry(at + piece.len() as u64))
    }

    fn block(&mut self, at: u64, kind: u8) -> Step<Want> {
        self.begun = at;
        let large_objects = match kind {
            BLOCK_DATA => false,
            BLOCK_LARGE_OBJECTS => true,
            _ => return Err(bad(at, "no block of data begins here")),
        };
        self.state = State::BlockId { large_objects };
        Ok(self.number())
    }

    fn end_of_block(&mut self) -> Want {
        self.blocks += 1;
        self.state = State::Block;
        Want::take(1)
    }

    fn chunk(&mut self, at: u64, large_objects: bool, length: i64) -> Step<Want> {
        match u64::try_from(length) {
            Ok(0) if large_objects => {
                self.state = State::LargeObject;
                Ok(self.number())
            }
            Ok(0) => Ok(self.end_of_block()),
            Ok(length) => Ok(self.number().after(length)),
            Err(_) => Err(bad(at, "a piece of data has no sensible length")),
        }
    }
}

impl Walk for PgDump {
    fn begin(&self) -> Want {
        Want::take(PREFIX)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Prefix => return self.prefix(at, piece),
            State::Compression => {
                self.state = State::Header(0);
                return Ok(self.number());
            }
            State::Offset => return self.offset(at, piece),
            State::Block => return self.block(at, piece[0]),
            _ => {}
        }
        let value = self.value(at, piece)?;
        match self.state {
            State::Header(field) => self.header(at, field, value),
            State::Entry(field) => Ok(self.entry(field, value)),
            State::Dependency if value < 0 => {
                self.state = State::Offset;
                Ok(Want::take(1 + self.offset_bytes))
            }
            State::Dependency => Ok(self.behind(Field::Text, value)),
            State::BlockId {
                large_objects: true,
            } => {
                self.state = State::LargeObject;
                Ok(self.number())
            }
            State::BlockId { .. } => {
                self.state = State::Chunk {
                    large_objects: false,
                };
                Ok(self.number())
            }
            State::LargeObject if value == 0 => Ok(self.end_of_block()),
            State::LargeObject => {
                self.state = State::Chunk {
                    large_objects: true,
                };
                Ok(self.number())
            }
            State::Chunk { large_objects } => self.chunk(at, large_objects, value),
            // Taken above.
            State::Prefix | State::Compression | State::Offset | State::Block => Ok(self.number()),
        }
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Block if end.is_border() => {}
            State::Prefix | State::Compression | State::Header(_) => {
                return end.cut("the dump's header");
            }
            State::Entry(_) | State::Dependency | State::Offset => {
                return end.cut("the dump's table of contents");
            }
            _ => {
                return end.cut(&format!(
                    "the block of data that begins at byte {}",
                    self.begun
                ));
            }
        }
        if self.blocks < self.placed {
            return Content::Bad {
                reason: format!(
                    "it is cut: {} tables or sets of large objects have data, but only {} are there",
                    self.with_data, self.blocks
                ),
            };
        }
        if self.blocks < self.with_data {
            return cannot_tell(format!(
                "{} tables or sets of large objects may have data, {} are there",
                self.with_data, self.blocks
            ));
        }
        Content::Good
    }
}
