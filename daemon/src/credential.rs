//! Resolves credentials from where the configuration says they are.
//!
//! They are read at the beginning of each pass, so that a rotated key needs no reload, and live
//! no longer than the pass. The session that gets them registers them with the redactor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backhaul_config::{Account, AccountName, SecretRef};
use backhaul_provider_api::Secret;
use tokio::process::Command;

/// How long a credential command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// The longest credential; a security token of some vendors is several KiB.
const MAX_BYTES: usize = 64 << 10;

/// A credential that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("credential `{name}` of account `{account}`: {reason}")]
pub struct CredentialError {
    account: AccountName,
    name: String,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(
        "the environment variable {0} is not set; set it for the service (`Environment=` or `EnvironmentFile=`)"
    )]
    NoVariable(String),
    #[error("the environment variable {0} is not UTF-8")]
    BadVariable(String),
    #[error("the file {} cannot be read: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("systemd passed no credentials; name it in the unit (`LoadCredential={0}:…`)")]
    NoDirectory(String),
    #[error("the command `{0}` cannot be started: {1}")]
    Start(String, std::io::Error),
    #[error("the command `{0}` failed ({1}); run it by hand as the service's user")]
    Command(String, std::process::ExitStatus),
    #[error("the command `{0}` gave no answer within {limit} s", limit = COMMAND_LIMIT.as_secs())]
    TimedOut(String),
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("it is not UTF-8 text")]
    NotText,
}

/// Resolves all credentials of an account, by the names that the provider declares.
///
/// # Errors
/// When one cannot be read; the error names it and never shows it.
pub async fn resolve(account: &Account) -> Result<BTreeMap<String, Secret>, CredentialError> {
    let mut values = BTreeMap::new();
    for (name, reference) in &account.credentials {
        let value = read(reference)
            .await
            .and_then(check)
            .map_err(|reason| CredentialError {
                account: account.name.clone(),
                name: name.clone(),
                reason,
            })?;
        values.insert(name.clone(), Secret::new(value));
    }
    Ok(values)
}

async fn read(reference: &SecretRef) -> Result<Vec<u8>, Reason> {
    match reference {
        SecretRef::Env(name) => match std::env::var(name) {
            Ok(value) => Ok(value.into_bytes()),
            Err(std::env::VarError::NotPresent) => Err(Reason::NoVariable(name.clone())),
            Err(std::env::VarError::NotUnicode(_)) => Err(Reason::BadVariable(name.clone())),
        },
        SecretRef::File(path) => read_file(path).await,
        SecretRef::Credential(name) => {
            let directory = std::env::var_os("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| Reason::NoDirectory(name.clone()))?;
            read_file(&Path::new(&directory).join(name)).await
        }
        SecretRef::Command(words) => run(words).await,
    }
}

async fn read_file(path: &Path) -> Result<Vec<u8>, Reason> {
    tokio::fs::read(path).await.map_err(|source| Reason::File {
        path: path.to_owned(),
        source,
    })
}

async fn run(words: &[String]) -> Result<Vec<u8>, Reason> {
    // Only the program is named in errors: an argument could be a secret.
    let Some((program, arguments)) = words.split_first() else {
        return Err(Reason::Empty);
    };
    let child = Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_LIMIT, child)
        .await
        .map_err(|_| Reason::TimedOut(program.clone()))?
        .map_err(|error| Reason::Start(program.clone(), error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Reason::Command(program.clone(), output.status))
    }
}

/// Editors and `echo` leave a line end behind; no vendor's key has one.
fn check(bytes: Vec<u8>) -> Result<String, Reason> {
    if bytes.len() > MAX_BYTES {
        return Err(Reason::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| Reason::NotText)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(Reason::Empty)
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn value(reference: SecretRef) -> Result<String, String> {
        read(&reference)
            .await
            .and_then(check)
            .map_err(|reason| reason.to_string())
    }

    #[tokio::test]
    async fn a_file_is_read_without_its_line_end() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("key");
        std::fs::write(&path, "abc\n").unwrap();
        assert_eq!(value(SecretRef::File(path.clone())).await.unwrap(), "abc");
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(
            value(SecretRef::File(path)).await.unwrap_err(),
            "it is empty"
        );
    }

    #[tokio::test]
    async fn a_command_is_run_and_its_failure_told_without_its_arguments() {
        let words =
            |words: &[&str]| SecretRef::Command(words.iter().map(ToString::to_string).collect());
        assert_eq!(value(words(&["echo", "abc"])).await.unwrap(), "abc");
        let error = value(words(&["sh", "-c", "exit 3", "hidden"]))
            .await
            .unwrap_err();
        assert!(
            error.contains("`sh` failed") && !error.contains("hidden"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_missing_variable_is_named() {
        let error = value(SecretRef::Env("BACKHAUL_NO_SUCH_VARIABLE".into()))
            .await
            .unwrap_err();
        assert!(error.contains("BACKHAUL_NO_SUCH_VARIABLE"), "{error}");
    }
}
