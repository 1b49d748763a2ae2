//! Which instances the bucket holds.

use backhaul_provider_api::{InstancesRequest, Provider, serde_json::json};

use crate::store::{Store, instances, open};

#[test]
fn folders_are_instances_when_something_in_them_matches() {
    let store = Store::new([
        "db/orders/1/x",
        "db/shop eu/1/x",
        "db/tmp/scratch",
        "db/readme",
        "other/a/1/x",
    ]);
    let found = instances(
        &store,
        json!({"prefix": "db", "pattern": "{instance}/{set}/{file}"}),
        &[],
    );
    assert_eq!(found.unwrap(), ["orders", "shop eu"]);
    assert_eq!(store.requests(), 4);
    assert_eq!(store.asked.borrow()[0].query["delimiter"], "/");
}

#[test]
fn an_instance_that_is_named_is_only_checked() {
    let store = Store::new(["orders/1/x", "shop/1/x"]);
    let options = || json!({"pattern": "{instance}/{set}/{file}"});
    assert_eq!(
        instances(&store, options(), &["shop", "gone"]).unwrap(),
        ["shop"]
    );
    assert_eq!(store.requests(), 2);
    assert_eq!(
        instances(&store, options(), &["sh*"]).unwrap(),
        ["orders", "shop"]
    );
}

#[test]
fn without_folders_every_key_is_looked_at() {
    let keys = (0..30)
        .flat_map(|day| ["orders", "shop"].map(|name| format!("2024-01-{:02}/{name}.gz", day + 1)));
    let store = Store::new(keys).in_pages_of(7);
    let found = instances(
        &store,
        json!({"pattern": "{time:%Y-%m-%d}/{instance}.gz"}),
        &[],
    );
    assert_eq!(found.unwrap(), ["orders", "shop"]);
}

#[test]
fn a_pattern_without_instance_needs_no_request() {
    let store = Store::new(["x"]);
    for (options, name) in [
        (json!({"pattern": "{set}"}), "acme"),
        (json!({"pattern": "{set}", "instance": "orders"}), "orders"),
    ] {
        assert_eq!(instances(&store, options, &[]).unwrap(), [name]);
    }
    assert_eq!(store.requests(), 0);
}

#[test]
fn bucket_and_prefix_are_part_of_the_identity() {
    let store = Store::new(["a/orders/1"]);
    let mut provider =
        open(json!({"prefix": "a", "pattern": "{instance}/{set}", "engine": "MySQL"}));
    let request = InstancesRequest {
        wanted: vec!["orders".to_owned()],
        cursor: None,
    };
    let page = provider.instances(&store, request).unwrap();
    assert_eq!(page.instances[0].scope.as_deref(), Some("acme/a"));
    assert_eq!(page.instances[0].engine.as_deref(), Some("MySQL"));
}
