//! Names for files and directories, made safe.
//!
//! A vendor's file name is hostile input. A [`SafeName`] is one path component: no separator, no
//! leading dot, no control character, printable ASCII or other letters, at most 200 bytes (so
//! that temporary names beside it still fit the usual limit of 255).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAX_BYTES: usize = 200;

/// Names that Backhaul itself writes beside a vendor's files.
pub const MANIFEST: &str = "backup.json";
/// The list of checksums, in the format of `sha256sum`.
pub const CHECKSUMS: &str = "SHA256SUMS";

/// One safe path component.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct SafeName(String);

impl SafeName {
    /// Makes a safe name of any text. Equal texts give equal names; a text that had to be changed
    /// gets a digest, so that different texts never give the same name.
    pub fn from_vendor(text: &str) -> Self {
        let mut name: String = text
            .chars()
            .map(|c| if is_plain(c) { c } else { '_' })
            .collect();
        if name.starts_with('.') || name.starts_with('-') {
            name.replace_range(0..1, "_");
        }
        if name == text && is_safe(&name) && name != MANIFEST && name != CHECKSUMS {
            return Self(name);
        }
        // Keep the end: it tells the format.
        let tail = match name.rsplit_once('.') {
            Some((_, ending)) if ending.len() <= 16 => format!(".{ending}"),
            _ => String::new(),
        };
        let digest = hex(&Sha256::digest(text.as_bytes())[..4]);
        let stem = &name[..name.len() - tail.len()];
        let room = MAX_BYTES - tail.len() - digest.len() - 1;
        let cut = (0..=room.min(stem.len()))
            .rev()
            .find(|&i| stem.is_char_boundary(i))
            .unwrap_or(0);
        Self(format!("{}~{digest}{tail}", &stem[..cut]))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SafeName {
    type Error = String;

    /// Accepts only what is safe already; for names read back from disk.
    fn try_from(name: String) -> Result<Self, String> {
        if is_safe(&name) {
            Ok(Self(name))
        } else {
            Err(format!("{name:?} is not a safe file name"))
        }
    }
}

impl From<SafeName> for String {
    fn from(name: SafeName) -> Self {
        name.0
    }
}

impl fmt::Display for SafeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain(c: char) -> bool {
    // Letters of any script stay readable; blanks, quotes and shell characters would trap people.
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=' | '@' | ',' | '~')
}

fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_BYTES
        && !name.starts_with(['.', '-'])
        && name.chars().all(is_plain)
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_name_stays_as_it_is() {
        let name = "43e4feaab48f11e89039fa163ebaa7e4br01.tar.gz";
        assert_eq!(SafeName::from_vendor(name).as_str(), name);
    }

    #[test]
    fn hostile_names_become_harmless_and_stay_apart() {
        let hostile = [
            "",
            ".",
            "..",
            "../../etc/passwd",
            "/abs",
            "a\0b",
            "a\nb",
            ".hidden",
            "-rf",
            "backup.json",
            "SHA256SUMS",
            "a b",
            "a/b",
        ];
        let names: std::collections::BTreeSet<_> = hostile
            .iter()
            .map(|text| SafeName::from_vendor(text))
            .collect();
        assert_eq!(names.len(), hostile.len());
        for name in names {
            assert!(is_safe(name.as_str()), "{name}");
            assert!(name.as_str() != MANIFEST && name.as_str() != CHECKSUMS);
        }
    }

    proptest! {
        #[test]
        fn every_name_is_safe(text in "\\PC{0,400}|.{0,400}") {
            prop_assert!(is_safe(SafeName::from_vendor(&text).as_str()));
        }

        #[test]
        fn different_texts_give_different_names(a in ".{0,300}", b in ".{0,300}") {
            prop_assume!(a != b);
            prop_assert_ne!(SafeName::from_vendor(&a), SafeName::from_vendor(&b));
        }
    }
}
