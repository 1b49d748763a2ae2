//! Names of jobs, accounts and providers.

use std::{fmt, str::FromStr};

use crate::{
    ValueError,
    value::{Quoted, Value},
};

/// The longest name, in characters.
const NAME_CHARS: usize = 64;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $example:literal, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let allowed: fn(char) -> bool = $allowed;
                check(text, $what, allowed, $rule)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl Value for $type {
            const WANTED: &'static str = concat!($what, " such as \"", $example, "\"");
            const EXAMPLES: &'static [&'static str] = &[$example];

            fn read(text: &str) -> Result<Self, ValueError> {
                text.parse()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of a job: 1 to 64 of `A-Z a-z 0-9 . _ -`, but not `.` or `..`.
    JobName,
    "a job name",
    "orders",
    |c| c.is_ascii_alphanumeric() || "._-".contains(c),
    "letters, digits, `.`, `_` and `-`"
);

name!(
    /// The name of an account: 1 to 64 of `A-Z a-z 0-9 . _ -`, but not `.` or `..`.
    AccountName,
    "an account name",
    "cn-prod",
    |c| c.is_ascii_alphanumeric() || "._-".contains(c),
    "letters, digits, `.`, `_` and `-`"
);

name!(
    /// The name of a provider: 1 to 64 of `a-z 0-9 _ -`. It becomes part of a library's file name.
    ProviderName,
    "a provider name",
    "huaweicloud",
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c),
    "small letters, digits, `_` and `-`"
);

fn check(text: &str, what: &str, allowed: fn(char) -> bool, rule: &str) -> Result<(), ValueError> {
    let help = || format!("{what} has 1 to {NAME_CHARS} characters: {rule}");
    if text.is_empty() {
        return Err(ValueError::new("the name is empty").help(help()));
    }
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        let bad = bad.to_string();
        let message = format!("{} must not contain {}", Quoted(text), Quoted(&bad));
        return Err(ValueError::new(message).help(help()));
    }
    if text.len() > NAME_CHARS {
        let message = format!("{} is {} characters long", Quoted(text), text.len());
        return Err(ValueError::new(message).help(help()));
    }
    if text == "." || text == ".." {
        return Err(ValueError::new(format!("`{text}` is not a name")).help(help()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["orders", "a", "A.b_c-9", "...", &"x".repeat(64)] {
            assert!(good.parse::<JobName>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "ä", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<JobName>().is_err(), "{bad}");
        }
        assert!("Huawei".parse::<ProviderName>().is_err());
        assert!("../evil".parse::<ProviderName>().is_err());
    }
}
