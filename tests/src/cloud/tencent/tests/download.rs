use reqwest::Method;
use reqwest::header::{CONTENT_RANGE, ETAG};

use super::*;
use crate::cloud::fault::{Fault, ObjectFault};
use crate::cloud::object::EntityTagForm;

const SAMPLE: &str = "[Object Content]";

/// Code and message of an error.
async fn error(response: reqwest::Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/xml");
    let text = response.text().await.unwrap();
    let part = |name: &str| {
        let rest = text.split(&format!("<{name}>")).nth(1).unwrap();
        rest.split(&format!("</{name}>")).next().unwrap().to_owned()
    };
    (status, part("Code"), part("Message"))
}

/// A cloud with one base backup `b1`.
async fn with(content: impl Into<Content>) -> (Tencent, Client) {
    let (cloud, client) = cloud().await;
    let file = file("base.tar.zst", content);
    cloud.add_postgres_backup(PgBackupSpec::base("b1", PG, ago(1), file));
    (cloud, client)
}

async fn link(client: &Client) -> String {
    client.postgres_link(PG, "BaseBackup", "b1").await
}

/// A link with a further field in its call.
async fn special_link(client: &Client, field: &str, value: serde_json::Value) -> String {
    let mut fields = json!({ "DBInstanceId": PG, "BackupType": "BaseBackup", "BackupId": "b1" });
    fields[field] = value;
    let answer = client.postgres("DescribeBackupDownloadURL", fields).await;
    let link = answer.response()["BackupDownloadURL"].as_str();
    link.unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

#[tokio::test]
async fn the_sample_of_the_page_has_its_headers() {
    let (_cloud, client) = with(SAMPLE).await;
    let response = client.follow(&link(&client).await, &[]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers[ETAG], "\"ee8de918d05640145b18f70f4c3aa602\"");
    assert_eq!(headers["x-cos-hash-crc64ecma"], "16749565679157681890");
    assert_eq!(headers["content-length"], "16");
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["last-modified"], "Mon, 15 Jan 2024 07:32:00 GMT");
    assert!(headers.contains_key("x-cos-request-id"));
    assert_eq!(response.text().await.unwrap(), SAMPLE);
}

#[tokio::test]
async fn checksums_are_shown_as_switched() {
    let (cloud, client) = with(SAMPLE).await;
    let crc =
        |response: &reqwest::Response| response.headers().contains_key("x-cos-hash-crc64ecma");
    for (form, whole, part) in [
        (Crc64::Always, true, true),
        (Crc64::WholeOnly, true, false),
        (Crc64::Absent, false, false),
    ] {
        cloud.set(|switches| switches.cos.crc64 = form);
        let link = link(&client).await;
        assert_eq!(crc(&client.follow(&link, &[]).await), whole);
        assert_eq!(
            crc(&client.follow(&link, &[("range", "bytes=1-")]).await),
            part
        );
    }
    let mut multipart = base("b1");
    multipart.file.entity_tag = EntityTagForm::Multipart { part_bytes: 4 };
    cloud.add_postgres_backup(multipart);
    let response = client.follow(&link(&client).await, &[]).await;
    assert!(response.headers()[ETAG].to_str().unwrap().ends_with("-3\""));
}

#[tokio::test]
async fn ranges_and_conditions_are_answered_as_documented() {
    let (cloud, client) = with("0123456789").await;
    let link = link(&client).await;
    let tag = "\"781e5e245d69b566979b86e28d23f2c7\"";
    let part = client
        .follow(&link, &[("range", "bytes=2-4"), ("if-match", tag)])
        .await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()[CONTENT_RANGE], "bytes 2-4/10");
    assert_eq!(part.text().await.unwrap(), "234");
    let changed = client.follow(&link, &[("if-match", "\"x\"")]).await;
    assert_eq!(error(changed).await.1, "PreconditionFailed");
    let beyond = client.follow(&link, &[("range", "bytes=10-")]).await;
    assert_eq!(beyond.headers()[CONTENT_RANGE], "bytes */10");
    assert_eq!(error(beyond).await.1, "InvalidRange");
    let same = client.follow(&link, &[("if-none-match", tag)]).await;
    assert_eq!(same.status(), 304);
    let if_range = [("range", "bytes=2-"), ("if-range", "\"x\"")];
    assert_eq!(client.follow(&link, &if_range).await.status(), 206);
    cloud.set(|switches| switches.cos.if_range = true);
    assert_eq!(client.follow(&link, &if_range).await.status(), 200);
}

#[tokio::test]
async fn a_link_says_when_it_ends_and_does() {
    let (cloud, client) = with(SAMPLE).await;
    let link = link(&client).await;
    let start = now().timestamp() - 60;
    let end = now().timestamp() + 12 * 3600;
    assert!(link.contains(&format!(
        "q-sign-time={start}%3B{end}&q-key-time={start}%3B{end}"
    )));
    cloud.clock().advance(Duration::from_secs(12 * 3600 - 1));
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
    cloud.clock().advance(Duration::from_secs(1));
    let ended = |word: &str, message: &str| (403, word.to_owned(), message.to_owned());
    assert_eq!(
        error(client.follow(&link, &[]).await).await,
        ended("AccessDenied", "Request has expired")
    );
    cloud.set(|switches| switches.cos.reason = Reason::InCode);
    assert_eq!(
        error(client.follow(&link, &[]).await).await.1,
        "Request has expired"
    );
    cloud.clock().freeze(now() - TimeDelta::seconds(61));
    assert_eq!(
        error(client.follow(&link, &[]).await).await.1,
        "RequestTimeTooSkewed"
    );
}

#[tokio::test]
async fn the_life_of_a_link_is_as_asked_or_as_switched() {
    let (cloud, client) = with(SAMPLE).await;
    let end = |hours: i64| format!("%3B{}&q-key", now().timestamp() + hours * 3600);
    let asked = special_link(&client, "URLExpireTime", json!(36)).await;
    assert!(asked.contains(&end(36)));
    let zero = special_link(&client, "URLExpireTime", json!(0)).await;
    assert_eq!(
        error(client.follow(&zero, &[]).await).await.2,
        "Request has expired"
    );
    cloud.set(|switches| switches.postgres.zero_expire_time = ZeroExpireTime::DefaultLife);
    let zero = special_link(&client, "URLExpireTime", json!(0)).await;
    assert!(zero.contains(&end(12)));
    cloud.set(|switches| switches.link_life = Some(Duration::from_secs(3600)));
    let asked = special_link(&client, "URLExpireTime", json!(36)).await;
    assert!(asked.contains(&end(1)));
}

#[tokio::test]
async fn tampering_and_other_methods_are_refused() {
    let (cloud, client) = with(SAMPLE).await;
    let link = link(&client).await;
    for (from, to, code) in [
        ("b1_base", "b2_base", "SignatureDoesNotMatch"),
        ("q-key-time=17", "q-key-time=18", "SignatureDoesNotMatch"),
        ("q-signature=", "q-signature=0", "SignatureDoesNotMatch"),
        (
            "q-header-list=host",
            "q-header-list=",
            "SignatureDoesNotMatch",
        ),
        ("q-ak=AKID", "q-ak=AKIE", "InvalidAccessKeyId"),
        ("q-signature=", "q-sig=", "Access Denied."),
    ] {
        let bent = link.replace(from, to);
        let answer = error(client.follow(&bent, &[]).await).await;
        assert_eq!(answer, (403, "AccessDenied".to_owned(), code.to_owned()));
    }
    let head = client.ask(Method::HEAD, &link, &[]).await;
    assert_eq!(head.status(), 403);
    cloud.set(|switches| switches.cos.head_allowed = true);
    let head = client.ask(Method::HEAD, &link, &[]).await;
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-length"]),
        (200, &"16".parse().unwrap())
    );
    let host = client.follow(&link, &[("host", "example.org")]).await;
    assert_eq!(error(host).await.2, "SignatureDoesNotMatch");
    cloud.set(|switches| switches.cos.signs_host = false);
    let link = client.postgres_link(PG, "BaseBackup", "b1").await;
    let host = client.follow(&link, &[("host", "example.org")]).await;
    assert_eq!(host.status(), 200);
}

#[tokio::test]
async fn links_come_wrapped_and_with_a_token() {
    let (cloud, client) = with(SAMPLE).await;
    cloud.set(|switches| {
        switches.cos.link = LinkForm::Wrapped;
        switches.cos.security_token = true;
    });
    let link = link(&client).await;
    assert!(link.contains("?sign=q-sign-algorithm%3Dsha1%26q-ak%3D"));
    assert!(link.contains("%26q-sign-time%3D"));
    assert!(link.contains("&x-cos-security-token="));
    assert_eq!(
        client.follow(&link, &[]).await.text().await.unwrap(),
        SAMPLE
    );
    let bent = client
        .follow(&link.replace("token=E", "token=F"), &[])
        .await;
    assert_eq!(error(bent).await.2, "InvalidAccessKeyId");
    assert!(
        !cloud
            .traffic()
            .log
            .iter()
            .any(|request| request.query.contains("q-signature"))
    );
}

#[tokio::test]
async fn restricted_links_are_forbidden_from_outside() {
    let (cloud, client) = with(SAMPLE).await;
    let intranet = json!({ "RestrictionType": "INTRANET" });
    let open = link(&client).await;
    let closed = special_link(&client, "BackupDownloadRestriction", intranet).await;
    let answer = error(client.follow(&closed, &[]).await).await;
    assert_eq!(
        answer,
        (403, "AccessDenied".to_owned(), "Access Denied.".to_owned())
    );
    assert_eq!(client.follow(&open, &[]).await.status(), 200);
    cloud.set(|switches| switches.cos.kept_out = KeptOut::Unanswered);
    assert!(client.http.get(&closed).send().await.is_err());
    cloud.set(|switches| switches.cos.kept_out = KeptOut::Denied);
    cloud.set(|switches| switches.caller_in_intranet = true);
    assert_eq!(client.follow(&closed, &[]).await.status(), 200);
    cloud.set(|switches| {
        switches.caller_in_intranet = false;
        switches.postgres.public_download = false;
        switches.mysql.public_download = false;
    });
    assert_eq!(client.follow(&link(&client).await, &[]).await.status(), 403);
    let open = special_link(
        &client,
        "BackupDownloadRestriction",
        json!({ "RestrictionType": "NONE" }),
    );
    assert_eq!(client.follow(&open.await, &[]).await.status(), 200);
    cloud.add_mysql_backup(data(1));
    let list = client
        .cdb("DescribeBackups", json!({ "InstanceId": CDB }))
        .await;
    let link = list.column("Items", "InternetUrl")[0]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(client.follow(&link, &[]).await.status(), 403);
}

#[tokio::test]
async fn an_archived_or_removed_object_cannot_be_read() {
    let (cloud, client) = cloud().await;
    let mut backup = data(1);
    backup.archived = true;
    cloud.add_mysql_backup(backup);
    let list = client
        .cdb("DescribeBackups", json!({ "InstanceId": CDB }))
        .await;
    assert_eq!(list.column("Items", "CosStorageType"), [1]);
    let link = list.column("Items", "InternetUrl")[0]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        error(client.follow(&link, &[]).await).await.1,
        "InvalidObjectState"
    );
    cloud.remove_backup("1");
    let gone = error(client.follow(&link, &[]).await).await;
    assert_eq!((gone.0, gone.1.as_str()), (404, "NoSuchKey"));
}

#[tokio::test]
async fn odd_and_hostile_names_get_working_links() {
    let (cloud, client) = cloud().await;
    let names = [
        "../../etc/passwd",
        "备份 +1%2F&?.xb",
        "..",
        "a\\b",
        "cdb154153_backup_2016-07-06 01:04:54",
    ];
    for (number, name) in names.iter().enumerate() {
        let id = u64::try_from(number).unwrap();
        cloud.add_mysql_backup(MysqlBackupSpec::data(id, CDB, ago(1), file(name, *name)));
    }
    let list = client
        .cdb("DescribeBackups", json!({ "InstanceId": CDB }))
        .await;
    for record in list.response()["Items"].as_array().unwrap() {
        let name = record["Name"].as_str().unwrap();
        let link = record["InternetUrl"].as_str().unwrap();
        assert_eq!(client.follow(link, &[]).await.text().await.unwrap(), name);
        assert_eq!(cloud.traffic().object(name).completed, 1);
    }
}

#[tokio::test]
async fn object_faults_strike_and_ended_links_are_never_issued_again() {
    let (cloud, client) = with(Content::generated(1, 300_000)).await;
    let link = link(&client).await;
    cloud.inject(Fault::object(ObjectFault::ExpireLinkAfter(100_000)).on("b1/base.tar.zst"));
    let mut response = client.follow(&link, &[]).await;
    while let Ok(Some(_)) = soon(response.chunk()).await {}
    let ended = error(client.follow(&link, &[]).await).await;
    assert_eq!(ended.2, "Request has expired");
    let fresh = client.postgres_link(PG, "BaseBackup", "b1").await;
    assert_ne!(fresh, link);
    let rest = client.follow(&fresh, &[("range", "bytes=100000-")]).await;
    assert_eq!(rest.bytes().await.unwrap().len(), 200_000);
    for (code, word) in [
        (503, "SlowDown"),
        (500, "InternalError"),
        (451, "UnavailableForLegalReasons"),
    ] {
        let fault = ObjectFault::Status {
            code,
            retry_after: Some(3),
        };
        cloud.inject(Fault::object(fault));
        let response = client.follow(&fresh, &[]).await;
        assert_eq!(response.headers()["retry-after"], "3");
        let answer = error(response).await;
        assert_eq!((answer.0, answer.1.as_str()), (code, word));
    }
    let gate = cloud.gate("base.tar.zst", 200_000);
    let held = client.follow(&fresh, &[]).await;
    soon(gate.wait_until_held()).await;
    gate.release();
    assert_eq!(held.bytes().await.unwrap().len(), 300_000);
    cloud.change_objects("b1");
    let changed = client.follow(&fresh, &[]).await.bytes().await.unwrap();
    assert_ne!(
        changed,
        Content::generated(1, 300_000).read(0, 300_000).unwrap()
    );
}
