//! The provider process's end of the socket pair, which is its standard input.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use rustix::fs::FileType;

use super::frame::{Frame, FrameError, FrameKind};

/// The way to the daemon. A `File` rather than a socket type, because the sandbox allows `read`
/// and `write` but none of the calls made for sockets.
pub struct Channel(File);

impl Channel {
    /// Takes the socket that the daemon has put in the place of the standard input.
    ///
    /// # Errors
    /// When the standard input is something else: a person has called the command.
    pub fn from_stdin() -> Result<Self, ChannelError> {
        let stdin = io::stdin();
        let status = rustix::fs::fstat(&stdin).map_err(io::Error::from)?;
        if stdin.is_terminal() || FileType::from_raw_mode(status.st_mode) != FileType::Socket {
            return Err(ChannelError::NotTheDaemon);
        }
        Ok(Self(File::from(stdin.as_fd().try_clone_to_owned()?)))
    }

    /// The daemon's next frame; `None` when it has hung up.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn receive(&mut self) -> Result<Option<Frame>, FrameError> {
        Frame::read(&mut self.0)
    }

    /// Sends a frame to the daemon.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn send(&mut self, kind: FrameKind, payload: impl Into<Vec<u8>>) -> Result<(), FrameError> {
        Frame::new(kind, payload).write(&mut self.0)
    }

    /// Puts a provider's question to the daemon and waits for the answer. Without a daemon there
    /// is nothing left to do, least of all going on with the provider: the process ends.
    pub fn ask(&mut self, question: &[u8]) -> Vec<u8> {
        let reply = self
            .send(FrameKind::Ask, question)
            .and_then(|()| self.receive());
        match reply {
            Ok(Some(Frame {
                kind: FrameKind::Reply,
                payload,
            })) => payload,
            _ => std::process::exit(0),
        }
    }
}

/// Why there is no way to the daemon.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A person has called the command.
    #[error("`backhaul provider-host` is started by the daemon, not by people")]
    NotTheDaemon,
    /// The standard input cannot be used.
    #[error("the standard input cannot be used: {0}")]
    Io(#[from] io::Error),
}
