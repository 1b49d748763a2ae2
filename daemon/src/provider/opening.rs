//! Opening: a process is started, given its order, and says what it has loaded.

use std::path::Path;
use std::time::Duration;

use backhaul_provider_api::message::Outcome;
use backhaul_provider_api::{Description, Error};
use tokio::time::timeout;

use super::border::{clean, parse};
use super::error::{Deadline, Problem, ProviderError};
use super::library::provider_name;
use super::process::{HostProgram, Process, one_line};
use crate::provider_host::frame::{Frame, FrameError, FrameKind, Opening, Order, Ready};
use crate::provider_host::sandbox::SandboxLevel;

/// What a library says of itself.
pub struct Described {
    /// The provider's description.
    pub description: Description,
    /// The version of the contract: major, minor.
    pub contract: (u32, u32),
    /// How far the sandbox reached.
    pub sandbox: SandboxLevel,
}

/// Loads a library in a process of its own only to let it describe itself.
///
/// # Errors
/// A sentence about the library, without its path.
pub async fn describe(
    library: &Path,
    program: &HostProgram,
    limit: Duration,
) -> Result<Described, String> {
    let order = Order {
        library: library.to_owned(),
        sandbox: program.sandbox,
        account: None,
    };
    let name = provider_name(library).unwrap_or_default();
    let opened = start(&name, program, &order, limit).await;
    let ready = match opened.map_err(|error| error.to_string())?.1 {
        Opening::Ready(ready) => ready,
        Opening::Refused(error) => return Err(clean(error).to_string()),
        Opening::Unusable(reason) => return Err(one_line(&reason)),
    };
    let Ready {
        description,
        major,
        minor,
        sandbox,
    } = ready;
    let outcome: Outcome<Description> = parse(description.to_string().as_bytes())
        .map_err(|problem| format!("its description cannot be read: {problem}"))?;
    Ok(Described {
        description: Result::<_, Error>::from(outcome).map_err(|error| clean(error).to_string())?,
        contract: (major, minor),
        sandbox,
    })
}

/// Starts a process and gives it its order.
pub async fn start(
    provider: &str,
    program: &HostProgram,
    order: &Order,
    limit: Duration,
) -> Result<(Process, Opening), ProviderError> {
    const DURING: &str = "its opening";
    let protocol = |problem| ProviderError::Protocol {
        provider: provider.to_owned(),
        during: DURING,
        problem,
    };
    let mut process = Process::start(program).map_err(|source| ProviderError::Start {
        provider: provider.to_owned(),
        source,
    })?;
    let payload =
        serde_json::to_vec(order).map_err(|error| protocol(Problem::Frame(error.to_string())))?;
    let exchanged = timeout(limit, async {
        process.send(&Frame::new(FrameKind::Open, payload)).await?;
        process.receive().await
    });
    match exchanged.await {
        Err(_) => Err(ProviderError::TimedOut {
            provider: provider.to_owned(),
            during: DURING,
            limit,
            of: Deadline::Work,
        }),
        Ok(Ok(Some(Frame {
            kind: FrameKind::Opened,
            payload,
        }))) => {
            let opening = parse(&payload).map_err(protocol)?;
            Ok((process, opening))
        }
        Ok(Ok(Some(other))) => Err(protocol(Problem::Frame(format!("{:?}", other.kind)))),
        Ok(Ok(None)) => Err(crashed(provider, DURING, process).await),
        Ok(Err(FrameError::Io(_))) => Err(crashed(provider, DURING, process).await),
        Ok(Err(error)) => Err(protocol(Problem::Frame(error.to_string()))),
    }
}

/// The error for a process that hung up in the middle.
pub async fn crashed(provider: &str, during: &'static str, process: Process) -> ProviderError {
    let (ending, stderr) = process.ending().await;
    ProviderError::Crashed {
        provider: provider.to_owned(),
        during,
        ending,
        stderr,
    }
}
