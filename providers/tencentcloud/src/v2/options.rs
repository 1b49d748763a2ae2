//! The job's `options` for the service, and their JSON Schema.

use backhaul_provider_api::{Error, serde_json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::choice::Choice;
use super::signature::Algorithm;
use crate::times::{Times, ZoneOption};

/// The options as the configuration writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// What shall be fetched out of a full backup; all of it when absent.
    pub(super) databases: Option<Choice>,
    /// The hash inside the signature.
    pub(super) signature: Algorithm,
    timezone: Option<ZoneOption>,
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

    /// How the vendor's times are read.
    pub(super) fn times(&self) -> Times {
        Times::of(self.timezone.map(|zone| zone.0))
    }
}

/// The JSON Schema of the options.
pub(super) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "databases": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["name"],
                    "properties": {
                        "name": {
                            "type": "string",
                            "minLength": 1,
                            "description": "The database, in the letter case of the backup.",
                        },
                        "tables": {
                            "type": "array",
                            "minItems": 1,
                            "items": { "type": "string", "minLength": 1 },
                            "description": "Only these tables of it. Without it, the whole database.",
                        },
                    },
                },
                "description": "Fetch only these databases and tables of each full backup, as an \
                                export that the vendor makes: structure and data, no views, \
                                routines and triggers. Without it, whole backups. Logs are always \
                                whole.",
            },
            "signature": {
                "enum": ["sha256", "sha1"],
                "default": "sha256",
                "description": "The hash of the signature: sha256 is HmacSHA256, sha1 is HmacSHA1.",
            },
            "timezone": {
                "type": "string",
                "pattern": "^(UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)$",
                "default": "+08:00",
                "description": "The zone of the vendor's clocks, which print none: a distance from \
                                UTC such as +08:00, or UTC.",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use backhaul_provider_kit::zone::Zone;

    use super::*;

    #[test]
    fn no_options_mean_the_defaults() {
        for none in [Value::Null, json!({})] {
            let options = Options::read(&none).unwrap();
            assert_eq!(options.databases, None);
            assert_eq!(options.signature, Algorithm::Sha256);
            assert_eq!(options.times(), Times::of(None));
        }
    }

    #[test]
    fn a_zone_that_is_set_is_not_assumed() {
        let options = Options::read(&json!({"timezone": "+08:00", "signature": "sha1"})).unwrap();
        assert_eq!(options.times(), Times::of(Some(Zone::china())));
        assert_eq!(options.signature, Algorithm::Sha1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (options, named) in [
            (json!({"tables": []}), "tables"),
            (json!({"timezone": "Asia/Shanghai"}), "zone"),
            (json!({"signature": "md5"}), "md5"),
            (json!({"databases": []}), "databases"),
        ] {
            let error = Options::read(&options).unwrap_err();
            assert!(error.message.contains(named), "{error}");
        }
    }

    #[test]
    fn the_schema_names_every_option_and_forbids_others() {
        let schema = schema();
        assert_eq!(schema["additionalProperties"], false);
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["databases", "signature", "timezone"]);
    }
}
