//! The files that people start from.

use std::{fs, path::PathBuf};

use backhaul_config::{Source, parse, schema};

fn examples() -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut examples: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    examples.sort();
    assert!(!examples.is_empty());
    examples
}

#[test]
fn every_example_is_a_good_configuration() {
    for (path, text) in examples() {
        if let Err(problems) = parse(&[Source { path, text }]) {
            panic!("{problems}");
        }
    }
}

#[test]
fn the_schema_accepts_every_example() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    for (path, text) in examples() {
        let document: serde_json::Value = toml::from_str(&text).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&document)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    for text in [
        "colour = 1",
        "[deamon]",
        "[daemon]\nmax_downloads = -1",
        "[account.cn]\nregion = \"x\"",
        "[account.cn]\nprovider = \"p\"\ncredentials = { key = \"secret\" }",
        "[account.cn]\nprovider = \"p\"\ncredentials = { key = {} }",
        "[[job]]\naccount = \"cn\"",
        "[[job]]\nname = \"x\"\nkinds = [\"ful\"]",
        "[defaults]\nname = \"x\"",
    ] {
        let document: serde_json::Value = toml::from_str(text).unwrap();
        assert!(!schema.is_valid(&document), "{text}");
    }
}
