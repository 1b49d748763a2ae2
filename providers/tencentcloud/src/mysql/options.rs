//! The job's `options` for the service `mysql`, and their JSON Schema.

use backhaul_provider_api::Error;
use backhaul_provider_api::serde_json::{Map, Value};
use serde::Deserialize;

use crate::times::{Times, ZoneOption};
use crate::v3::endpoint::Site;
use crate::v3::options::{self, Language};

/// The options as the configuration writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// The host that is asked.
    pub(super) site: Option<Site>,
    /// The zone of the vendor's times.
    timezone: Option<ZoneOption>,
    /// The language of the vendor's error texts.
    pub(super) language: Language,
}

impl Options {
    /// Reads the options; null means that none are set.
    pub(super) fn read(options: &Value) -> Result<Self, Error> {
        if options.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(options)
            .map_err(|error| Error::permanent(format!("the job's options are refused: {error}")))
    }

    /// How times are read.
    pub(super) fn times(&self) -> Times {
        Times::of(self.timezone.map(|zone| zone.0))
    }
}

/// The JSON Schema of the options.
pub(super) fn schema() -> Value {
    options::schema(Map::new())
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::serde_json::json;

    use super::*;

    #[test]
    fn the_schema_names_every_option_and_forbids_others() {
        let schema = schema();
        assert_eq!(schema["additionalProperties"], false);
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["language", "site", "timezone"]);
        let all = json!({"language": "zh-CN", "site": "regional", "timezone": "+09:00"});
        assert_eq!(Options::read(&all).unwrap().site, Some(Site::Regional));
        let unknown = Options::read(&json!({"link_hours": 1})).unwrap_err();
        assert!(unknown.message.contains("link_hours"), "{unknown}");
    }
}
