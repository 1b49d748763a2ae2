//! The provider host: the process in which one provider's shared library runs.
//!
//! `backhaul provider-host` is this same executable, started by `provider/session.rs` with an
//! empty environment and one end of a socket pair as its standard input. It gives up its rights,
//! opens the library, and then only passes messages: operations from the daemon to the provider,
//! the provider's asks (HTTP, clock, randomness, log) to the daemon. It has no runtime and no
//! second thread, because the sandbox restricts the one thread it has.
//!
//! A provider that crashes, hangs or eats memory ends this process and nothing else.

use std::process::ExitCode;

use backhaul_provider_api::message::Outcome;
use backhaul_provider_api::{Account, Error};

mod channel;
pub mod frame;
mod library;
pub mod sandbox;
mod system_calls;

use channel::{Channel, ChannelError};
use frame::{FrameError, FrameKind, Opening, Order, Ready};
use library::{Library, Session};
use sandbox::SandboxError;

/// Runs the provider host until the daemon hangs up. Must be called while the process has one
/// thread: before any runtime is built.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The daemon reads this and adds it to its own error.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), HostError> {
    // First, because it closes every inherited descriptor.
    sandbox::limit_process()?;
    let mut channel = Channel::from_stdin()?;
    let Some(first) = channel.receive()? else {
        return Ok(());
    };
    if first.kind != FrameKind::Open {
        return Err(HostError::OutOfTurn);
    }
    let order: Order = serde_json::from_slice(&first.payload)?;
    let (opening, opened) = match open(&order) {
        Ok((ready, library, session)) => (Opening::Ready(ready), Some((library, session))),
        Err(opening) => (opening, None),
    };
    channel.send(FrameKind::Opened, serde_json::to_vec(&opening)?)?;
    let Some((library, Some(mut session))) = opened else {
        return Ok(());
    };
    while let Some(frame) = channel.receive()? {
        if frame.kind != FrameKind::Call {
            return Err(HostError::OutOfTurn);
        }
        match library.call(&mut session, &mut channel, &frame.payload) {
            Ok(answer) => channel.send(FrameKind::Answer, answer)?,
            Err(error) => channel.send(FrameKind::Broken, error.to_string())?,
        }
    }
    library.close(session);
    Ok(())
}

/// Confines the process around the library, loads it, and opens the session if one is ordered.
fn open(order: &Order) -> Result<(Ready, Library, Option<Session>), Opening> {
    let unusable = |error: &dyn std::error::Error| Opening::Unusable(error.to_string());
    let level = sandbox::before_loading(&order.library, order.sandbox).map_err(|e| unusable(&e))?;
    let library = Library::load(&order.library).map_err(|e| unusable(&e))?;
    sandbox::before_serving(level).map_err(|e| unusable(&e))?;
    let description = library.describe().map_err(|e| unusable(&e))?;
    let ready = Ready {
        description: serde_json::from_slice(&description)
            .map_err(|e| Opening::Unusable(format!("its description is not JSON: {e}")))?,
        major: library.major,
        minor: library.minor,
        sandbox: level,
    };
    let session = match &order.account {
        Some(account) => Some(open_session(&library, account)?),
        None => None,
    };
    Ok((ready, library, session))
}

fn open_session(library: &Library, account: &Account) -> Result<Session, Opening> {
    let broken = |what: String| Opening::Unusable(format!("it cannot open a session: {what}"));
    let account = serde_json::to_vec(account).map_err(|e| broken(e.to_string()))?;
    let (outcome, session) = library.open(&account).map_err(|e| broken(e.to_string()))?;
    let outcome: Outcome<()> = serde_json::from_slice(&outcome)
        .map_err(|e| broken(format!("its outcome cannot be read: {e}")))?;
    match Result::<(), Error>::from(outcome) {
        Err(error) => Err(Opening::Refused(error)),
        Ok(()) => Ok(session),
    }
}

/// Why the process ends early.
#[derive(Debug, thiserror::Error)]
enum HostError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the daemon's message cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the daemon's message came out of turn")]
    OutOfTurn,
}
