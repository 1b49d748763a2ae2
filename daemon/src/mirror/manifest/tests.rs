use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}

fn golden(format: u32) -> Value {
    let path = repository(&format!("tests/fixtures/manifests/format-{format}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn read(manifest: &Value) -> Result<Manifest, ManifestError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(MANIFEST), manifest.to_string()).unwrap();
    Manifest::read(&Dir::open(directory.path()).unwrap())
}

#[test]
fn a_manifest_of_every_format_ever_released_is_read_and_nothing_of_it_is_lost() {
    for format in 1..=FORMAT {
        let golden = golden(format);
        let manifest = read(&golden).unwrap();
        let mut written: Value = serde_json::from_slice(&manifest.to_json()).unwrap();
        written["format"] = json!(format);
        assert_eq!(written, golden);
    }
}

#[test]
fn a_manifest_may_lack_what_a_vendor_does_not_tell() {
    let mut least = golden(1);
    for (object, required) in [
        ("/backup", &["key", "kind", "state", "started_at"][..]),
        ("/instance", &["id"]),
    ] {
        let fields = least.pointer_mut(object).unwrap().as_object_mut().unwrap();
        fields.retain(|name, _| required.contains(&name.as_str()));
    }
    assert!(read(&least).is_ok());
}

#[test]
fn fields_of_a_later_version_are_tolerated() {
    let mut later = golden(1);
    later["new"] = json!({"a": 1});
    later["backup"]["new"] = json!([1]);
    later["files"][0]["new"] = json!("x");
    later["backup"]["kind"] = json!("another");
    assert!(read(&later).is_ok());
}

#[test]
fn a_newer_format_is_refused_in_a_sentence_whatever_else_it_says() {
    let error = read(&json!({"format": FORMAT + 1, "files": "elsewhere"})).unwrap_err();
    let sentence = format!(
        "format {} was written by a newer Backhaul; this one reads up to {FORMAT}",
        FORMAT + 1
    );
    assert!(error.to_string().ends_with(&sentence), "{error}");
}

#[test]
fn a_field_that_is_wrong_is_named() {
    let mut wrong = golden(1);
    wrong["files"][1]["size_bytes"] = json!("many");
    let error = read(&wrong).unwrap_err().to_string();
    assert!(error.contains("files[1].size_bytes"), "{error}");
    let mut other = golden(1);
    other["identity"]["key"] = json!("another");
    let error = read(&other).unwrap_err().to_string();
    assert!(
        error.contains("`id` does not belong to `identity`"),
        "{error}"
    );
}

#[test]
fn manifests_fit_the_schema_and_those_of_later_versions_too() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut manifest = golden(1);
    let errors: Vec<_> = validator
        .iter_errors(&manifest)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    manifest["new"] = json!(1);
    assert!(validator.is_valid(&manifest));
    manifest["files"][0]["sha256"] = json!(7);
    assert!(!validator.is_valid(&manifest));
}

/// The names of all fields in a schema.
fn fields(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                names.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| fields(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, names)),
        _ => {}
    }
}

#[test]
fn the_page_about_manifests_explains_every_field() {
    let page = std::fs::read_to_string(repository("docs/manifest.md")).unwrap();
    let mut names = BTreeSet::new();
    fields(&schema(), &mut names);
    assert!(names.len() > 40, "{names:?}");
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !page.contains(&format!("`{name}`")) && !page.contains(&format!(".{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
