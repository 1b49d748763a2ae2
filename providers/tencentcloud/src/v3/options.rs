//! Options that every service of API 3.0 has.

use backhaul_provider_api::serde_json::{Map, Value, json};
use serde::Deserialize;

/// The value of `X-TC-Language`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Language {
    #[default]
    #[serde(rename = "en-US")]
    English,
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// The word as the vendor writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::English => "en-US",
            Self::Chinese => "zh-CN",
        }
    }
}

/// The JSON Schema of options, of which `own` are the service's own.
pub(crate) fn schema(own: Map<String, Value>) -> Value {
    let mut properties = Map::from_iter([
        (
            "site".to_owned(),
            json!({
                "enum": ["nearest", "regional", "international"],
                "description": "The host that is asked: nearest is <product>.tencentcloudapi.com, \
                                regional the one of the region, international the one of the \
                                international edition. Without it nearest, but regional for \
                                finance regions (-fsi). The account's `endpoint` comes first.",
            }),
        ),
        (
            "timezone".to_owned(),
            json!({
                "type": "string",
                "pattern": "^(UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)$",
                "default": "+08:00",
                "description": "The zone of the vendor's times, which carry none: UTC, or a \
                                distance from it such as +08:00.",
            }),
        ),
        (
            "language".to_owned(),
            json!({
                "enum": ["en-US", "zh-CN"],
                "default": "en-US",
                "description": "The language of the vendor's error texts.",
            }),
        ),
    ]);
    properties.extend(own);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}
