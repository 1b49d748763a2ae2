//! The job's `options`, the same for both services, and their JSON Schema.

use backhaul_provider_api::{Error, serde_json};
use backhaul_provider_kit::zone::Zone;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use crate::area::Area;

/// The options as the configuration writes them.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// The host to ask, instead of the one that follows from the account's region.
    pub(crate) area: Option<Area>,
    /// The zone of the vendor's times; without it, China's is assumed.
    #[serde(deserialize_with = "zone")]
    pub(crate) timezone: Option<Zone>,
    /// What `BackupSize` is the size of.
    pub(crate) backup_size: BackupSize,
    /// Whether backups of chosen databases are listed as well.
    pub(crate) partial_backups: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            area: None,
            timezone: None,
            backup_size: BackupSize::File,
            partial_backups: true,
        }
    }
}

impl Options {
    /// Reads the options; null means that none are set.
    ///
    /// # Errors
    /// When one is unknown or has another value than the schema allows.
    pub(crate) fn read(options: &Value) -> Result<Self, Error> {
        if options.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(options)
            .map_err(|error| Error::permanent(format!("the job's options are refused: {error}")))
    }

    /// The zone of the vendor's times.
    pub(crate) fn zone(&self) -> Zone {
        self.timezone.unwrap_or(Zone::china())
    }
}

/// What the field `BackupSize` is the size of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BackupSize {
    /// Of the file behind the link, as the vendor's tables say.
    File,
    /// Of something else, such as the data before packing.
    Other,
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Zone>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Zone::try_from(text).map(Some).map_err(de::Error::custom)
}

/// The JSON Schema of the options.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "area": {
                "enum": ["mainland", "asia", "us"],
                "description": "The API host to ask: mainland China, Asia-Pacific, or Europe and \
                                America. Without it, it follows from the account's region, else \
                                mainland.",
            },
            "timezone": {
                "type": "string",
                "pattern": "^(UTC|Z|[+-][0-9]{2}:?([0-9]{2})?)$",
                "default": "+08:00",
                "description": "The zone of the vendor's times, which carry none: UTC or a \
                                distance from it. Setting it also ends the remark that it was \
                                assumed.",
            },
            "backup_size": {
                "enum": ["file", "other"],
                "default": "file",
                "description": "What the vendor's BackupSize is the size of: file, as documented, \
                                marks a file of another length as suspect; other takes it for a \
                                rough hint only.",
            },
            "partial_backups": {
                "type": "boolean",
                "default": true,
                "description": "Whether backups of chosen databases (BackupStrategy db) are \
                                mirrored. They count as full backups in retention and max_age; \
                                set false where they should not.",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_options_mean_the_defaults() {
        for none in [Value::Null, json!({})] {
            let options = Options::read(&none).unwrap();
            assert_eq!((options.area, options.timezone), (None, None));
            assert_eq!(options.zone(), Zone::china());
            assert_eq!(options.backup_size, BackupSize::File);
            assert!(options.partial_backups);
        }
    }

    #[test]
    fn every_option_is_read() {
        let options = json!({
            "area": "us", "timezone": "UTC", "backup_size": "other", "partial_backups": false,
        });
        let options = Options::read(&options).unwrap();
        assert_eq!(options.area, Some(Area::Us));
        assert_eq!(options.zone().to_string(), "+00:00");
        assert_eq!(options.backup_size, BackupSize::Other);
        assert!(!options.partial_backups);
    }

    #[test]
    fn a_wrong_option_is_named() {
        for (options, named) in [
            (json!({"zone": "UTC"}), "zone"),
            (json!({"timezone": "Asia/Shanghai"}), "a zone is UTC"),
            (json!({"area": "europe"}), "europe"),
            (json!({"backup_size": "exact"}), "exact"),
            (json!({"partial_backups": "no"}), "boolean"),
        ] {
            let error = Options::read(&options).unwrap_err();
            assert!(error.message.contains(named), "{error}");
        }
    }

    #[test]
    fn the_schema_names_every_option_and_forbids_others() {
        let schema = schema();
        assert_eq!(schema["additionalProperties"], false);
        let properties = schema["properties"].as_object().unwrap();
        let names: Vec<_> = properties.keys().collect();
        assert_eq!(
            names,
            ["area", "backup_size", "partial_backups", "timezone"]
        );
        assert!(
            properties
                .values()
                .all(|option| option["description"].is_string())
        );
    }
}
