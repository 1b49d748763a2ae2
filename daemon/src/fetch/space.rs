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
    ///
    /// # Errors
    /// `NoSpace` when they are not there, or the disk's own error.
    pub fn reserve(&self, dir: &Dir, bytes: u64, reserve: u64) -> Result<Reservation, FetchError> {
        let file_system = dir.file_system()?;
        let mut reserved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = reserved.get(&file_system).copied().unwrap_or(0);
        let free = dir.free_bytes()?.saturating_sub(others);
        if bytes > 0 && free < bytes.saturating_add(reserve) {
            return Err(FetchError::NoSpace {
                path: PathBuf::from(dir.path()),
                needed: bytes,
                free,
                reserve,
            });
        }
        *reserved.entry(file_system).or_default() += bytes;
        Ok(Reservation {
            space: self.clone(),
            file_system,
            bytes,
        })
    }

    /// Waits until so many bytes could be reserved, by rules that may change meanwhile: `rules`
    /// tells the reserve, and how long to wait at most. `on_wait` is told once what is missing.
    ///
    /// # Errors
    /// `NoSpace` when the time is over, or the disk's own error.
    pub async fn wait(
        &self,
        dir: &Dir,
        bytes: u64,
        rules: impl Fn() -> (u64, Duration),
        cancel: &CancellationToken,
        on_wait: impl Fn(&FetchError),
    ) -> Result<(), FetchError> {
        let began = Instant::now();
        let mut told = false;
        loop {
            let (reserve, timeout) = rules();
            let missing = match self.reserve(dir, bytes, reserve) {
                Ok(_) => return Ok(()),
                Err(missing @ FetchError::NoSpace { .. }) => missing,
                Err(error) => return Err(error),
            };
            let left = timeout.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(missing);
            }
            if !std::mem::replace(&mut told, true) {
                on_wait(&missing);
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
                () = cancel.cancelled() => return Err(FetchError::Cancelled),
            }
        }
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

    #[test]
    fn two_transfers_never_count_on_the_same_bytes() {
        let (_place, dir) = here();
        let space = Space::default();
        let most = dir.free_bytes().unwrap() / 3 * 2;
        let first = space.reserve(&dir, most, 0).unwrap();
        let second = space.reserve(&dir, most, 0);
        assert!(matches!(second, Err(FetchError::NoSpace { .. })));
        drop(first);
        let _ = space.reserve(&dir, most, 0).unwrap();
    }

    #[test]
    fn a_reserve_beyond_all_numbers_is_told_of_like_any_other() {
        let (_place, dir) = here();
        let missing = Space::default().reserve(&dir, 1, u64::MAX).unwrap_err();
        assert!(missing.to_string().contains("not enough space"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_disk_makes_a_transfer_wait_and_says_so_once() {
        let (_place, dir) = here();
        let (space, never) = (Space::default(), CancellationToken::new());
        let most = dir.free_bytes().unwrap() / 3 * 2;
        let first = space.reserve(&dir, most, 0).unwrap();
        let told = std::cell::Cell::new(0);
        let rules = || (0, Duration::from_secs(60));
        let second = space.wait(&dir, most, rules, &never, |_| told.set(told.get() + 1));
        let free = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(second, free);
        second.unwrap();
        assert_eq!(told.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_sees_a_lower_reserve_and_another_patience() {
        let (_place, dir) = here();
        let (space, never) = (Space::default(), CancellationToken::new());
        let looks = std::cell::Cell::new(0);
        let rules = || {
            looks.set(looks.get() + 1);
            let reserve = if looks.get() < 3 { u64::MAX } else { 0 };
            (reserve, Duration::from_secs(60))
        };
        space.wait(&dir, 1, rules, &never, |_| {}).await.unwrap();
        assert_eq!(looks.get(), 3);
        let rules = || {
            looks.set(looks.get() + 1);
            (u64::MAX, Duration::from_secs(60 - 10 * looks.get()))
        };
        let missing = space.wait(&dir, 1, rules, &never, |_| {}).await;
        assert!(matches!(missing, Err(FetchError::NoSpace { .. })));
        assert!(looks.get() <= 6);
    }
}
