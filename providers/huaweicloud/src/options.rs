//! The job's `options` for the service `rds`, and their JSON Schema.

use backhaul_provider_api::{Error, serde_json};
use serde::Deserialize;
use serde_json::{Value, json};

/// The options as the configuration writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// The project whose instances are meant; without it, the region's own project is looked up.
    pub(crate) project_id: Option<ProjectId>,
    /// The language of the vendor's error texts.
    pub(crate) language: Language,
    /// The signature made with access keys.
    pub(crate) signing: Option<Signing>,
}

impl Options {
    /// Reads the options; null means that none are set.
    pub(crate) fn read(options: &Value) -> Result<Self, Error> {
        if options.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(options)
            .map_err(|error| Error::permanent(format!("the job's options are refused: {error}")))
    }
}

/// The vendor's id of a project; becomes part of a path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ProjectId(String);

impl ProjectId {
    /// The id as the vendor writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProjectId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        let fits = (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if fits {
            Ok(Self(id))
        } else {
            Err("a project id has 1 to 64 letters, digits, `-` and `_`")
        }
    }
}

/// The value of `X-Language`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Language {
    #[default]
    #[serde(rename = "en-us")]
    English,
    #[serde(rename = "zh-cn")]
    Chinese,
}

impl Language {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::English => "en-us",
            Self::Chinese => "zh-cn",
        }
    }
}

/// Which signature the gateway takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Signing {
    /// `SDK-HMAC-SHA256`, which every public region takes.
    #[default]
    Sdk,
    /// `V11-HMAC-SHA256` with a derived key.
    Derived,
}

/// The JSON Schema of the options.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "project_id": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,64}$",
                "description": "The project whose instances are meant. Without it, the project \
                                with the region's name is looked up; set it for a sub-project \
                                such as cn-north-4_orders.",
            },
            "language": {
                "enum": ["en-us", "zh-cn"],
                "default": "en-us",
                "description": "The language of the vendor's error texts.",
            },
            "signing": {
                "enum": ["sdk", "derived"],
                "default": "sdk",
                "description": "The signature made with access keys: sdk is SDK-HMAC-SHA256, which \
                                every public region takes; derived is V11-HMAC-SHA256, which some \
                                dedicated clouds demand.",
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
            assert_eq!(options.project_id, None);
            assert_eq!(options.language, Language::English);
            assert_eq!(options.signing, None);
        }
    }

    #[test]
    fn an_unknown_option_is_named() {
        let error = Options::read(&json!({"projekt": "x"})).unwrap_err();
        assert!(error.message.contains("projekt"), "{error}");
    }

    #[test]
    fn a_project_id_cannot_leave_its_path_segment() {
        for id in ["", "a/b", "../x", "a b", "é", &"x".repeat(65)] {
            assert!(Options::read(&json!({ "project_id": id })).is_err(), "{id}");
        }
        let options = Options::read(&json!({"project_id": "97b026aa9cc4417888c14c84a1ad9860"}));
        assert_eq!(
            options.unwrap().project_id.unwrap().as_str(),
            "97b026aa9cc4417888c14c84a1ad9860"
        );
    }

    #[test]
    fn the_schema_names_every_option_and_forbids_others() {
        let schema = schema();
        assert_eq!(schema["additionalProperties"], false);
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["language", "project_id", "signing"]);
    }
}
