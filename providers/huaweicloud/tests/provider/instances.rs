use backhaul_provider_api::chrono::{TimeZone, Utc};
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{Completeness, ErrorClass};

use crate::cloud::*;

fn record(number: usize) -> Value {
    json!({"id": format!("{number:032x}in01"), "name": format!("db-{number}"), "status": "ACTIVE"})
}

#[test]
fn an_instance_is_read_with_all_that_the_contract_keeps() {
    let cloud = Cloud::new(|asked| {
        page(
            "instances",
            &[json!({
                "id": INSTANCE, "name": "orders", "status": "BACKING UP", "type": "Ha", "region": "cn-north-4",
                "datastore": {"type": "MySQL", "version": "5.7", "complete_version": "5.7.38"},
                "created": "2018-08-20T02:33:49+0800", "cpu": "2",
            })],
            asked,
        )
    });
    let (instances, end) = all_instances(&cloud, &mut open(keys()), &[]).unwrap();
    assert_eq!(end, Completeness::complete(1));
    let one = &instances[0];
    assert_eq!(one.id.as_str(), INSTANCE);
    assert_eq!(one.name, "orders");
    assert_eq!(one.engine.as_deref(), Some("MySQL"));
    assert_eq!(one.engine_version.as_deref(), Some("5.7.38"));
    assert_eq!(one.region.as_deref(), Some("cn-north-4"));
    assert_eq!(one.scope.as_deref(), Some(PROJECT));
    assert_eq!(one.status.as_deref(), Some("BACKING UP"));
    assert_eq!(
        one.created_at,
        Utc.with_ymd_and_hms(2018, 8, 19, 18, 33, 49).single()
    );
}

#[test]
fn a_bare_instance_is_read_too() {
    let cloud = Cloud::new(|asked| {
        page(
            "instances",
            &[json!({"id": " x ", "created": "", "datastore": null})],
            asked,
        )
    });
    let (instances, _) = all_instances(&cloud, &mut open(keys()), &[]).unwrap();
    assert_eq!(instances[0].id.as_str(), "x");
    assert_eq!(instances[0].engine, None);
    assert_eq!(instances[0].created_at, None);
}

#[test]
fn many_instances_come_in_pages_of_a_hundred() {
    let list: Vec<Value> = (0..250).map(record).collect();
    let cloud = Cloud::new(|asked| page("instances", &list, asked));
    let (instances, end) = all_instances(&cloud, &mut open(keys()), &[]).unwrap();
    assert_eq!(instances.len(), 250);
    assert_eq!(end, Completeness::complete(250));
    let offsets: Vec<usize> = cloud.asked.borrow().iter().map(Asked::offset).collect();
    assert_eq!(offsets, [0, 99, 198], "pages overlap by one");
}

#[test]
fn an_instance_that_vanishes_between_pages_hides_no_other() {
    let list: Vec<Value> = (0..250).map(record).collect();
    let first = std::cell::Cell::new(true);
    let cloud = Cloud::new(|asked| {
        // Ten instances of the first page are deleted before the second page is asked for.
        let gone = if first.replace(false) { 0 } else { 10 };
        page("instances", &list[gone..], asked)
    });
    let (instances, end) = all_instances(&cloud, &mut open(keys()), &[]).unwrap();
    assert_eq!(instances.len(), 250);
    assert!(end.complete, "{end:?}");
}

#[test]
fn wanted_ids_and_names_are_filtered_by_the_vendor() {
    let cloud = Cloud::new(|asked| page("instances", &[], asked));
    all_instances(&cloud, &mut open(keys()), &[INSTANCE, "orders-*"]).unwrap();
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].query["id"], INSTANCE);
    assert_eq!(asked[1].query["name"], "*orders-");
    assert!(!asked[1].query.contains_key("id"));
}

#[test]
fn a_wanted_id_that_does_not_exist_is_no_failure() {
    let cloud = Cloud::saying(
        404,
        r#"{"error_code":"DBS.200002","error_msg":"no such instance"}"#,
    );
    let (instances, end) = all_instances(&cloud, &mut open(keys()), &[INSTANCE]).unwrap();
    assert!(instances.is_empty());
    assert_eq!(end, Completeness::complete(0));
    let error = all_instances(&cloud, &mut open(keys()), &[]).unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
}

#[test]
fn an_instance_that_two_filters_find_is_told_once() {
    let cloud = Cloud::new(|asked| page("instances", &[record(1)], asked));
    let (instances, end) =
        all_instances(&cloud, &mut open(keys()), &["orders-*", "*-prod"]).unwrap();
    assert_eq!((instances.len(), end.count), (1, 1));
}

#[test]
fn an_instance_without_an_id_makes_the_list_incomplete() {
    let cloud = Cloud::new(|asked| page("instances", &[record(1), json!({"name": "?"})], asked));
    let (instances, end) = all_instances(&cloud, &mut open(keys()), &[]).unwrap();
    assert_eq!(instances.len(), 1);
    assert!(!end.complete);
    assert_eq!(cloud.log.borrow().len(), 1);
}

#[test]
fn an_answer_of_another_shape_is_named_and_never_means_nothing_there() {
    for body in ["{}", r#"{"instances": null}"#, r#"{"instances": {}}"#] {
        let error = all_instances(&Cloud::saying(200, body), &mut open(keys()), &[]).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(error.message.contains("`instances`"), "{error}");
    }
}
