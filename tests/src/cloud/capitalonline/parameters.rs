//! The own parameters of a call, each taken by name; what nobody took is refused.

use std::collections::BTreeMap;

use super::api_error::ApiError;

/// The own parameters of one call. The emulation is stricter than a real service would be: a
/// parameter that it does not know is an error, so that a mistake does not go unseen.
#[derive(Debug)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Takes what is left of a query without the common parameters.
    pub fn new(own: BTreeMap<String, String>) -> Self {
        Self(own)
    }

    /// The value of an optional parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The value of a mandatory parameter.
    ///
    /// # Errors
    /// When it is missing.
    pub fn require(&mut self, name: &str) -> Result<String, ApiError> {
        self.take(name).ok_or_else(|| ApiError::missing(name))
    }

    /// To be called when all known parameters are taken.
    ///
    /// # Errors
    /// When one is left.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::unknown_parameter(&name)),
        }
    }
}
