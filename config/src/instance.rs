//! Which database instances a job is about.

use std::{fmt, str::FromStr};

use crate::{
    ValueError,
    glob::Glob,
    value::{Quoted, Value},
};

/// An instance's id or name, in which `*` stands for any characters and `?` for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstancePattern(String);

impl InstancePattern {
    /// True when the id or the name matches. Case matters.
    pub fn matches(&self, id: &str, name: &str) -> bool {
        let glob = Glob::new(&self.0);
        glob.matches(id) || glob.matches(name)
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstancePattern {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const HELP: &str = "write an instance's id or name, with `*` for any characters";
        if text.trim().is_empty() {
            return Err(ValueError::new("the pattern is empty").help(HELP));
        }
        if text.chars().any(char::is_control) || text.len() > 256 {
            let message = format!("{} is no id or name of an instance", Quoted(text));
            return Err(ValueError::new(message).help(HELP));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for InstancePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for InstancePattern {
    const WANTED: &'static str = "an instance's id or name such as \"orders-*\"";
    const EXAMPLES: &'static [&'static str] = &["orders-*", "a48e43ff268f4c0e879652d65e63d0fbin01"];

    fn read(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}
