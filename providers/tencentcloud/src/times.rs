//! The vendor's times carry no zone; in which one they are read is the same for every service.

use backhaul_provider_kit::zone::Zone;
use serde::Deserialize;

/// How the vendor's zone-less times are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// The zone of the vendor's clocks.
    pub(crate) zone: Zone,
    /// True unless the job's options name it.
    pub(crate) assumed: bool,
}

impl Times {
    /// The zone that the options name, else China Standard Time.
    pub(crate) fn of(option: Option<Zone>) -> Self {
        Self {
            zone: option.unwrap_or_else(Zone::china),
            assumed: option.is_none(),
        }
    }
}

/// A zone as the options write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ZoneOption(pub(crate) Zone);

impl TryFrom<String> for ZoneOption {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Zone::try_from(text).map(Self)
    }
}
