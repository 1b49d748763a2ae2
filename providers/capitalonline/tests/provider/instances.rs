use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{Account, Completeness, Provider};
use backhaul_provider_capitalonline::CapitalOnline;

use crate::cloud::*;

/// The sample of the vendor's page, with ids in place of its stars.
fn sample() -> Value {
    json!({
        "Cpu": 1, "CreatedTime": "2020-05-03 22:16:22", "Disks": 100,
        "DisplayName": "中国大陆-北京-可用区A", "IP": "66.66.0.46", "InstanceName": "test-mysql",
        "InstanceUuid": INSTANCE, "LinkType": "default_link", "LinkTypeStr": "默认链路",
        "MasterInfo": "", "Port": 6033, "ProjectName": "默认项目组", "Ram": 1024,
        "RegionId": "CN_Beijing_A", "RelationService": null, "ResourceId": "r1", "RoGroups": null,
        "Status": "RUNNING", "StatusStr": "运行中", "SubProductKey": "mysql-replication",
        "SubProductName": "MySQL 高可用版", "Tags": [{"TagID": 24644, "TagName": "test_tag"}],
        "VdcId": "v1", "VdcName": "北京", "Version": "5.7.24",
    })
}

#[test]
fn an_instance_is_read_with_all_that_the_contract_keeps() {
    let cloud = Cloud::with(json!([sample()]));
    let (instances, end) = all_instances(&cloud, &mut mysql()).unwrap();
    let instance = &instances[0];
    assert_eq!(instance.id.as_str(), INSTANCE);
    assert_eq!(instance.name, "test-mysql");
    assert_eq!(instance.engine.as_deref(), Some("MySQL"));
    assert_eq!(instance.engine_version.as_deref(), Some("5.7.24"));
    assert_eq!(instance.region.as_deref(), Some("CN_Beijing_A"));
    assert_eq!(instance.scope, None);
    assert_eq!(instance.status.as_deref(), Some("RUNNING"));
    assert_eq!(
        instance.created_at.unwrap().to_rfc3339(),
        "2020-05-03T14:16:22+00:00"
    );
    assert_eq!(end, Completeness::complete(1));
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].host, "cdsapi.capitalonline.net");
    assert_eq!(asked[0].path, "/mysql/");
    assert_eq!(asked[0].call, "DescribeDBInstances");
    assert!(
        asked[0].own().is_empty(),
        "no filter whose meaning is unknown"
    );
}

#[test]
fn redis_has_a_path_and_an_engine_of_its_own() {
    let cloud = Cloud::with(json!([{"InstanceUuid": "r1", "Version": "5.0", "MasterInfo": ""}]));
    let mut provider = open(account("redis", Value::Null));
    let (instances, _) = all_instances(&cloud, &mut provider).unwrap();
    assert_eq!(instances[0].engine.as_deref(), Some("Redis"));
    assert_eq!(cloud.asked.borrow()[0].path, "/redis/");
}

#[test]
fn the_endpoint_follows_from_configuration_region_and_option() {
    let with = |change: fn(&mut Account)| {
        let mut account = account("redis", Value::Null);
        change(&mut account);
        let cloud = Cloud::with(json!([]));
        all_instances(&cloud, &mut open(account)).unwrap();
        cloud.asked.take().remove(0)
    };
    let asked = with(|account| account.region = Some("US_Dallas_A".into()));
    assert_eq!(asked.host, "cdsapi-us.capitalonline.net");
    let asked = with(|account| account.options = json!({"area": "asia"}));
    assert_eq!(asked.host, "cdsapi-asia.capitalonline.net");
    let asked = with(|account| {
        let endpoint = ("redis".into(), "http://127.0.0.1:7490/".into());
        account.endpoints = [endpoint].into();
    });
    assert_eq!(
        (asked.host.as_str(), asked.path.as_str()),
        ("127.0.0.1:7490", "/redis/")
    );
}

#[test]
fn a_region_code_means_the_instances_of_that_region() {
    let list = json!([
        sample(),
        {"InstanceUuid": "i2", "RegionId": "CN_Wuxi_A"},
        {"InstanceUuid": "i3"},
    ]);
    for (region, expected) in [
        ("CN_Beijing_A", &[INSTANCE, "i3"][..]),
        ("CN_Wuxi_A", &["i2", "i3"]),
        ("mainland", &[INSTANCE, "i2", "i3"]),
    ] {
        let mut account = account("mysql", Value::Null);
        account.region = Some(region.to_owned());
        let cloud = Cloud::with(list.clone());
        let (instances, end) = all_instances(&cloud, &mut open(account)).unwrap();
        let ids: Vec<&str> = instances.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, expected, "{region}");
        assert_eq!(end, Completeness::complete(expected.len() as u64));
    }
}

#[test]
fn an_instance_without_id_makes_the_list_incomplete() {
    for odd in [
        json!({"InstanceName": "x"}),
        json!("x"),
        json!({"InstanceUuid": "a\nb"}),
    ] {
        let cloud = Cloud::with(json!([odd, sample()]));
        let (instances, end) = all_instances(&cloud, &mut mysql()).unwrap();
        assert_eq!(instances.len(), 1);
        assert!(!end.complete && end.reason.unwrap().contains("InstanceUuid"));
        assert_eq!(cloud.log.borrow().len(), 1);
    }
}

#[test]
fn odd_fields_cost_nothing_but_themselves() {
    let cloud = Cloud::with(json!([{
        "InstanceUuid": 7, "InstanceName": null, "Version": 5, "CreatedTime": "",
        "RegionId": "", "Status": [],
    }]));
    let (instances, end) = all_instances(&cloud, &mut mysql()).unwrap();
    assert_eq!(instances[0].id.as_str(), "7");
    assert_eq!(instances[0].region, None);
    assert_eq!(instances[0].created_at, None);
    assert!(end.complete);
}

#[test]
fn thousands_of_instances_cost_one_call() {
    let many: Vec<Value> = (0..25_000)
        .map(|n| json!({"InstanceUuid": format!("i{n}")}))
        .collect();
    let cloud = Cloud::with(json!(many));
    let (instances, end) = all_instances(&cloud, &mut mysql()).unwrap();
    assert_eq!(instances.len(), 25_000);
    assert_eq!(end, Completeness::complete(25_000));
    assert_eq!(cloud.calls().len(), 1);
}

#[test]
fn an_account_that_lacks_something_is_refused_before_any_call() {
    for (account, named) in [
        (account("mongodb", Value::Null), "mongodb"),
        (account("mysql", json!({"tz": 1})), "tz"),
        (
            Account {
                service: "mysql".into(),
                ..Account::default()
            },
            "access_key",
        ),
        (
            Account {
                region: Some("cn-north-4".into()),
                ..account("mysql", Value::Null)
            },
            "region",
        ),
    ] {
        let error = CapitalOnline::open(account).unwrap_err();
        assert!(error.message.contains(named), "{error}");
    }
}

#[test]
fn the_description_names_both_services_with_all_they_need() {
    let description = CapitalOnline::describe();
    assert_eq!(description.name, "capitalonline");
    for name in ["mysql", "redis"] {
        let service = description.service(name).unwrap();
        assert_eq!(service.endpoints, [name]);
        assert_eq!(service.api_hosts.len(), 3);
        assert!(!service.needs_region && !service.link_hosts.is_empty());
        assert_eq!(service.options_schema["additionalProperties"], false);
        assert!(service.time_zone.contains("+08:00"));
    }
}
