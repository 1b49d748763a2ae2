//! The parameters of a call of API 2.0: flat, textual, each taken by name.

use std::collections::BTreeMap;

use super::reply::LegacyError;
use crate::cloud::percent;

/// The parameters of one call by name, with `.` for `_` in names, which the service takes for equal.
/// The emulator is stricter than a real service would be: a parameter that it does not know or
/// that comes twice is an error, so that a mistake does not go unseen.
#[derive(Debug)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a query or the body of a form.
    ///
    /// # Errors
    /// When a parameter comes twice or is no UTF-8.
    pub fn parse(text: &str) -> Result<Self, LegacyError> {
        let pairs = percent::query_pairs(text)
            .into_iter()
            .map(|(name, value)| {
                let name = String::from_utf8(name).ok()?;
                Some((name, String::from_utf8(value).ok()?))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| LegacyError::malformed("A parameter is not UTF-8."))?;
        Self::of(pairs)
    }

    /// The form of these pairs.
    ///
    /// # Errors
    /// When a parameter comes twice.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, LegacyError> {
        let mut form = BTreeMap::new();
        for (name, value) in pairs {
            let name = name.replace('_', ".");
            if form.insert(name.clone(), value).is_some() {
                return Err(LegacyError::malformed(format!("{name} comes twice.")));
            }
        }
        Ok(Self(form))
    }

    /// All pairs, sorted by the bytes of their names.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A value, which stays.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of an optional parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The value of a mandatory parameter.
    ///
    /// # Errors
    /// When it is missing or empty.
    pub fn require(&mut self, name: &str) -> Result<String, LegacyError> {
        self.take(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| LegacyError::malformed(format!("{name} is missing.")))
    }

    /// The value of an optional number.
    ///
    /// # Errors
    /// When it is no number that is not negative.
    pub fn number(&mut self, name: &str) -> Result<Option<usize>, LegacyError> {
        self.take(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| LegacyError::invalid(format!("{name} is no number.")))
            })
            .transpose()
    }

    /// The values of a list: `name.0`, `name.1` and so on; nothing when there is none.
    pub fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let mut values = Vec::new();
        while let Some(value) = self.take(&format!("{name}.{}", values.len())) {
            values.push(value);
        }
        Some(values).filter(|values| !values.is_empty())
    }

    /// To be called when all known parameters are taken.
    ///
    /// # Errors
    /// When one is left.
    pub fn finish(self) -> Result<(), LegacyError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(LegacyError::malformed(format!(
                "{name} is not part of the emulation."
            ))),
        }
    }
}
