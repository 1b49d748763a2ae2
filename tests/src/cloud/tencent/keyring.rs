//! The keys of the customer: the permanent one, and temporary ones with their tokens.

use std::fmt;

use chrono::{DateTime, Utc};

use super::settings::Identity;
use crate::cloud::shared::Shared;

/// A temporary key, as the vendor's token service hands it out.
#[derive(Clone)]
pub struct TemporaryKey {
    /// SecretId.
    pub secret_id: String,
    /// SecretKey.
    pub secret_key: String,
    /// Has to be sent as `X-TC-Token`, or as `Token` in API 2.0.
    pub token: String,
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

/// All keys that were ever issued.
#[derive(Debug)]
pub struct Keyring {
    identity: Identity,
    temporary: Shared<Vec<TemporaryKey>>,
}

/// What is needed to check a signature by one SecretId.
pub struct Key {
    /// SecretKey.
    pub secret_key: String,
    /// Token of a temporary key and the end of its life.
    session: Option<(String, DateTime<Utc>)>,
}

impl Keyring {
    /// The permanent key alone.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            temporary: Shared::default(),
        }
    }

    /// Adds a temporary key.
    pub fn add_temporary(&self, key: TemporaryKey) {
        self.temporary.lock().push(key);
    }

    /// The key of this SecretId.
    pub fn find(&self, secret_id: &str) -> Option<Key> {
        if secret_id == self.identity.secret_id {
            return Some(Key {
                secret_key: self.identity.secret_key.clone(),
                session: None,
            });
        }
        let temporary = self.temporary.lock();
        let key = temporary.iter().find(|key| key.secret_id == secret_id)?;
        Some(Key {
            secret_key: key.secret_key.clone(),
            session: Some((key.token.clone(), key.expires)),
        })
    }
}

impl Key {
    /// Whether a call carries the token that this key needs, and no other.
    pub fn accepts(&self, token: Option<&str>, now: DateTime<Utc>) -> bool {
        match (&self.session, token) {
            (None, None) => true,
            (Some((own, expires)), Some(token)) => own == token && now < *expires,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_temporary_key_needs_its_token_while_it_lives() {
        let keyring = Keyring::new(Identity::default());
        let expires = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        keyring.add_temporary(TemporaryKey {
            secret_id: "TEMP".to_owned(),
            secret_key: "k".to_owned(),
            token: "t".to_owned(),
            expires,
        });
        let key = keyring.find("TEMP").unwrap();
        assert!(key.accepts(Some("t"), DateTime::UNIX_EPOCH));
        assert!(!key.accepts(Some("u"), DateTime::UNIX_EPOCH));
        assert!(!key.accepts(None, DateTime::UNIX_EPOCH));
        assert!(!key.accepts(Some("t"), expires));
    }

    #[test]
    fn a_permanent_key_has_no_token() {
        let identity = Identity::default();
        let keyring = Keyring::new(identity.clone());
        let key = keyring.find(&identity.secret_id).unwrap();
        assert!(key.accepts(None, DateTime::UNIX_EPOCH));
        assert!(!key.accepts(Some("t"), DateTime::UNIX_EPOCH));
        assert!(keyring.find("other").is_none());
    }
}
