//! What a file is and whether it is sound, told from its bytes as they arrive.
//!
//! A [`Checker`] sees every byte once, in order, in pieces of any size, and keeps next to nothing
//! of them. It follows a format's framing from header to header, decompresses nothing but the
//! beginning of gzip files, and compares those checksums that cost little. What it finds is one of
//! three things, never an error: *good* (whole from the first byte to the last, as far as framing
//! shows), *bad* (with a reason and the place), *cannot tell* (with the reason). A file can make it
//! neither panic nor allocate more than a few hundred KiB.
//!
//! One file per format lies below; `walk` is what they have in common.

mod binlog;
mod format;
mod gzip;
mod lz4;
mod name;
mod page;
mod pg_dump;
mod qpress;
mod rdb;
mod sql;
mod sql_server;
mod tar;
mod wal;
mod walk;
mod xbstream;
mod zip;
mod zstd;

pub use self::format::Format;
pub use self::page::error_page;
use self::walk::{Walk, Walker, cannot_tell};
use crate::mirror::manifest::Content;

/// How many bytes from the front tell the format.
pub const HEAD_BYTES: usize = 1024;
/// How deep files lie in each other that are looked at.
const NESTING_MAX: u8 = 2;

/// How much a check may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A small part of what hashing costs: framing alone, and of what is compressed by gzip the
    /// first MiB. For the path of a download.
    Framing,
    /// Whatever it takes: all that is compressed by gzip is decompressed and what is inside
    /// checked likewise; the checksums of lz4 blocks and binlog events are compared. For an audit.
    Whole,
}

/// What was found out about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its format, as its first bytes show.
    pub format: Format,
    /// Whether it is a sound file of that format, and of that which its name promises.
    pub content: Content,
    /// What kind of page it is, should it be no backup at all but an error message.
    pub page: Option<&'static str>,
}

/// Checks a file while its bytes arrive.
pub struct Checker {
    name: String,
    depth: Depth,
    level: u8,
    seen: u64,
    head: Vec<u8>,
    format: Option<Format>,
    walker: Option<Walker>,
}

impl Checker {
    /// Checks a file of this name. The name counts: it says what the file has to be.
    pub fn new(name: &str, depth: Depth) -> Self {
        Self::nested(name, depth, 0)
    }

    /// Checks a file that lies in so many others.
    fn nested(name: &str, depth: Depth, level: u8) -> Self {
        Self {
            name: name.to_owned(),
            depth,
            level,
            seen: 0,
            head: Vec::new(),
            format: None,
            walker: None,
        }
    }

    /// Takes the next bytes of the file, however many.
    pub fn update(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        let mut bytes = bytes;
        if self.format.is_none() {
            let own = bytes.len().min(HEAD_BYTES - self.head.len());
            self.head.extend_from_slice(&bytes[..own]);
            bytes = &bytes[own..];
            if self.head.len() < HEAD_BYTES {
                return;
            }
            self.start();
        }
        if let Some(walker) = &mut self.walker {
            walker.update(bytes);
        }
    }

    /// What the file is, once all of its `length` bytes have been seen.
    pub fn finish(mut self, length: u64) -> Finding {
        let format = self.start();
        let page = error_page(&self.head, length, &self.name);
        let content = if self.seen == length {
            self.conclude()
        } else {
            cannot_tell(format!(
                "only {} of its {length} bytes were seen",
                self.seen
            ))
        };
        Finding {
            format,
            content,
            page,
        }
    }

    /// What is already certain, whatever follows.
    fn settled(&self) -> Option<&Content> {
        self.walker.as_ref()?.settled()
    }

    /// The verdict on what was seen, which is the whole file.
    fn conclude(mut self) -> Content {
        self.start();
        if let Some(reason) = self.broken_promise() {
            return Content::Bad { reason };
        }
        match self.walker {
            None if self.seen == 0 => cannot_tell("it is empty"),
            Some(walker) => walker.finish(self.seen),
            None => cannot_tell("its format is not known"),
        }
    }

    /// What is wrong with the format, given what the name promises.
    fn broken_promise(&self) -> Option<String> {
        name::contradiction(&self.name, self.format?)
    }

    /// Tells the format from what is there of the front, and begins to follow it.
    fn start(&mut self) -> Format {
        if let Some(format) = self.format {
            return format;
        }
        let format = Format::detect(&self.head);
        self.format = Some(format);
        self.walker = self.walk(format).map(Walker::new);
        if let Some(walker) = &mut self.walker {
            walker.update(&self.head);
        }
        format
    }

    fn walk(&self, format: Format) -> Option<Box<dyn Walk>> {
        let whole = self.depth == Depth::Whole;
        Some(match format {
            Format::Gzip => Box::new(gzip::Gzip::new(
                whole,
                gzip::inside_of(&self.name, self.depth, self.level),
            )),
            Format::Zstd => Box::new(zstd::Zstd::new()),
            Format::Lz4 => Box::new(lz4::Lz4::new(whole)),
            Format::Xbstream => Box::new(xbstream::Xbstream::new()),
            Format::Qpress => Box::new(qpress::Qpress::new()),
            Format::Tar => Box::new(tar::Tar::new()),
            Format::Zip => Box::new(zip::Zip::new()),
            Format::PgDump => Box::new(pg_dump::PgDump::new()),
            Format::Wal => Box::new(wal::Wal::new(&self.name)),
            Format::Binlog => Box::new(binlog::Binlog::new(whole)),
            Format::Rdb => Box::new(rdb::Rdb::new(&self.head)),
            Format::SqlServer => Box::new(sql_server::SqlServer::default()),
            Format::Text => Box::new(sql::Sql::new(&self.head)),
            Format::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
