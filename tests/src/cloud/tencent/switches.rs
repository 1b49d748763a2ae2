//! What a test may change about an emulated Tencent Cloud while it runs.
//!
//! The default is what the vendor documents or, where the pages contradict each other or say
//! nothing, what is hardest to live with.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::time::Zone;

mod api;
mod cos;
mod dl;
mod legacy;
mod mysql;
mod postgres;

pub use self::api::{ApiSwitches, RateLimit};
pub use self::cos::{CosSwitches, Crc64, KeptOut, LinkForm, Reason};
pub use self::dl::{DlSwitches, LinkTime, SecondSignature};
pub use self::legacy::{BusinessErrors, CodeForm, LegacySwitches};
pub use self::mysql::{BinlogDone, MysqlSwitches, OptionalField, Order, UnfinishedLinks};
pub use self::postgres::{PostgresSwitches, ZeroExpireTime};

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Switches {
    /// Hours that all times without an offset are ahead of UTC. Stated nowhere; 8 by all evidence.
    pub utc_offset_hours: i32,
    /// Life of every link, whatever was asked for; nothing: 12 hours, or what was asked for.
    pub link_life: Option<Duration>,
    /// Whether the caller is inside the vendor's network, which restrictions of links distinguish.
    pub caller_in_intranet: bool,
    /// API 3.0.
    pub api: ApiSwitches,
    /// `postgres` of API 3.0.
    pub postgres: PostgresSwitches,
    /// `cdb` of API 3.0.
    pub mysql: MysqlSwitches,
    /// API 2.0.
    pub legacy: LegacySwitches,
    /// The object store.
    pub cos: CosSwitches,
    /// The hosts behind the links of API 2.0.
    pub dl: DlSwitches,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            utc_offset_hours: 8,
            link_life: None,
            caller_in_intranet: false,
            api: ApiSwitches::default(),
            postgres: PostgresSwitches::default(),
            mysql: MysqlSwitches::default(),
            legacy: LegacySwitches::default(),
            cos: CosSwitches::default(),
            dl: DlSwitches::default(),
        }
    }
}

impl Switches {
    /// The zone of all times without an offset.
    pub(super) fn zone(&self) -> Zone {
        Zone::new(self.utc_offset_hours)
    }

    /// How long a link lives for which so much was asked.
    pub(super) fn life(&self, asked: TimeDelta) -> TimeDelta {
        self.link_life.map_or(asked, |life| {
            // Longer than chrono can hold means for ever either way.
            TimeDelta::from_std(life).unwrap_or(TimeDelta::days(36_500))
        })
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberForm {
    /// `1`.
    Number,
    /// `"1"`.
    Text,
}

impl NumberForm {
    pub(in crate::cloud::tencent) fn json(self, number: u64) -> Value {
        match self {
            Self::Number => json!(number),
            Self::Text => json!(number.to_string()),
        }
    }
}
