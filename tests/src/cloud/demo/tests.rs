use chrono::TimeZone;

use super::*;
use crate::cloud::huawei::Settings;
use crate::cloud::huawei::testing::Client;

async fn cloud() -> Huawei {
    let cloud = Huawei::start(Settings::default()).await.unwrap();
    let now = Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap();
    cloud.clock().freeze(now);
    cloud
}

#[tokio::test]
async fn the_fixtures_are_served_with_recent_times() {
    let cloud = cloud().await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    populate(&cloud, &fixtures).unwrap();
    let client = Client::new(&cloud);
    let instances = client.rds("instances", "").await;
    assert_eq!(instances.json["total_count"], 2);
    for (instance, kind) in [(ORDERS_ID, "auto"), (SHOP_ID, "incremental")] {
        let query = format!("backup_type={kind}&instance_id={instance}");
        let listed = client.rds("backups", &query).await;
        let newest = &listed.json["backups"][0];
        let begin = newest["begin_time"].as_str().unwrap();
        assert!(begin.starts_with("2024-01-1"), "{begin}");
        let id = newest["id"].as_str().unwrap();
        let file = &client.files(id).await[0];
        let body = client.download(file).await.bytes().await.unwrap();
        assert_eq!(
            body.len().div_ceil(1024) as u64,
            file["size"].as_u64().unwrap()
        );
    }
}

#[tokio::test]
async fn without_fixtures_there_is_generated_content() {
    let cloud = cloud().await;
    let empty = tempfile::tempdir().unwrap();
    populate(&cloud, empty.path()).unwrap();
    let client = Client::new(&cloud);
    let query = format!("backup_type=auto&instance_id={SHOP_ID}");
    let listed = client.rds("backups", &query).await;
    assert_eq!(listed.json["total_count"], 1);
}

#[tokio::test]
async fn a_directory_is_served_as_backups() {
    let cloud = cloud().await;
    let directory = tempfile::tempdir().unwrap();
    for name in ["b.tar", "a.tar"] {
        std::fs::write(directory.path().join(name), name).unwrap();
    }
    serve_directory(&cloud, directory.path()).unwrap();
    let client = Client::new(&cloud);
    let query = format!("instance_id={ORDERS_ID}");
    let listed = client.rds("backups", &query).await;
    let newest = listed.json["backups"][0]["id"].as_str().unwrap();
    assert_eq!(client.files(newest).await[0]["name"], "b.tar");
}

#[tokio::test]
async fn a_manifest_cannot_reach_outside_its_directory() {
    let cloud = cloud().await;
    let directory = tempfile::tempdir().unwrap();
    let manifest = r#"[{"instance": "orders", "engine": "PostgreSQL", "version": "16",
        "backup_id": "b1", "type": "auto", "files": [{"path": "../secret", "name": "x"}],
        "begin_offset_minutes": -2, "end_offset_minutes": -1}]"#;
    std::fs::write(directory.path().join("manifest.json"), manifest).unwrap();
    let error = populate(&cloud, directory.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "backup b1: files.path \"../secret\" is not understood"
    );
}
