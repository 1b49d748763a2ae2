//! Binary logs of MySQL and MariaDB: every event is met. Checksums of events are compared only where
//! time does not matter: events are small, and a checksum of each costs several times what hashing
//! the file costs.

use super::walk::{End, Fed, Step, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

const HEADER: usize = 19;
/// Timestamp (4), then the type.
const TYPE: usize = 4;
const LENGTH: std::ops::Range<usize> = 9..13;
const NEXT_POSITION: std::ops::Range<usize> = 13..17;
const FLAGS: usize = 17;
/// Set in the first event while the server still writes the log; not part of its checksum.
const IN_USE: u8 = 0x01;
const CHECKSUM: usize = 4;

const START_V3: u8 = 1;
const STOP: u8 = 3;
const ROTATE: u8 = 4;
const FORMAT_DESCRIPTION: u8 = 15;
const START_ENCRYPTION: u8 = 164;
/// The highest type of MySQL 9, and the types of MariaDB 11.
const MYSQL_LAST: u8 = 42;
const MARIADB: std::ops::RangeInclusive<u8> = 160..=171;

/// The first event names the server in 50 bytes behind the log's version (2).
const SERVER: std::ops::Range<usize> = 2..52;
/// More than any server writes as first event.
const DESCRIPTION_MAX: usize = 4096;

enum State {
    Magic,
    /// An event's header, or the end.
    Header,
    /// The first event, behind its header.
    Description,
    /// An event's body up to its checksum.
    Body {
        left: u64,
    },
    Checksum,
}

pub(super) struct Binlog {
    state: State,
    /// Where the event began, and its type.
    begun: u64,
    kind: u8,
    /// Whether checksums are to be compared, and then whether the server wrote any.
    compare: bool,
    checksums: bool,
    crc: crc_fast::Digest,
    /// An event that tells another position than it has.
    misplaced: Option<u64>,
}

impl Binlog {
    pub(super) fn new(compare: bool) -> Self {
        Self {
            state: State::Magic,
            begun: 0,
            kind: 0,
            compare,
            checksums: false,
            crc: crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
            misplaced: None,
        }
    }

    fn header(&mut self, at: u64, header: &[u8]) -> Step<Want> {
        let first = self.begun == 0;
        self.begun = at;
        self.kind = header[TYPE];
        let length = number(&header[LENGTH]);
        let Some(body) = length.checked_sub(HEADER as u64) else {
            return Err(bad(at, "no binlog event begins here"));
        };
        let next = number(&header[NEXT_POSITION]);
        let placed = next == 0 || next == (at + length) & 0xffff_ffff;
        let known = self.kind <= MYSQL_LAST || MARIADB.contains(&self.kind);
        if !known && !placed {
            return Err(bad(at, "no binlog event begins here"));
        }
        if !placed {
            self.misplaced.get_or_insert(at);
        }
        if first {
            return self.first(at, header, body);
        }
        if self.kind == START_ENCRYPTION {
            return Err(cannot_tell("its events are encrypted by the server"));
        }
        if !self.checksums {
            self.state = State::Header;
            return Ok(Want::take(HEADER).after(body));
        }
        self.crc.reset();
        self.crc.update(header);
        match body.checked_sub(CHECKSUM as u64) {
            None => Err(bad(at, "the binlog event is too short for its checksum")),
            Some(0) => {
                self.state = State::Checksum;
                Ok(Want::take(CHECKSUM))
            }
            Some(left) => {
                self.state = State::Body { left };
                Ok(Want::feed())
            }
        }
    }

    fn first(&mut self, at: u64, header: &[u8], body: u64) -> Step<Want> {
        if self.kind == START_V3 {
            return Err(cannot_tell("it is of a server before MySQL 5.0"));
        }
        match usize::try_from(body) {
            Ok(body @ 57..=DESCRIPTION_MAX) if self.kind == FORMAT_DESCRIPTION => {
                let mut header = header.to_vec();
                header[FLAGS] &= !IN_USE;
                self.crc.update(&header);
                self.state = State::Description;
                Ok(Want::take(body))
            }
            _ => Err(bad(
                at,
                "the first binlog event does not describe the format",
            )),
        }
    }

    /// Learns from the first event whether events have checksums: where the server knows of them,
    /// the event ends with the algorithm (1 is CRC-32) and a checksum.
    fn description(&mut self, at: u64, body: &[u8]) -> Step<Want> {
        self.state = State::Header;
        let (fields, checksum) = body.split_at(body.len() - CHECKSUM);
        self.checksums =
            self.compare && knows_checksums(&body[SERVER]) && fields.last() == Some(&1);
        if self.checksums {
            self.crc.update(fields);
            self.verify(at, checksum)?;
        }
        Ok(Want::take(HEADER))
    }

    fn verify(&self, at: u64, checksum: &[u8]) -> Step<()> {
        if self.crc.finalize() == number(checksum) {
            return Ok(());
        }
        Err(bad(
            at,
            format!(
                "the checksum of the binlog event that begins at {} is another",
                self.begun
            ),
        ))
    }
}

impl Walk for Binlog {
    fn begin(&self) -> Want {
        Want::take(4)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        match self.state {
            State::Magic if piece == b"\xfdbin" => {
                Err(cannot_tell("it is encrypted by the server"))
            }
            State::Magic => {
                self.state = State::Header;
                Ok(Want::take(HEADER))
            }
            State::Header | State::Body { .. } => self.header(at, piece),
            State::Description => self.description(at, piece),
            State::Checksum => {
                self.verify(at, piece)?;
                self.state = State::Header;
                Ok(Want::take(HEADER))
            }
        }
    }

    fn feed(&mut self, _at: u64, bytes: &[u8]) -> Step<Fed> {
        let State::Body { left } = &mut self.state else {
            return Ok(Fed::All);
        };
        let own = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.crc.update(&bytes[..own]);
        *left -= own as u64;
        if *left > 0 {
            return Ok(Fed::All);
        }
        self.state = State::Checksum;
        Ok(Fed::Until(own, Want::take(CHECKSUM)))
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        match self.state {
            State::Header if end.is_border() && self.begun > 0 => {}
            State::Magic => return end.cut("the magic number of a binlog"),
            _ => {
                return end.cut(&format!(
                    "the binlog event that begins at byte {}",
                    self.begun.max(4)
                ));
            }
        }
        match (self.kind, self.misplaced) {
            (_, Some(at)) => cannot_tell(format!(
                "the event at byte {at} tells another position than it has: the file is a relay log or was put together"
            )),
            (STOP | ROTATE, None) => Content::Good,
            _ => cannot_tell(
                "all events are whole, but the last is no ROTATE or STOP: the server was still writing, or it is cut between events",
            ),
        }
    }
}

/// MySQL 5.6.1, MariaDB 5.3.
fn knows_checksums(server: &[u8]) -> bool {
    let text = String::from_utf8_lossy(server);
    let numbers: Vec<u32> = text
        .split(|c: char| !c.is_ascii_digit())
        .take(3)
        .map_while(|part| part.parse().ok())
        .collect();
    numbers >= vec![5, 6, 1] || (text.contains("MariaDB") && numbers >= vec![5, 3])
}
