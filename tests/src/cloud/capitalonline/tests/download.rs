use std::time::Duration;

use super::*;
use crate::cloud::fault::{Fault, ObjectFault};

const DIGITS: &str = "0123456789";

#[tokio::test]
async fn a_link_leads_to_the_file() {
    let (cloud, client) = cloud_with(DIGITS).await;
    let answer = client.download(INSTANCE, "b1").await;
    assert_eq!(answer.told(), (200, "Success"));
    assert_eq!(answer.json["TaskId"], "");
    let data = &answer.json["Data"];
    assert_eq!(data.get("BackupId"), None, "as in the sample of MySQL");
    assert_eq!(data.get("BackupFinishTime"), None);
    let link = data["BackupDownloadUrl"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/b1/orders.xb?", cloud.files_url())));
    assert!(!link.contains("Expires"));
    let response = client.follow(link, &[]).await;
    assert_eq!(response.headers()["accept-ranges"], "bytes");
    assert!(response.headers().contains_key("etag"));
    assert_eq!(response.text().await.unwrap(), DIGITS);
    let part = client.follow(link, &[("range", "bytes=7-")]).await;
    assert_eq!(
        (part.status().as_u16(), part.text().await.unwrap()),
        (206, "789".into())
    );
    let intranet = data["BackupIntranetDownloadUrl"].as_str().unwrap();
    assert!(intranet.starts_with(cloud.intranet_url()));
    assert_eq!(client.follow(intranet, &[]).await.status(), 200);
    let traffic = cloud.traffic();
    assert_eq!(traffic.object("b1/orders.xb").gets, 3);
    let services: Vec<_> = traffic.log.iter().map(|entry| entry.service).collect();
    assert_eq!(services, ["api", "files", "files", "intranet"]);
}

#[tokio::test]
async fn redis_tells_backup_and_shard() {
    let (cloud, client) = cloud().await;
    cloud.add_instance(Product::Redis, InstanceSpec::new("r1", "cache", "5.0"));
    cloud.add_backup(BackupSpec {
        instance_id: "r1".to_owned(),
        shard: Some("shard-1".to_owned()),
        ..backup("b1", 0, "REDIS0009")
    });
    let own = [("InstanceUuid", "r1"), ("BackupId", "b1")];
    let answer = client.call("redis/", "DownloadBackup", &own).await;
    let data = &answer.json["Data"];
    assert_eq!([&data["BackupId"], &data["ShardId"]], ["b1", "shard-1"]);
    assert_eq!(data["BackupType"], "full-backup");
    assert_eq!(data.get("BackupStrategy"), None);
}

#[tokio::test]
async fn the_fields_of_a_download_are_switched() {
    let (cloud, client) = cloud_with(DIGITS).await;
    for (form, id) in [
        (BackupIdInDownload::Always, "b1"),
        (BackupIdInDownload::Wrong, "not-b1"),
    ] {
        cloud.set(|switches| switches.backup_id_in_download = form);
        assert_eq!(
            client.download(INSTANCE, "b1").await.json["Data"]["BackupId"],
            id
        );
    }
    cloud.set(|switches| {
        switches.public_link = LinkField::Absent;
        switches.intranet_link = LinkField::Empty;
    });
    let data = client.download(INSTANCE, "b1").await.json["Data"].clone();
    assert_eq!(data.get("BackupDownloadUrl"), None);
    assert_eq!(data["BackupIntranetDownloadUrl"], "");
}

#[tokio::test]
async fn a_backup_that_is_missing_or_unfinished_gives_no_link() {
    let (cloud, client) = cloud_with(DIGITS).await;
    cloud.add_instance(Product::MySql, InstanceSpec::new("i2", "other", "8.0"));
    for (instance, id) in [(INSTANCE, "b2"), ("i2", "b1"), ("i3", "b1")] {
        let answer = client.download(instance, id).await;
        assert_eq!(answer.told(), (404, "ResourceNotFound"));
    }
    cloud.set_status("b1", BackupStatus::Running);
    assert_eq!(
        client.download(INSTANCE, "b1").await.told(),
        (409, "ResourceInUse")
    );
    cloud.set_status("b1", BackupStatus::Failed);
    assert_eq!(
        client.download(INSTANCE, "b1").await.json["Data"]["Status"],
        "failed"
    );
}

#[tokio::test]
async fn a_link_ends() {
    let (cloud, client) = cloud_with(DIGITS).await;
    let link = client.link(INSTANCE, "b1").await;
    cloud.clock().advance(Duration::from_secs(899));
    assert_eq!(client.follow(&link, &[]).await.status(), 200);
    cloud.clock().advance(Duration::from_secs(1));
    for status in [403, 401, 404, 410] {
        cloud.set(|switches| switches.expired_link_status = status);
        assert_eq!(client.follow(&link, &[]).await.status(), status);
    }
    cloud.set(|switches| {
        switches.link_life = Duration::from_secs(60);
        switches.link_tells_expiry = true;
    });
    let fresh = client.link(INSTANCE, "b1").await;
    let end = now() + TimeDelta::seconds(960);
    assert!(
        fresh.contains(&format!("?Expires={}&", end.timestamp())),
        "{fresh}"
    );
    assert_eq!(client.follow(&fresh, &[]).await.status(), 200);
}

#[tokio::test]
async fn a_link_is_good_for_one_file_on_one_network() {
    let (cloud, client) = cloud_with(DIGITS).await;
    cloud.add_backup(backup("b2", 1, "x"));
    let link = client.link(INSTANCE, "b1").await;
    for (from, to) in [
        ("/b1/", "/b2/"),
        ("token=", "token=0"),
        ("token=", "other="),
        (cloud.files_url(), cloud.intranet_url()),
    ] {
        let response = client.follow(&link.replace(from, to), &[]).await;
        assert_eq!(response.status(), 403, "{from}");
        assert_eq!(response.headers()["content-type"], "application/xml");
    }
    assert_eq!(
        client
            .follow(&link, &[("authorization", "x")])
            .await
            .status(),
        400
    );
    assert_eq!(
        client
            .follow(&format!("{link}&Signature=x"), &[])
            .await
            .status(),
        400
    );
    assert_eq!(client.http.head(&link).send().await.unwrap().status(), 403);
    cloud.remove_backup("b1");
    assert_eq!(client.follow(&link, &[]).await.status(), 404);
}

#[tokio::test]
async fn files_are_served_as_poorly_as_switched_on() {
    let (cloud, client) = cloud_with(DIGITS).await;
    cloud.set(|switches| {
        switches.no_ranges = true;
        switches.no_entity_tag = true;
        switches.content_disposition = true;
    });
    let link = client.link(INSTANCE, "b1").await;
    let response = client.follow(&link, &[("range", "bytes=5-")]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert!(!headers.contains_key("accept-ranges") && !headers.contains_key("etag"));
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename*=UTF-8''orders.xb"
    );
    assert_eq!(response.text().await.unwrap(), DIGITS);
}

#[tokio::test]
async fn hostile_names_are_served() {
    let (cloud, client) = cloud().await;
    for name in [
        "../../etc/passwd",
        "..",
        "a b+c?d#e%41",
        "备份.xb",
        "line\nbreak",
    ] {
        let mut spec = backup("b1", 0, DIGITS);
        spec.file.name = name.to_owned();
        cloud.add_backup(spec);
        let link = client.link(INSTANCE, "b1").await;
        let response = client.follow(&link, &[]).await;
        assert_eq!(response.text().await.unwrap(), DIGITS, "{name}");
    }
}

#[tokio::test]
async fn the_faults_of_the_store_strike_here_too() {
    let (cloud, client) = cloud_with(DIGITS).await;
    let link = client.link(INSTANCE, "b1").await;
    let fault = ObjectFault::Status {
        code: 503,
        retry_after: Some(4),
    };
    cloud.inject(Fault::object(fault).on("orders.xb"));
    let response = client.follow(&link, &[]).await;
    assert_eq!(response.headers()["retry-after"], "4");
    assert_eq!(response.status(), 503);
    cloud.inject(Fault::object(ObjectFault::XmlErrorWith200));
    let text = client.follow(&link, &[]).await.text().await.unwrap();
    assert!(text.starts_with("<?xml"));
    cloud.inject(Fault::object(ObjectFault::ExpireLinkAfter(5)));
    assert!(client.follow(&link, &[]).await.text().await.is_err());
    assert_eq!(client.follow(&link, &[]).await.status(), 403);
    let fresh = client.link(INSTANCE, "b1").await;
    assert_eq!(
        client
            .follow(&fresh, &[("range", "bytes=99-")])
            .await
            .status(),
        416
    );
    cloud.change_object("b1");
    assert_ne!(
        client
            .follow(&fresh, &[])
            .await
            .text()
            .await
            .unwrap_or_default(),
        DIGITS
    );
    cloud.inject(Fault::object(ObjectFault::HtmlWith200).always());
    cloud.calm();
    assert_eq!(
        client
            .follow(&fresh, &[])
            .await
            .bytes()
            .await
            .unwrap()
            .len(),
        10
    );
}

#[tokio::test]
async fn a_gate_holds_a_download() {
    let (cloud, client) = cloud_with(DIGITS).await;
    let link = client.link(INSTANCE, "b1").await;
    let gate = cloud.gate("orders.xb", 5);
    let download = tokio::spawn(async move { client.follow(&link, &[]).await.text().await });
    gate.wait_until_held().await;
    assert_eq!(cloud.traffic().object("orders.xb").bytes_sent, 5);
    gate.release();
    assert_eq!(download.await.unwrap().unwrap(), DIGITS);
}

#[tokio::test]
async fn the_example_account_holds_no_key() {
    let (cloud, _client) = cloud().await;
    let text = cloud.example_account("cds");
    assert!(text.starts_with("[account.cds]\n"));
    assert!(text.contains(&format!("mysql = \"{}\"", cloud.api_url())));
    assert!(!text.contains(cloud.secret_key()) && !text.contains(cloud.access_key()));
}
