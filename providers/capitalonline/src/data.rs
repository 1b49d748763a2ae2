//! The field `Data` of an answer: documented as an object, printed as a list, and perhaps null.

use backhaul_provider_api::{Error, serde_json::Value};
use backhaul_provider_kit::body::Object;
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::record::Record;

/// Names under which other APIs of this style count all entries of a list. None is documented
/// here; one that counts more than is shown would mean that there are pages after all.
const TOTALS: [&str; 4] = ["TotalCount", "Total", "total", "Count"];

/// The entries of a list.
#[derive(Debug, PartialEq)]
pub(crate) struct Entries<'a> {
    /// The entries as they came.
    pub(crate) list: Vec<&'a Value>,
    /// Why they cannot be all.
    pub(crate) doubt: Option<String>,
}

impl<'a> Entries<'a> {
    /// The entries in `Data`. None at all is null, an empty list, object or text, or no field.
    /// An object is a single entry when it has the entries' `id`, else what holds the list.
    ///
    /// # Errors
    /// When `Data` holds anything else.
    pub(crate) fn of(body: &'a Object, id: &str, call: &Call) -> Result<Self, Error> {
        let list: Vec<&Value> = match body.get("Data") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) if text.is_empty() => Vec::new(),
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Object(object)) if object.is_empty() => Vec::new(),
            Some(entry @ Value::Object(object)) if object.contains_key(id) => vec![entry],
            Some(Value::Object(object)) => {
                let mut lists = object.values().filter_map(Value::as_array);
                match (lists.next(), lists.next()) {
                    (Some(list), None) => list.iter().collect(),
                    _ => {
                        return Err(call
                            .malformed("the field `Data` is an object that is and holds no list"));
                    }
                }
            }
            Some(_) => return Err(call.malformed("the field `Data` is not a list")),
        };
        let total = [Some(body), body.get("Data").and_then(Value::as_object)]
            .into_iter()
            .flatten()
            .flat_map(|object| TOTALS.iter().filter_map(|name| object.get(*name)?.as_u64()))
            .max();
        let shown = list.len() as u64;
        let doubt = total
            .filter(|total| *total > shown)
            .map(|total| format!("the vendor counts {total} entries but shows {shown}"));
        Ok(Self { list, doubt })
    }
}

/// The one object in `Data`, also when it stands alone in a list.
///
/// # Errors
/// When there is none, or several.
pub(crate) fn object<'a>(body: &'a Object, call: &Call) -> Result<Record<'a>, Error> {
    let data = match body.get("Data") {
        Some(Value::Array(list)) if list.len() == 1 => list.first(),
        data => data,
    };
    data.and_then(Record::of)
        .ok_or_else(|| call.malformed("the field `Data` is not an object"))
}

#[cfg(test)]
mod tests {
    use backhaul_provider_api::serde_json::json;

    use super::*;

    const CALL: Call = Call {
        name: "DescribeBackups",
        purpose: String::new(),
        permission: None,
    };

    fn body(data: Value) -> Object {
        Object::from_iter([("Data".to_owned(), data)])
    }

    #[test]
    fn a_list_comes_in_every_form() {
        let entry = json!({"BackupId": "b1"});
        for (data, expected) in [
            (json!([entry, 7]), 2),
            (entry.clone(), 1),
            (json!({"Backups": [entry], "PageNo": 1}), 1),
            (json!([]), 0),
            (json!({}), 0),
            (json!(""), 0),
            (Value::Null, 0),
        ] {
            let body = body(data.clone());
            let entries = Entries::of(&body, "BackupId", &CALL).unwrap();
            assert_eq!(
                (entries.list.len(), entries.doubt),
                (expected, None),
                "{data}"
            );
        }
        let none = Object::new();
        assert!(
            Entries::of(&none, "BackupId", &CALL)
                .unwrap()
                .list
                .is_empty()
        );
    }

    #[test]
    fn another_form_is_an_error_and_never_an_empty_list() {
        for data in [
            json!("none"),
            json!(7),
            json!(false),
            json!({"Backups": "none"}),
            json!({"a": [], "b": []}),
        ] {
            let error = Entries::of(&body(data), "BackupId", &CALL).unwrap_err();
            assert!(error.message.contains("`Data`"), "{error}");
        }
    }

    #[test]
    fn a_count_of_more_than_is_shown_casts_doubt() {
        let entry = json!({"BackupId": "b1"});
        let mut counted = body(json!([entry]));
        counted.insert("TotalCount".to_owned(), json!(1));
        assert_eq!(
            Entries::of(&counted, "BackupId", &CALL).unwrap().doubt,
            None
        );
        counted.insert("TotalCount".to_owned(), json!(70));
        let doubt = Entries::of(&counted, "BackupId", &CALL).unwrap().doubt;
        assert!(doubt.unwrap().contains("70"));
        let inside = body(json!({"List": [entry], "Total": 3}));
        assert!(
            Entries::of(&inside, "BackupId", &CALL)
                .unwrap()
                .doubt
                .is_some()
        );
    }

    #[test]
    fn one_object_may_stand_in_a_list() {
        for data in [json!({"a": "x"}), json!([{"a": "x"}])] {
            assert_eq!(object(&body(data), &CALL).unwrap().text("a"), Some("x"));
        }
        for data in [Value::Null, json!([]), json!([{}, {}]), json!("https://x")] {
            assert!(object(&body(data), &CALL).is_err());
        }
    }
}
