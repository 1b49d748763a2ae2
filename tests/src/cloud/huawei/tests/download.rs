use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED};

use super::*;

const DIGITS: &str = "0123456789";
const DIGITS_MD5: &str = "\"781e5e245d69b566979b86e28d23f2c7\"";

async fn error_code(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/xml");
    let text = response.text().await.unwrap();
    let code = text.split("<Code>").nth(1).unwrap();
    (status, code.split("</Code>").next().unwrap().to_owned())
}

#[tokio::test]
async fn a_link_delivers_the_object_with_the_documented_headers() {
    let (_cloud, client) = cloud_with(DIGITS).await;
    let response = client.follow(&client.link("b1").await, &[]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers[ETAG], DIGITS_MD5);
    assert_eq!(headers[CONTENT_LENGTH], "10");
    assert_eq!(headers[LAST_MODIFIED], "Mon, 15 Jan 2024 07:32:00 GMT");
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["content-type"], "binary/octet-stream");
    assert_eq!(headers["x-obs-request-id"].len(), 32);
    assert_eq!(headers["date"], "Mon, 15 Jan 2024 08:30:00 GMT");
    assert!(!headers.contains_key(CRC64_HASH));
    assert_eq!(response.text().await.unwrap(), DIGITS);
}

#[tokio::test]
async fn optional_headers_appear_when_switched_on() {
    let (cloud, client) = cloud_with("123456789").await;
    cloud.set(|switches| {
        switches.crc64_header = Some(CRC64_CHECKSUM);
        switches.server_side_encryption = true;
    });
    let response = client.follow(&client.link("b1").await, &[]).await;
    assert_eq!(response.headers()[CRC64_CHECKSUM], "11051210869376104954");
    assert_eq!(response.headers()["x-obs-server-side-encryption"], "kms");
}

#[tokio::test]
async fn gigabytes_are_delivered_from_nothing() {
    let content = Content::generated(5, 3 << 30);
    let (_cloud, client) = cloud_with(content.clone()).await;
    let link = client.link("b1").await;
    let response = client
        .follow(&link, &[("range", "bytes=3221225000-")])
        .await;
    assert_eq!(
        response.headers()[CONTENT_RANGE],
        "bytes 3221225000-3221225471/3221225472"
    );
    let tail = response.bytes().await.unwrap();
    assert_eq!(tail, content.read(3_221_225_000, 1000).unwrap());
}

#[tokio::test]
async fn files_are_delivered_from_disk() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![7; 600_000]).unwrap();
    let (_cloud, client) = cloud_with(Content::file(file.path()).unwrap()).await;
    let response = client.follow(&client.link("b1").await, &[]).await;
    assert_eq!(response.bytes().await.unwrap(), vec![7; 600_000]);
}

#[tokio::test]
async fn ranges_are_answered_as_documented() {
    let (cloud, client) = cloud_with(DIGITS).await;
    let link = client.link("b1").await;
    for (range, status, content_range, body) in [
        ("bytes=2-4", 206, Some("bytes 2-4/10"), "234"),
        ("bytes=7-", 206, Some("bytes 7-9/10"), "789"),
        ("bytes=-2", 206, Some("bytes 8-9/10"), "89"),
        ("bytes=0-0", 206, Some("bytes 0-0/10"), "0"),
        ("bytes=4-2", 200, None, DIGITS),
        ("nonsense", 200, None, DIGITS),
    ] {
        let response = client.follow(&link, &[("range", range)]).await;
        assert_eq!(response.status(), status, "{range}");
        let given = response.headers().get(CONTENT_RANGE);
        assert_eq!(given.map(|value| value.to_str().unwrap()), content_range);
        assert_eq!(response.headers()[ETAG], DIGITS_MD5);
        assert_eq!(response.text().await.unwrap(), body);
    }
    let beyond = client.follow(&link, &[("range", "bytes=10-")]).await;
    assert_eq!(beyond.headers()[CONTENT_RANGE], "bytes */10");
    assert_eq!(error_code(beyond).await, (416, "InvalidRange".to_owned()));
    let traffic = cloud.traffic().object("base.tar");
    assert_eq!(traffic.gets, 7);
    assert_eq!(traffic.ranges[0].as_deref(), Some("bytes=2-4"));
    assert_eq!(traffic.bytes_sent, 3 + 3 + 2 + 1 + 10 + 10);
}

#[tokio::test]
async fn conditions_are_answered_as_documented() {
    let (_cloud, client) = cloud_with(DIGITS).await;
    let link = client.link("b1").await;
    let range = ("range", "bytes=5-");
    for (condition, status) in [
        (("if-match", DIGITS_MD5), 206),
        (("if-match", "\"other\""), 412),
        (("if-range", DIGITS_MD5), 206),
        (("if-range", "\"other\""), 200),
        (("if-none-match", DIGITS_MD5), 304),
        (("if-none-match", "\"other\""), 206),
        (
            ("if-unmodified-since", "Mon, 15 Jan 2024 07:31:59 GMT"),
            412,
        ),
        (("if-modified-since", "Mon, 15 Jan 2024 07:32:00 GMT"), 304),
    ] {
        let response = client.follow(&link, &[range, condition]).await;
        assert_eq!(response.status(), status, "{condition:?}");
    }
}

#[tokio::test]
async fn a_link_ends_with_its_time() {
    let (cloud, client) = cloud_with(DIGITS).await;
    let file = client.files("b1").await.remove(0);
    assert_eq!(file["link_expired_time"], "2024-01-15T16:45:00+0800");
    let link = client.link("b1").await;
    assert!(link.contains("Expires=1705308300"));
    cloud.clock().advance(Duration::from_secs(899));
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
    cloud.clock().advance(Duration::from_secs(1));
    let ended = client.follow(&link, &[]).await;
    assert_eq!(error_code(ended).await, (403, "AccessDenied".to_owned()));
    let message = client.follow(&link, &[]).await.text().await.unwrap();
    assert!(message.contains("Request has expired"));
    cloud.set(|switches| switches.expired_link = ExpiredLink::Unnamed);
    let message = client.follow(&link, &[]).await.text().await.unwrap();
    assert!(!message.contains("expired"));
    assert_eq!(
        client.follow(&client.link("b1").await, &[]).await.status(),
        200
    );
}

#[tokio::test]
async fn a_link_is_for_get_alone() {
    let (_cloud, client) = cloud_with(DIGITS).await;
    let link = client.link("b1").await;
    let head = client.ask(Method::HEAD, &link, &[]).await.unwrap();
    assert_eq!(head.status(), 403);
    let put = client.ask(Method::PUT, &link, &[]).await.unwrap();
    assert_eq!(error_code(put).await.1, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn whatever_changes_a_link_breaks_its_signature() {
    let (_cloud, client) = cloud_with(DIGITS).await;
    let link = client.link("b1").await;
    let mismatch = (403, "SignatureDoesNotMatch".to_owned());
    for headers in [
        [("content-type", "application/json")],
        [("content-md5", "x")],
        [("x-obs-anything", "x")],
    ] {
        let response = client.follow(&link, &headers).await;
        assert_eq!(error_code(response).await, mismatch);
    }
    for (from, to) in [("Expires=1", "Expires=2"), ("base.tar", "base.tgz")] {
        let response = client.follow(&link.replace(from, to), &[]).await;
        assert_eq!(error_code(response).await, mismatch);
    }
    for (from, to, error) in [
        (
            "AccessKeyId=OBS",
            "AccessKeyId=XXX",
            (403, "InvalidAccessKeyId"),
        ),
        ("&Signature=", "&Sig=", (403, "AccessDenied")),
        ("Expires=1", "Expires=x", (403, "AccessDenied")),
    ] {
        let response = client.follow(&link.replace(from, to), &[]).await;
        assert_eq!(error_code(response).await, (error.0, error.1.to_owned()));
    }
    let own = client.follow(&link, &[("authorization", "x")]).await;
    assert_eq!(error_code(own).await, (400, "InvalidArgument".to_owned()));
}

#[tokio::test]
async fn links_come_in_both_styles_and_with_a_security_token() {
    let (cloud, client) = cloud_with(DIGITS).await;
    cloud.set(|switches| {
        switches.link_style = LinkStyle::S3;
        switches.link_security_token = true;
    });
    let link = client.link("b1").await;
    assert!(link.contains("?AWSAccessKeyId="));
    assert!(link.contains("&x-obs-security-token="));
    assert_eq!(
        client.follow(&link, &[]).await.text().await.unwrap(),
        DIGITS
    );
}

#[tokio::test]
async fn odd_and_hostile_names_get_working_links() {
    let cloud = cloud().await;
    for (number, name) in ["../../etc/passwd", "备份 +1%2F&?.qp", "..", "a\\b"]
        .iter()
        .enumerate()
    {
        add(
            &cloud,
            &format!("b{number}"),
            BackupType::Auto,
            0,
            name,
            *name,
        );
    }
    let client = Client::new(&cloud);
    for (number, name) in ["../../etc/passwd", "备份 +1%2F&?.qp", "..", "a\\b"]
        .iter()
        .enumerate()
    {
        let file = client.files(&format!("b{number}")).await.remove(0);
        assert_eq!(file["name"], *name);
        assert_eq!(client.download(&file).await.text().await.unwrap(), *name);
        assert_eq!(cloud.traffic().object(name).completed, 1);
    }
}

#[tokio::test]
async fn an_object_that_is_gone_is_not_found() {
    let (cloud, client) = cloud_with(DIGITS).await;
    add(&cloud, "b2", BackupType::Auto, 1, "other", "x");
    let link = client.link("b1").await;
    cloud.remove_backup("b1");
    let gone = client.follow(&link, &[]).await;
    assert_eq!(error_code(gone).await, (404, "NoSuchKey".to_owned()));
    cloud.remove_backup("b2");
    let gone = client.follow(&link, &[]).await;
    assert_eq!(error_code(gone).await, (404, "NoSuchBucket".to_owned()));
}

#[tokio::test]
async fn a_gate_holds_a_download_until_released() {
    let content = Content::generated(1, 500_000);
    let (cloud, client) = cloud_with(content.clone()).await;
    let gate = cloud.gate("base.tar", 200_000);
    let link = client.link("b1").await;
    let mut response = client.follow(&link, &[("range", "bytes=50000-")]).await;
    soon(gate.wait_until_held()).await;
    assert_eq!(cloud.traffic().object("base.tar").bytes_sent, 150_000);
    assert_eq!(cloud.traffic().peak_downloads, 1);
    let mut received = Vec::new();
    while received.len() < 150_000 {
        received.extend(soon(response.chunk()).await.unwrap().unwrap());
    }
    assert_eq!(received.len(), 150_000);
    gate.release();
    while let Some(chunk) = soon(response.chunk()).await.unwrap() {
        received.extend(chunk);
    }
    assert_eq!(received, content.read(50_000, 500_000).unwrap());
    assert_eq!(cloud.traffic().object("base.tar").completed, 1);
}

#[test]
fn the_emulation_serves_tests_that_are_not_asynchronous() {
    let cloud = HuaweiServer::start().unwrap();
    let gate = cloud.gate_all(3);
    assert!(
        cloud
            .wait(Duration::from_millis(1), gate.wait_until_held())
            .is_err()
    );
    assert!(cloud.example_account("a").contains(cloud.rds_url()));
}

#[tokio::test]
async fn a_dropped_cloud_closes_its_connections() {
    let (cloud, mut client) = cloud_with(Content::generated(1, 1 << 30)).await;
    let link = client.link("b1").await;
    let gate = cloud.gate_all(1000);
    let mut response = client.follow(&link, &[]).await;
    soon(gate.wait_until_held()).await;
    let other = super::cloud().await;
    client.cloud = other;
    drop(cloud);
    let end = async { while let Ok(Some(_)) = response.chunk().await {} };
    soon(end).await;
    assert!(client.ask(Method::GET, &link, &[]).await.is_err());
}
