//! Frames: how the daemon and a provider process talk over their socket pair.
//!
//! A frame is a length (u32, big endian), a kind (u8) and that many bytes of JSON. The JSON of
//! operations, asks and outcomes is the contract's own and passes through the provider process
//! unread; only [`Order`] and [`Opening`] are private to one build of Backhaul, because both ends
//! are always the same executable.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use backhaul_provider_api::abi::MESSAGE_MAX;
use backhaul_provider_api::{Account, Error};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::sandbox::{Sandbox, SandboxLevel};

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// Daemon to provider process, once: an [`Order`].
    Open = 1,
    /// Its answer: an [`Opening`].
    Opened = 2,
    /// Daemon to provider: an operation.
    Call = 3,
    /// Its answer: an outcome.
    Answer = 4,
    /// Provider to daemon, while a call runs: an ask.
    Ask = 5,
    /// Its answer: an outcome.
    Reply = 6,
    /// Instead of an answer: a sentence (plain UTF-8) that tells how the provider broke the
    /// contract.
    Broken = 7,
}

impl FrameKind {
    const ALL: [Self; 7] = [
        Self::Open,
        Self::Opened,
        Self::Call,
        Self::Answer,
        Self::Ask,
        Self::Reply,
        Self::Broken,
    ];

    fn parse(byte: u8) -> Result<Self, FrameError> {
        Self::ALL
            .into_iter()
            .find(|kind| *kind as u8 == byte)
            .ok_or(FrameError::Kind(byte))
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it carries.
    pub kind: FrameKind,
    /// The bytes, at most [`MESSAGE_MAX`].
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame of that kind.
    pub fn new(kind: FrameKind, payload: impl Into<Vec<u8>>) -> Self {
        let payload = payload.into();
        Self { kind, payload }
    }

    /// Reads one frame; `None` at a clean end.
    ///
    /// # Errors
    /// When the stream fails, ends within a frame, or holds something else.
    pub fn read(from: &mut impl Read) -> Result<Option<Self>, FrameError> {
        let mut head = [0; HEAD];
        match from.read(&mut head[..1])? {
            0 => return Ok(None),
            _ => from.read_exact(&mut head[1..])?,
        }
        let (kind, length) = parse_head(head)?;
        let mut payload = vec![0; length];
        from.read_exact(&mut payload)?;
        Ok(Some(Self { kind, payload }))
    }

    /// Writes the frame.
    ///
    /// # Errors
    /// When the stream fails or the payload is too long.
    pub fn write(&self, to: &mut impl Write) -> Result<(), FrameError> {
        Ok(to.write_all(&self.encode()?)?)
    }

    /// [`Frame::read`] for the daemon.
    ///
    /// # Errors
    /// As [`Frame::read`].
    pub async fn receive(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>, FrameError> {
        let mut head = [0; HEAD];
        match from.read(&mut head[..1]).await? {
            0 => return Ok(None),
            _ => from.read_exact(&mut head[1..]).await?,
        };
        let (kind, length) = parse_head(head)?;
        let mut payload = vec![0; length];
        from.read_exact(&mut payload).await?;
        Ok(Some(Self { kind, payload }))
    }

    /// [`Frame::write`] for the daemon.
    ///
    /// # Errors
    /// As [`Frame::write`].
    pub async fn send(&self, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), FrameError> {
        Ok(to.write_all(&self.encode()?).await?)
    }

    fn encode(&self) -> Result<Vec<u8>, FrameError> {
        if self.payload.len() > MESSAGE_MAX {
            return Err(FrameError::TooLong(self.payload.len()));
        }
        let mut bytes = Vec::with_capacity(HEAD + self.payload.len());
        // MESSAGE_MAX fits into 32 bits by far.
        bytes.extend_from_slice(&(self.payload.len() as u32).to_be_bytes());
        bytes.push(self.kind as u8);
        bytes.extend_from_slice(&self.payload);
        Ok(bytes)
    }
}

const HEAD: usize = 5;

fn parse_head([a, b, c, d, kind]: [u8; HEAD]) -> Result<(FrameKind, usize), FrameError> {
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > MESSAGE_MAX {
        return Err(FrameError::TooLong(length));
    }
    Ok((FrameKind::parse(kind)?, length))
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream failed, or ended within a frame.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The message is too long.
    #[error("a message of {0} bytes is longer than the {MESSAGE_MAX} allowed")]
    TooLong(usize),
    /// The kind is not known.
    #[error("a message of the unknown kind {0}")]
    Kind(u8),
}

/// The daemon's first frame: what the provider process shall load.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// The library, by absolute path.
    pub library: PathBuf,
    /// How much of a sandbox is demanded.
    pub sandbox: Sandbox,
    /// The session to open; without one the library is only described.
    pub account: Option<Account>,
}

/// What became of an [`Order`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// The library is loaded, and the session open if one was ordered.
    Ready(Ready),
    /// The provider refused to open the session.
    Refused(Error),
    /// The library cannot be used; says why.
    Unusable(String),
}

/// A loaded library.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ready {
    /// What the provider says of itself: the outcome of `describe`, unread.
    pub description: serde_json::Value,
    /// The major version of the contract that both sides speak.
    pub major: u32,
    /// The minor version the library was built for.
    pub minor: u32,
    /// How far the sandbox reaches on this kernel.
    pub sandbox: SandboxLevel,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_way_through_a_stream() {
        let frame = Frame::new(FrameKind::Call, *b"{\"op\":\"list\"}");
        let mut stream = Vec::new();
        frame.write(&mut stream).unwrap();
        assert_eq!(stream[..5], [0, 0, 0, 13, 3]);
        let mut rest = &stream[..];
        assert_eq!(Frame::read(&mut rest).unwrap(), Some(frame));
        assert_eq!(Frame::read(&mut rest).unwrap(), None);
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_anything_is_reserved() {
        let mut stream: &[u8] = &[0xff, 0xff, 0xff, 0xff, 3];
        assert!(matches!(
            Frame::read(&mut stream),
            Err(FrameError::TooLong(0xffff_ffff))
        ));
    }

    #[test]
    fn an_unknown_kind_and_a_cut_frame_are_refused() {
        let mut unknown: &[u8] = &[0, 0, 0, 0, 99];
        assert!(matches!(
            Frame::read(&mut unknown),
            Err(FrameError::Kind(99))
        ));
        let mut cut: &[u8] = &[0, 0, 0, 5, 3, b'{'];
        assert!(matches!(Frame::read(&mut cut), Err(FrameError::Io(_))));
    }
}
