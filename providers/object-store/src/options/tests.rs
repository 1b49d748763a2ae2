use backhaul_provider_api::serde_json::json;

use super::*;

fn read(change: Value) -> Result<Options, Error> {
    let mut options = json!({"bucket": "acme", "pattern": "{instance}/{set}"});
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => options.as_object_mut().unwrap().remove(name),
            value => options
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    Options::read(&options)
}

#[test]
fn only_bucket_and_pattern_must_be_set() {
    let options = read(json!({})).unwrap();
    assert_eq!(options.prefix, "");
    assert_eq!(options.layouts.instance, "acme");
    assert_eq!(options.link_lifetime_s, 3600);
    assert!(options.etag_is_md5);
    assert!(!options.layouts.versions);
}

#[test]
fn a_prefix_is_a_folder_with_or_without_its_slash() {
    for (written, prefix) in [("a/b", "a/b/"), ("a/", "a/"), ("", "")] {
        assert_eq!(read(json!({ "prefix": written })).unwrap().prefix, prefix);
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (change, named) in [
        (json!({"bucket": null}), "bucket"),
        (json!({"bucket": "a/b"}), "prefix"),
        (json!({"bucket": ".."}), "bucket"),
        (json!({"pattern": null}), "`pattern` is missing"),
        (
            json!({"pattern": null, "layouts": []}),
            "`pattern` is missing",
        ),
        (
            json!({"layouts": [{"pattern": "{set}"}]}),
            "exclude each other",
        ),
        (json!({"pattern": "{instanse}"}), "{instanse}"),
        (
            json!({"pattern": "{instance}/{file}"}),
            "neither {time:…} nor {set}",
        ),
        (json!({"prefix": "/a"}), "begins with `/`"),
        (json!({"kind": "ful"}), "`kind`"),
        (json!({"kinds": {"base": "ful"}}), "`kinds`"),
        (json!({"complete_when": "_SUCCESS"}), "no {file}"),
        (
            json!({"complete_when": "{instance}.done"}),
            "other placeholders",
        ),
        (
            json!({"pattern": "{set}/{file}", "complete_when": "x", "settle": "1h"}),
            "exclude each other",
        ),
        (json!({"settle": "15"}), "15min"),
        (json!({"settle": "99999d"}), "ten years"),
        (json!({"timezone": "Asia/Shanghai"}), "timezone"),
        (json!({"link_lifetime": "8d"}), "link_lifetime"),
        (json!({"link_lifetime": "5s"}), "link_lifetime"),
        (json!({"instance": ""}), "instance"),
        (
            json!({"versions": true, "pattern": "{set}/{file}"}),
            "versions",
        ),
        (json!({"colour": 1}), "colour"),
    ] {
        let error = read(change.clone()).unwrap_err();
        assert!(error.message.contains(named), "{change}: {error}");
    }
}

#[test]
fn durations_are_written_as_people_write_them() {
    for (text, seconds) in [
        ("30s", 30),
        ("15min", 900),
        ("15m", 900),
        ("1h30m", 5400),
        ("1h 30min", 5400),
        ("7d", 604_800),
    ] {
        assert_eq!(Span::try_from(text.to_owned()), Ok(Span(seconds)), "{text}");
    }
    for text in ["", "h", "1", "1w", "-1h", "1h-", "é"] {
        assert!(Span::try_from(text.to_owned()).is_err(), "{text}");
    }
}

#[test]
fn a_link_lives_as_long_as_asked_within_what_the_signature_allows() {
    for (asked, lifetime) in [
        (None, 900),
        (Some(10), 60),
        (Some(7200), 7200),
        (Some(9_999_999), 604_800),
    ] {
        assert_eq!(link_lifetime_s(asked.map(Seconds), 900), lifetime);
    }
}

#[test]
fn the_schema_names_every_option_and_forbids_others() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let known = "`bucket`, `prefix`, `addressing`, `pattern`, `layouts`, `kind`, `kinds`, `complete_when`, `settle`, `timezone`, `instance`, `engine`, `versions`, `link_lifetime`, `etag_is_md5`";
    let refusal = read(json!({"x": 1})).unwrap_err().message;
    assert!(refusal.contains(known), "{refusal}");
    assert_eq!(names.len(), known.split(", ").count());
    for name in names {
        assert!(known.contains(&format!("`{name}`")), "{name}");
        let described = |schema: &Value| {
            schema["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        };
        assert!(described(&schema["properties"][name]), "{name}");
    }
}
