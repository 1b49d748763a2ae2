//! Backups of SQL Server: the first block of the Microsoft Tape Format (specification 1.00a), or
//! the container of compressed backups, whose form is not published. More cannot be told.

use super::walk::{End, Step, Walk, Want, bad, cannot_tell, number};
use crate::mirror::manifest::Content;

/// The common header of all blocks and the fields of the `TAPE` block.
const HEADER: usize = 94;
/// `BACKUP … WITH BLOCKSIZE` takes powers of two from here.
const BLOCK_MIN: u64 = 512;
/// The XOR of the 16-bit words before it.
const CHECKSUM: std::ops::Range<usize> = 50..52;
const LOGICAL_BLOCK_SIZE: std::ops::Range<usize> = 84..86;
const MAJOR_VERSION: usize = 93;

#[derive(Default)]
pub(super) struct SqlServer {
    doubt: Option<&'static str>,
    read: bool,
}

impl Walk for SqlServer {
    fn begin(&self) -> Want {
        Want::take(HEADER)
    }

    fn take(&mut self, at: u64, piece: &[u8]) -> Step<Want> {
        if self.read {
            return Ok(Want::feed());
        }
        if piece.starts_with(b"MSSQLBAK") {
            return Err(cannot_tell(
                "a compressed SQL Server backup has a form that is not published; only RESTORE VERIFYONLY can check it",
            ));
        }
        if piece[MAJOR_VERSION] != 1 {
            return Err(bad(
                at,
                "the tape header is not of version 1, as SQL Server writes",
            ));
        }
        let size = number(&piece[LOGICAL_BLOCK_SIZE]);
        if !size.is_power_of_two() || size < BLOCK_MIN {
            return Err(bad(
                at,
                format!("the tape header tells a block size of {size}"),
            ));
        }
        let (words, _) = piece[..CHECKSUM.start].as_chunks::<2>();
        let sum = words
            .iter()
            .fold(0, |sum, word| sum ^ u16::from_le_bytes(*word));
        if u64::from(sum) != number(&piece[CHECKSUM]) {
            self.doubt = Some("the checksum of its tape header is another than the format's");
        }
        self.read = true;
        Ok(Want::feed().after(u64::MAX))
    }

    fn end(&mut self, end: &End<'_>) -> Content {
        if !self.read {
            return end.cut("the tape header");
        }
        if !end.length.is_multiple_of(BLOCK_MIN) {
            return Content::Bad {
                reason: format!(
                    "it is cut: it ends at byte {}, but SQL Server writes whole blocks of 512 bytes or more",
                    end.length
                ),
            };
        }
        cannot_tell(self.doubt.unwrap_or(
            "of a SQL Server backup only the first block is checked; RESTORE VERIFYONLY checks all of it",
        ))
    }
}
