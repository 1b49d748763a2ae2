//! Who calls: keys, temporary keys and tokens, the lock after repeated failures, and the limit of calls.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};

use super::api_error::ApiError;
use super::signature::{Authorization, ReceivedRequest};
use super::state::State;
use super::token::TokenError;
use crate::cloud::fault::Api;
use crate::cloud::shared::Shared;

/// A caller whose credentials were found to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Access key or user name: what calls are counted by.
    pub name: String,
    /// The project a token is limited to.
    pub project: Scope,
}

/// Which projects a caller may name in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of the account: the caller signed with a key.
    Account,
    /// One project, or none for a token of the whole account.
    Token(Option<String>),
}

/// A temporary key, as the identity service hands it out.
#[derive(Clone)]
pub struct TemporaryKey {
    /// AK.
    pub access_key: String,
    /// SK.
    pub secret_key: String,
    /// Has to be sent and signed as `X-Security-Token`.
    pub security_token: String,
    /// When its life ends.
    pub expires: DateTime<Utc>,
}

impl fmt::Debug for TemporaryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemporaryKey")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What the gateway remembers about its callers.
#[derive(Debug, Default)]
pub struct Gatekeeper {
    temporary: Shared<Vec<TemporaryKey>>,
    failures: Shared<HashMap<String, Failures>>,
    calls: Shared<HashMap<(String, Api), RecentCalls>>,
}

/// How many calls are allowed in a minute, and how long that is.
#[derive(Clone, Copy)]
struct Limit {
    calls: u32,
    minute: TimeDelta,
}

/// When the calls of the last minute were made.
type RecentCalls = VecDeque<DateTime<Utc>>;

#[derive(Debug, Default)]
struct Failures {
    consecutive: u32,
    locked_until: Option<DateTime<Utc>>,
}

impl Gatekeeper {
    /// Adds a temporary key.
    pub fn add_temporary(&self, key: TemporaryKey) {
        self.temporary.lock().push(key);
    }

    /// Forgets failures and locks.
    pub fn unlock(&self) {
        self.failures.lock().clear();
    }

    fn is_locked(&self, access_key: &str, now: DateTime<Utc>) -> bool {
        let mut failures = self.failures.lock();
        let Some(failures) = failures.get_mut(access_key) else {
            return false;
        };
        match failures.locked_until {
            Some(until) if now < until => true,
            Some(_) => {
                *failures = Failures::default();
                false
            }
            None => false,
        }
    }

    fn succeeded(&self, access_key: &str) {
        self.failures.lock().remove(access_key);
    }

    fn failed(&self, access_key: &str, limit: Option<u32>, now: DateTime<Utc>) {
        let mut failures = self.failures.lock();
        let failures = failures.entry(access_key.to_owned()).or_default();
        failures.consecutive += 1;
        if limit.is_some_and(|limit| failures.consecutive >= limit) {
            failures.locked_until = Some(now + LOCK);
        }
    }

    /// Counts a call, and refuses it when there were too many in the last minute. A refused call is
    /// not counted, so a caller that waits gets through.
    fn admit(&self, caller: &str, api: Api, limit: Limit, now: DateTime<Utc>) -> bool {
        let mut calls = self.calls.lock();
        let recent = calls.entry((caller.to_owned(), api)).or_default();
        // The clock may have been set back; calls of the future are forgotten too.
        recent.retain(|call| *call <= now && now - *call < limit.minute);
        let admitted = u32::try_from(recent.len()).is_ok_and(|count| count < limit.calls);
        if admitted {
            recent.push_back(now);
        }
        admitted
    }
}

impl State {
    /// Finds out who calls.
    ///
    /// # Errors
    /// When the credentials are missing, wrong, stale or locked.
    pub fn authenticate(
        &self,
        service: &str,
        request: &ReceivedRequest<'_>,
    ) -> Result<Caller, ApiError> {
        if let Some(header) = request.headers.get("authorization") {
            let header = header.to_str().unwrap_or_default();
            self.authenticate_key(service, header, request)
        } else if let Some(token) = request.headers.get("x-auth-token") {
            self.authenticate_token(token.to_str().unwrap_or_default())
        } else {
            Err(ApiError::unauthenticated("x-auth-token not found"))
        }
    }

    /// Counts a call of an authenticated caller.
    ///
    /// # Errors
    /// When the caller makes too many.
    pub fn throttle(&self, caller: &Caller, api: Api) -> Result<(), ApiError> {
        let (limit, retry_after) = {
            let switches = self.switches.lock();
            let minute = TimeDelta::from_std(switches.minute).unwrap_or(TimeDelta::days(1));
            let limit = switches
                .calls_per_minute
                .map(|calls| Limit { calls, minute });
            (limit, switches.retry_after)
        };
        match limit {
            Some(limit)
                if !self
                    .gatekeeper
                    .admit(&caller.name, api, limit, self.clock.now()) =>
            {
                Err(ApiError::throttled(Some(limit.calls), retry_after))
            }
            _ => Ok(()),
        }
    }

    fn authenticate_key(
        &self,
        service: &str,
        header: &str,
        request: &ReceivedRequest<'_>,
    ) -> Result<Caller, ApiError> {
        let refused = || ApiError::unauthenticated("verify aksk signature fail");
        let authorization = Authorization::parse(header).map_err(|_| refused())?;
        let access_key = authorization.access_key.as_str();
        let now = self.clock.now();
        let limit = self.switches.lock().lock_out_after;
        let unknown = || {
            ApiError::unauthenticated(&format!(
                "Get secretKey failed,ak:{access_key},err:ak not exist"
            ))
        };
        let key = self.key(access_key).ok_or_else(unknown)?;
        if limit.is_some() && self.gatekeeper.is_locked(access_key, now) {
            return Err(ApiError::unauthenticated(
                "AK access failed to reach the limit,forbidden.",
            ));
        }
        let verdict = key
            .check_token(request.headers, &authorization, now)
            .and_then(|()| {
                let date = request.date().map_err(|_| refused())?;
                if (now - date).abs() > WINDOW {
                    // The text for this case is not documented; this is the one of the sister form.
                    return Err(ApiError::unauthenticated("signature expired"));
                }
                let scope = format!("{}/{service}", self.identity.region);
                if let Some(signed) = &authorization.scope
                    && signed.split_once('/').is_none_or(|(_, rest)| rest != scope)
                {
                    return Err(refused());
                }
                authorization
                    .verify(request, &key.secret_key)
                    .map_err(|_| refused())
            });
        match verdict {
            Ok(()) => {
                self.gatekeeper.succeeded(access_key);
                Ok(Caller {
                    name: access_key.to_owned(),
                    project: Scope::Account,
                })
            }
            Err(error) => {
                self.gatekeeper.failed(access_key, limit, now);
                Err(error)
            }
        }
    }

    fn authenticate_token(&self, token: &str) -> Result<Caller, ApiError> {
        match self.tokens.check(token, self.clock.now()) {
            Ok(grant) => Ok(Caller {
                name: grant.user,
                project: Scope::Token(grant.project),
            }),
            Err(TokenError::Expired) => Err(ApiError::gateway(
                StatusCode::UNAUTHORIZED,
                "0307",
                "The token must be updated.",
            )),
            Err(TokenError::Unknown) => Err(ApiError::unauthenticated("decrypt token fail")),
        }
    }

    fn key(&self, access_key: &str) -> Option<Key> {
        if access_key == self.identity.access_key {
            return Some(Key {
                secret_key: self.identity.secret_key.clone(),
                session: None,
            });
        }
        let temporary = self.gatekeeper.temporary.lock();
        let key = temporary.iter().find(|key| key.access_key == access_key)?;
        Some(Key {
            secret_key: key.secret_key.clone(),
            session: Some((key.security_token.clone(), key.expires)),
        })
    }
}

/// What is needed to check a signature by one access key.
struct Key {
    secret_key: String,
    /// Security token of a temporary key and the end of its life.
    session: Option<(String, DateTime<Utc>)>,
}

impl Key {
    fn check_token(
        &self,
        headers: &HeaderMap,
        authorization: &Authorization,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let sent = headers
            .get(TOKEN_HEADER)
            .map(|value| value.to_str().unwrap_or_default());
        match (&self.session, sent) {
            (None, None) => Ok(()),
            (Some((token, _)), Some(sent)) if token != sent => {
                Err(ApiError::unauthenticated("decrypt token fail"))
            }
            (Some((_, expires)), Some(_)) if now >= *expires => Err(ApiError::unauthenticated(
                &format!("token expires, expires_at: {}", expires.to_rfc3339()),
            )),
            (Some(_), Some(_)) if authorization.signs(TOKEN_HEADER) => Ok(()),
            _ => Err(ApiError::unauthenticated("verify aksk signature fail")),
        }
    }
}

const TOKEN_HEADER: &str = "x-security-token";
/// How far `X-Sdk-Date` may be from the clock of the gateway.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
const LOCK: TimeDelta = TimeDelta::minutes(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_locked_for_five_minutes_after_the_last_allowed_failure() {
        let gatekeeper = Gatekeeper::default();
        let start = DateTime::UNIX_EPOCH;
        for _ in 0..4 {
            gatekeeper.failed("AK", Some(5), start);
        }
        assert!(!gatekeeper.is_locked("AK", start));
        gatekeeper.failed("AK", Some(5), start);
        assert!(gatekeeper.is_locked("AK", start + TimeDelta::seconds(299)));
        assert!(!gatekeeper.is_locked("AK", start + LOCK));
        gatekeeper.failed("AK", Some(5), start + LOCK);
        assert!(!gatekeeper.is_locked("AK", start + LOCK));
    }

    #[test]
    fn only_consecutive_failures_lock() {
        let gatekeeper = Gatekeeper::default();
        for _ in 0..4 {
            gatekeeper.failed("AK", Some(5), DateTime::UNIX_EPOCH);
        }
        gatekeeper.succeeded("AK");
        gatekeeper.failed("AK", Some(5), DateTime::UNIX_EPOCH);
        assert!(!gatekeeper.is_locked("AK", DateTime::UNIX_EPOCH));
    }

    #[test]
    fn calls_are_limited_by_caller_api_and_minute() {
        let gatekeeper = Gatekeeper::default();
        let start = DateTime::UNIX_EPOCH;
        let two = Limit {
            calls: 2,
            minute: TimeDelta::minutes(1),
        };
        assert!(gatekeeper.admit("AK", Api::Backups, two, start));
        assert!(gatekeeper.admit("AK", Api::Backups, two, start));
        assert!(!gatekeeper.admit("AK", Api::Backups, two, start));
        assert!(gatekeeper.admit("AK", Api::Instances, two, start));
        assert!(gatekeeper.admit("other", Api::Backups, two, start));
        let later = start + TimeDelta::minutes(1);
        assert!(gatekeeper.admit("AK", Api::Backups, two, later));
    }
}
