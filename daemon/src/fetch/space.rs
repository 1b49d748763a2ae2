//! Room on disk: what transfers are going to need is reserved before they begin, so that several
//! of them never count on the same free bytes, and a full disk makes them wait instead of fail.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::FetchError;
use crate::dir::Dir;

/// How often a full disk is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The reservations of all transfers; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Space(Arc<Mutex<BTreeMap<u64, u64>>>);

/// Bytes that nobody else counts on, given back when dropped: by then the file has taken them.
#[derive(Debug)]
pub struct Reservation {
    space: Space,
    file_system: u64,
    bytes: u64,
}

impl Space {
    /// Reserves bytes on the file system of a directory, besides a `reserve` that stays free.
    /// Waits up to `timeout` for them; `on_wait` is told once what is missing.
    ///
    /// # Errors
    /// `NoSpace` when the time is over, or the disk's own error.
    pub async fn reserve(
        &self,
        dir: &Dir,
        bytes: u64,
        reserve: u64,
        timeout: Duration,
        cancel: &CancellationToken,
        mut on_wait: impl FnMut(&FetchError),
    ) -> Result<Reservation, FetchError> {
        let until = Instant::now() + timeout;
        let mut told = false;
        loop {
            let error = match self.try_reserve(dir, bytes, reserve)? {
                Ok(reservation) => return Ok(reservation),
                Err(error) => error,
            };
            if Instant::now() >= until {
                return Err(error);
            }
            if !std::mem::replace(&mut told, true) {
                on_wait(&error);
            }
            tokio::select! {
                () = tokio::time::sleep_until(until.min(Instant::now() + LOOK_EVERY)) => {}
                () = cancel.cancelled() => return Err(FetchError::Cancelled),
            }
        }
    }

    fn try_reserve(
        &self,
        dir: &Dir,
        bytes: u64,
        reserve: u64,
    ) -> Result<Result<Reservation, FetchError>, FetchError> {
        let file_system = dir.file_system()?;
        let mut reserved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = reserved.get(&file_system).copied().unwrap_or(0);
        let free = dir.free_bytes()?.saturating_sub(others);
        if bytes > 0 && free < bytes.saturating_add(reserve) {
            return Ok(Err(FetchError::NoSpace {
                path: PathBuf::from(dir.path()),
                needed: bytes,
                free,
                reserve,
            }));
        }
        *reserved.entry(file_system).or_default() += bytes;
        Ok(Ok(Reservation {
            space: self.clone(),
            file_system,
            bytes,
        }))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut reserved = self.space.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(all) = reserved.get_mut(&self.file_system) {
            *all = all.saturating_sub(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> (tempfile::TempDir, Dir) {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::open(place.path()).unwrap();
        (place, dir)
    }

    #[tokio::test(start_paused = true)]
    async fn two_transfers_never_count_on_the_same_bytes() {
        let (_place, dir) = here();
        let (space, never) = (Space::default(), CancellationToken::new());
        let most = dir.free_bytes().unwrap() / 3 * 2;
        let first = space.reserve(&dir, most, 0, Duration::ZERO, &never, |_| {});
        let first = first.await.unwrap();
        let second = space.reserve(&dir, most, 0, Duration::ZERO, &never, |_| {});
        assert!(matches!(second.await, Err(FetchError::NoSpace { .. })));
        drop(first);
        let third = space.reserve(&dir, most, 0, Duration::ZERO, &never, |_| {});
        third.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_disk_makes_a_transfer_wait_and_says_so_once() {
        let (_place, dir) = here();
        let (space, never) = (Space::default(), CancellationToken::new());
        let most = dir.free_bytes().unwrap() / 3 * 2;
        let first = space.reserve(&dir, most, 0, Duration::ZERO, &never, |_| {});
        let first = first.await.unwrap();
        let told = std::cell::Cell::new(0);
        let second = space.reserve(&dir, most, 0, Duration::from_secs(60), &never, |_| {
            told.set(told.get() + 1);
        });
        let free = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(second, free);
        second.unwrap();
        assert_eq!(told.get(), 1);
    }
}
