//! Patterns over keys: `{instance}/{time:%Y-%m-%dT%H%M%SZ}/{kind}/{file}`.
//!
//! A pattern says which part of a key names the instance, the kind, the time and the backup, and
//! where the files of a backup begin. Each placeholder takes as little as it can. What a
//! pattern's values mean is the business of `layout.rs`.

use serde::Deserialize;

use crate::time_format::{Field, Pieces, TimeFormat};

mod matching;

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Stands for itself.
    Literal(String),
    /// A time of that format.
    Time(TimeFormat),
    /// Any characters.
    Free(Free),
}

/// A placeholder that takes any characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Free {
    /// `{instance}`: at least one character, no slash.
    Instance,
    /// `{kind}`: at least one character, no slash.
    Kind,
    /// `{set}`: at least one character, no slash.
    Set,
    /// `{file}`: at least one character, slashes too.
    File,
    /// `{*}`: characters without a slash, or none.
    Segment,
    /// `{**}`: any characters, or none.
    Deep,
}

impl Free {
    const NAMED: [(&'static str, Self); 6] = [
        ("instance", Self::Instance),
        ("kind", Self::Kind),
        ("set", Self::Set),
        ("file", Self::File),
        ("*", Self::Segment),
        ("**", Self::Deep),
    ];

    fn word(self) -> &'static str {
        Self::NAMED
            .iter()
            .find(|(_, free)| *free == self)
            .map_or("", |(word, _)| word)
    }

    fn takes_slashes(self) -> bool {
        matches!(self, Self::File | Self::Deep)
    }

    fn may_be_empty(self) -> bool {
        matches!(self, Self::Segment | Self::Deep)
    }
}

/// What the placeholders of a pattern stand for in one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Values {
    /// `{instance}`.
    pub(crate) instance: Option<String>,
    /// The texts of all `{time:…}`.
    pub(crate) times: Vec<String>,
    /// `{kind}`.
    pub(crate) kind: Option<String>,
    /// `{set}`.
    pub(crate) set: Option<String>,
}

/// A key that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What the placeholders stand for.
    pub(crate) values: Values,
    /// Where `{file}` begins.
    pub(crate) file_at: Option<usize>,
    /// The pieces of the time, if there is one.
    pub(crate) time: Option<Pieces>,
}

/// A pattern over keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, naming the placeholder.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text).map_err(|why| format!("the pattern {text:?}: {why}"))?;
        let pattern = Self { tokens };
        pattern
            .check()
            .map_err(|why| format!("the pattern {text:?}: {why}"))?;
        Ok(pattern)
    }

    fn check(&self) -> Result<(), String> {
        if self.tokens.is_empty() {
            return Err("it is empty".to_owned());
        }
        for named in [Free::Instance, Free::Kind, Free::Set, Free::File] {
            if self.count(named) > 1 {
                return Err(format!("`{{{}}}` stands twice", named.word()));
            }
        }
        for pair in self.tokens.windows(2) {
            if let [Token::Free(one), Token::Free(other)] = pair {
                return Err(format!(
                    "nothing separates `{{{}}}` from `{{{}}}`",
                    one.word(),
                    other.word()
                ));
            }
        }
        let fields: Vec<Field> = self.times().flat_map(TimeFormat::fields).collect();
        let has = |of: &[Field]| fields.iter().any(|field| of.contains(field));
        let date = has(&[Field::Year, Field::ShortYear])
            && (has(&[Field::DayOfYear])
                || (has(&[Field::Month, Field::MonthName]) && has(&[Field::Day])));
        if !fields.is_empty() && !date && !has(&[Field::Epoch]) {
            return Err("its times have no whole date: year, month and day are needed".to_owned());
        }
        Ok(())
    }

    fn count(&self, free: Free) -> usize {
        let is = |token: &&Token| **token == Token::Free(free);
        self.tokens.iter().filter(is).count()
    }

    fn times(&self) -> impl Iterator<Item = &TimeFormat> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Time(format) => Some(format),
            _ => None,
        })
    }

    /// Whether it has that placeholder.
    pub(crate) fn has(&self, free: Free) -> bool {
        self.count(free) > 0
    }

    /// Whether it has a time.
    pub(crate) fn has_time(&self) -> bool {
        self.times().next().is_some()
    }

    /// Whether several keys can have the same values.
    pub(crate) fn gathers(&self) -> bool {
        [Free::File, Free::Segment, Free::Deep]
            .iter()
            .any(|free| self.has(*free))
    }

    /// Whether both have the same placeholders, `{file}` and wildcards left aside.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let formats = |pattern: &Self| pattern.times().cloned().collect::<Vec<_>>();
        let named = [Free::Instance, Free::Kind, Free::Set];
        formats(self) == formats(other)
            && named.iter().all(|free| self.has(*free) == other.has(*free))
    }

    /// The same pattern with a name in the place of `{file}`.
    pub(crate) fn with_file(&self, name: &str) -> Self {
        let tokens = self.tokens.iter().map(|token| match token {
            Token::Free(Free::File) => Token::Literal(name.to_owned()),
            other => other.clone(),
        });
        Self {
            tokens: tokens.collect(),
        }
    }

    /// The text that every key with these values begins with: up to the first placeholder that
    /// has no value.
    pub(crate) fn head(&self, values: &Values) -> String {
        let mut times = values.times.iter();
        let mut head = String::new();
        for token in &self.tokens {
            let value = match token {
                Token::Literal(text) => Some(text),
                Token::Time(_) => times.next(),
                Token::Free(Free::Instance) => values.instance.as_ref(),
                Token::Free(Free::Kind) => values.kind.as_ref(),
                Token::Free(Free::Set) => values.set.as_ref(),
                Token::Free(_) => None,
            };
            match value {
                Some(value) => head.push_str(value),
                None => break,
            }
        }
        head
    }

    /// The folder in which the instances are folders, if the pattern begins with literals and a
    /// whole segment that is `{instance}`.
    pub(crate) fn instance_folder(&self) -> Option<String> {
        let folder = self.head(&Values::default());
        let at = self
            .tokens
            .iter()
            .position(|token| *token == Token::Free(Free::Instance))?;
        let literals = self.tokens[..at]
            .iter()
            .all(|token| matches!(token, Token::Literal(_)));
        let ends =
            matches!(self.tokens.get(at + 1), Some(Token::Literal(text)) if text.starts_with('/'));
        let whole = folder.is_empty() || folder.ends_with('/');
        (literals && ends && whole).then_some(folder)
    }

    /// What the placeholders stand for in the key, if it matches.
    pub(crate) fn read(&self, key: &str) -> Option<Found> {
        let spans = matching::spans(&self.tokens, key)?;
        let mut found = Found {
            values: Values::default(),
            file_at: None,
            time: None,
        };
        for (token, span) in self.tokens.iter().zip(spans) {
            let text = || key.get(span.clone()).map(str::to_owned);
            match token {
                Token::Time(format) => {
                    format.read(
                        key.get(span.clone())?,
                        found.time.get_or_insert_with(Pieces::default),
                    )?;
                    found.values.times.push(text()?);
                }
                Token::Free(Free::Instance) => found.values.instance = text(),
                Token::Free(Free::Kind) => found.values.kind = text(),
                Token::Free(Free::Set) => found.values.set = text(),
                Token::Free(Free::File) => found.file_at = Some(span.start),
                Token::Free(Free::Segment | Free::Deep) | Token::Literal(_) => {}
            }
        }
        Some(found)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// Cuts a pattern into its tokens. A brace that stands for itself is written twice.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let doubled = ["{{", "}}"].iter().any(|pair| rest.starts_with(pair));
        if doubled {
            literal.push(letter);
            rest = &rest[2..];
        } else if letter == '{' {
            let (inside, after) = rest[1..]
                .split_once('}')
                .ok_or("a `{` is not closed; a brace that stands for itself is written twice")?;
            if !literal.is_empty() {
                tokens.push(Token::Literal(std::mem::take(&mut literal)));
            }
            tokens.push(placeholder(inside)?);
            rest = after;
        } else if letter == '}' {
            return Err(
                "a `}` closes nothing; a brace that stands for itself is written twice".to_owned(),
            );
        } else {
            literal.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    if !literal.is_empty() {
        tokens.push(Token::Literal(literal));
    }
    Ok(tokens)
}

fn placeholder(inside: &str) -> Result<Token, String> {
    if let Some(format) = inside.strip_prefix("time:") {
        return TimeFormat::parse(format).map(Token::Time);
    }
    Free::NAMED
        .iter()
        .find(|(word, _)| *word == inside)
        .map(|(_, free)| Token::Free(*free))
        .ok_or_else(|| {
            format!(
                "there is no placeholder `{{{inside}}}`; there are {{instance}}, {{time:FORMAT}}, {{kind}}, {{set}}, {{file}}, {{*}} and {{**}}"
            )
        })
}

#[cfg(test)]
mod tests;
