use std::time::Duration;

use reqwest::Method;

use super::*;

/// The parameters of a good call, changed.
fn changed(client: &Client, name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut parameters = client.parameters("DescribeDBInstances", &[]);
    match value {
        Some(value) => {
            let known = parameters.iter_mut().find(|(known, _)| known == name);
            known.unwrap().1 = value.to_owned();
        }
        None => parameters.retain(|(known, _)| known != name),
    }
    parameters
}

async fn told(client: &Client, parameters: &[(String, String)]) -> (u16, String) {
    let answer = client
        .get("mysql/", &client.signed("GET", parameters))
        .await;
    let (status, code) = answer.told();
    (status, code.to_owned())
}

#[tokio::test]
async fn every_common_parameter_is_demanded() {
    let (_cloud, client) = cloud().await;
    for name in [
        "Action",
        "AccessKeyId",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
        "Version",
    ] {
        let told = told(&client, &changed(&client, name, None)).await;
        assert_eq!(told, (400, "ArgMissing".to_owned()), "{name}");
    }
    assert_eq!(
        client
            .get("mysql/", "Action=DescribeDBInstances")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn every_common_parameter_has_its_form() {
    let (_cloud, client) = cloud().await;
    for (name, value) in [
        ("SignatureMethod", "HMAC-SHA256"),
        ("SignatureVersion", "1"),
        ("Version", "2018-01-01"),
        ("Timestamp", "2024-01-15 08:30:00"),
        ("Timestamp", "2024-01-15T08:30:00.0Z"),
        ("Timestamp", "2024-1-15T08:30:00Z"),
    ] {
        let told = told(&client, &changed(&client, name, Some(value))).await;
        assert_eq!(told, (400, "InvalidParameter".to_owned()), "{name} {value}");
    }
}

#[tokio::test]
async fn wrong_keys_and_changed_requests_are_refused_as_switched() {
    let (cloud, mut client) = cloud().await;
    client.secret_key.push('&');
    assert_eq!(client.backups(INSTANCE).await.told(), (401, "40100002"));
    cloud.set(|switches| switches.bad_credentials = Refused::new(400, "BadArgs"));
    assert_eq!(client.backups(INSTANCE).await.told(), (400, "BadArgs"));
    client.secret_key.pop();
    let query = client.signed("GET", &client.parameters("DescribeDBInstances", &[]));
    let forged = format!("{query}&IP=66");
    assert_eq!(client.get("mysql/", &forged).await.told(), (400, "BadArgs"));
    assert_eq!(
        client.get("mysql/", &query).await.status,
        200,
        "it was not used up"
    );
    let stranger = changed(&client, "AccessKeyId", Some("AKSTRANGER"));
    assert_eq!(told(&client, &stranger).await.1, "BadArgs");
}

#[tokio::test]
async fn times_are_checked_against_the_clock() {
    let (cloud, client) = cloud().await;
    for (time, status) in [
        ("2024-01-15T08:15:00Z", 200),
        ("2024-01-15T08:45:00Z", 200),
        ("2024-01-15T08:14:59Z", 400),
        ("2024-01-15T08:45:01Z", 400),
    ] {
        let parameters = changed(&client, "Timestamp", Some(time));
        assert_eq!(told(&client, &parameters).await.0, status, "{time}");
    }
    cloud.set(|switches| switches.skew_max = None);
    let parameters = changed(&client, "Timestamp", Some("2020-01-01T00:00:00Z"));
    assert_eq!(told(&client, &parameters).await.0, 200);
}

#[tokio::test]
async fn a_nonce_is_good_once_within_its_window() {
    let (cloud, client) = cloud().await;
    cloud.set(|switches| switches.used_nonce = Refused::new(400, "SignatureNonceUsed"));
    let query = client.signed("GET", &client.parameters("DescribeDBInstances", &[]));
    assert_eq!(client.get("mysql/", &query).await.status, 200);
    assert_eq!(
        client.get("mysql/", &query).await.told(),
        (400, "SignatureNonceUsed")
    );
    cloud.set(|switches| switches.nonce_window = None);
    assert_eq!(client.get("mysql/", &query).await.status, 200);
    cloud.set(|switches| switches.nonce_window = Some(Duration::from_secs(60)));
    cloud.clock().advance(Duration::from_secs(60));
    assert_eq!(client.get("mysql/", &query).await.status, 200);
}

#[tokio::test]
async fn both_paths_of_both_products_are_served_and_no_others() {
    let (_cloud, client) = cloud().await;
    for (path, status) in [
        ("mysql", 200),
        ("mysql/", 200),
        ("redis", 200),
        ("redis/", 200),
        ("MySQL/", 404),
        ("mongodb/", 404),
        ("", 404),
    ] {
        let answer = client.call(path, "DescribeDBInstances", &[]).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_duplicates_of_the_vendors_sample_are_tolerated() {
    let (_cloud, client) = cloud().await;
    let own = format!("InstanceUuid={INSTANCE}");
    let parameters = client.parameters("DescribeBackups", &[("InstanceUuid", INSTANCE)]);
    let query = client.signed("GET", &parameters);
    assert_eq!(
        client.get("mysql/", &format!("{query}&{own}")).await.status,
        200
    );
    let contradiction = format!("{query}&InstanceUuid=other");
    let answer = client.get("mysql/", &contradiction).await;
    assert_eq!(answer.told(), (400, "InvalidParameter"));
}

#[tokio::test]
async fn actions_that_are_unknown_or_change_something_are_refused() {
    let (cloud, client) = cloud().await;
    cloud.set(|switches| switches.unknown_action = Refused::new(400, "InvalidParameter"));
    let answer = client.call("mysql/", "DescribeTables", &[]).await;
    assert_eq!(answer.told(), (400, "InvalidParameter"));
    let post = client.signed("POST", &client.parameters("CreateBackup", &[]));
    let answer = client.send(Method::POST, "mysql/", &post).await;
    assert_eq!(answer.told(), (400, "UnsupportedOperation"));
    let get = client.signed("GET", &client.parameters("CreateBackup", &[]));
    let answer = client.send(Method::POST, "mysql/", &get).await;
    assert_eq!(answer.told(), (401, "40100002"), "the method is signed");
}

#[tokio::test]
async fn empty_and_unknown_parameters_are_refused() {
    let (_cloud, client) = cloud().await;
    for (own, code) in [
        (("InstanceName", ""), "InvalidParameter"),
        (("PageSize", "10"), "BadArgs"),
    ] {
        let answer = client.call("mysql/", "DescribeDBInstances", &[own]).await;
        assert_eq!(answer.told(), (400, code), "{own:?}");
    }
    for (action, own) in [
        ("DescribeBackups", &[][..]),
        ("DownloadBackup", &[("InstanceUuid", INSTANCE)]),
    ] {
        let answer = client.call("mysql/", action, own).await;
        assert_eq!(answer.told(), (400, "ArgMissing"), "{action}");
    }
}

#[tokio::test]
async fn too_many_calls_a_minute_are_refused() {
    let (cloud, client) = cloud().await;
    cloud.set(|switches| {
        switches.calls_per_minute = Some(2);
        switches.retry_after = Some(7);
    });
    assert_eq!(client.backups(INSTANCE).await.status, 200);
    assert_eq!(client.backups(INSTANCE).await.status, 200);
    let answer = client.backups(INSTANCE).await;
    assert_eq!(answer.told(), (429, "RequestLimitExceeded"));
    assert_eq!(answer.headers["retry-after"], "7");
    cloud.clock().advance(Duration::from_secs(60));
    assert_eq!(client.backups(INSTANCE).await.status, 200);
}

#[tokio::test]
async fn the_log_shows_calls_without_keys() {
    let (cloud, client) = cloud().await;
    client.backups(INSTANCE).await;
    let traffic = cloud.traffic();
    let logged = &traffic.log[0];
    assert_eq!((logged.service, logged.path.as_str()), ("api", "/mysql/"));
    assert!(logged.query.contains("Action=DescribeBackups"));
    assert!(logged.query.contains("AccessKeyId=-") && logged.query.contains("Signature=-"));
    assert_eq!(traffic.calls(crate::cloud::Api::Backups), 1);
    cloud.reset_traffic();
    assert!(cloud.traffic().log.is_empty());
}
