//! Pages of a list as the service has them.

use serde_json::Value;

use super::api_error::ApiError;
use super::parameters::Parameters;
use crate::cloud::fault::ApiFault;
use crate::cloud::page::Page;

impl Page {
    /// Reads `offset` (default 0) and `limit` (1 to 100, default 100), and applies the cap.
    ///
    /// # Errors
    /// When one is out of range.
    pub fn take(parameters: &mut Parameters, cap: Option<usize>) -> Result<Self, ApiError> {
        let offset = parameters.number("offset", 0, 0, usize::MAX)?;
        let limit = parameters.number("limit", LIMIT_MAX, 1, LIMIT_MAX)?;
        Ok(Self {
            offset,
            limit: cap.map_or(limit, |cap| limit.min(cap)),
        })
    }
}

/// The body of a list under its name; with the wrong types if that is asked for.
pub fn body(name: &str, (records, total): (Vec<Value>, usize), faults: &[ApiFault]) -> Value {
    if faults.contains(&ApiFault::WrongJsonType) {
        return serde_json::json!({ name: {}, "total_count": "many" });
    }
    serde_json::json!({ name: records, "total_count": total })
}

const LIMIT_MAX: usize = 100;
