//! The account's access key pair, the vendor's only way to authenticate.

use backhaul_provider_api::{Account, Credential, Error, Secret};

const ACCESS_KEY: &str = "access_key";
const SECRET_KEY: &str = "secret_key";

/// An access key pair.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// `AccessKeyId`; sent with every call, never printed.
    pub(crate) access_key: Secret,
    /// What signs.
    pub(crate) secret_key: Secret,
}

impl Keys {
    /// The one set of credentials.
    pub(crate) fn sets() -> Vec<Vec<Credential>> {
        vec![vec![
            Credential::required(ACCESS_KEY),
            Credential::required(SECRET_KEY),
        ]]
    }

    /// Takes the account's keys.
    ///
    /// # Errors
    /// `auth_failed`, naming the one that is missing or holds what no key holds.
    pub(crate) fn of(account: &Account) -> Result<Self, Error> {
        Ok(Self {
            access_key: line(account, ACCESS_KEY)?,
            secret_key: line(account, SECRET_KEY)?,
        })
    }

    /// Every text that must not be quoted from an answer.
    pub(crate) fn secrets(&self) -> [&Secret; 2] {
        [&self.access_key, &self.secret_key]
    }
}

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

    #[test]
    fn a_missing_or_spoilt_key_is_named_but_never_shown() {
        for (access_key, secret_key, named) in [
            ("", "hidden", ACCESS_KEY),
            ("hidden", "", SECRET_KEY),
            ("hidden", "hid den", SECRET_KEY),
            ("hidden\n", "hidden", ACCESS_KEY),
        ] {
            let credentials = [(ACCESS_KEY, access_key), (SECRET_KEY, secret_key)]
                .map(|(name, value)| (name.to_owned(), Secret::new(value)));
            let account = Account {
                credentials: credentials.into(),
                ..Account::default()
            };
            let error = Keys::of(&account).unwrap_err();
            assert_eq!(error.class, ErrorClass::AuthFailed);
            assert!(error.message.contains(named), "{error}");
            assert!(!error.message.contains("hid"), "{error}");
        }
    }
}
