use crate::cloud::fault::{Api, ApiFault, Fault};

use super::*;

/// Five backups of the data, 5 the newest.
async fn five(fault: Fault) -> (Tencent, Client) {
    let (cloud, client) = cloud().await;
    for id in 1..=5 {
        let mut backup = data(id);
        backup.start += TimeDelta::minutes(i64::try_from(id).unwrap());
        cloud.add_mysql_backup(backup);
    }
    cloud.inject(fault);
    (cloud, client)
}

async fn page(client: &Client, offset: u32) -> Answer {
    let fields = json!({ "InstanceId": CDB, "Offset": offset, "Limit": 2 });
    client.cdb("DescribeBackups", fields).await
}

#[tokio::test]
async fn lists_lie_on_request() {
    let (cloud, client) = five(Fault::api(ApiFault::EmptyListing).of(Api::MysqlBackups)).await;
    assert_eq!(page(&client, 0).await.response()["TotalCount"], 0);
    assert_eq!(page(&client, 0).await.column("Items", "BackupId"), [5, 4]);
    for (fault, ids, total) in [
        (ApiFault::ListingGrows, vec![4, 3], 6),
        (ApiFault::ListingShrinks, vec![2, 1], 4),
        (ApiFault::ShortListing(2), vec![3], 5),
    ] {
        cloud.inject(Fault::api(fault));
        let answer = page(&client, 2).await;
        assert_eq!(answer.column("Items", "BackupId"), ids);
        assert_eq!(answer.response()["TotalCount"], total);
    }
}

#[tokio::test]
async fn calls_fail_in_all_sorts_of_ways() {
    let throttled = ApiFault::Throttled { retry_after: None };
    let (cloud, client) = five(Fault::api(throttled)).await;
    let answer = page(&client, 0).await;
    assert_eq!(
        (answer.status, answer.code()),
        (200, "RequestLimitExceeded")
    );
    for (fault, status, code) in [
        (ApiFault::ErrorWith200, 200, "InternalError"),
        (ApiFault::ServerError, 500, "InternalError"),
        (ApiFault::HtmlPage, 200, ""),
        (ApiFault::TruncatedJson, 200, ""),
        (ApiFault::EmptyBody, 200, ""),
    ] {
        let injected = cloud.inject(Fault::api(fault));
        let answer = page(&client, 0).await;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(injected.hits(), 1);
    }
    assert_eq!(cloud.traffic().calls(Api::MysqlBackups), 6);
    cloud.inject(Fault::api(ApiFault::WrongJsonType));
    let answer = page(&client, 0).await;
    assert_eq!(answer.response()["Items"], json!({}));
    assert_eq!(answer.response()["TotalCount"], "many");
    assert!(answer.response()["RequestId"].is_string());
}

#[tokio::test]
async fn faults_are_limited_to_an_action() {
    let fault = Fault::api(ApiFault::ErrorWith200).of(Api::PostgresLinks);
    let (cloud, client) = five(fault.always()).await;
    cloud.add_postgres_backup(base("b1"));
    assert_eq!(page(&client, 0).await.code(), "");
    let fields = json!({ "DBInstanceId": PG, "BackupType": "BaseBackup", "BackupId": "b1" });
    let link = client
        .postgres("DescribeBackupDownloadURL", fields.clone())
        .await;
    assert_eq!(link.code(), "InternalError");
    cloud.calm();
    cloud.inject(Fault::api(ApiFault::WrongJsonType));
    let link = client.postgres("DescribeBackupDownloadURL", fields).await;
    assert_eq!(link.response()["BackupDownloadURL"], json!(["none"]));
}

#[tokio::test]
async fn an_answer_is_held_or_never_comes() {
    let (cloud, client) = five(Fault::api(ApiFault::Hold)).await;
    let hold = cloud.inject(Fault::api(ApiFault::Hold));
    let client = Arc::new(client);
    let asking = Arc::clone(&client);
    let call = tokio::spawn(async move { page(&asking, 0).await.status });
    soon(hold.wait_until_hit(1)).await;
    assert!(!call.is_finished());
    cloud.calm();
    assert_eq!(soon(call).await.unwrap(), 200);
    cloud.inject(Fault::api(ApiFault::ConnectionClosed));
    let call = tokio::spawn(async move { page(&client, 0).await.status });
    assert!(soon(call).await.is_err());
}

#[tokio::test]
async fn calls_of_api_2_fail_too() {
    let (cloud, client) = five(Fault::api(ApiFault::ServerError)).await;
    let list = || {
        client.legacy(
            "GetCdbExportLogUrl",
            &[("cdbInstanceId", CDB), ("type", "coldbackup")],
        )
    };
    assert_eq!(list().await.status, 500);
    for (fault, code) in [
        (ApiFault::ErrorWith200, json!("6000")),
        (ApiFault::Throttled { retry_after: None }, json!("4400")),
    ] {
        cloud.inject(Fault::api(fault).of(Api::LegacyBackups));
        let answer = list().await;
        assert_eq!((answer.status, &answer.json["code"]), (200, &code));
    }
    cloud.inject(Fault::api(ApiFault::WrongJsonType));
    assert_eq!(list().await.json["data"], json!({}));
    cloud.inject(Fault::api(ApiFault::ShortListing(4)));
    assert_eq!(list().await.json["data"].as_array().unwrap().len(), 1);
    cloud.inject(Fault::api(ApiFault::TruncatedJson));
    assert!(list().await.json.is_null());
}
