//! The key pair that signs, and the token that belongs to a temporary one. The same for every
//! service.

use backhaul_provider_api::{Account, Credential, Error, Secret};

/// The vendor calls it `SecretId`; the name here is the same for every vendor.
const SECRET_ID: &str = "access_key";
const SECRET_KEY: &str = "secret_key";
const SECURITY_TOKEN: &str = "security_token";

/// The credentials of an account.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The `SecretId`; not secret, but never printed either.
    pub(crate) secret_id: Secret,
    /// The `SecretKey`.
    pub(crate) secret_key: Secret,
    /// The token; set for temporary keys only.
    pub(crate) security_token: Option<Secret>,
}

impl Credentials {
    /// The sets of credentials that go together.
    pub(crate) fn sets() -> Vec<Vec<Credential>> {
        vec![vec![
            Credential::required(SECRET_ID),
            Credential::required(SECRET_KEY),
            Credential::optional(SECURITY_TOKEN),
        ]]
    }

    /// Takes the account's credentials.
    ///
    /// # Errors
    /// `auth_failed`, naming the credential that is missing or cannot be one.
    pub(crate) fn of(account: &Account) -> Result<Self, Error> {
        Ok(Self {
            secret_id: line(account, SECRET_ID)?,
            secret_key: line(account, SECRET_KEY)?,
            security_token: match account.credential(SECURITY_TOKEN) {
                Some(_) => Some(line(account, SECURITY_TOKEN)?),
                None => None,
            },
        })
    }

    /// Every text that must not be quoted from an answer.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        [&self.secret_id, &self.secret_key]
            .into_iter()
            .chain(&self.security_token)
            .collect()
    }
}

/// A credential of one line of visible ASCII. A blank around the key is the vendor's own first
/// guess when a signature fails.
fn line(account: &Account, name: &str) -> Result<Secret, Error> {
    let secret = account.require(name)?;
    if secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(secret.clone())
    } else {
        Err(Error::auth_failed(format!(
            "the credential `{name}` holds a blank, a line break or a character beyond ASCII; was more than the key copied?"
        )))
    }
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::ErrorClass;

    use super::*;

    fn account(credentials: &[(&str, &str)]) -> Account {
        let credentials = credentials
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        Account {
            credentials,
            ..Account::default()
        }
    }

    #[test]
    fn a_token_is_optional() {
        let lasting = account(&[(SECRET_ID, "id"), (SECRET_KEY, "key")]);
        assert_eq!(Credentials::of(&lasting).unwrap().secrets().len(), 2);
        let temporary = account(&[
            (SECRET_ID, "id"),
            (SECRET_KEY, "key"),
            (SECURITY_TOKEN, "token"),
        ]);
        assert_eq!(Credentials::of(&temporary).unwrap().secrets().len(), 3);
    }

    #[test]
    fn a_missing_or_broken_credential_is_named_but_never_shown() {
        for (credentials, named) in [
            (&[][..], SECRET_ID),
            (&[(SECRET_ID, "visible")], SECRET_KEY),
            (
                &[(SECRET_ID, "id"), (SECRET_KEY, "visible key")],
                SECRET_KEY,
            ),
            (
                &[
                    (SECRET_ID, "id"),
                    (SECRET_KEY, "k"),
                    (SECURITY_TOKEN, "visible\n"),
                ],
                SECURITY_TOKEN,
            ),
        ] {
            let error = Credentials::of(&account(credentials)).unwrap_err();
            assert_eq!(error.class, ErrorClass::AuthFailed);
            assert!(error.message.contains(named), "{error}");
            assert!(!error.message.contains("visible"), "{error}");
        }
    }
}
