//! The daemon's handle on a provider process: start it, exchange frames, learn how it ended.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::error::Ending;
use crate::provider_host::frame::{Frame, FrameError};
use crate::provider_host::sandbox::Sandbox;
use crate::redact::Redactor;

/// How provider processes are started.
#[derive(Clone, Debug)]
pub struct HostProgram {
    /// The executable that knows the subcommand `provider-host`.
    pub executable: PathBuf,
    /// How much of a sandbox is demanded.
    pub sandbox: Sandbox,
}

impl Default for HostProgram {
    /// This very executable, even when its file was replaced meanwhile.
    fn default() -> Self {
        Self {
            executable: Path::new("/proc/self/exe").to_owned(),
            sandbox: Sandbox::default(),
        }
    }
}

/// A running provider process. Dropping it kills it.
///
/// There is no parent-death signal on purpose: the kernel sends it when the *thread* that forked
/// ends, which on a runtime's worker happens at random. A daemon that dies closes the socket, and
/// that ends the child.
pub struct Process {
    child: Child,
    socket: UnixStream,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    reader: JoinHandle<()>,
}

impl Process {
    /// Starts a process with an empty environment, whose standard input is our socket.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(program: &HostProgram) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut child = Command::new(&program.executable)
            .arg0("backhaul")
            .arg("provider-host")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let pipe = child
            .stderr
            .take()
            .ok_or_else(|| io::Error::other("the child has no standard error"))?;
        Ok(Self {
            child,
            socket: UnixStream::from_std(ours)?,
            reader: tokio::spawn(keep_tail(pipe, Arc::clone(&stderr))),
            stderr,
        })
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the process is gone or the frame too long.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), FrameError> {
        frame.send(&mut self.socket).await
    }

    /// The next frame; `None` when the process hung up. Not to be used again when cancelled.
    ///
    /// # Errors
    /// When the bytes are no frame.
    pub async fn receive(&mut self) -> Result<Option<Frame>, FrameError> {
        Frame::receive(&mut self.socket).await
    }

    /// Waits for the end of a process that hung up, and tells how it ended and what it last wrote
    /// to its standard error.
    pub async fn ending(mut self) -> (Ending, String) {
        drop(self.socket);
        let status = match tokio::time::timeout(END_WAIT, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                let _ = self.child.start_kill();
                self.child.wait().await
            }
        };
        // The pipe ends with the process, unless something else holds it.
        let _ = tokio::time::timeout(END_WAIT, &mut self.reader).await;
        self.reader.abort();
        let ending = status.map_or(Ending::Exit(-1), Ending::from);
        let tail = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let tail: Vec<u8> = tail.iter().copied().collect();
        (ending, one_line(&String::from_utf8_lossy(&tail)))
    }
}

/// How long a process that hung up may take to end.
const END_WAIT: Duration = Duration::from_secs(2);

/// How much of a process's standard error is kept, in bytes.
const STDERR_MAX: usize = 4096;

/// Reads to the end, so that the writer never blocks, and keeps the last bytes.
async fn keep_tail(mut pipe: impl AsyncRead + Unpin, tail: Arc<Mutex<VecDeque<u8>>>) {
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(&buffer[..read]);
        let excess = tail.len().saturating_sub(STDERR_MAX);
        tail.drain(..excess);
    }
}

/// The text in one scrubbed line without control characters.
pub fn one_line(text: &str) -> String {
    let line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Redactor::global().scrub(&line).into_owned()
}
