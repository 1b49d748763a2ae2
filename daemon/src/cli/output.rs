//! What commands print: lines on standard output, whoever reads it.
//!
//! `println!` panics when the reader goes away (`backhaul list | head`). Here the rest goes
//! nowhere, and a command with work to do (`backhaul sync | head`) does it all the same. Any other
//! failure, such as a full disk behind a redirection, fails the command at its end.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use super::failure::Failure;

/// The first failure, after which nothing is written any more.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints like `println!`, but outlives whoever reads.
macro_rules! say {
    ($($what:tt)*) => { $crate::cli::output::print(format_args!("{}\n", format_args!($($what)*))) };
}
pub(crate) use say;

/// Prints a text as it is.
pub fn print(text: fmt::Arguments<'_>) {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.is_none() {
        *failed = io::stdout().write_fmt(text).err();
    }
}

/// Sees to it that everything is written.
///
/// # Errors
/// When something could not be, though there is somebody to read it.
pub fn finish() -> Result<(), Failure> {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    let failure = failed.take().or_else(|| io::stdout().flush().err());
    match failure {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::io("cannot write to standard output")(error))
        }
        _ => Ok(()),
    }
}
