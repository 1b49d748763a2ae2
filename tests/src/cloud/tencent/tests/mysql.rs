use serde_json::Value;

use super::*;
use crate::cloud::fault::Api;

async fn backups(client: &Client) -> Answer {
    client
        .cdb("DescribeBackups", json!({ "InstanceId": CDB }))
        .await
}

#[tokio::test]
async fn instances_of_all_sorts_are_listed() {
    let (cloud, client) = cloud().await;
    let mut other = InstanceSpec::new("cdbro-1", "shop-ro", "5.7");
    other.status = InstanceStatus::Isolated;
    cloud.add_mysql(other.following(InstanceRole::ReadOnly, CDB));
    let list = |fields| client.cdb("DescribeDBInstances", fields);
    let all = list(json!({})).await;
    assert_eq!(all.response()["TotalCount"], 2);
    let by_id = list(json!({ "OrderBy": "instanceId", "OrderDirection": "ASC" })).await;
    assert_eq!(by_id.column("Items", "InstanceId"), [CDB, "cdbro-1"]);
    let record = &by_id.response()["Items"][1];
    assert_eq!(
        (&record["Status"], &record["InstanceType"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(record["MasterInfo"]["InstanceId"], CDB);
    assert_eq!(by_id.response()["Items"][0]["MasterInfo"], Value::Null);
    for (fields, ids) in [
        (json!({ "InstanceTypes": [3] }), vec!["cdbro-1"]),
        (json!({ "Status": [0, 1] }), vec![CDB]),
        (json!({ "InstanceIds": ["cdbro-1", "x"] }), vec!["cdbro-1"]),
        (json!({ "InstanceNames": ["shop"] }), vec![CDB]),
        (
            json!({ "EngineVersions": ["8.0"], "Limit": 2000 }),
            vec![CDB],
        ),
        (json!({ "Offset": 2 }), vec![]),
    ] {
        let answer = list(fields.clone()).await;
        assert_eq!(answer.column("Items", "InstanceId"), ids, "{fields}");
    }
    for (fields, code) in [
        (json!({ "Limit": 2001 }), "InvalidParameterValue"),
        (json!({ "ProxyIds": ["x"] }), "UnsupportedOperation"),
        (json!({ "Filters": [] }), "UnknownParameter"),
    ] {
        assert_eq!(list(fields).await.code(), code);
    }
}

#[tokio::test]
async fn a_backup_has_the_documented_fields_and_its_links() {
    let (cloud, client) = cloud().await;
    let mut backup = data(12_445_233);
    backup.encrypted = true;
    cloud.add_mysql_backup(backup);
    let answer = backups(&client).await;
    let record = &answer.response()["Items"][0];
    for (field, value) in [
        ("InstanceId", json!(CDB)),
        ("BackupId", json!(12_445_233)),
        ("Name", json!("shop_12445233.xb")),
        ("Date", json!("2024-01-15 15:30:00")),
        ("StartTime", json!("2024-01-15 15:30:00")),
        ("FinishTime", json!("2024-01-15 15:32:00")),
        ("Size", json!(10)),
        ("Type", json!("physical")),
        ("Way", json!("automatic")),
        ("Method", json!("full")),
        ("Status", json!("SUCCESS")),
        ("Progress", json!(0)),
        ("Region", json!("ap-guangzhou")),
        ("CosStorageType", json!(0)),
        ("EncryptionFlag", json!("on")),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    assert!(record.get("MD5").is_none());
    assert_eq!(record["IntranetUrl"], record["InternetUrl"]);
    let link = record["InternetUrl"].as_str().unwrap();
    assert_eq!(
        client.follow(link, &[]).await.text().await.unwrap(),
        "0123456789"
    );

    cloud.set(|switches| {
        switches.mysql.md5 = OptionalField::Present;
        switches.mysql.intranet_host = Some("10.0.0.9:33003".to_owned());
    });
    let record = backups(&client).await.response()["Items"][0].clone();
    assert_eq!(record["MD5"], "781e5e245d69b566979b86e28d23f2c7");
    let intranet = record["IntranetUrl"].as_str().unwrap();
    assert!(intranet.starts_with("http://10.0.0.9:33003/mysql/"));
}

#[tokio::test]
async fn an_unfinished_backup_has_no_link_that_works() {
    let (cloud, client) = cloud().await;
    cloud.add_mysql_backup(data(1));
    cloud.set_status("1", BackupStatus::Running);
    let record = backups(&client).await.response()["Items"][0].clone();
    assert_eq!(
        (&record["Status"], &record["InternetUrl"]),
        (&json!("RUNNING"), &json!(""))
    );
    cloud.set(|switches| switches.mysql.unfinished_links = UnfinishedLinks::Null);
    let record = backups(&client).await.response()["Items"][0].clone();
    assert_eq!(record["InternetUrl"], Value::Null);
    cloud.set(|switches| switches.mysql.unfinished_links = UnfinishedLinks::Dead);
    let record = backups(&client).await.response()["Items"][0].clone();
    let link = record["InternetUrl"].as_str().unwrap();
    assert_eq!(client.follow(link, &[]).await.status(), 404);
}

#[tokio::test]
async fn logs_are_listed_by_their_own_actions() {
    let (cloud, client) = cloud().await;
    for (hours, name) in [
        (3, "binlog.000001"),
        (2, "binlog.000002"),
        (1, "binlog.000003"),
    ] {
        cloud.add_mysql_backup(MysqlBackupSpec::binlog(CDB, ago(hours), file(name, "b")));
    }
    let slow = MysqlBackupSpec::slow_log(CDB, ago(20), file("slow.log", ""));
    cloud.add_mysql_backup(slow);
    let binlogs = |mut fields: Value| {
        fields["InstanceId"] = json!(CDB);
        client.cdb("DescribeBinlogs", fields)
    };
    let all = binlogs(json!({})).await;
    assert_eq!(
        all.column("Items", "Name"),
        ["binlog.000003", "binlog.000002", "binlog.000001"]
    );
    let record = &all.response()["Items"][0];
    assert_eq!(record["Status"], "FINISHED");
    assert_eq!(record["BinlogStartTime"], "2024-01-15 15:30:00");
    assert_eq!(record["BinlogFinishTime"], "2024-01-15 15:32:00");
    assert!(record.get("BackupId").is_none());
    cloud.set(|switches| {
        switches.mysql.binlog_done = BinlogDone::Success;
        switches.mysql.order = Order::OldestFirst;
    });
    for (fields, names) in [
        (
            json!({ "MinStartTime": "2024-01-15 14:31:00" }),
            vec!["binlog.000003"],
        ),
        (
            json!({ "MinStartTime": "2024-01-15 14:31:00", "ContainsMinStartTime": true }),
            vec!["binlog.000002", "binlog.000003"],
        ),
        (
            json!({ "MaxStartTime": "2024-01-15 14:30:00", "Offset": 1 }),
            vec!["binlog.000002"],
        ),
    ] {
        let answer = binlogs(fields).await;
        assert_eq!(answer.column("Items", "Name"), names);
        assert_eq!(answer.response()["Items"][0]["Status"], "SUCCESS");
    }
    let slow = client
        .cdb("DescribeSlowLogs", json!({ "InstanceId": CDB }))
        .await;
    let record = &slow.response()["Items"][0];
    assert_eq!(
        (&record["Date"], &record["Size"]),
        (&json!("2024-01-14"), &json!(0))
    );
    assert_eq!(record["Type"], "slowlog");
    cloud.remove_backup(&format!("{CDB}/binlog.000001"));
    assert_eq!(binlogs(json!({})).await.response()["TotalCount"], 2);
}

#[tokio::test]
async fn pages_are_limited() {
    let (cloud, client) = cloud().await;
    let limit = |limit: i64| {
        client.cdb(
            "DescribeBackups",
            json!({ "InstanceId": CDB, "Limit": limit }),
        )
    };
    for (number, code) in [
        (100, ""),
        (101, "InvalidParameterValue"),
        (0, "InvalidParameterValue"),
        (-1, "InvalidParameterValue"),
    ] {
        assert_eq!(limit(number).await.code(), code, "{number}");
    }
    cloud.set(|switches| switches.mysql.page_max = 1000);
    assert_eq!(limit(1000).await.code(), "");
    let none = client
        .cdb("DescribeBackups", json!({ "InstanceId": "cdb-x" }))
        .await;
    assert_eq!(none.code(), "InvalidParameter.InstanceNotFound");
    let none = client
        .cdb(
            "DescribeSlowLogs",
            json!({ "InstanceId": CDB, "MinStartTime": "x" }),
        )
        .await;
    assert_eq!(none.code(), "UnknownParameter");
}

#[tokio::test]
async fn the_key_of_an_encrypted_backup_is_handed_out() {
    let (cloud, client) = cloud().await;
    let mut encrypted = data(1);
    encrypted.encrypted = true;
    let key = encrypted.decryption_key().unwrap();
    cloud.add_mysql_backup(encrypted);
    cloud.add_mysql_backup(data(2));
    cloud.add_mysql(InstanceSpec::new("cdb-2", "other", "8.0"));
    let ask = |fields| client.cdb("DescribeBackupDecryptionKey", fields);
    for fields in [
        json!({ "InstanceId": CDB, "BackupId": 1 }),
        json!({ "InstanceId": CDB, "BackupId": 1, "BackupType": "data" }),
    ] {
        assert_eq!(ask(fields).await.response()["DecryptionKey"], key);
    }
    let unknown = "InternalError.DBRecordNotExistError";
    for (fields, code) in [
        // Not encrypted, not there, of another instance, of another kind.
        (json!({ "InstanceId": CDB, "BackupId": 2 }), unknown),
        (json!({ "InstanceId": CDB, "BackupId": 3 }), unknown),
        (json!({ "InstanceId": "cdb-2", "BackupId": 1 }), unknown),
        (
            json!({ "InstanceId": CDB, "BackupId": 1, "BackupType": "binlog" }),
            unknown,
        ),
        (
            json!({ "InstanceId": CDB, "BackupId": 1, "BackupType": "slowlog" }),
            "InvalidParameterValue",
        ),
        (
            json!({ "InstanceId": CDB, "BackupId": "1" }),
            "InvalidParameter",
        ),
        (json!({ "InstanceId": CDB }), "MissingParameter"),
        (
            json!({ "InstanceId": "cdb-x", "BackupId": 1 }),
            "InvalidParameter.InstanceNotFound",
        ),
    ] {
        assert_eq!(ask(fields.clone()).await.code(), code, "{fields}");
    }
    assert_eq!(cloud.traffic().calls(Api::MysqlKeys), 10);
}

#[tokio::test]
async fn calls_are_limited_by_action_and_second() {
    let (cloud, client) = cloud().await;
    for _ in 0..10 {
        assert_eq!(backups(&client).await.code(), "");
    }
    let answer = backups(&client).await;
    assert_eq!(
        (answer.status, answer.code()),
        (200, "RequestLimitExceeded")
    );
    let other = client
        .cdb("DescribeBinlogs", json!({ "InstanceId": CDB }))
        .await;
    assert_eq!(other.code(), "");
    cloud.clock().advance(Duration::from_secs(1));
    assert_eq!(backups(&client).await.code(), "");
    cloud.set(|switches| {
        switches.api.rate_limit = RateLimit::PerSecond(1);
        switches.api.rate_limit_code = "RequestLimitExceeded.UinLimitExceeded";
    });
    assert_eq!(
        backups(&client).await.code(),
        "RequestLimitExceeded.UinLimitExceeded"
    );
    cloud.set(|switches| switches.api.rate_limit = RateLimit::Unlimited);
    assert_eq!(backups(&client).await.code(), "");
}
