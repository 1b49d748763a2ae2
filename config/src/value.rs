//! Values written as a text, such as `7d` or `200MiB/s`: how one is read and how it is refused.

use std::fmt;

use crate::suggest;

/// Why a text is not the value it should be. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    message: String,
    help: Option<String>,
}

impl ValueError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to write instead, where that is known.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// A type that the configuration writes as a text.
pub(crate) trait Value: Sized {
    /// What is wanted, as in "must be …".
    const WANTED: &'static str;
    /// Texts that are accepted; all of them when the type is `CLOSED`.
    const EXAMPLES: &'static [&'static str];
    /// True when nothing but the examples is accepted.
    const CLOSED: bool = false;

    /// Reads the text.
    fn read(text: &str) -> Result<Self, ValueError>;
}

/// The value of the listed word, or a refusal that lists them all.
pub(crate) fn choose<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, ValueError> {
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words = || choices.iter().map(|(word, _)| *word);
    Err(
        ValueError::new(format!("{} is not known", Quoted(text))).help(suggest::among(
            text,
            "the choices are",
            words(),
        )),
    )
}

/// The longest piece of a user's text that a message repeats, in characters.
const QUOTE_CHARS: usize = 60;

/// A user's text in a message: between backquotes, shortened, without control characters.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        for (at, c) in self.0.chars().enumerate() {
            if at == QUOTE_CHARS {
                f.write_str("…")?;
                break;
            }
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        f.write_str("`")
    }
}
