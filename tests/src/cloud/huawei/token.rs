//! Tokens of the identity service: issue, life, and end.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::cloud::shared::Shared;

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The user it was issued to.
    pub user: String,
    /// The project it is good for; nothing for a token of the whole account.
    pub project: Option<String>,
    /// When its life began.
    pub issued: DateTime<Utc>,
    /// When its life ends.
    pub expires: DateTime<Utc>,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Never issued here, or revoked.
    Unknown,
    /// Its life is over.
    Expired,
}

/// All tokens that were issued. A new one does not end the life of an older one.
#[derive(Debug, Default)]
pub struct TokenBook(Shared<Issued>);

#[derive(Default)]
struct Issued {
    serial: u64,
    grants: HashMap<String, Grant>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.grants.len())
    }
}

impl TokenBook {
    /// Issues a token, some kilobytes long as the vendor's are.
    pub fn issue(&self, grant: Grant) -> String {
        let issued = &mut *self.0.lock();
        issued.serial += 1;
        let bytes = (0..TOKEN_BYTES / 32)
            .flat_map(|block| Sha256::digest(format!("token/{}/{block}", issued.serial)))
            .collect::<Vec<_>>();
        // The vendor's tokens are base64 of a signed message, with `-` for `/`.
        let token = format!("MII{}", BASE64_STANDARD.encode(bytes).replace('/', "-"));
        issued.grants.insert(token.clone(), grant);
        token
    }

    /// What a token stands for.
    ///
    /// # Errors
    /// When it is unknown or its life is over.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Grant, TokenError> {
        let issued = self.0.lock();
        let grant = issued.grants.get(token).ok_or(TokenError::Unknown)?;
        if now < grant.expires {
            Ok(grant.clone())
        } else {
            Err(TokenError::Expired)
        }
    }

    /// Ends the life of all tokens, as a change of the password or of permissions does.
    pub fn revoke_all(&self) {
        self.0.lock().grants.clear();
    }
}

const TOKEN_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn grant(expires: DateTime<Utc>) -> Grant {
        Grant {
            user: "reader".to_owned(),
            project: None,
            issued: DateTime::UNIX_EPOCH,
            expires,
        }
    }

    #[test]
    fn a_token_lives_until_its_time_is_over() {
        let book = TokenBook::default();
        let end = DateTime::UNIX_EPOCH + TimeDelta::hours(24);
        let token = book.issue(grant(end));
        assert!(book.check(&token, end - TimeDelta::seconds(1)).is_ok());
        assert_eq!(book.check(&token, end), Err(TokenError::Expired));
        assert_eq!(book.check("MIIother", end), Err(TokenError::Unknown));
    }

    #[test]
    fn a_new_token_does_not_kill_the_old_one() {
        let book = TokenBook::default();
        let end = DateTime::UNIX_EPOCH + TimeDelta::hours(24);
        let tokens = [book.issue(grant(end)), book.issue(grant(end))];
        assert_ne!(tokens[0], tokens[1]);
        assert!(tokens[0].len() > 2000);
        for token in &tokens {
            assert!(book.check(token, DateTime::UNIX_EPOCH).is_ok());
        }
        book.revoke_all();
        assert_eq!(
            book.check(&tokens[0], DateTime::UNIX_EPOCH),
            Err(TokenError::Unknown)
        );
    }
}
