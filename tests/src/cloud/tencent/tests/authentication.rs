use reqwest::Method;

use super::*;

async fn list(client: &Client) -> Answer {
    client.postgres("DescribeDBInstances", json!({})).await
}

#[tokio::test]
async fn a_signed_call_is_answered_with_the_exact_content_type() {
    let (_cloud, client) = cloud().await;
    let answer = list(&client).await;
    assert_eq!((answer.status, answer.code()), (200, ""));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.response()["RequestId"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn wrong_credentials_are_refused_under_status_200() {
    let (cloud, mut client) = cloud().await;
    client.secret_key.push(' ');
    let answer = list(&client).await;
    assert_eq!(
        (answer.status, answer.code()),
        (200, "AuthFailure.SignatureFailure")
    );
    assert_eq!(answer.headers["content-type"], "application/json");
    client.secret_id = "AKIDOTHER".to_owned();
    assert_eq!(list(&client).await.code(), "AuthFailure.SecretIdNotFound");
    let plain = client.http.post(cloud.api_url()).send().await.unwrap();
    assert_eq!(
        Answer::of(plain).await.code(),
        "AuthFailure.InvalidAuthorization"
    );
    assert_eq!(
        cloud.traffic().calls(crate::cloud::Api::PostgresInstances),
        2
    );
}

#[tokio::test]
async fn a_clock_may_be_five_minutes_off() {
    let (cloud, client) = cloud().await;
    for (seconds, code) in [
        (300, ""),
        (-300, ""),
        (301, "AuthFailure.SignatureExpire"),
        (-301, "AuthFailure.SignatureExpire"),
    ] {
        let mut call = client.call("postgres", "2017-03-12", "DescribeDBInstances", &json!({}));
        call.signed = cloud.clock().now() + TimeDelta::seconds(seconds);
        assert_eq!(client.send(call).await.code(), code, "{seconds}");
    }
}

#[tokio::test]
async fn the_scope_must_name_the_product() {
    let (_cloud, client) = cloud().await;
    for (service, version, action, code) in [
        ("cdb", "2017-03-20", "DescribeBackups", "MissingParameter"),
        (
            "cvm",
            "2017-03-12",
            "DescribeInstances",
            "AuthFailure.SignatureFailure",
        ),
        ("cdb", "2017-03-12", "DescribeDBInstances", "NoSuchVersion"),
        ("cdb", "2017-03-20", "DescribeBaseBackups", "InvalidAction"),
        (
            "postgres",
            "2017-03-12",
            "describedbinstances",
            "InvalidAction",
        ),
    ] {
        let call = client.call(service, version, action, &json!({}));
        assert_eq!(client.send(call).await.code(), code, "{service} {action}");
    }
}

#[tokio::test]
async fn a_host_that_names_a_product_must_mean_it() {
    let (_cloud, client) = cloud().await;
    let mut call = client.call("cdb", "2017-03-20", "DescribeDBInstances", &json!({}));
    // The client signs the real host, so that only the order of the checks is seen here.
    call.headers
        .push(("host", "postgres.tencentcloudapi.com".to_owned()));
    let answer = client.send(call).await;
    assert_eq!(answer.code(), "AuthFailure.SignatureFailure");
    assert!(answer.text.contains("another product"), "{}", answer.text);
}

#[tokio::test]
async fn what_was_sent_must_be_what_was_signed() {
    let (_cloud, client) = cloud().await;
    let mut call = client.call("postgres", "2017-03-12", "DescribeDBInstances", &json!({}));
    call.content_type = "application/json; charset=utf-8".to_owned();
    assert_eq!(client.send(call).await.code(), "");
    let mut call = client.call("postgres", "2017-03-12", "DescribeDBInstances", &json!({}));
    call.headers
        .push(("x-tc-content-sha256", "UNSIGNED-PAYLOAD".to_owned()));
    assert_eq!(
        client.send(call).await.code(),
        "AuthFailure.SignatureFailure"
    );
}

#[tokio::test]
async fn a_call_by_get_has_its_fields_in_the_query() {
    let (cloud, client) = cloud().await;
    cloud.add_postgres_backup(base("b1"));
    cloud.add_postgres_backup(base("b2"));
    let mut call = client.call("postgres", "2017-03-12", "DescribeBaseBackups", &json!({}));
    call.method = Method::GET;
    call.content_type = "application/x-www-form-urlencoded".to_owned();
    call.query = format!("Filters.0.Name=db-instance-id&Filters.0.Values.0={PG}&Limit=1&Offset=1");
    call.body.clear();
    let answer = client.send(call).await;
    assert_eq!(answer.column("BaseBackupSet", "Id"), ["b2"]);
}

#[tokio::test]
async fn a_temporary_key_works_with_its_token_until_it_ends() {
    let (cloud, mut client) = cloud().await;
    let key = cloud.issue_temporary_key(Duration::from_secs(60));
    client.secret_id = key.secret_id;
    client.secret_key = key.secret_key;
    assert_eq!(list(&client).await.code(), "AuthFailure.TokenFailure");
    client.token = Some(key.token);
    assert_eq!(list(&client).await.code(), "");
    let answer = client.legacy("DescribeCdbInstances", &[]).await;
    assert_eq!(answer.json["code"], 0, "{}", answer.text);
    cloud.clock().advance(Duration::from_secs(60));
    assert_eq!(list(&client).await.code(), "AuthFailure.TokenFailure");
    let answer = client.legacy("DescribeCdbInstances", &[]).await;
    assert_eq!(answer.json["code"], "4105");
}

#[tokio::test]
async fn the_region_must_be_the_right_one() {
    let (cloud, mut client) = cloud().await;
    cloud.add_postgres_backup(base("b1"));
    client.region = Some("ap-beijing".to_owned());
    assert_eq!(list(&client).await.code(), "UnsupportedRegion");
    client.region = None;
    assert_eq!(list(&client).await.code(), "UnsupportedRegion");
    let link = client.postgres_link(PG, "BaseBackup", "b1").await;
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
    cloud.set(|switches| {
        switches.api.missing_region_code = "MissingParameter";
        switches.postgres.link_needs_region = true;
    });
    let answer = client
        .postgres("DescribeBackupDownloadURL", json!({}))
        .await;
    assert_eq!(answer.code(), "MissingParameter");
}
