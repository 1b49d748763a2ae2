use serde_json::json;

use super::*;
use crate::cloud::fault::Api;
use crate::cloud::huawei::testing::Answer;

const REFUSED: (u16, &str) = (401, "APIGW.0301");

async fn list(client: &Client) -> Answer {
    client.rds("instances", "limit=1&offset=0").await
}

async fn log_in(client: &Client, password: &str, scope: serde_json::Value) -> Answer {
    let cloud = &client.cloud;
    let body = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": cloud.username(), "password": password,
            "domain": { "name": cloud.domain() },
        } } },
        "scope": scope,
    } });
    let url = format!("{}/v3/auth/tokens?nocatalog=1", cloud.iam_url());
    Answer::of(client.http.post(url).json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_good_signature_is_accepted_and_answered_with_a_request_id() {
    let client = Client::new(&cloud().await);
    let answer = list(&client).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["x-request-id"].len(), 32);
    assert_eq!(answer.headers["date"], "Mon, 15 Jan 2024 08:30:00 GMT");
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let mut client = Client::new(&cloud().await);
    client.secret_key.push('x');
    let answer = list(&client).await;
    assert_eq!(answer.error(), REFUSED);
    assert_eq!(
        answer.json["error_msg"],
        "Incorrect IAM authentication information: verify aksk signature fail"
    );
    assert_eq!(answer.json["request_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn an_unknown_key_and_no_key_are_refused_with_their_own_texts() {
    let mut client = Client::new(&cloud().await);
    client.access_key = "NOBODY".to_owned();
    let answer = list(&client).await;
    assert_eq!(answer.error(), REFUSED);
    assert!(
        answer
            .text
            .contains("Get secretKey failed,ak:NOBODY,err:ak not exist")
    );
    let url = format!("{}/v3/p/instances", client.cloud.rds_url());
    let answer = Answer::of(client.follow(&url, &[]).await).await;
    assert_eq!(answer.error(), REFUSED);
    assert!(answer.text.contains("x-auth-token not found"));
}

#[tokio::test]
async fn five_failures_lock_a_key_for_five_minutes() {
    let cloud = cloud().await;
    let good = Client::new(&cloud);
    let mut bad = Client::new(&cloud);
    bad.secret_key.push('x');
    for _ in 0..5 {
        list(&bad).await;
    }
    let locked = list(&good).await;
    assert_eq!(locked.error(), REFUSED);
    assert!(
        locked
            .text
            .contains("AK access failed to reach the limit,forbidden.")
    );
    cloud.clock().advance(Duration::from_secs(300));
    assert_eq!(list(&good).await.status, 200);

    cloud.set(|switches| switches.lock_out_after = None);
    for _ in 0..6 {
        list(&bad).await;
    }
    assert_eq!(list(&good).await.status, 200);
}

#[tokio::test]
async fn a_signature_is_good_for_a_quarter_of_an_hour_in_both_directions() {
    let cloud = cloud().await;
    let other = super::cloud().await;
    // The client reads the clock of `other` and calls `cloud`.
    let client = Client::new(&other);
    let path = format!("/v3/{}/instances", client.project);
    for (shift, status) in [(-900, 200), (900, 200), (-901, 401), (901, 401)] {
        other.clock().freeze(now() + TimeDelta::seconds(shift));
        let answer = client.get(cloud.rds_url(), &path, "").await;
        assert_eq!(answer.status, status, "{shift}");
    }
}

#[tokio::test]
async fn a_temporary_key_needs_its_token_and_ends() {
    let cloud = cloud().await;
    let key = cloud.issue_temporary_key(Duration::from_secs(900));
    let mut client = Client::new(&cloud);
    client.access_key = key.access_key;
    client.secret_key = key.secret_key;
    assert_eq!(list(&client).await.error(), REFUSED);
    client.security_token = Some("unknown".to_owned());
    assert_eq!(list(&client).await.error(), REFUSED);
    client.security_token = Some(key.security_token);
    assert_eq!(list(&client).await.status, 200);
    cloud.clock().advance(Duration::from_secs(900));
    let ended = list(&client).await;
    assert_eq!(ended.error(), REFUSED);
    assert!(ended.text.contains("token expires"));
}

#[tokio::test]
async fn a_permanent_key_with_a_token_is_refused() {
    let mut client = Client::new(&cloud().await);
    client.security_token = Some("unknown".to_owned());
    assert_eq!(list(&client).await.error(), REFUSED);
}

#[tokio::test]
async fn a_password_gets_a_token_that_lives_a_day() {
    let cloud = cloud().await;
    let mut client = Client::new(&cloud);
    let scope = json!({ "project": { "name": cloud.region() } });
    let answer = log_in(&client, cloud.password(), scope).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json["token"]["project"]["id"], cloud.project_id());
    assert_eq!(
        answer.json["token"]["expires_at"],
        "2024-01-16T08:30:00.000000Z"
    );
    assert_eq!(answer.json["token"].get("catalog"), None);
    let token = answer.headers["x-subject-token"].to_str().unwrap();
    client.auth_token = Some(token.to_owned());
    assert_eq!(list(&client).await.status, 200);
    cloud.clock().advance(Duration::from_secs(24 * 3600));
    let ended = list(&client).await;
    assert_eq!(ended.error(), (401, "APIGW.0307"));
    cloud.revoke_tokens();
    assert_eq!(list(&client).await.error(), REFUSED);
    assert_eq!(cloud.traffic().calls(Api::Tokens), 1);
}

#[tokio::test]
async fn a_token_of_the_account_opens_no_project() {
    let cloud = cloud().await;
    let mut client = Client::new(&cloud);
    let answer = log_in(&client, cloud.password(), json!({})).await;
    let token = answer.headers["x-subject-token"].to_str().unwrap();
    client.auth_token = Some(token.to_owned());
    assert_eq!(list(&client).await.error(), (403, "DBS.280015"));
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_the_form_of_the_identity_service() {
    let client = Client::new(&cloud().await);
    let answer = log_in(&client, "wrong", json!({})).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.json,
        json!({ "error": {
            "code": 401,
            "message": "The username or password is wrong.",
            "title": "Unauthorized",
        } })
    );
}

#[tokio::test]
async fn projects_are_found_by_the_name_of_the_region() {
    let cloud = cloud().await;
    cloud.add_project("00000000000000000000000000000002", "cn-north-4_reports");
    let client = Client::new(&cloud);
    let iam = cloud.iam_url();
    let found = client.get(iam, "/v3/projects", "name=cn-north-4").await;
    assert_eq!(found.json["projects"].as_array().unwrap().len(), 1);
    assert_eq!(found.json["projects"][0]["id"], cloud.project_id());
    let all = client.get(iam, "/v3/projects", "").await;
    assert_eq!(all.json["projects"].as_array().unwrap().len(), 2);
    let second = client.get(iam, "/v3/projects", "page=2&per_page=1").await;
    assert_eq!(second.json["projects"][0]["name"], "cn-north-4_reports");
}

#[tokio::test]
async fn a_foreign_project_is_forbidden_and_an_unknown_call_is_not_published() {
    let cloud = cloud().await;
    let mut client = Client::new(&cloud);
    assert_eq!(client.rds("flavors", "").await.error(), (404, "APIGW.0101"));
    client.project = "00000000000000000000000000000001".to_owned();
    assert_eq!(list(&client).await.error(), (403, "DBS.280015"));
}

#[tokio::test]
async fn calls_are_limited_to_sixty_a_minute_for_each_api() {
    let cloud = cloud().await;
    let client = Client::new(&cloud);
    for _ in 0..60 {
        assert_eq!(list(&client).await.status, 200);
    }
    let limited = list(&client).await;
    assert_eq!(limited.error(), (429, "APIGW.0308"));
    assert!(!limited.headers.contains_key("retry-after"));
    cloud.set(|switches| switches.retry_after = Some(7));
    assert_eq!(list(&client).await.headers["retry-after"], "7");
    let query = format!("instance_id={INSTANCE}");
    assert_eq!(client.rds("backups", &query).await.status, 200);
    cloud.clock().advance(Duration::from_secs(60));
    assert_eq!(list(&client).await.status, 200);
    cloud.set(|switches| switches.calls_per_minute = Some(1));
    assert_eq!(list(&client).await.status, 429);
    cloud.set(|switches| switches.calls_per_minute = None);
    assert_eq!(list(&client).await.status, 200);
}
