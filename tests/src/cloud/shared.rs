//! State shared between the requests of an emulated cloud and the test that drives it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value behind a lock that outlives panics.
///
/// A test that fails while it holds the lock must not turn every other answer into a second
/// failure, so poisoning is ignored: all values kept here stay whole between two statements.
#[derive(Debug, Default)]
pub struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// The value, exclusively, until the guard is dropped. Never held across an `await`.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
