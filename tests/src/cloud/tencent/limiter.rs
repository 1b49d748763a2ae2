//! The limit of calls a second, by key and action.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::cloud::fault::Api;
use crate::cloud::shared::Shared;

/// The calls of the last second.
#[derive(Debug, Default)]
pub struct Limiter(Shared<HashMap<(String, Api), RecentCalls>>);

/// When the calls of the last second were made.
type RecentCalls = VecDeque<DateTime<Utc>>;

impl Limiter {
    /// Counts a call, and refuses it when there were too many in the last second. A refused call is
    /// not counted, so a caller that waits gets through.
    pub fn admit(&self, secret_id: &str, api: Api, limit: u32, now: DateTime<Utc>) -> bool {
        let mut calls = self.0.lock();
        let recent = calls.entry((secret_id.to_owned(), api)).or_default();
        // The clock may have been set back; calls of the future are forgotten too.
        recent.retain(|call| *call <= now && now - *call < TimeDelta::seconds(1));
        let admitted = u32::try_from(recent.len()).is_ok_and(|count| count < limit);
        if admitted {
            recent.push_back(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_limited_by_key_action_and_second() {
        let limiter = Limiter::default();
        let start = DateTime::UNIX_EPOCH;
        assert!(limiter.admit("a", Api::MysqlBackups, 1, start));
        assert!(!limiter.admit("a", Api::MysqlBackups, 1, start));
        assert!(limiter.admit("a", Api::MysqlBinlogs, 1, start));
        assert!(limiter.admit("b", Api::MysqlBackups, 1, start));
        let almost = start + TimeDelta::milliseconds(999);
        assert!(!limiter.admit("a", Api::MysqlBackups, 1, almost));
        let later = start + TimeDelta::seconds(1);
        assert!(limiter.admit("a", Api::MysqlBackups, 1, later));
    }
}
