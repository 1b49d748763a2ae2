//! The access keys that sign every request, and links too.

use backhaul_provider_api::{Account, Credential, Error, Secret};

const ACCESS_KEY: &str = "access_key";
const SECRET_KEY: &str = "secret_key";
const SECURITY_TOKEN: &str = "security_token";

/// The credentials of an account.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) access_key: Secret,
    pub(crate) secret_key: Secret,
    /// Set for temporary keys only.
    pub(crate) security_token: Option<Secret>,
}

impl Credentials {
    /// The one set of credentials.
    pub(crate) fn sets() -> Vec<Vec<Credential>> {
        vec![vec![
            Credential::required(ACCESS_KEY),
            Credential::required(SECRET_KEY),
            Credential::optional(SECURITY_TOKEN),
        ]]
    }

    /// Takes the account's credentials.
    pub(crate) fn of(account: &Account) -> Result<Self, Error> {
        Ok(Self {
            access_key: line(account, ACCESS_KEY)?,
            secret_key: line(account, SECRET_KEY)?,
            security_token: account
                .credential(SECURITY_TOKEN)
                .map(|_| line(account, SECURITY_TOKEN))
                .transpose()?,
        })
    }

    /// Every text that must not be quoted from an answer.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        [&self.access_key, &self.secret_key]
            .into_iter()
            .chain(&self.security_token)
            .collect()
    }
}

/// A credential that goes into a header: one line of visible ASCII.
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
    use super::*;

    #[test]
    fn a_missing_or_broken_credential_is_named_but_never_shown() {
        for (credentials, named) in [
            (&[][..], ACCESS_KEY),
            (&[(ACCESS_KEY, "hidden")], SECRET_KEY),
            (
                &[(ACCESS_KEY, "hidden"), (SECRET_KEY, "hid\nden")],
                SECRET_KEY,
            ),
        ] {
            let account = Account {
                credentials: credentials
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
                    .collect(),
                ..Account::default()
            };
            let error = Credentials::of(&account).unwrap_err();
            assert!(error.message.contains(named), "{error}");
            assert!(!error.message.contains("hid"), "{error}");
        }
    }
}
