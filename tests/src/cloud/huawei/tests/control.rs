use serde_json::{Value, json};

use super::*;

async fn post(client: &Client, path: &str, body: Value) -> reqwest::Response {
    let url = format!("{}/_emulator/{path}", client.cloud.rds_url());
    client.http.post(url).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn faults_are_switched_by_http() {
    let (cloud, client) = cloud_with("0123456789").await;
    let fault = json!({
        "object": { "status": { "code": 503, "retry_after": 1 } }, "on": "base.tar", "always": true,
    });
    assert_eq!(post(&client, "fault", fault).await.status(), 204);
    let fault = json!({ "api": "server_error", "of": "backups" });
    assert_eq!(post(&client, "fault", fault).await.status(), 204);
    let link = client.link("b1").await;
    assert_eq!(client.follow(&link, &[]).await.status(), 503);
    let query = format!("instance_id={INSTANCE}");
    assert_eq!(client.rds("backups", &query).await.status, 500);
    let url = format!("{}/_emulator/fault", cloud.rds_url());
    client.http.delete(url).send().await.unwrap();
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
}

#[tokio::test]
async fn faults_that_mean_nothing_are_refused() {
    let client = Client::new(&cloud().await);
    for fault in [
        json!({}),
        json!({ "object": "no_e_tag", "api": "server_error" }),
        json!({ "api": "server_error", "on": "base.tar" }),
        json!({ "object": "no_such_fault" }),
        json!({ "object": "no_e_tag", "tmies": 2 }),
        json!({ "object": "no_e_tag", "times": 2, "always": true }),
    ] {
        let status = post(&client, "fault", fault.clone()).await.status();
        assert!(status.is_client_error(), "{fault}");
    }
}

#[tokio::test]
async fn traffic_is_shown_without_signatures_and_forgotten() {
    let (cloud, client) = cloud_with("0123456789").await;
    client.follow(&client.link("b1").await, &[]).await;
    let url = format!("{}/_emulator/traffic", cloud.rds_url());
    let text = client.follow(&url, &[]).await.text().await.unwrap();
    let traffic: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(traffic["calls"]["backup_files"], 1);
    assert_eq!(traffic["objects"]["b1/base.tar"]["gets"], 1);
    assert_eq!(traffic["log"][1]["service"], "obs");
    assert!(text.contains("&Signature=-"));
    client.http.delete(&url).send().await.unwrap();
    assert!(cloud.traffic().log.is_empty());
}

#[tokio::test]
async fn the_clock_is_moved_by_http() {
    let (_cloud, client) = cloud_with("0123456789").await;
    let link = client.link("b1").await;
    let moved = post(&client, "clock", json!({ "advance_seconds": 900 })).await;
    let reading: Value = moved.json().await.unwrap();
    assert_eq!(reading["now"], "2024-01-15T08:45:00+00:00");
    assert_eq!(client.follow(&link, &[]).await.status(), 403);
}
