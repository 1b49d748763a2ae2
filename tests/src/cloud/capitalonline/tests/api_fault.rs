use serde_json::json;

use super::*;
use crate::cloud::fault::{Api, ApiFault, Fault};

#[tokio::test]
async fn lists_are_empty_or_short() {
    let (cloud, client) = cloud().await;
    for age in 0..3 {
        cloud.add_backup(backup(&format!("b{age}"), age, "x"));
    }
    cloud.inject(Fault::api(ApiFault::EmptyListing).of(Api::Backups));
    assert_eq!(client.backups(INSTANCE).await.json["Data"], json!([]));
    cloud.inject(Fault::api(ApiFault::ShortListing(2)).of(Api::Backups));
    assert_eq!(client.backups(INSTANCE).await.each("BackupId"), ["b0"]);
    assert_eq!(client.backups(INSTANCE).await.each("BackupId").len(), 3);
}

#[tokio::test]
async fn each_action_fails_in_every_way() {
    let (cloud, client) = cloud_with("x").await;
    let own = [("InstanceUuid", INSTANCE), ("BackupId", "b1")];
    for (api, action, own) in [
        (Api::Instances, "DescribeDBInstances", &own[..0]),
        (Api::Backups, "DescribeBackups", &own[..1]),
        (Api::BackupFiles, "DownloadBackup", &own[..2]),
    ] {
        let call = || client.call("mysql/", action, own);
        let throttled = ApiFault::Throttled {
            retry_after: Some(9),
        };
        cloud.inject(Fault::api(throttled).of(api));
        let answer = call().await;
        assert_eq!(answer.told(), (429, "RequestLimitExceeded"));
        assert_eq!(answer.headers["retry-after"], "9");
        cloud.inject(Fault::api(ApiFault::ServerError).of(api));
        assert_eq!(call().await.told(), (500, "InternalError"));
        cloud.inject(Fault::api(ApiFault::ErrorWith200).of(api));
        assert_eq!(call().await.told(), (200, "InternalError"));
        for (fault, beginning) in [
            (ApiFault::HtmlPage, "<html>"),
            (ApiFault::TruncatedJson, "{"),
            (ApiFault::EmptyBody, ""),
        ] {
            cloud.inject(Fault::api(fault).of(api));
            let answer = call().await;
            assert_eq!(answer.told(), (200, ""));
            assert!(answer.text.starts_with(beginning));
        }
        assert_eq!(call().await.told(), (200, "Success"));
        assert_eq!(cloud.traffic().calls(api), 7);
    }
}

#[tokio::test]
async fn fields_have_the_wrong_types() {
    let (cloud, client) = cloud_with("x").await;
    cloud.inject(Fault::api(ApiFault::WrongJsonType).always());
    assert_eq!(client.backups(INSTANCE).await.json["Data"], "many");
    let answer = client.download(INSTANCE, "b1").await;
    assert!(answer.json["Data"]["BackupDownloadUrl"].is_array());
}

#[tokio::test]
async fn an_answer_waits_or_never_comes() {
    let (cloud, client) = cloud_with("x").await;
    let client = Arc::new(client);
    let ask = || {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.backups(INSTANCE).await.status })
    };
    let hold = cloud.inject(Fault::api(ApiFault::Hold));
    let call = ask();
    hold.wait_until_hit(1).await;
    assert!(!call.is_finished());
    hold.release();
    assert_eq!(call.await.unwrap(), 200);
    cloud.inject(Fault::api(ApiFault::ConnectionClosed));
    assert!(ask().await.is_err(), "the connection was closed");
}
