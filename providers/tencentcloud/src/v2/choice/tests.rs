use backhaul_provider_api::serde_json;
use proptest::prelude::*;

use super::*;

fn choice(option: Value) -> Choice {
    serde_json::from_value(option).unwrap()
}

fn refusal(option: Value) -> String {
    serde_json::from_value::<Choice>(option)
        .unwrap_err()
        .to_string()
}

fn held(databases: &[(&str, &[&str])]) -> Tables {
    databases
        .iter()
        .map(|(name, tables)| {
            let tables = tables.iter().map(|table| (*table).to_owned()).collect();
            ((*name).to_owned(), tables)
        })
        .collect()
}

fn documented() -> Choice {
    choice(json!([
        {"name": "test1"},
        {"name": "mysql", "tables": ["slow_log", "general_log"]},
    ]))
}

/// The vendor's example, in the canonical order.
#[test]
fn a_choice_becomes_the_vendors_list_of_tables() {
    assert_eq!(
        documented().table_list(),
        r#"[{"dbname":"mysql","tableList":["general_log","slow_log"]},{"dbname":"test1","tableList":[]}]"#
    );
    assert_eq!(documented().databases(), ["mysql", "test1"]);
}

#[test]
fn order_and_repetition_make_no_difference() {
    let other = choice(json!([
        {"name": "mysql", "tables": ["general_log", "slow_log", "general_log"]},
        {"name": "test1"},
    ]));
    assert_eq!(other, documented());
    assert_eq!(other.mark(), documented().mark());
}

/// Were this to change, every mirrored export would be fetched again.
#[test]
fn the_mark_of_a_choice_is_the_same_for_ever() {
    assert_eq!(documented().mark(), "9329ddac80746784");
}

#[test]
fn different_choices_have_different_marks() {
    let marks: BTreeSet<String> = [
        json!([{"name": "a"}]),
        json!([{"name": "a", "tables": ["b"]}]),
        json!([{"name": "a"}, {"name": "b"}]),
        json!([{"name": "a", "tables": ["b", "c"]}]),
        json!([{"name": "a", "tables": ["bc"]}]),
        json!([{"name": "a", "tables": ["database"]}, {"name": "b"}]),
    ]
    .map(|option| choice(option).mark())
    .into();
    assert_eq!(marks.len(), 6);
}

#[test]
fn what_is_chosen_must_be_there() {
    let whole = held(&[
        ("test1", &[]),
        ("mysql", &["general_log", "slow_log", "user"]),
    ]);
    assert_eq!(documented().check(&whole), Ok(()));
    let part = held(&[("Test1", &[]), ("mysql", &["General_Log", "user"])]);
    assert_eq!(
        documented().check(&part).unwrap_err(),
        "no table \"general_log\" in database \"mysql\" (but \"General_Log\"), \
         no table \"slow_log\" in database \"mysql\", no database \"test1\" (but \"Test1\")"
    );
}

#[test]
fn a_long_list_of_what_is_missing_is_cut_and_counted() {
    let many: Vec<Value> = (0..20).map(|n| json!({"name": format!("d{n}")})).collect();
    let words = choice(many.into()).check(&held(&[])).unwrap_err();
    assert!(words.ends_with(", and 12 more are missing"), "{words}");
}

#[test]
fn a_choice_without_sense_is_refused_in_words() {
    for (option, word) in [
        (json!([]), "empty"),
        (json!([{"name": ""}]), "empty name"),
        (json!([{"name": "a\nb"}]), "control character"),
        (json!([{"name": "a", "tables": [""]}]), "empty name"),
        (json!([{"name": "a", "tables": []}]), "leave `tables` out"),
        (
            json!([{"name": "a"}, {"name": "a", "tables": ["b"]}]),
            "twice",
        ),
        (json!([{"name": "a", "table": "b"}]), "table"),
        (json!([{"tables": ["b"]}]), "name"),
        (json!("a"), "sequence"),
    ] {
        let words = refusal(option);
        assert!(words.contains(word), "{words}");
    }
}

proptest! {
    #[test]
    fn a_choice_reads_back_from_what_is_sent(names: BTreeSet<String>, tables: BTreeSet<String>) {
        let option: Vec<Value> = names
            .iter()
            .map(|name| match tables.is_empty() {
                true => json!({"name": name}),
                false => json!({"name": name, "tables": tables}),
            })
            .collect();
        let Ok(choice) = serde_json::from_value::<Choice>(option.into()) else {
            return Ok(());
        };
        let sent: Vec<Value> = serde_json::from_str(&choice.table_list()).unwrap();
        let databases: Vec<&str> = sent.iter().map(|part| part["dbname"].as_str().unwrap()).collect();
        prop_assert_eq!(databases, names.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(choice.mark().len(), 16);
    }
}
