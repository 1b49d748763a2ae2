use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{Completeness, ErrorClass};

use crate::cloud::*;

#[test]
fn an_instance_of_postgresql_is_read() {
    let entry = json!({
        "Region": "ap-guangzhou", "Zone": "ap-guangzhou-3", "DBInstanceId": "postgres-6r233v55",
        "DBInstanceName": "orders", "DBInstanceStatus": "limited run", "DBMajorVersion": "16",
        "DBVersion": "16.2", "DBEngine": "postgresql", "CreateTime": "2022-06-30 17:15:38",
        "OfflineTime": "0001-01-04 00:00:00", "AppId": 1_256_134_000u64, "NetworkAccessList": null,
    });
    let cloud = Cloud::new(|asked| page("DBInstanceSet", std::slice::from_ref(&entry), asked));
    let (instances, end) = all_instances(&cloud, account("postgres")).unwrap();
    let instance = &instances[0];
    assert_eq!(instance.id.as_str(), "postgres-6r233v55");
    assert_eq!(instance.name, "orders");
    assert_eq!(instance.engine.as_deref(), Some("PostgreSQL"));
    assert_eq!(instance.engine_version.as_deref(), Some("16.2"));
    assert_eq!(instance.region.as_deref(), Some("ap-guangzhou"));
    assert_eq!(instance.scope.as_deref(), Some("1256134000"));
    assert_eq!(instance.status.as_deref(), Some("limited run"));
    assert_eq!(instance.created_at, Some(utc("2022-06-30T09:15:38Z")));
    assert_eq!(end, Completeness::complete(1));
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].body, json!({"Limit": 100, "Offset": 0}));
}

#[test]
fn odd_fields_of_an_instance_cost_nothing() {
    let entry = json!({
        "DBInstanceId": "postgres-6r233v55", "DBEngine": "mssql_compatible", "AppId": "0",
        "DBMajorVersion": "15", "CreateTime": "0000-00-00 00:00:00", "DBInstanceStatus": null,
    });
    let cloud = Cloud::new(|asked| page("DBInstanceSet", std::slice::from_ref(&entry), asked));
    let instance = &all_instances(&cloud, account("postgres")).unwrap().0[0];
    assert_eq!(instance.engine.as_deref(), Some("mssql_compatible"));
    assert_eq!(instance.engine_version.as_deref(), Some("15"));
    assert_eq!((&instance.scope, &instance.status), (&None, &None));
    assert_eq!(instance.region.as_deref(), Some("ap-guangzhou"));
    assert_eq!(instance.created_at, None);
}

#[test]
fn an_instance_of_mysql_is_read() {
    let entry = json!({
        "InstanceId": "cdb-c1nl9rpv", "InstanceName": "orders", "InstanceType": 1, "Status": 1,
        "EngineVersion": "5.7", "Region": "ap-shanghai", "Zone": "100001", "ProjectId": 0,
        "CreateTime": "2017-04-26 16:24:32", "DeadlineTime": "0000-00-00 00:00:00",
        "MasterInfo": null, "SlaveInfo": {"First": null},
    });
    let cloud = Cloud::new(|asked| page("Items", std::slice::from_ref(&entry), asked));
    let (instances, end) = all_instances(&cloud, account("mysql")).unwrap();
    let instance = &instances[0];
    assert_eq!(instance.id.as_str(), "cdb-c1nl9rpv");
    assert_eq!(instance.engine.as_deref(), Some("MySQL"));
    assert_eq!(instance.engine_version.as_deref(), Some("5.7"));
    assert_eq!(instance.region.as_deref(), Some("ap-shanghai"));
    assert_eq!(instance.scope, None);
    assert_eq!(instance.status.as_deref(), Some("running"));
    assert_eq!(instance.created_at, Some(utc("2017-04-26T08:24:32Z")));
    assert!(end.complete);
    for (number, word) in [(0, "creating"), (4, "isolating"), (5, "isolated"), (9, "9")] {
        let mut entry = entry.clone();
        entry["Status"] = json!(number);
        let cloud = Cloud::new(|asked| page("Items", std::slice::from_ref(&entry), asked));
        let instances = all_instances(&cloud, account("mysql")).unwrap().0;
        assert_eq!(instances[0].status.as_deref(), Some(word));
    }
}

#[test]
fn all_pages_are_read() {
    let list: Vec<Value> = (0..250)
        .map(|n| json!({ "InstanceId": format!("cdb-{n:08}") }))
        .collect();
    let cloud = Cloud::new(|asked| page("Items", &list, asked));
    let (instances, end) = all_instances(&cloud, account("mysql")).unwrap();
    assert_eq!(instances.len(), 250);
    assert_eq!(end, Completeness::complete(250));
}

#[test]
fn an_instance_without_an_id_makes_the_listing_incomplete() {
    let list = [json!({"InstanceName": "x"}), json!({"InstanceId": "cdb-1"})];
    let cloud = Cloud::new(|asked| page("Items", &list, asked));
    let (instances, end) = all_instances(&cloud, account("mysql")).unwrap();
    assert_eq!(instances.len(), 1);
    assert!(!end.complete);
    assert!(end.reason.unwrap().contains("`InstanceId`"));
}

#[test]
fn a_list_that_is_none_is_malformed() {
    let cloud = Cloud::new(|_| ok(json!({"Items": {}, "TotalCount": 1})));
    let error = all_instances(&cloud, account("mysql")).unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("`Items`"), "{error}");
}
