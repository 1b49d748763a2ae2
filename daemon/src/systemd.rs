//! What systemd is told: readiness, reloads, stops, and that the daemon is alive.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::{mpsc, oneshot};

use crate::supervisor::Command;

/// Ready, with a line for `systemctl status`.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// A reload began; [`ready`] ends it. `Type=notify-reload` wants the time with it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The daemon is about to end.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Feeds the watchdog as long as the supervisor really answers.
pub async fn watchdog(commands: mpsc::Sender<Command>) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut tick = tokio::time::interval(limit / 3);
    loop {
        tick.tick().await;
        let (reply, answer) = oneshot::channel();
        if commands.send(Command::Ping(reply)).await.is_err() {
            return;
        }
        if answer.await.is_ok() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

/// Asks for more time to start as long as it lives: reading back a large mirror takes minutes.
pub struct Patience(std::sync::mpsc::Sender<()>);

impl Patience {
    const STEP: Duration = Duration::from_secs(20);

    /// Begins to ask.
    pub fn begin() -> Self {
        let (alive, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            loop {
                let more = u32::try_from((Self::STEP * 2).as_micros()).unwrap_or(u32::MAX);
                tell(&[NotifyState::ExtendTimeoutUsec(more)]);
                if ended.recv_timeout(Self::STEP) != Err(std::sync::mpsc::RecvTimeoutError::Timeout)
                {
                    return;
                }
            }
        });
        Self(alive)
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        // The thread may have ended; then there is nothing to tell it.
        let _ = self.0.send(());
    }
}

fn tell(state: &[NotifyState<'_>]) {
    // Without systemd there is no socket and nothing happens.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
