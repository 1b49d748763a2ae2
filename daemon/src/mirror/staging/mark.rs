//! The mark of a file that is written out of order.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// How far from its front a file is whole, kept beside it and not synced: it survives the end of
/// the program, and after a power cut nobody looks at it.
pub struct Mark(File);

impl Mark {
    /// The mark in an open file.
    pub(super) fn new(file: File) -> Self {
        Self(file)
    }

    /// The byte before which everything was written. It is kept twice, the second time with all
    /// bits turned round; where the two disagree nothing is known.
    pub fn get(&self) -> u64 {
        let mut bytes = [0; 16];
        let read = self.0.read_exact_at(&mut bytes, 0);
        let both = u128::from_le_bytes(bytes);
        let (mark, turned) = (both as u64, (both >> 64) as u64);
        match read {
            Ok(()) if mark == !turned => mark,
            _ => 0,
        }
    }

    /// Moves it. The bytes before it have been written.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn set(&self, bytes: u64) -> std::io::Result<()> {
        let both = u128::from(!bytes) << 64 | u128::from(bytes);
        self.0.write_all_at(&both.to_le_bytes(), 0)
    }
}
