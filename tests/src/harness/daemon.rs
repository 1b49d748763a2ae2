//! A running daemon and what it tells.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Site;

/// How long anything may take before a test gives up. Only a failing test waits this long.
pub const LIMIT: Duration = Duration::from_secs(180);

/// A running daemon. Dropping it kills it.
pub struct Daemon {
    child: Child,
    socket: PathBuf,
    notices: UnixDatagram,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
}

/// What a daemon writes to its standard error.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

/// What happens in a daemon, from the moment of asking on.
pub struct Events {
    events: Receiver<Value>,
    seen: Vec<Value>,
}

impl Daemon {
    /// Starts the daemon with further arguments and waits until it is ready.
    pub fn start(site: &Site, arguments: &[&str]) -> Self {
        let mut daemon = Self::spawn(site, arguments);
        daemon.wait_for_notice("READY=1");
        daemon
    }

    /// Starts the daemon and does not wait.
    pub fn spawn(site: &Site, arguments: &[&str]) -> Self {
        Self::spawn_command(site, site.command(["run"].iter().chain(arguments)))
    }

    /// Starts a daemon by this command, such as [`Site::command`] with another environment, and
    /// does not wait.
    pub fn spawn_command(site: &Site, mut command: Command) -> Self {
        let notify = site.path("notify.sock");
        let _ = std::fs::remove_file(&notify);
        let notices = UnixDatagram::bind(&notify).expect("a socket for notices");
        notices.set_read_timeout(Some(LIMIT)).expect("a time limit");
        let mut child = command
            .env("NOTIFY_SOCKET", &notify)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon can be started");
        let stderr = child.stderr.take().expect("its standard error is a pipe");
        let log = Arc::new(Log::default());
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    let mut text = log.text.lock().expect("no reader panicked");
                    text.push_str(&line);
                    text.push('\n');
                    log.grown.notify_all();
                }
            }
        });
        Self {
            child,
            socket: site.path("control.sock"),
            notices,
            log,
            reader: Some(reader),
        }
    }

    /// Waits for a notice to systemd that contains `text`, and returns it.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for_notice(&mut self, text: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            match self.notices.recv(&mut buffer) {
                Ok(length) => {
                    let notice = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    if notice.contains(text) {
                        return notice;
                    }
                }
                Err(error) => {
                    let ended = self.child.try_wait();
                    panic!(
                        "no {text} ({error}); ended: {ended:?}; log:\n{}",
                        self.log()
                    );
                }
            }
        }
    }

    /// Everything it has logged so far.
    pub fn log(&self) -> String {
        self.log.text.lock().expect("no reader panicked").clone()
    }

    /// Waits until `text` has been logged so many times.
    ///
    /// # Panics
    /// When that does not happen.
    pub fn wait_for_log(&self, text: &str, times: usize) {
        let log = self.log.text.lock().expect("no reader panicked");
        let missing = |log: &mut String| log.matches(text).count() < times;
        let waited = self.log.grown.wait_timeout_while(log, LIMIT, missing);
        let (log, late) = waited.expect("no reader panicked");
        assert!(!late.timed_out(), "not logged {times} times: {text}\n{log}");
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Listens from now on. On return the daemon knows of the listener.
    pub fn events(&self) -> Events {
        let (send, events) = channel();
        let (ready, is_ready) = channel();
        let socket = self.socket.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let client = reqwest::Client::builder()
                    .unix_socket(socket)
                    .no_proxy()
                    .build();
                let request = client.expect("a client").get("http://backhaul/v1/events");
                let Ok(mut response) = request.send().await else {
                    return;
                };
                let _ = ready.send(());
                let mut pending = Vec::new();
                while let Ok(Some(piece)) = response.chunk().await {
                    pending.extend_from_slice(&piece);
                    while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                        let line: Vec<u8> = pending.drain(..=end).collect();
                        let event = serde_json::from_slice(&line).expect("an event in JSON");
                        if send.send(event).is_err() {
                            return;
                        }
                    }
                }
            });
        });
        is_ready
            .recv_timeout(LIMIT)
            .expect("the daemon streams its events");
        Events {
            events,
            seen: Vec::new(),
        }
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        send_signal(self.child.id(), name);
    }

    /// Kills it (SIGKILL) and waits until it is gone. Returns its log.
    pub fn kill(mut self) -> String {
        let _ = self.child.kill();
        self.finish().1
    }

    /// Stops it (SIGTERM) and waits until it has ended. Returns how, and its log.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.finish()
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> (ExitStatus, String) {
        self.finish()
    }

    fn finish(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("the daemon can be waited for");
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        (status, self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.reader.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Events {
    /// Waits for an event of that kind for which `wanted` holds, and returns it.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LIMIT;
        loop {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(event) => {
                    self.seen.push(event.clone());
                    if event["event"] == kind && wanted(&event) {
                        return event;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no `{kind}`; seen: {:#?}", self.seen);
                }
            }
        }
    }

    /// The next event; nothing when the daemon is gone.
    ///
    /// # Panics
    /// When none comes.
    pub fn take(&mut self) -> Option<Value> {
        match self.events.recv_timeout(LIMIT) {
            Ok(event) => {
                self.seen.push(event.clone());
                Some(event)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no event; seen: {:#?}", self.seen),
        }
    }

    /// Everything that was waited past so far, and what was waited for.
    pub fn seen(&self) -> &[Value] {
        &self.seen
    }

    /// Waits until a pass of the job has ended, and returns its run.
    pub fn pass_of(&mut self, job: &str) -> Value {
        self.wait_for("pass-ended", |event| event["run"]["job"] == job)["run"].clone()
    }
}

/// Sends a signal, such as `TERM`, to a process that was started here and not yet waited for.
pub(super) fn send_signal(pid: u32, name: &str) {
    // The shell's own `kill`: not every system has the program.
    let status = Command::new("sh")
        .args(["-c", &format!("kill -s {name} {pid}")])
        .status()
        .expect("a shell can be started");
    assert!(status.success());
}
