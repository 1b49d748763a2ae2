//! What an object contains: bytes in memory, a file on disk, or generated data of any length.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use md5::{Digest, Md5};
use sha2::Sha256;

use super::percent::hex;

/// Bytes handed out at once. Large enough to be fast, small enough for exact faults to be cheap.
pub const CHUNK_BYTES: u64 = 256 * 1024;

/// The content of an object. Cloning is cheap; nothing is held in memory but [`Content::Bytes`].
#[derive(Debug, Clone)]
pub enum Content {
    /// Held in memory.
    Bytes(Bytes),
    /// Read from a file as it is sent.
    File(FileContent),
    /// Made up as it is sent, the same for the same seed and length.
    Generated(Generated),
}

/// A file opened once, so that it can be renamed or unlinked while it is served.
#[derive(Debug, Clone)]
pub struct FileContent {
    file: Arc<File>,
    length: u64,
}

/// Pseudo-random data that needs no memory for its length.
///
/// Every block of 64 KiB starts with a stamp made from the seed and its position, and goes on
/// with a piece of a random megabyte. So no two blocks are alike, and a block that was
/// swapped, repeated or left out changes the digest, while sending costs hardly more than a copy.
#[derive(Debug, Clone)]
pub struct Generated {
    seed: u64,
    length: u64,
    tile: Bytes,
}

impl Content {
    /// Content held in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// Content of a file, with the length it has now.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self::File(FileContent {
            file: Arc::new(file),
            length,
        }))
    }

    /// Generated content of `length` bytes.
    pub fn generated(seed: u64, length: u64) -> Self {
        Self::Generated(Generated::new(seed, length))
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.length,
            Self::Generated(generated) => generated.length,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At least one and at most `limit` bytes from `offset`; empty only at or beyond the end.
    ///
    /// # Errors
    /// When the file cannot be read or has become shorter.
    pub fn chunk(&self, offset: u64, limit: u64) -> io::Result<Bytes> {
        let take = limit
            .min(self.len().saturating_sub(offset))
            .min(CHUNK_BYTES);
        if take == 0 {
            return Ok(Bytes::new());
        }
        match self {
            Self::Bytes(bytes) => Ok(bytes.slice(index(offset)..index(offset + take))),
            Self::File(content) => {
                let mut buffer = vec![0; index(take)];
                content.file.read_exact_at(&mut buffer, offset)?;
                Ok(buffer.into())
            }
            Self::Generated(generated) => Ok(generated.chunk(offset, take)),
        }
    }

    /// The bytes from `offset`, at most `length` of them, in one piece: what a test compares with.
    ///
    /// # Errors
    /// As [`Content::chunk`].
    pub fn read(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let end = offset.saturating_add(length).min(self.len());
        let mut bytes = Vec::new();
        self.each_chunk(offset, end, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    /// Lower-case hexadecimal SHA-256 of the whole.
    ///
    /// # Errors
    /// As [`Content::chunk`].
    pub fn sha256_hex(&self) -> io::Result<String> {
        let mut digest = Sha256::new();
        self.each_chunk(0, self.len(), |chunk| digest.update(chunk))?;
        Ok(hex(&digest.finalize()))
    }

    /// MD5 of a part, from `offset` to before `end`.
    ///
    /// # Errors
    /// As [`Content::chunk`].
    pub fn md5(&self, offset: u64, end: u64) -> io::Result<[u8; 16]> {
        let mut digest = Md5::new();
        self.each_chunk(offset, end.min(self.len()), |chunk| digest.update(chunk))?;
        Ok(digest.finalize().into())
    }

    /// CRC-64/XZ of the whole.
    ///
    /// # Errors
    /// As [`Content::chunk`].
    pub fn crc64(&self) -> io::Result<u64> {
        let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz);
        self.each_chunk(0, self.len(), |chunk| digest.update(chunk))?;
        Ok(digest.finalize())
    }

    fn each_chunk(&self, offset: u64, end: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut at = offset;
        while at < end {
            let chunk = self.chunk(at, end - at)?;
            at += chunk.len() as u64;
            take(&chunk);
        }
        Ok(())
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Bytes::copy_from_slice(bytes))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl Generated {
    fn new(seed: u64, length: u64) -> Self {
        // A short object needs no whole tile; the tile of a shorter one is a prefix of it.
        let tile = (0..TILE_BYTES / 8)
            .flat_map(|word| mix(seed ^ mix(word)).to_le_bytes())
            .collect::<Vec<_>>();
        Self {
            seed,
            length,
            tile: tile.into(),
        }
    }

    /// Part of one block: the stamp, or what follows it.
    fn chunk(&self, offset: u64, take: u64) -> Bytes {
        let block = offset / BLOCK_BYTES;
        let within = offset % BLOCK_BYTES;
        let stamp = mix(self.seed.wrapping_add(mix(block)));
        if within < STAMP_BYTES {
            let mut bytes = [0; STAMP_BYTES as usize];
            bytes[..8].copy_from_slice(&stamp.to_le_bytes());
            bytes[8..].copy_from_slice(&mix(stamp).to_le_bytes());
            let end = (within + take).min(STAMP_BYTES);
            Bytes::copy_from_slice(&bytes[index(within)..index(end)])
        } else {
            let start = stamp % (TILE_BYTES - BLOCK_BYTES) + within;
            let length = take.min(BLOCK_BYTES - within);
            self.tile.slice(index(start)..index(start + length))
        }
    }
}

/// Offsets below the length of something in memory; fits by construction.
fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014): a good mixer of 64 bits.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const BLOCK_BYTES: u64 = 64 * 1024;
const STAMP_BYTES: u64 = 16;
const TILE_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn generated_content_depends_on_seed_only() {
        let long = Content::generated(7, 300_000);
        let again = Content::generated(7, 300_000);
        let other = Content::generated(8, 300_000);
        assert_eq!(long.sha256_hex().unwrap(), again.sha256_hex().unwrap());
        assert_ne!(long.sha256_hex().unwrap(), other.sha256_hex().unwrap());
    }

    #[test]
    fn no_two_blocks_of_generated_content_are_alike() {
        let content = Content::generated(1, 40 * BLOCK_BYTES);
        let mut blocks = (0..40)
            .map(|block| content.read(block * BLOCK_BYTES, BLOCK_BYTES).unwrap())
            .collect::<Vec<_>>();
        blocks.sort();
        blocks.dedup();
        assert_eq!(blocks.len(), 40);
    }

    #[test]
    fn gigabytes_need_no_memory() {
        let content = Content::generated(3, 1 << 42);
        assert_eq!(content.len(), 1 << 42);
        assert_eq!(content.read((1 << 42) - 5, 100).unwrap().len(), 5);
    }

    #[test]
    fn a_file_is_read_where_asked() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"0123456789").unwrap();
        let content = Content::file(file.path()).unwrap();
        assert_eq!(content.read(3, 4).unwrap(), b"3456");
    }

    #[test]
    fn checksums_match_their_published_check_values() {
        let content = Content::from("123456789");
        assert_eq!(content.crc64().unwrap(), 0x995D_C9BB_DF19_39FA);
        assert_eq!(
            hex(&content.md5(0, 9).unwrap()),
            "25f9e794323b453885f5181f1b624d0b"
        );
    }

    proptest! {
        #[test]
        fn any_part_of_generated_content_equals_that_part_of_the_whole(
            start in 0_u64..200_000, length in 0_u64..100_000,
        ) {
            let content = Content::generated(11, 250_000);
            let whole = content.read(0, 250_000).unwrap();
            let end = (start + length).min(250_000);
            prop_assert_eq!(
                content.read(start, length).unwrap(),
                &whole[index(start)..index(end)]
            );
        }
    }
}
