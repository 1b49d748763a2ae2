//! PostgreSQL WAL segments: every page's header (`src/include/access/xlog_internal.h`).

use super::walk::{End, Step, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

/// The header of a segment's first page.
const LONG: usize = 40;
/// The header of the others.
const SHORT: usize = 24;
/// A flag of the first page.
const LONG_HEADER: u64 = 0x0002;
const SEGMENT_MIN: u64 = 1 << 20;
const SEGMENT_MAX: u64 = 1 << 30;
const PAGE_MIN: u64 = 1 << 10;
const PAGE_MAX: u64 = 64 << 10;

/// The sizes that a first page's header tells.
#[derive(Clone, Copy)]
struct Sizes {
    segment: u64,
    page: u64,
}

pub(super) struct Wal {
    /// The segment's number as its name tells it, in 4 GiB and parts of them.
    name: Option<(u64, u64)>,
    partial: bool,
    magic: u64,
    /// The position of the segment's first byte in the WAL.
    address: u64,
    sizes: Sizes,
    /// Where pages begin that were written for another part of the WAL.
    stale: Option<u64>,
}

/// Whether a segment begins like this.
pub(super) fn is_start(head: &[u8]) -> bool {
    head.get(..LONG).is_some_and(|header| {
        // The magic is of the version: 0xD0nn and 0xD1nn.
        matches!(header[1], 0xd0 | 0xd1)
            && number(&header[2..4]) & LONG_HEADER != 0
            && sizes(header).is_some()
    })
}

fn sizes(header: &[u8]) -> Option<Sizes> {
    let (segment, page) = (number(&header[32..36]), number(&header[36..40]));
    let plausible = segment.is_power_of_two()
        && page.is_power_of_two()
        && (SEGMENT_MIN..=SEGMENT_MAX).contains(&segment)
        && (PAGE_MIN..=PAGE_MAX).contains(&page);
    plausible.then_some(Sizes { segment, page })
}

impl Wal {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: numbers(name),
            partial: name.to_ascii_lowercase().contains(".partial"),
            magic: 0,
            address: 0,
            sizes: Sizes {
                segment: 0,
                page: 0,
            },
            stale: None,
        }
    }

    fn first(&mut self, at: u64, header: &[u8]) -> Step<Want> {
        let Some(sizes) = sizes(header) else {
            return Err(bad(
                at,
                "the first page of the WAL segment tells no sensible sizes",
            ));
        };
        self.sizes = sizes;
        self.magic = number(&header[..2]);
        self.address = number(&header[8..16]);
        if !self.address.is_multiple_of(sizes.segment) {
            return Err(bad(
                at,
                format!(
                    "the first page says that it is in the middle of a segment ({})",
                    self.shown(0)
                ),
            ));
        }
        let wrong = self.name.filter(|(high, low)| {
            let within = self.address & 0xffff_ffff;
            (self.address >> 32, within / sizes.segment) != (*high, *low)
        });
        if wrong.is_some() {
            return Err(bad(
                at,
                format!(
                    "its name is that of another segment: its first page is at {}",
                    self.shown(0)
                ),
            ));
        }
        Ok(Want::take(SHORT).after(sizes.page - LONG as u64))
    }

    /// A position in the WAL as PostgreSQL writes it.
    fn shown(&self, at: u64) -> String {
        let address = self.address.wrapping_add(at);
        format!("{:X}/{:X}", address >> 32, address & 0xffff_ffff)
    }
}

impl Walk for Wal {
    fn begin(&self) -> Want {
        Want::take(LONG)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        if self.magic == 0 {
            return self.first(at, piece);
        }
        let next = Want::take(SHORT).after(self.sizes.page - SHORT as u64);
        // What a switch to the next segment leaves unused is zeros.
        if piece.iter().all(|byte| *byte == 0) {
            return Ok(next);
        }
        if number(&piece[..2]) != self.magic {
            return Err(bad(
                at,
                format!("no WAL page begins here, at {}", self.shown(at)),
            ));
        }
        if number(&piece[8..16]) != self.address.wrapping_add(at) {
            self.stale.get_or_insert(at);
        }
        Ok(next)
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        let size = self.sizes.segment;
        if self.magic == 0 {
            return end.cut("the header of the first WAL page");
        }
        if end.length < size && self.partial {
            return cannot_tell("it is a partial WAL segment");
        }
        if end.length != size {
            return Content::Bad {
                reason: format!(
                    "a WAL segment of this server has {size} bytes, but this one {}",
                    end.length
                ),
            };
        }
        match self.stale {
            Some(at) => cannot_tell(format!(
                "from byte {at} on it holds pages of older WAL: the segment was not full when it was copied"
            )),
            None => Content::Good,
        }
    }
}

/// The two numbers in a segment's name: 8 hex digits each, behind as many of the time line.
fn numbers(name: &str) -> Option<(u64, u64)> {
    let (digits, rest) = name.split_at_checked(24)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex || !(rest.is_empty() || rest.starts_with('.')) {
        return None;
    }
    let part = |from: usize| u64::from_str_radix(&digits[from..from + 8], 16).ok();
    Some((part(8)?, part(16)?))
}
