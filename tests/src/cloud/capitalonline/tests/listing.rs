use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn instances_have_the_documented_fields_of_their_product() {
    let (cloud, client) = cloud().await;
    cloud.add_instance(Product::Redis, InstanceSpec::new("r1", "cache", "5.0"));
    let answer = client.call("mysql/", "DescribeDBInstances", &[]).await;
    assert_eq!(answer.told(), (200, "Success"));
    assert_eq!(answer.headers["date"], "Mon, 15 Jan 2024 08:30:00 GMT");
    assert_eq!(answer.json.get("TaskId"), None);
    let mysql = &answer.json["Data"][0];
    assert_eq!(mysql["InstanceUuid"], INSTANCE);
    assert_eq!(mysql["CreatedTime"], "2023-01-01 08:00:00");
    assert_eq!(mysql["SubProductKey"], "mysql-replication");
    assert_eq!(
        (&mysql["MasterInfo"], &mysql["RoGroups"]),
        (&json!(""), &Value::Null)
    );
    let answer = client.call("redis/", "DescribeDBInstances", &[]).await;
    assert_eq!(answer.each("InstanceUuid"), ["r1"]);
    assert_eq!(answer.each("Port"), [9736]);
}

#[tokio::test]
async fn instances_are_filtered() {
    let (cloud, client) = cloud().await;
    cloud.add_instance(
        Product::MySql,
        InstanceSpec {
            ip: "10.0.0.7".to_owned(),
            tags: vec!["prod".to_owned()],
            ..InstanceSpec::new("i2", "测试 a+b*c~d/e", "5.7.24")
        },
    );
    for (filter, whole, part) in [
        (("InstanceUuid", "i2"), 1, 1),
        (("InstanceName", "测试 a+b*c~d/e"), 1, 1),
        (("InstanceName", "a+b"), 0, 1),
        (("IP", "66.66"), 0, 1),
        (("TagName", "prod"), 1, 1),
        (("TagName", "pro"), 0, 0),
    ] {
        for (parts, found) in [(false, whole), (true, part)] {
            cloud.set(|switches| switches.filters_match_parts = parts);
            let answer = client.call("mysql", "DescribeDBInstances", &[filter]).await;
            assert_eq!(
                answer.each("InstanceUuid").len(),
                found,
                "{filter:?} {parts}"
            );
        }
    }
}

#[tokio::test]
async fn backups_have_the_documented_fields() {
    let (cloud, client) = cloud_with("0123456789").await;
    assert_eq!(
        client.backups(INSTANCE).await.json["Data"][0],
        json!({
            "BackupFinishTime": "", "BackupId": "b1", "BackupMode": "auto", "BackupSize": 10,
            "BackupStrategy": "instance", "BackupType": "physical-backup", "Desc": "",
            "EndTime": "2024-01-15 15:32:00", "InstanceId": format!("inpaas-{INSTANCE}"),
            "StartTime": "2024-01-15 15:30:00", "Status": "finished",
        })
    );
    cloud.set(|switches| {
        switches.size_as_text = true;
        switches.size_error = 3;
        switches.old_backup_types = true;
        switches.instance_id_is_uuid = true;
        switches.shards_in_lists = true;
        switches.utc_offset_hours = 0;
        switches.task_id_in_lists = true;
    });
    let answer = client.backups(INSTANCE).await;
    assert_eq!(
        answer.json["Data"][0],
        json!({
            "BackupId": "b1", "BackupMode": "auto", "BackupSize": "13",
            "BackupType": "full-backup", "Desc": "", "EndTime": "2024-01-15 07:32:00",
            "InstanceId": INSTANCE, "ShardId": "", "StartTime": "2024-01-15 07:30:00",
            "Status": "finished",
        })
    );
    assert_eq!(answer.json["TaskId"], "");
}

#[tokio::test]
async fn logical_and_manual_backups_are_told_apart() {
    let (cloud, client) = cloud().await;
    cloud.add_backup(BackupSpec {
        backup_type: BackupType::Logical,
        strategy: BackupStrategy::Db,
        mode: BackupMode::Manual,
        description: "before the upgrade".to_owned(),
        size_override: Some(7),
        end: None,
        ..backup("b1", 0, "x")
    });
    cloud.set_status("b1", BackupStatus::Other("paused".to_owned()));
    let answer = client.backups(INSTANCE).await;
    let told = &answer.json["Data"][0];
    assert_eq!(
        [
            &told["BackupType"],
            &told["BackupStrategy"],
            &told["BackupMode"],
            &told["Desc"]
        ],
        ["logical-backup", "db", "manual", "before the upgrade"]
    );
    assert_eq!(
        (&told["EndTime"], &told["Status"]),
        (&json!(""), &json!("paused"))
    );
    assert_eq!(told["BackupSize"], 7);
}

#[tokio::test]
async fn backups_come_in_the_order_that_is_switched_on() {
    let (cloud, client) = cloud().await;
    for (id, age) in [("b1", 5), ("b2", 9), ("b3", 1)] {
        cloud.add_backup(backup(id, age, "x"));
    }
    for (order, ids) in [
        (Order::NewestFirst, ["b3", "b1", "b2"]),
        (Order::OldestFirst, ["b2", "b1", "b3"]),
        (Order::AsAdded, ["b1", "b2", "b3"]),
    ] {
        cloud.set(|switches| switches.order = order);
        assert_eq!(client.backups(INSTANCE).await.each("BackupId"), ids);
    }
}

#[tokio::test]
async fn lists_take_every_form() {
    let (cloud, client) = cloud().await;
    for (form, data) in [
        (EmptyList::List, Some(json!([]))),
        (EmptyList::Object, Some(json!({}))),
        (EmptyList::Null, Some(Value::Null)),
        (EmptyList::Absent, None),
    ] {
        cloud.set(|switches| switches.empty_list = form);
        let answer = client.backups(INSTANCE).await;
        assert_eq!(answer.json.get("Data"), data.as_ref(), "{form:?}");
    }
    cloud.add_backup(backup("b1", 0, "x"));
    cloud.set(|switches| switches.list_form = ListForm::Object);
    let answer = client.backups(INSTANCE).await;
    assert_eq!(answer.json["Data"]["Backups"][0]["BackupId"], "b1");
}

#[tokio::test]
async fn a_list_that_is_cut_may_or_may_not_say_so() {
    let (cloud, client) = cloud().await;
    for age in 0..3 {
        cloud.add_backup(backup(&format!("b{age}"), age, "x"));
    }
    cloud.set(|switches| switches.list_cap = Some(2));
    let answer = client.backups(INSTANCE).await;
    assert_eq!(answer.each("BackupId"), ["b0", "b1"]);
    assert_eq!(answer.json.get("TotalCount"), None);
    cloud.set(|switches| switches.total_in_lists = true);
    assert_eq!(client.backups(INSTANCE).await.json["TotalCount"], 3);
}

#[tokio::test]
async fn instances_that_are_missing_or_basic_have_no_backups() {
    let (cloud, client) = cloud_with("x").await;
    assert_eq!(
        client.backups("other").await.told(),
        (404, "ResourceNotFound")
    );
    let wrong = [("InstanceUuid", INSTANCE)];
    let answer = client.call("redis", "DescribeBackups", &wrong).await;
    assert_eq!(
        answer.told(),
        (404, "ResourceNotFound"),
        "of another product"
    );
    let basic = InstanceSpec {
        edition: Edition::Basic,
        ..InstanceSpec::new("i2", "cheap", "8.0")
    };
    cloud.add_instance(Product::MySql, basic);
    assert_eq!(
        client.backups("i2").await.told(),
        (400, "UnsupportedOperation")
    );
    cloud.remove_instance(INSTANCE);
    assert_eq!(client.backups(INSTANCE).await.status, 404);
}

#[tokio::test]
async fn errors_come_with_200_and_other_spellings_when_switched_on() {
    let (cloud, client) = cloud().await;
    let answer = client.backups("other").await;
    assert!(answer.json["Message"].is_string());
    cloud.set(|switches| {
        switches.errors_with_200 = true;
        switches.lower_case_message = true;
    });
    let answer = client.backups("other").await;
    assert_eq!(answer.told(), (200, "ResourceNotFound"));
    assert!(answer.json["message"].is_string() && answer.json.get("Message").is_none());
}
