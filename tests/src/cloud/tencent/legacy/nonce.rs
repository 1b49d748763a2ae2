//! Nonces of API 2.0: none may come twice while its timestamp is good.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::shared::Shared;

/// The nonces of the recent past, by key.
#[derive(Debug, Default)]
pub struct NonceBook(Shared<HashMap<(String, u64), DateTime<Utc>>>);

impl NonceBook {
    /// Notes a nonce; false if it came before. What came longer ago than `window` is forgotten, because
    /// its timestamp would be refused by now.
    pub fn note(&self, secret_id: &str, nonce: u64, window: TimeDelta, now: DateTime<Utc>) -> bool {
        let mut seen = self.0.lock();
        seen.retain(|_, at| (now - *at).abs() <= window + window);
        seen.insert((secret_id.to_owned(), nonce), now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_for_each_key() {
        let book = NonceBook::default();
        let window = TimeDelta::seconds(300);
        let start = DateTime::UNIX_EPOCH;
        assert!(book.note("a", 1, window, start));
        assert!(book.note("b", 1, window, start));
        assert!(book.note("a", 2, window, start));
        assert!(!book.note("a", 1, window, start + window));
        assert!(book.note("a", 1, window, start + TimeDelta::hours(1)));
    }
}
