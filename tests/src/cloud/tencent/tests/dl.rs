use super::*;
use crate::cloud::fault::{Fault, ObjectFault};

/// A cloud with one backup, and a link of API 2.0 to it.
async fn linked() -> (Tencent, Client, String) {
    let (cloud, client) = cloud().await;
    cloud.add_mysql_backup(data(7));
    let link = link(&client).await;
    (cloud, client, link)
}

async fn link(client: &Client) -> String {
    let own = [("cdbInstanceId", CDB), ("type", "coldbackup")];
    let answer = client.legacy("GetCdbExportLogUrl", &own).await;
    let link = answer.json["data"][0]["in_url"].as_str();
    link.unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

async fn status(client: &Client, link: &str) -> u16 {
    let response = client.follow(link, &[]).await;
    let status = response.status().as_u16();
    // Read to its end, for the counts to be final.
    response.bytes().await.unwrap();
    status
}

#[tokio::test]
async fn a_link_works_with_a_second_signature_of_either_reading() {
    let (cloud, client, link) = linked().await;
    assert_eq!(status(&client, &link).await, 403);
    let decoded = client.sign_link(&link, false);
    let encoded = client.sign_link(&link, true);
    let response = client.follow(&decoded, &[]).await;
    assert_eq!(response.text().await.unwrap(), "0123456789");
    assert_eq!(status(&client, &encoded).await, 200);
    let counts = cloud.second_signatures();
    assert_eq!((counts.decoded, counts.encoded, counts.absent), (1, 1, 0));
    for (accepted, by_decoded, by_encoded, without) in [
        (SecondSignature::Decoded, 200, 403, 403),
        (SecondSignature::Encoded, 403, 200, 403),
        (SecondSignature::NotNeeded, 200, 200, 200),
    ] {
        cloud.set(|switches| switches.dl.second_signature = accepted);
        assert_eq!(status(&client, &decoded).await, by_decoded);
        assert_eq!(status(&client, &encoded).await, by_encoded);
        assert_eq!(status(&client, &link).await, without);
    }
    assert_eq!(cloud.second_signatures().absent, 1);
    assert_eq!(cloud.traffic().object("7/shop_7.xb").completed, 7);
    let logged = cloud.traffic();
    let last = &logged.log.back().unwrap().query;
    assert!(last.contains("sign=-") && !last.contains("%3D"), "{last}");
}

#[tokio::test]
async fn a_foreign_or_bent_signature_is_refused() {
    let (_cloud, mut client, link) = linked().await;
    for (from, to) in [
        ("time=17", "time=18"),
        ("appid=1", "appid=2"),
        ("sign=", "sign=A"),
    ] {
        let bent = client.sign_link(&link.replace(from, to), false);
        assert_eq!(status(&client, &bent).await, 403, "{to}");
    }
    let partial = client.sign_link(&format!("{link}&dbtbcode=272"), false);
    assert_eq!(status(&client, &partial).await, 403);
    client.secret_key.push('x');
    assert_eq!(status(&client, &client.sign_link(&link, false)).await, 403);
    client.secret_id = "AKIDOTHER".to_owned();
    assert_eq!(status(&client, &client.sign_link(&link, false)).await, 403);
}

#[tokio::test]
async fn a_link_ends_after_twelve_hours_whatever_its_time_means() {
    let (cloud, client, issued) = linked().await;
    cloud.set(|switches| switches.dl.time = LinkTime::Expiry);
    let expiring = link(&client).await;
    let end = now().timestamp() + 12 * 3600;
    assert!(expiring.contains(&format!("time={end}&")));
    for (time, link) in [(LinkTime::Issue, issued), (LinkTime::Expiry, expiring)] {
        cloud.clock().freeze(now());
        cloud.set(|switches| {
            switches.dl.time = time;
            switches.dl.expired_status = 404;
        });
        let link = client.sign_link(&link, false);
        cloud.clock().advance(Duration::from_secs(12 * 3600 - 1));
        assert_eq!(status(&client, &link).await, 200);
        cloud.clock().advance(Duration::from_secs(1));
        assert_eq!(status(&client, &link).await, 404);
    }
}

#[tokio::test]
async fn ranges_and_faults_work_here_too() {
    let (cloud, client, link) = linked().await;
    let signed = client.sign_link(&link, false);
    let range = [("range", "bytes=5-")];
    let part = client.follow(&signed, &range).await;
    assert_eq!(part.headers()["content-range"], "bytes 5-9/10");
    assert_eq!(part.text().await.unwrap(), "56789");
    cloud.set(|switches| switches.dl.ranges = false);
    assert_eq!(client.follow(&signed, &range).await.status(), 200);
    cloud.inject(Fault::object(ObjectFault::ExpireLinkAfter(3)));
    let mut response = client.follow(&signed, &[]).await;
    while let Ok(Some(_)) = soon(response.chunk()).await {}
    assert_eq!(status(&client, &signed).await, 403);
    let own = [("cdbInstanceId", CDB), ("type", "coldbackup")];
    let fresh = client.legacy("GetCdbExportLogUrl", &own).await;
    let fresh = fresh.json["data"][0]["in_url"].as_str().unwrap().to_owned();
    assert_ne!(fresh, link);
    assert_eq!(status(&client, &client.sign_link(&fresh, false)).await, 200);
}
