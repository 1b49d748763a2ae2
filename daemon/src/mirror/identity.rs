//! Which backup is which, for ever.

use std::fmt;
use std::str::FromStr;

use backhaul_provider_api::{BackupKey, InstanceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file_name::hex;

/// What makes a backup the same one in every listing: provider, the vendor's scope (project or
/// tenant, else the account's name), instance and the backup's key.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Identity {
    /// The provider's name.
    pub provider: String,
    /// The vendor's project or tenant, else the configured account's name.
    pub scope: String,
    /// The instance.
    pub instance: InstanceId,
    /// The backup within the instance.
    pub key: BackupKey,
}

impl Identity {
    /// The short id that people and directory names use.
    pub fn id(&self) -> BackupId {
        let mut hash = Sha256::new();
        for part in [
            &self.provider,
            &self.scope,
            self.instance.as_str(),
            self.key.as_str(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        BackupId(hex(&hash.finalize()[..BackupId::LENGTH / 2]))
    }
}

/// The short id of a backup: 16 hex digits of the digest of its [`Identity`].
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9a-f]{16}$"))]
pub struct BackupId(String);

impl BackupId {
    const LENGTH: usize = 16;

    /// The 16 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackupId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.len() == Self::LENGTH
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{text:?} is not a backup id; `backhaul list` shows them (16 hex digits)"
            ))
        }
    }
}

impl TryFrom<String> for BackupId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<BackupId> for String {
    fn from(id: BackupId) -> Self {
        id.0
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(scope: &str, instance: &str) -> Identity {
        Identity {
            provider: "p".into(),
            scope: scope.into(),
            instance: InstanceId::new(instance),
            key: BackupKey::new("k"),
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(identity("ab", "c").id(), identity("a", "bc").id());
    }

    #[test]
    fn an_id_reads_back() {
        let id = identity("a", "b").id();
        assert_eq!(id.as_str().parse::<BackupId>().unwrap(), id);
        assert!("../../etc/passwd".parse::<BackupId>().is_err());
    }
}
