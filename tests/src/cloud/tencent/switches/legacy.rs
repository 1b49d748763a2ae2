//! Choices about API 2.0.

use std::time::Duration;

use super::NumberForm;

/// Choices about API 2.0.
#[derive(Debug, Clone)]
pub struct LegacySwitches {
    /// How far `Timestamp` may be off: five minutes on the newer page, two hours on the older ones.
    pub skew: Duration,
    /// `code` of an answer.
    pub code: CodeForm,
    /// `size` and `totalCount`: text in the samples, Int in the tables.
    pub numbers: NumberForm,
    /// Where a business error such as 9003 is found.
    pub business_errors: BusinessErrors,
    /// Whether backups have an `out_url` beside `in_url`, as third-party scripts expect.
    pub out_url: bool,
    /// Whether `file_name` is percent-encoded, as in one sample.
    pub encoded_names: bool,
}

impl Default for LegacySwitches {
    fn default() -> Self {
        Self {
            skew: Duration::from_secs(300),
            code: CodeForm::default(),
            numbers: NumberForm::Text,
            business_errors: BusinessErrors::default(),
            out_url: false,
            encoded_names: true,
        }
    }
}

/// `code` of an answer of API 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodeForm {
    /// Text or number, as in the sample of the action; text in errors.
    #[default]
    AsSampled,
    /// `"0"`.
    Text,
    /// `0`.
    Number,
}

/// Where a business error of API 2.0 is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BusinessErrors {
    /// As `code`, which the tables of the actions suggest.
    #[default]
    InCode,
    /// As `(9003)` in `message`, under code 5100, which the generic page suggests.
    InMessage,
}
