//! One connection as the operating system sees it, so that faults can happen below HTTP.
//!
//! An HTTP library writes well-formed messages. To cut one at an exact byte, a body has to know
//! that everything before has left, and to choose between an orderly end and a reset.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// The handle on a connection that requests carry as an extension.
#[derive(Debug, Clone, Default)]
pub struct Connection(Arc<ConnectionState>);

#[derive(Debug, Default)]
struct ConnectionState {
    flushed: Notify,
    reset: AtomicBool,
    hung_up: AtomicBool,
}

impl Connection {
    /// Waits until all that was handed to the HTTP library so far is with the operating system.
    /// To be awaited inside a response body, whose pause makes the library flush.
    pub async fn flushed(&self) {
        self.0.flushed.notified().await;
    }

    /// Lets the end of this connection be a reset instead of an orderly close.
    pub fn reset_when_closed(&self) {
        self.0.reset.store(true, Ordering::SeqCst);
    }

    /// Sends nothing any more: the connection closes at the next attempt.
    pub fn hang_up(&self) {
        self.0.hung_up.store(true, Ordering::SeqCst);
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.0.hung_up.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

/// A TCP stream that reports flushes to its [`Connection`] and ends the way that says.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    connection: Connection,
}

impl Wire {
    /// Wraps an accepted stream.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            connection: Connection::default(),
        }
    }

    /// The handle on this connection.
    pub fn connection(&self) -> Connection {
        self.connection.clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.connection.0.reset.load(Ordering::SeqCst) {
            // With a linger time of zero, closing sends RST. A failure means it is closed already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.check_writable()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.check_writable()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.connection.0.flushed.notify_waiters();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
