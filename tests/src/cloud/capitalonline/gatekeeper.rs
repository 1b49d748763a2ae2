//! Who may call: the common parameters, the time, the nonce, the signature, the rate.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::api_error::ApiError;
use super::parameters::Parameters;
use super::settings::{Identity, Switches};
use super::signature::{ReceivedQuery, SIGNATURE};
use crate::cloud::shared::Shared;

/// What has to be remembered from call to call.
#[derive(Debug, Default)]
pub struct Gatekeeper {
    /// Nonces and when they came.
    nonces: Shared<BTreeMap<String, DateTime<Utc>>>,
    /// When the calls of the last minute came.
    calls: Shared<VecDeque<DateTime<Utc>>>,
}

impl Gatekeeper {
    /// Checks a call and hands out its action and its own parameters.
    ///
    /// # Errors
    /// When the vendor would refuse it.
    pub fn admit(
        &self,
        method: &str,
        query: &str,
        identity: &Identity,
        switches: &Switches,
        now: DateTime<Utc>,
    ) -> Result<(String, Parameters), ApiError> {
        let query =
            ReceivedQuery::parse(query).map_err(|error| ApiError::invalid(error.to_string()))?;
        for name in COMMON {
            if query.get(name).is_none() {
                return Err(ApiError::missing(name));
            }
        }
        for (name, only) in FIXED {
            if query.get(name) != Some(only) {
                return Err(ApiError::invalid(format!("{name} must be {only}.")));
            }
        }
        let sent = query
            .get("Timestamp")
            .filter(|text| text.len() == TIMESTAMP_LENGTH)
            .and_then(|text| NaiveDateTime::parse_from_str(text, TIMESTAMP).ok())
            .ok_or_else(|| ApiError::invalid("Timestamp must be yyyy-MM-ddTHH:mm:ssZ."))?;
        if let Some(most) = switches.skew_max
            && (sent.and_utc() - now).abs() > delta(most)
        {
            let message = "The time of the request is too far from the server's.";
            return Err(ApiError::refused(&switches.stale_timestamp, message));
        }
        let nonce = query.get("SignatureNonce").unwrap_or_default();
        if let Some(window) = switches.nonce_window {
            let mut nonces = self.nonces.lock();
            nonces.retain(|_, came| now - *came < delta(window));
            if nonces.contains_key(nonce) {
                let message = "The request was received before.";
                return Err(ApiError::refused(&switches.used_nonce, message));
            }
        }
        let known = query.get("AccessKeyId") == Some(&identity.access_key);
        if !known || !query.is_signed_by(method, &identity.secret_key) {
            let message = "The credentials are refused.";
            return Err(ApiError::refused(&switches.bad_credentials, message));
        }
        self.nonces.lock().insert(nonce.to_owned(), now);
        self.throttle(switches, now)?;
        let action = query.get("Action").unwrap_or_default().to_owned();
        let own = query.without(&COMMON);
        // A client signs such a parameter but may not send it, or the other way round.
        if let Some((name, _)) = own.iter().find(|(_, value)| value.is_empty()) {
            return Err(ApiError::invalid(format!("{name} is empty.")));
        }
        Ok((action, Parameters::new(own)))
    }

    fn throttle(&self, switches: &Switches, now: DateTime<Utc>) -> Result<(), ApiError> {
        let Some(most) = switches.calls_per_minute else {
            return Ok(());
        };
        let mut calls = self.calls.lock();
        calls.retain(|came| now - *came < TimeDelta::minutes(1));
        if calls.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(ApiError::refused(&switches.throttled, "Too many requests.")
                .after(switches.retry_after));
        }
        calls.push_back(now);
        Ok(())
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(36_500))
}

/// The parameters that every call has.
const COMMON: [&str; 8] = [
    "Action",
    "AccessKeyId",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "Timestamp",
    "Version",
    SIGNATURE,
];

/// Those that have only one value.
const FIXED: [(&str, &str); 3] = [
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureVersion", "1.0"),
    ("Version", "2019-08-08"),
];

const TIMESTAMP: &str = "%Y-%m-%dT%H:%M:%SZ";
const TIMESTAMP_LENGTH: usize = 20;
