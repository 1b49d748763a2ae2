//! The fields of a call of API 3.0, each taken by name and type; what nobody took is refused.

use serde_json::{Map, Value};

use super::api_error::ApiError;
use crate::cloud::percent;

/// The fields of one object: of the call itself, or of one inside.
#[derive(Debug)]
pub struct Parameters {
    fields: Map<String, Value>,
    /// Whether numbers and truth values come as text, as they do in a query.
    textual: bool,
}

impl Parameters {
    /// Reads the body of a POST.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn from_body(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self {
                fields,
                textual: false,
            }),
            _ => Err(ApiError::new(
                "InvalidParameter",
                "The body must be a JSON object.",
            )),
        }
    }

    /// Reads the query of a GET, in which lists are flattened: `Filters.0.Values.0=…`.
    ///
    /// # Errors
    /// When a parameter comes twice, is no UTF-8, or is both a value and a list.
    pub fn from_query(query: &str) -> Result<Self, ApiError> {
        let mut root = Value::Object(Map::new());
        for (name, value) in percent::query_pairs(query) {
            let (Ok(name), Ok(value)) = (String::from_utf8(name), String::from_utf8(value)) else {
                return Err(ApiError::new("InvalidParameter", "A name is not UTF-8."));
            };
            let mut at = &mut root;
            for part in name.split('.') {
                let inside = at.as_object_mut().ok_or_else(|| twice(&name))?;
                at = inside
                    .entry(part)
                    .or_insert_with(|| Value::Object(Map::new()));
            }
            if at.as_object().is_none_or(|inside| !inside.is_empty()) {
                return Err(twice(&name));
            }
            *at = Value::String(value);
        }
        match lists(root) {
            Value::Object(fields) => Ok(Self {
                fields,
                textual: true,
            }),
            _ => Err(ApiError::wrong_type("The query", "an object")),
        }
    }

    /// An optional text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::wrong_type(name, "a string")),
        }
    }

    /// A mandatory text.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn required_text(&mut self, name: &str) -> Result<String, ApiError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// An optional integer.
    ///
    /// # Errors
    /// When it is something else.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        self.fields
            .remove(name)
            .map(|value| self.as_integer(name, &value))
            .transpose()
    }

    /// An optional truth value.
    ///
    /// # Errors
    /// When it is something else.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            // The vendor's Python SDK writes them with a capital letter.
            Some(Value::String(text)) if self.textual => match text.to_lowercase().as_str() {
                "true" => Ok(Some(true)),
                "false" => Ok(Some(false)),
                _ => Err(ApiError::wrong_type(name, "a boolean")),
            },
            Some(_) => Err(ApiError::wrong_type(name, "a boolean")),
        }
    }

    /// An optional list of texts; nothing when it is missing or empty.
    ///
    /// # Errors
    /// When it is something else.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        self.list(name, |_, value| match value {
            Value::String(text) => Ok(text),
            _ => Err(ApiError::wrong_type(name, "a list of strings")),
        })
    }

    /// An optional list of integers; nothing when it is missing or empty.
    ///
    /// # Errors
    /// When it is something else.
    pub fn integers(&mut self, name: &str) -> Result<Option<Vec<i64>>, ApiError> {
        self.list(name, |this, value| this.as_integer(name, &value))
    }

    /// A list of objects; empty when it is missing.
    ///
    /// # Errors
    /// When it is something else.
    pub fn objects(&mut self, name: &str) -> Result<Vec<Self>, ApiError> {
        let objects = self.list(name, |this, value| this.as_object(name, value))?;
        Ok(objects.unwrap_or_default())
    }

    /// An optional object.
    ///
    /// # Errors
    /// When it is something else.
    pub fn object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        self.fields
            .remove(name)
            .map(|value| self.as_object(name, value))
            .transpose()
    }

    /// Refuses fields that the vendor documents and this emulation does not have, so that nobody takes
    /// them for minded.
    ///
    /// # Errors
    /// When one is there.
    pub fn refuse(&self, names: &[&str]) -> Result<(), ApiError> {
        match names.iter().find(|name| self.fields.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err(ApiError::new(
                "UnsupportedOperation",
                format!("{name} is not part of the emulation."),
            )),
        }
    }

    /// To be called when all known fields are taken.
    ///
    /// # Errors
    /// When one is left.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.fields.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(ApiError::new(
                "UnknownParameter",
                format!("The parameter `{name}` is not recognized."),
            )),
        }
    }

    fn list<T>(
        &mut self,
        name: &str,
        read: impl Fn(&Self, Value) -> Result<T, ApiError>,
    ) -> Result<Option<Vec<T>>, ApiError> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Value::Array(values)) => {
                let items = values.into_iter().map(|value| read(self, value));
                let items = items.collect::<Result<Vec<_>, _>>()?;
                Ok(Some(items).filter(|items| !items.is_empty()))
            }
            Some(_) => Err(ApiError::wrong_type(name, "a list")),
        }
    }

    fn as_integer(&self, name: &str, value: &Value) -> Result<i64, ApiError> {
        let number = match value {
            Value::String(text) if self.textual => text.parse().ok(),
            other => other.as_i64(),
        };
        number.ok_or_else(|| ApiError::wrong_type(name, "an integer"))
    }

    fn as_object(&self, name: &str, value: Value) -> Result<Self, ApiError> {
        match value {
            Value::Object(fields) => Ok(Self {
                fields,
                textual: self.textual,
            }),
            _ => Err(ApiError::wrong_type(name, "an object")),
        }
    }
}

/// Makes lists of the objects whose names are all the numbers from 0.
fn lists(value: Value) -> Value {
    let Value::Object(fields) = value else {
        return value;
    };
    let mut numbered = fields
        .iter()
        .map(|(name, _)| name.parse().ok())
        .collect::<Option<Vec<usize>>>()
        .unwrap_or_default();
    numbered.sort_unstable();
    let is_list = !numbered.is_empty() && numbered.iter().copied().eq(0..numbered.len());
    let mut fields = fields;
    if is_list {
        let items = numbered
            .into_iter()
            .filter_map(|number| fields.remove(&number.to_string()));
        return Value::Array(items.map(lists).collect());
    }
    fields
        .into_iter()
        .map(|(name, value)| (name, lists(value)))
        .collect()
}

fn missing(name: &str) -> ApiError {
    ApiError::new(
        "MissingParameter",
        format!("The request is missing the required parameter `{name}`."),
    )
}

fn twice(name: &str) -> ApiError {
    ApiError::new("InvalidParameter", format!("{name} comes twice."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query: String, dotted in "([a.0-2]{1,6}=[0-9]?&?){0,6}") {
            for query in [query, dotted] {
                let _ = Parameters::from_query(&query);
            }
        }
    }

    #[test]
    fn a_query_is_unfolded() {
        let query =
            "Filters.0.Name=db-instance-id&Filters.0.Values.0=a&Filters.0.Values.1=b&Limit=1";
        let mut parameters = Parameters::from_query(query).unwrap();
        assert_eq!(
            parameters.fields["Filters"],
            json!([{ "Name": "db-instance-id", "Values": ["a", "b"] }])
        );
        assert_eq!(parameters.integer("Limit").unwrap(), Some(1));
        let mut filter = parameters.objects("Filters").unwrap().remove(0);
        assert_eq!(filter.required_text("Name").unwrap(), "db-instance-id");
        let mut truths = Parameters::from_query("a=True&b=false&c=1").unwrap();
        assert_eq!(truths.boolean("a").unwrap(), Some(true));
        assert_eq!(truths.boolean("b").unwrap(), Some(false));
        assert!(truths.boolean("c").is_err());
        for twice in ["a=1&a=2", "a=1&a.0=2", "a.0=1&a=2"] {
            assert!(Parameters::from_query(twice).is_err(), "{twice}");
        }
    }

    #[test]
    fn types_are_minded_and_nothing_is_left() {
        let parse = |text: &str| Parameters::from_body(text.as_bytes()).unwrap();
        assert!(parse(r#"{"a": 1}"#).text("a").is_err());
        assert!(parse(r#"{"a": "1"}"#).integer("a").is_err());
        assert!(parse(r#"{"a": 1.5}"#).integer("a").is_err());
        assert!(parse(r#"{"a": null}"#).integer("a").is_err());
        assert!(parse(r#"{"a": "b"}"#).texts("a").is_err());
        assert!(parse(r#"{"a": [1]}"#).texts("a").is_err());
        assert!(parse(r#"{"a": [1]}"#).objects("a").is_err());
        assert!(parse(r#"{"a": "true"}"#).boolean("a").is_err());
        assert_eq!(parse(r#"{"a": [1]}"#).integers("a").unwrap(), Some(vec![1]));
        let unknown = parse(r#"{"a": 1}"#).finish().unwrap_err();
        assert!(format!("{unknown:?}").contains("UnknownParameter"));
        assert!(Parameters::from_body(b"[]").is_err());
        assert!(Parameters::from_body(b"").is_err());
    }
}
