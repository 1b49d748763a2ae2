//! The last net: everything the log writes passes the redactor.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use super::Redactor;

/// Wraps a writer of `tracing-subscriber` so that each event is scrubbed.
#[derive(Clone, Debug)]
pub struct Scrubbed<M> {
    inner: M,
    redactor: Redactor,
}

impl<M> Scrubbed<M> {
    /// Scrubs what goes to `inner` with that redactor.
    pub fn new(inner: M, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Scrubbed<M> {
    type Writer = ScrubbedLine<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        ScrubbedLine {
            inner: self.inner.make_writer(),
            redactor: self.redactor.clone(),
            event: Vec::new(),
        }
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        ScrubbedLine {
            inner: self.inner.make_writer_for(meta),
            redactor: self.redactor.clone(),
            event: Vec::new(),
        }
    }
}

/// Collects one event and writes it scrubbed when it is dropped, so that a secret which the
/// formatter writes in pieces is seen as a whole.
#[derive(Debug)]
pub struct ScrubbedLine<W: Write> {
    inner: W,
    redactor: Redactor,
    event: Vec<u8>,
}

impl<W: Write> Write for ScrubbedLine<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.event.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let event = String::from_utf8_lossy(&self.event);
        let written = self.inner.write_all(self.redactor.scrub(&event).as_bytes());
        self.event.clear();
        written?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for ScrubbedLine<W> {
    fn drop(&mut self) {
        // A log that cannot be written has nowhere to say so.
        let _ = self.flush();
    }
}
