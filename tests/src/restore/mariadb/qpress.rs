//! Decodes a qpress file of one member, as `--compress` of the backup tools writes them.
//!
//! `qpress10`, the chunk size (8 bytes), `F`, the length of the name (4) and the name with a final
//! zero; then blocks: `NEWBNEWB`, an offset (8, zero here), the Adler-32 (4) of the packed chunk
//! that follows; then `ENDSENDS` and 8 bytes. All numbers are little-endian.
//!
//! A packed chunk is QuickLZ 1.5, level 1. Its header is a byte of flags (1: compressed, 2: long
//! header), the packed length with header and the plain length (4 bytes each, or 1). The data are
//! groups of a control word (4) and 31 items, a bit for each, lowest first: 0 for a literal byte,
//! 1 for a match. A match names no distance but a slot (12 bits) of a table: where the three bytes
//! with that hash were seen last.

const MAGIC: &[u8; 8] = b"qpress10";
const BLOCK: &[u8; 8] = b"NEWBNEWB";
const END: &[u8; 8] = b"ENDSENDS";

/// The largest chunk that is accepted; the backup tools write 64 KiB.
const CHUNK_MAX: usize = 16 << 20;

/// What is wrong with a qpress file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QpressError {
    /// It ends in the middle.
    #[error("the file ends early")]
    Cut,
    /// It does not follow the format.
    #[error("not a qpress file of one member, at byte {at}")]
    Format {
        /// How many bytes had been understood.
        at: usize,
    },
    /// A chunk's checksum does not fit.
    #[error("the chunk that ends at byte {at} has a wrong checksum")]
    Checksum {
        /// The position of the chunk's end.
        at: usize,
    },
    /// A chunk cannot be unpacked.
    #[error("the chunk that ends at byte {at} is damaged")]
    Chunk {
        /// The position of the chunk's end.
        at: usize,
    },
}

/// Returns the plain bytes of a qpress file.
///
/// # Errors
/// When the file is cut, damaged, or something else.
pub fn decode(file: &[u8]) -> Result<Vec<u8>, QpressError> {
    let mut reader = Reader { bytes: file, at: 0 };
    reader.expect(MAGIC)?;
    reader.take(8)?;
    reader.expect(b"F")?;
    let name = reader.number(4)?;
    reader.take(name)?;
    reader.expect(b"\0")?;

    let mut plain = Vec::new();
    loop {
        if reader.rest().starts_with(END) {
            reader.take(16)?;
            return match reader.rest() {
                [] => Ok(plain),
                _ => Err(QpressError::Format { at: reader.at }),
            };
        }
        reader.expect(BLOCK)?;
        reader.take(8)?;
        let checksum = reader.number(4)?;
        let header = Header::read(&mut Reader { ..reader })?;
        let chunk = reader.take(header.packed)?;
        if adler32(chunk) as usize != checksum {
            return Err(QpressError::Checksum { at: reader.at });
        }
        unpack(&header, chunk, &mut plain).ok_or(QpressError::Chunk { at: reader.at })?;
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], QpressError> {
        let taken = self.rest().get(..count).ok_or(QpressError::Cut)?;
        self.at += count;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<usize, QpressError> {
        let bytes = self.take(width)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn expect(&mut self, text: &[u8]) -> Result<(), QpressError> {
        let at = self.at;
        if self.take(text.len())? == text {
            Ok(())
        } else {
            Err(QpressError::Format { at })
        }
    }
}

/// What a packed chunk says of itself. Lengths in bytes; `packed` includes the header.
struct Header {
    compressed: bool,
    length: usize,
    packed: usize,
    plain: usize,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<Self, QpressError> {
        let at = reader.at;
        let flags = reader.number(1)?;
        let width = if flags & 2 == 0 { 1 } else { 4 };
        let length = 1 + 2 * width;
        let (packed, plain) = (reader.number(width)?, reader.number(width)?);
        let level = flags >> 2 & 3;
        if level != 1 || packed < length || packed.max(plain) > CHUNK_MAX {
            return Err(QpressError::Format { at });
        }
        Ok(Self {
            compressed: flags & 1 == 1,
            length,
            packed,
            plain,
        })
    }
}

/// Appends a chunk's plain bytes; nothing if it is damaged.
fn unpack(header: &Header, chunk: &[u8], plain: &mut Vec<u8>) -> Option<()> {
    let mut source = chunk.get(header.length..)?.iter().copied();
    if !header.compressed {
        plain.extend(source);
        return (header.packed - header.length == header.plain).then_some(());
    }
    let start = plain.len();
    let end = start + header.plain;
    // A slot holds where its three bytes began; `hashed` is the first position not entered yet.
    let mut slots = [None::<usize>; 4096];
    let mut hashed = start;
    // The set bit above the items' bits tells when the word is used up.
    let mut control = 1_u32;
    while plain.len() < end {
        if control == 1 {
            control = u32::from_le_bytes([
                source.next()?,
                source.next()?,
                source.next()?,
                source.next()?,
            ]);
        }
        let is_match = control & 1 == 1;
        control >>= 1;
        if is_match {
            let (low, high) = (source.next()?, source.next()?);
            let slot = usize::from(low >> 4) | usize::from(high) << 4;
            let count = match low & 15 {
                0 => usize::from(source.next()?),
                short => usize::from(short) + 2,
            };
            let from = slots[slot]?;
            if count < 3 || plain.len() + count > end {
                return None;
            }
            let began = plain.len();
            // Byte by byte, because a match may overlap what it produces.
            for offset in 0..count {
                plain.push(plain[from + offset]);
            }
            enter(&mut slots, plain, hashed..began + 1);
            // The inside of a match is never entered.
            hashed = plain.len();
        } else {
            plain.push(source.next()?);
            let known = plain.len().saturating_sub(2).max(hashed);
            enter(&mut slots, plain, hashed..known);
            hashed = known;
        }
    }
    Some(())
}

/// Enters the three bytes at each position of a range into the table.
fn enter(slots: &mut [Option<usize>; 4096], plain: &[u8], range: std::ops::Range<usize>) {
    for position in range {
        if let Some([a, b, c]) = plain.get(position..position + 3) {
            let three = usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16;
            slots[(three >> 12 ^ three) & 4095] = Some(position);
        }
    }
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests;
