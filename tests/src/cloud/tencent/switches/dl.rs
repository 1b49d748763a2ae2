//! Choices about the hosts behind the links of API 2.0.

/// Choices about the hosts behind the links of API 2.0.
#[derive(Debug, Clone)]
pub struct DlSwitches {
    /// The second signature, which the customer adds to a link.
    pub second_signature: SecondSignature,
    /// What `time` in a link is.
    pub time: LinkTime,
    /// Whether a `Range` is minded.
    pub ranges: bool,
    /// Status of an expired link.
    pub expired_status: u16,
    /// Status of a link that is signed badly or not twice.
    pub refused_status: u16,
}

impl Default for DlSwitches {
    fn default() -> Self {
        Self {
            second_signature: SecondSignature::default(),
            time: LinkTime::default(),
            ranges: true,
            expired_status: 403,
            refused_status: 403,
        }
    }
}

/// Which reading of the page on signing a link is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecondSignature {
    /// Both.
    #[default]
    Either,
    /// The one over decoded values, as in the page's code.
    Decoded,
    /// The one over encoded values, as in the page's prose.
    Encoded,
    /// None is needed; one that is there is ignored.
    NotNeeded,
}

/// What `time` in a link of API 2.0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkTime {
    /// When it was issued.
    #[default]
    Issue,
    /// When it expires.
    Expiry,
}
