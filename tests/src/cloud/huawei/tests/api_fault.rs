use serde_json::json;

use super::*;
use crate::cloud::fault::{Api, ApiFault, Fault};
use crate::cloud::huawei::testing::Answer;

async fn page(client: &Client, offset: usize) -> Answer {
    let query = format!("instance_id={INSTANCE}&limit=2&offset={offset}");
    client.rds("backups", &query).await
}

fn ids(answer: &Answer) -> Vec<&str> {
    let backups = answer.json["backups"].as_array().unwrap();
    backups.iter().map(|b| b["id"].as_str().unwrap()).collect()
}

/// Five backups, `b0` the newest.
async fn five(fault: Fault) -> (Huawei, Client) {
    let cloud = cloud().await;
    for age in 0..5 {
        add(&cloud, &format!("b{age}"), BackupType::Auto, age, "f", "x");
    }
    let client = Client::new(&cloud);
    cloud.inject(fault);
    (cloud, client)
}

#[tokio::test]
async fn a_list_is_empty_once() {
    let (_cloud, client) = five(Fault::api(ApiFault::EmptyListing).of(Api::Backups)).await;
    assert_eq!(client.rds("instances", "").await.json["total_count"], 1);
    let empty = page(&client, 0).await;
    assert_eq!(empty.json, json!({ "backups": [], "total_count": 0 }));
    assert_eq!(ids(&page(&client, 0).await), ["b0", "b1"]);
}

#[tokio::test]
async fn a_short_list_never_shows_its_end() {
    let (_cloud, client) = five(Fault::api(ApiFault::ShortListing(2)).always()).await;
    assert_eq!(ids(&page(&client, 2).await), ["b2"]);
    let beyond = page(&client, 4).await;
    assert_eq!(beyond.json, json!({ "backups": [], "total_count": 5 }));
}

#[tokio::test]
async fn a_list_shifts_between_pages() {
    let (_cloud, client) = five(Fault::api(ApiFault::ListingGrows).always()).await;
    assert_eq!(ids(&page(&client, 0).await), ["b0", "b1"]);
    let second = page(&client, 2).await;
    assert_eq!(ids(&second), ["b1", "b2"]);
    assert_eq!(second.json["total_count"], 6);
    let (_cloud, client) = five(Fault::api(ApiFault::ListingShrinks).always()).await;
    assert_eq!(ids(&page(&client, 2).await), ["b3", "b4"]);
}

#[tokio::test]
async fn calls_fail_with_statuses_of_all_sorts() {
    let throttled = ApiFault::Throttled {
        retry_after: Some(9),
    };
    let (cloud, client) = five(Fault::api(throttled).skipping(1)).await;
    assert_eq!(page(&client, 0).await.status, 200);
    let answer = page(&client, 0).await;
    assert_eq!(answer.error(), (429, "APIGW.0308"));
    assert_eq!(answer.headers["retry-after"], "9");
    cloud.inject(Fault::api(ApiFault::ServerError));
    assert_eq!(page(&client, 0).await.error(), (500, "DBS.200005"));
    cloud.inject(Fault::api(ApiFault::ErrorWith200));
    assert_eq!(page(&client, 0).await.error(), (200, "DBS.200005"));
    cloud.inject(Fault::api(ApiFault::HtmlPage));
    let html = page(&client, 0).await;
    assert_eq!((html.status, &html.text[..6]), (200, "<html>"));
    assert_eq!(cloud.traffic().calls(Api::Backups), 5);
    assert_eq!(cloud.traffic().answered(429), 1);
}

#[tokio::test]
async fn fields_have_the_wrong_types() {
    let (_cloud, client) = five(Fault::api(ApiFault::WrongJsonType).always()).await;
    let list = page(&client, 0).await;
    assert_eq!(list.json, json!({ "backups": {}, "total_count": "many" }));
    assert_eq!(client.files("b0").await[0]["size"], "large");
}

#[tokio::test]
async fn an_answer_is_held_until_released() {
    let (cloud, client) = five(Fault::api(ApiFault::ServerError)).await;
    assert_eq!(page(&client, 0).await.status, 500);
    let hold = cloud.inject(Fault::api(ApiFault::Hold));
    let call = tokio::spawn(async move { page(&client, 0).await.status });
    soon(hold.wait_until_hit(1)).await;
    assert!(!call.is_finished());
    hold.release();
    assert_eq!(soon(call).await.unwrap(), 200);
}

#[tokio::test]
async fn a_wrong_clock_shows_in_every_date() {
    let cloud = cloud().await;
    let client = Client::new(&cloud);
    cloud.clock().shift(TimeDelta::hours(-2));
    let answer = client.rds("instances", "").await;
    assert_eq!(answer.headers["date"], "Mon, 15 Jan 2024 06:30:00 GMT");
}

#[tokio::test]
async fn answers_are_cut_short_or_never_come() {
    let (cloud, client) = five(Fault::api(ApiFault::TruncatedJson)).await;
    let cut = page(&client, 0).await;
    assert_eq!((cut.status, cut.json), (200, serde_json::Value::Null));
    assert!(cut.text.starts_with('{'));
    cloud.inject(Fault::api(ApiFault::EmptyBody));
    assert_eq!(page(&client, 0).await.text, "");
    cloud.inject(Fault::api(ApiFault::ConnectionClosed));
    let closed = tokio::spawn(async move { page(&client, 0).await.status });
    assert!(soon(closed).await.is_err());
}
