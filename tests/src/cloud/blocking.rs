//! An emulated cloud for tests that are not asynchronous.

use std::ops::Deref;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::Runtime;

/// A cloud together with the runtime it lives on. Dereferences to the cloud.
#[derive(Debug)]
pub struct Blocking<C> {
    // Dropped first, so that its servers end before the runtime does.
    cloud: C,
    runtime: Runtime,
}

/// Something awaited did not happen in time.
#[derive(Debug, Error)]
#[error("nothing happened for {0:?}")]
pub struct TookTooLong(Duration);

impl<C> Blocking<C> {
    /// Starts a cloud on a runtime of its own, with two threads.
    ///
    /// # Errors
    /// When the runtime or the cloud cannot be started.
    pub fn start_with<F>(start: F) -> std::io::Result<Self>
    where
        F: Future<Output = std::io::Result<C>>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("emulated-cloud")
            .enable_all()
            .build()?;
        let cloud = runtime.block_on(start)?;
        Ok(Self { cloud, runtime })
    }

    /// Waits for an event of the cloud, such as a gate that holds a download. Must not be called
    /// from asynchronous code.
    ///
    /// # Errors
    /// When it did not happen within `limit`.
    pub fn wait<F: Future>(&self, limit: Duration, event: F) -> Result<F::Output, TookTooLong> {
        self.runtime
            .block_on(async { tokio::time::timeout(limit, event).await })
            .map_err(|_| TookTooLong(limit))
    }
}

impl<C> Deref for Blocking<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.cloud
    }
}
