//! Choices about what both products of API 3.0 have in common.

use super::NumberForm;

/// Choices about API 3.0.
#[derive(Debug, Clone)]
pub struct ApiSwitches {
    /// Calls a second of one key to one action.
    pub rate_limit: RateLimit,
    /// Code of a refusal by that limit: the bare one, or with one of its documented suffixes.
    pub rate_limit_code: &'static str,
    /// Code of a call without a region where one is needed, which no page names.
    pub missing_region_code: &'static str,
    /// Whether lists state `TotalCount`.
    pub total_count: bool,
    /// `Size` of a backup.
    pub size: NumberForm,
}

impl Default for ApiSwitches {
    fn default() -> Self {
        Self {
            rate_limit: RateLimit::Documented,
            rate_limit_code: "RequestLimitExceeded",
            missing_region_code: "UnsupportedRegion",
            total_count: true,
            size: NumberForm::Number,
        }
    }
}

/// Calls a second of one key to one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimit {
    /// What the page of the action says.
    #[default]
    Documented,
    /// The same for every action.
    PerSecond(u32),
    /// Any number.
    Unlimited,
}
