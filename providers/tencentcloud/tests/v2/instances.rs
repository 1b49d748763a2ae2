use std::cell::Cell;

use backhaul_provider_api::ErrorClass;
use backhaul_provider_api::serde_json::{Value, json};

use crate::cloud::*;

fn record(number: usize) -> Value {
    json!({"uInstanceId": format!("cdb-{number:08}"), "cdbInstanceName": format!("n{number}"), "status": 1})
}

fn page(list: &[Value], asked: &Asked) -> backhaul_provider_api::HttpResponse {
    let limit: usize = asked.form["limit"].parse().unwrap();
    assert!((1..=100).contains(&limit));
    let shown: Vec<&Value> = list.iter().skip(asked.offset()).take(limit).collect();
    // The vendor's sample has the number as text.
    ok(json!({"totalCount": list.len().to_string(), "cdbInstanceSet": shown}))
}

#[test]
fn an_instance_comes_with_all_that_is_told_of_it() {
    let body = r#"{"code":0,"message":"","codeDesc":"Success","totalCount":"1","cdbInstanceSet":[{
        "uInstanceId":"cdb-c1nl9rpv","cdbInstanceId":"7b5cd41e-a7f3-11e6-9a2b-5254009e6c5d","initFlag":1,
        "cdbInstanceType":1,"storageSize":25,"cdbInstanceName":"测试2","cdbInstanceVip":"10.0.0.2",
        "cdbInstanceVport":3306,"status":1,"taskStatus":0,"engineVersion":"5.6",
        "cdbInstanceCreateTime":"2016-03-16 10:00:00","cdbInstanceDeadlineTime":"0000-00-00 00:00:00",
        "masterInfo":null,"roInfo":[{"region":"gz","zoneId":100003,"uInstanceId":"cdbro-1","status":1}],"drInfo":[]}]}"#;
    let cloud = Cloud::saying(200, body);
    let (instances, end) = all_instances(&cloud, &mut open(account())).unwrap();
    let instance = &instances[0];
    assert_eq!(instance.id.as_str(), "cdb-c1nl9rpv");
    assert_eq!(instance.name, "测试2");
    assert_eq!(instance.engine.as_deref(), Some("MySQL"));
    assert_eq!(instance.engine_version.as_deref(), Some("5.6"));
    assert_eq!(instance.region.as_deref(), Some("ap-guangzhou"));
    assert_eq!(instance.status.as_deref(), Some("running"));
    assert_eq!(instance.scope, None);
    assert_eq!(
        instance.created_at.unwrap().to_rfc3339(),
        "2016-03-16T02:00:00+00:00"
    );
    assert!(end.complete);
    assert_eq!(end.count, 1);
    assert_eq!(cloud.asked.borrow()[0].call, "DescribeCdbInstances");
}

#[test]
fn instances_of_every_status_are_asked_for() {
    let cloud = Cloud::new(|asked| page(&[], asked));
    let (instances, end) = all_instances(&cloud, &mut open(account())).unwrap();
    assert!(instances.is_empty() && end.complete);
    let asked = cloud.asked.borrow();
    let statuses: Vec<&str> = (0..4)
        .map(|number| asked[0].form[&format!("status.{number}")].as_str())
        .collect();
    assert_eq!(statuses, ["0", "1", "4", "5"]);
}

#[test]
fn a_hundred_thousand_instances_are_walked_while_the_list_shifts() {
    let calls = Cell::new(0);
    let all: Vec<Value> = (0..100_000).map(record).collect();
    let cloud = Cloud::new(|asked| {
        calls.set(calls.get() + 1);
        // Now and then one vanishes in front of all others.
        page(&all[calls.get() / 50..], asked)
    });
    let (instances, end) = all_instances(&cloud, &mut open(account())).unwrap();
    let gone = calls.get() / 50;
    let mut ids: Vec<&str> = instances.iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), instances.len(), "none twice");
    for number in gone..100_000 {
        assert!(
            ids.binary_search(&format!("cdb-{number:08}").as_str())
                .is_ok()
        );
    }
    assert!(end.complete, "{:?}", end.reason);
}

#[test]
fn an_instance_without_an_id_makes_the_list_incomplete() {
    let cloud = Cloud::new(|asked| page(&[record(1), json!({"status": 0})], asked));
    let (instances, end) = all_instances(&cloud, &mut open(account())).unwrap();
    assert_eq!(instances.len(), 1);
    assert!(!end.complete);
    assert!(cloud.log.borrow()[0].contains("uInstanceId"));
}

#[test]
fn a_list_of_another_form_is_an_error() {
    for body in [
        json!({}),
        json!({"cdbInstanceSet": {}}),
        json!({"cdbInstanceSet": null}),
    ] {
        let cloud = Cloud::new(|_| ok(body.clone()));
        let error = all_instances(&cloud, &mut open(account())).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(error.message.contains("cdbInstanceSet"), "{error}");
    }
}
