//! Lenient reading of one entry of a vendor's list.
//!
//! Vendors put blanks around keys and values, and send as text what they document as a number;
//! none of this makes an entry unreadable.

use std::collections::BTreeMap;

use backhaul_provider_api::serde_json::Value;

/// An entry: a JSON object whose keys are trimmed.
#[derive(Clone, Debug)]
pub struct Record<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Record<'a> {
    /// The entry, if it is an object.
    pub fn of(value: &'a Value) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self(
            object
                .iter()
                .map(|(key, value)| (key.trim(), value))
                .collect(),
        ))
    }

    /// The trimmed text of a field, unless it is empty.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0
            .get(name)?
            .as_str()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// A whole number that is not negative, also when written as text.
    pub fn number(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        value
            .as_u64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// The text of a field, or its whole number as text.
    pub fn text_or_number(&self, name: &str) -> Option<String> {
        let number = || self.0.get(name)?.as_i64().map(|number| number.to_string());
        self.text(name).map(str::to_owned).or_else(number)
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// The object in a field.
    pub fn inner(&self, name: &str) -> Option<Record<'a>> {
        Self::of(self.0.get(name)?)
    }

    /// The entries of the list in a field; none when it is absent or something else.
    pub fn list(&self, name: &str) -> impl Iterator<Item = Record<'a>> {
        let entries = self.0.get(name).and_then(|value| value.as_array());
        entries.into_iter().flatten().filter_map(Record::of)
    }
}

/// The record as it is kept in the manifest: without any text that holds a link.
pub fn without_links(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(_, value)| !is_link(value))
            .map(|(key, value)| (key.clone(), without_links(value)))
            .collect(),
        Value::Array(entries) => entries
            .iter()
            .filter(|value| !is_link(value))
            .map(without_links)
            .collect(),
        plain => plain.clone(),
    }
}

/// The beginning of a vendor's text, short enough for an error and too short for a signed link.
pub fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}

fn is_link(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("://"))
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::serde_json::json;

    use super::*;

    #[test]
    fn keys_and_values_are_trimmed() {
        let value = json!({"id ": " 43e4 ", "size": "2803", "empty": " ", "n": 7, "none": null});
        let record = Record::of(&value).unwrap();
        assert_eq!(record.text("id"), Some("43e4"));
        assert_eq!(record.number("size"), Some(2803));
        assert_eq!(record.number("n"), Some(7));
        for absent in ["empty", "none", "n", "other"] {
            assert_eq!(record.text(absent), None, "{absent}");
        }
    }

    #[test]
    fn odd_shapes_are_absent() {
        let value = json!({"datastore": "MySQL", "databases": {"name": "x"}, "size": -1});
        let record = Record::of(&value).unwrap();
        assert!(record.inner("datastore").is_none());
        assert_eq!(record.list("databases").count(), 0);
        assert_eq!(record.number("size"), None);
        assert!(Record::of(&json!([])).is_none());
    }

    #[test]
    fn a_kept_record_holds_no_link() {
        let value = json!({"id": "a", "url": "https://x/?Signature=y", "deep": [{"l": "http://z"}, "obs://b"]});
        assert_eq!(without_links(&value), json!({"id": "a", "deep": [{}]}));
    }
}
