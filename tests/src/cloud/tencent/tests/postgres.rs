use serde_json::Value;

use super::*;

async fn bases(client: &Client, fields: Value) -> Answer {
    client.postgres("DescribeBaseBackups", fields).await
}

/// Base backups `b0` (the newest) to `b4`, a day apart, each longer than the one before it.
async fn five() -> (Tencent, Client) {
    let (cloud, client) = cloud().await;
    for age in 0..5_u8 {
        let content = vec![0; 10 + usize::from(age)];
        let start = ago(24 * i64::from(age) + 1);
        let file = file("base.tar.zst", content);
        cloud.add_postgres_backup(PgBackupSpec::base(format!("b{age}"), PG, start, file));
    }
    (cloud, client)
}

#[tokio::test]
async fn instances_are_listed_as_documented() {
    let (cloud, client) = cloud().await;
    let mut other = InstanceSpec::new("postgres-a", "reports", "15.1");
    other.created = now();
    other.status_text = Some("job running".to_owned());
    cloud.add_postgres(other.following(InstanceRole::ReadOnly, PG));
    let list = |fields| client.postgres("DescribeDBInstances", fields);
    let all = list(json!({})).await;
    assert_eq!(all.response()["TotalCount"], 2);
    assert_eq!(
        all.column("DBInstanceSet", "DBInstanceId"),
        [PG, "postgres-a"]
    );
    let second = &all.response()["DBInstanceSet"][1];
    assert_eq!(second["DBInstanceStatus"], "job running");
    assert_eq!(second["DBInstanceType"], "readonly");
    assert_eq!(second["MasterDBInstanceId"], PG);
    assert_eq!(second["DBMajorVersion"], "15");
    assert_eq!(second["CreateTime"], "2024-01-15 16:30:00");
    assert_eq!(second["ExpireTime"], "0000-00-00 00:00:00");
    for (fields, ids) in [
        (
            json!({ "OrderBy": "DBInstanceId", "OrderByType": "desc" }),
            vec!["postgres-a", PG],
        ),
        (json!({ "Limit": 0, "Offset": 1 }), vec!["postgres-a"]),
        (
            json!({ "Filters": [{ "Name": "db-instance-name", "Values": ["port", "x"] }] }),
            vec!["postgres-a"],
        ),
        (
            json!({ "Filters": [
                { "Name": "db-instance-id", "Values": [PG] },
                { "Name": "db-instance-name", "Values": ["reports"] },
            ] }),
            vec![],
        ),
    ] {
        let answer = list(fields.clone()).await;
        assert_eq!(
            answer.column("DBInstanceSet", "DBInstanceId"),
            ids,
            "{fields}"
        );
    }
}

#[tokio::test]
async fn a_backup_has_the_documented_fields() {
    let (cloud, client) = cloud().await;
    let mut backup = base("b1");
    backup.manual = true;
    cloud.add_postgres_backup(backup);
    let record = bases(&client, json!({})).await.response()["BaseBackupSet"][0].clone();
    assert_eq!(
        record,
        json!({
            "DBInstanceId": PG,
            "Id": "b1",
            "Name": "base.tar.zst",
            "BackupMethod": "physical",
            "BackupMode": "manual",
            "State": "finished",
            "Size": 10,
            "StartTime": "2024-01-15 15:30:00",
            "FinishTime": "2024-01-15 15:32:00",
            "ExpireTime": "2024-01-22 15:30:00",
        })
    );
    cloud.set(|switches| {
        switches.api.size = NumberForm::Text;
        switches.utc_offset_hours = 0;
        switches.api.total_count = false;
    });
    cloud.set_status("b1", BackupStatus::Running);
    let answer = bases(&client, json!({})).await;
    let record = &answer.response()["BaseBackupSet"][0];
    assert_eq!(record["Size"], "10");
    assert_eq!(record["StartTime"], "2024-01-15 07:30:00");
    assert_eq!(record["State"], "running");
    assert!(answer.response().get("TotalCount").is_none());
}

#[tokio::test]
async fn base_and_log_backups_are_separate() {
    let (cloud, client) = cloud().await;
    cloud.add_postgres_backup(base("b1"));
    cloud.add_postgres_backup(PgBackupSpec::log("l1", PG, ago(2), file("wal", "w")));
    let logs = client.postgres("DescribeLogBackups", json!({})).await;
    assert_eq!(logs.column("LogBackupSet", "Id"), ["l1"]);
    let record = &logs.response()["LogBackupSet"][0];
    assert_eq!(record["StartTime"], record["FinishTime"]);
    assert_eq!(
        bases(&client, json!({}))
            .await
            .column("BaseBackupSet", "Id"),
        ["b1"]
    );
}

#[tokio::test]
async fn lists_look_back_seven_days_unless_told_otherwise() {
    let (cloud, client) = cloud().await;
    let at = |id: &str, hours| PgBackupSpec::base(id, PG, ago(hours), file("f", "x"));
    cloud.add_postgres_backup(at("young", 7 * 24));
    cloud.add_postgres_backup(at("old", 7 * 24 + 1));
    cloud.add_postgres_backup(at("future", -1));
    let ids = |answer: Answer| answer.column("BaseBackupSet", "Id");
    assert_eq!(ids(bases(&client, json!({})).await), ["young"]);
    let long = json!({ "MinFinishTime": "2000-01-01 00:00:00" });
    assert_eq!(ids(bases(&client, long).await), ["young", "old"]);
    let exact = json!({
        "MinFinishTime": "2024-01-08 15:32:00",
        "MaxFinishTime": "2024-01-08 15:32:00",
    });
    assert_eq!(ids(bases(&client, exact).await), ["old"]);
    for bad in [
        "2024-01-08",
        "2024-01-08T15:32:00",
        "soon",
        "2030-01-01 00:00:00",
    ] {
        let answer = bases(&client, json!({ "MinFinishTime": bad })).await;
        assert_eq!(
            answer.code(),
            "InvalidParameterValue.InvalidParameterValueError",
            "{bad}"
        );
    }
}

#[tokio::test]
async fn lists_are_ordered_and_paged() {
    let (_cloud, client) = five().await;
    for (fields, ids) in [
        (json!({}), vec!["b0", "b1", "b2", "b3", "b4"]),
        (
            json!({ "OrderByType": "asc", "Limit": 2 }),
            vec!["b4", "b3"],
        ),
        (json!({ "OrderBy": "Size", "Limit": 1 }), vec!["b4"]),
        (
            json!({ "OrderBy": "FinishTime", "Limit": 2, "Offset": 4 }),
            vec!["b4"],
        ),
        (json!({ "Offset": 5 }), vec![]),
        (
            json!({ "Filters": [{ "Name": "base-backup-id", "Values": ["b1", "b3"] }] }),
            vec!["b1", "b3"],
        ),
        (
            json!({ "Filters": [{ "Name": "db-instance-id", "Values": ["postgres-x"] }] }),
            vec![],
        ),
        (
            json!({ "Filters": [{ "Name": "db-instance-status", "Values": ["running"] }], "Limit": 1 }),
            vec!["b0"],
        ),
    ] {
        let answer = bases(&client, fields.clone()).await;
        assert_eq!(answer.column("BaseBackupSet", "Id"), ids, "{fields}");
    }
    let one = bases(&client, json!({ "Limit": 1 })).await;
    assert_eq!(one.response()["TotalCount"], 5);
}

#[tokio::test]
async fn bad_fields_are_refused_by_kind() {
    let (_cloud, client) = five().await;
    for (fields, code) in [
        (json!({ "InstanceId": "x" }), "UnknownParameter"),
        (json!({ "limit": 1 }), "UnknownParameter"),
        (json!({ "Limit": "1" }), "InvalidParameter"),
        (json!({ "Filters": { "Name": "x" } }), "InvalidParameter"),
        (json!({ "Filters": [{ "Name": 1 }] }), "InvalidParameter"),
        (json!({ "Filters": [{}] }), "MissingParameter"),
        (
            json!({ "Filters": [{ "Name": "x", "Values": ["y"] }] }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            json!({ "Limit": 0 }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            json!({ "Limit": 101 }),
            "InvalidParameterValue.ParameterValueExceedError",
        ),
        (
            json!({ "Offset": -1 }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            json!({ "OrderBy": "Name" }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            json!({ "OrderByType": "DESC" }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
    ] {
        let answer = bases(&client, fields.clone()).await;
        assert_eq!((answer.status, answer.code()), (200, code), "{fields}");
    }
    let mut call = client.call("postgres", "2017-03-12", "DescribeBaseBackups", &json!({}));
    call.body = "[]".to_owned();
    assert_eq!(client.send(call).await.code(), "InvalidParameter");
}

#[tokio::test]
async fn a_link_is_issued_for_what_is_there() {
    let (cloud, client) = cloud().await;
    cloud.add_postgres_backup(base("b1"));
    cloud.add_postgres_backup(base("b2"));
    cloud.set_status("b2", BackupStatus::Running);
    let link = client.postgres_link(PG, "BaseBackup", "b1").await;
    assert!(link.starts_with(&format!(
        "{}/pgsql/{PG}/b1_base.tar.zst?q-sign-algorithm=sha1&",
        cloud.cos_url()
    )));
    let ask = |instance: &str, kind: &str, backup: &str, more: Value| {
        let mut fields =
            json!({ "DBInstanceId": instance, "BackupType": kind, "BackupId": backup });
        fields
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        client.postgres("DescribeBackupDownloadURL", fields)
    };
    for (instance, kind, backup, more, code) in [
        (
            "postgres-x",
            "BaseBackup",
            "b1",
            json!({}),
            "ResourceNotFound.InstanceNotFoundError",
        ),
        (
            PG,
            "LogBackup",
            "b1",
            json!({}),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            PG,
            "Base",
            "b1",
            json!({}),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            PG,
            "BaseBackup",
            "b9",
            json!({}),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            PG,
            "BaseBackup",
            "b2",
            json!({}),
            "FailedOperation.FailedOperationError",
        ),
        (
            PG,
            "BaseBackup",
            "b1",
            json!({ "URLExpireTime": 37 }),
            "InvalidParameterValue.ParameterValueExceedError",
        ),
        (
            PG,
            "BaseBackup",
            "b1",
            json!({ "URLExpireTime": -1 }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            PG,
            "BaseBackup",
            "b1",
            json!({ "URLExpireTime": "1" }),
            "InvalidParameter",
        ),
        (
            PG,
            "BaseBackup",
            "b1",
            json!({ "BackupDownloadRestriction": { "RestrictionType": "CUSTOMIZE" } }),
            "InvalidParameterValue.InvalidParameterValueError",
        ),
        (
            PG,
            "BaseBackup",
            "b1",
            json!({ "BackupDownloadRestriction": { "Type": "NONE" } }),
            "UnknownParameter",
        ),
    ] {
        let answer = ask(instance, kind, backup, more).await;
        assert_eq!(answer.code(), code, "{instance} {kind} {backup}");
    }
    cloud.set(|switches| switches.postgres.missing_backup_code = "FailedOperation.OperateError");
    let answer = ask(PG, "BaseBackup", "b9", json!({})).await;
    assert_eq!(answer.code(), "FailedOperation.OperateError");
}
