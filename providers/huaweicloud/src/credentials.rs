//! The two ways to prove who asks: an access key pair that signs, or a user whose password buys
//! a token.

use backhaul_provider_api::{Account, Credential, Error, Secret};

const ACCESS_KEY: &str = "access_key";
const SECRET_KEY: &str = "secret_key";
const SECURITY_TOKEN: &str = "security_token";
const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const DOMAIN: &str = "domain";

/// The credentials of an account.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// Access keys: every request is signed.
    Keys {
        access_key: Secret,
        secret_key: Secret,
        /// Set for temporary keys only.
        security_token: Option<Secret>,
    },
    /// An IAM user: a token is fetched and sent along.
    User {
        username: Secret,
        password: Secret,
        domain: Secret,
    },
}

impl Credentials {
    /// The sets of credentials that go together.
    pub(crate) fn sets() -> Vec<Vec<Credential>> {
        vec![
            vec![
                Credential::required(ACCESS_KEY),
                Credential::required(SECRET_KEY),
                Credential::optional(SECURITY_TOKEN),
            ],
            vec![
                Credential::required(USERNAME),
                Credential::required(PASSWORD),
                Credential::required(DOMAIN),
            ],
        ]
    }

    /// Takes the account's credentials: one set, whole.
    pub(crate) fn of(account: &Account) -> Result<Self, Error> {
        let any = |names: [&'static str; 3]| {
            names
                .into_iter()
                .find(|name| account.credential(name).is_some())
        };
        let keys = any([ACCESS_KEY, SECRET_KEY, SECURITY_TOKEN]);
        let user = any([USERNAME, PASSWORD, DOMAIN]);
        match (keys, user) {
            (Some(key), Some(user)) => Err(Error::auth_failed(format!(
                "the account has both `{key}` and `{user}`; keep either access keys or a user with password"
            ))),
            (None, None) => Err(Error::auth_failed(
                "the account has no credentials; set `access_key` and `secret_key`, or `username`, `password` and `domain`",
            )),
            (Some(_), None) => Ok(Self::Keys {
                access_key: line(account, ACCESS_KEY)?,
                secret_key: line(account, SECRET_KEY)?,
                security_token: match account.credential(SECURITY_TOKEN) {
                    Some(_) => Some(line(account, SECURITY_TOKEN)?),
                    None => None,
                },
            }),
            (None, Some(_)) => Ok(Self::User {
                username: account.require(USERNAME)?.clone(),
                password: account.require(PASSWORD)?.clone(),
                domain: account.require(DOMAIN)?.clone(),
            }),
        }
    }

    /// Every text that must not be quoted from an answer.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Keys {
                access_key,
                secret_key,
                security_token,
            } => [access_key, secret_key]
                .into_iter()
                .chain(security_token)
                .collect(),
            Self::User {
                username,
                password,
                domain,
            } => vec![username, password, domain],
        }
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
    fn either_set_is_taken() {
        let keys = account(&[(ACCESS_KEY, "ak"), (SECRET_KEY, "sk")]);
        assert!(matches!(
            Credentials::of(&keys),
            Ok(Credentials::Keys {
                security_token: None,
                ..
            })
        ));
        let user = account(&[(USERNAME, "u"), (PASSWORD, "p w"), (DOMAIN, "d")]);
        assert!(matches!(
            Credentials::of(&user),
            Ok(Credentials::User { .. })
        ));
    }

    #[test]
    fn a_missing_or_ambiguous_credential_is_named_but_never_shown() {
        for (credentials, named) in [
            (&[][..], "access_key"),
            (&[(ACCESS_KEY, "hidden")], "secret_key"),
            (&[(USERNAME, "hidden"), (PASSWORD, "hidden")], "domain"),
            (
                &[
                    (ACCESS_KEY, "hidden"),
                    (SECRET_KEY, "hidden"),
                    (PASSWORD, "hidden"),
                ],
                "password",
            ),
            (
                &[(ACCESS_KEY, "hidden"), (SECRET_KEY, "hid\nden")],
                "secret_key",
            ),
        ] {
            let error = Credentials::of(&account(credentials)).unwrap_err();
            assert_eq!(error.class, ErrorClass::AuthFailed);
            assert!(error.message.contains(named), "{error}");
            assert!(!error.message.contains("hid"), "{error}");
        }
    }
}
