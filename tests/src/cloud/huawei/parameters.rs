//! Query parameters, each taken by name; what nobody took is refused.

use std::collections::BTreeMap;

use super::api_error::ApiError;
use crate::cloud::percent;

/// The parameters of one request. The emulator is stricter than a real service would be: a parameter
/// that it does not know or that comes twice is an error, so that a mistake does not go unseen.
#[derive(Debug)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query as received.
    ///
    /// # Errors
    /// When a parameter comes twice or is no UTF-8.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in percent::query_pairs(query) {
            let (Ok(name), Ok(value)) = (String::from_utf8(name), String::from_utf8(value)) else {
                return Err(ApiError::bad_parameter("A parameter is not UTF-8."));
            };
            if parameters.insert(name.clone(), value).is_some() {
                return Err(ApiError::bad_parameter(format!("{name} is repeated.")));
            }
        }
        Ok(Self(parameters))
    }

    /// The value of an optional parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The value of a mandatory parameter.
    ///
    /// # Errors
    /// When it is missing or empty.
    pub fn require(&mut self, name: &str) -> Result<String, ApiError> {
        self.take(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ApiError::bad_parameter(format!("{name} is mandatory.")))
    }

    /// The value of an optional number.
    ///
    /// # Errors
    /// When it is not a number from `min` to `max`.
    pub fn number(
        &mut self,
        name: &str,
        default: usize,
        min: usize,
        max: usize,
    ) -> Result<usize, ApiError> {
        let Some(text) = self.take(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|value| (min..=max).contains(value))
            .ok_or_else(|| ApiError::bad_parameter(format!("{name} is out of range.")))
    }

    /// To be called when all known parameters are taken.
    ///
    /// # Errors
    /// When one is left.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::bad_parameter(format!(
                "{name} is not supported by the emulation."
            ))),
        }
    }
}
