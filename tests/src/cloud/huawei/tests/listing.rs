use serde_json::Value;

use super::*;
use crate::cloud::huawei::testing::Answer;

fn ids(answer: &Answer, list: &str) -> Vec<String> {
    answer.json[list]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .iter()
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn backups(client: &Client, query: &str) -> Answer {
    client
        .rds("backups", &format!("{query}instance_id={INSTANCE}"))
        .await
}

#[tokio::test]
async fn instances_are_filtered_as_documented() {
    let cloud = cloud().await;
    cloud.add_instance(InstanceSpec::new("i2", "orders-copy", Engine::MySql, "8.0"));
    let client = Client::new(&cloud);
    for (query, expected) in [
        ("", vec![INSTANCE, "i2"]),
        ("name=orders", vec![INSTANCE]),
        ("name=%2Aorders", vec![INSTANCE, "i2"]),
        ("id=i2", vec!["i2"]),
        ("datastore_type=MySQL", vec!["i2"]),
        ("type=Ha", vec![]),
        ("limit=1&offset=1", vec!["i2"]),
    ] {
        assert_eq!(
            ids(&client.rds("instances", query).await, "instances"),
            expected
        );
    }
    for query in [
        "name=%2A",
        "datastore_type=mysql",
        "limit=0",
        "limit=101",
        "offset=-1",
        "x=1",
    ] {
        assert_eq!(
            client.rds("instances", query).await.error(),
            (400, "DBS.280001"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_instance_has_the_documented_fields() {
    let client = Client::new(&cloud().await);
    let answer = client.rds("instances", "").await;
    let instance = &answer.json["instances"][0];
    assert_eq!(instance["datastore"]["type"], "PostgreSQL");
    assert_eq!(instance["datastore"]["complete_version"], "16.1");
    assert_eq!(instance["port"], 5432);
    assert_eq!(instance["cpu"], "2");
    assert_eq!(instance["created"], "2023-01-01T08:00:00+0800");
}

#[tokio::test]
async fn backups_come_in_pages_newest_first() {
    let cloud = cloud().await;
    for (id, age) in [("b3", 1), ("b1", 3), ("b4", 0), ("b2", 2)] {
        add(&cloud, id, BackupType::Auto, age, "f", "x");
    }
    let client = Client::new(&cloud);
    let first = client
        .rds(
            "backups",
            &format!("instance_id={INSTANCE}&limit=3&offset=0"),
        )
        .await;
    assert_eq!(ids(&first, "backups"), ["b4", "b3", "b2"]);
    assert_eq!(first.json["total_count"], 4);
    let second = client
        .rds(
            "backups",
            &format!("instance_id={INSTANCE}&limit=3&offset=3"),
        )
        .await;
    assert_eq!(ids(&second, "backups"), ["b1"]);
    cloud.set(|switches| {
        switches.order = Order::OldestFirst;
        switches.page_cap = Some(2);
    });
    assert_eq!(ids(&backups(&client, "").await, "backups"), ["b1", "b2"]);
}

#[tokio::test]
async fn backups_are_filtered_by_type_id_and_window() {
    let cloud = cloud().await;
    add(&cloud, "auto", BackupType::Auto, 0, "f", "x");
    add(&cloud, "manual", BackupType::Manual, 10, "f", "x");
    add(&cloud, "log", BackupType::Incremental, 5, "f", "x");
    let client = Client::new(&cloud);
    let window =
        "begin_time=2024-01-15T10%3A00%3A00%2B0800&end_time=2024-01-15T11%3A00%3A00%2B0800&";
    for (query, expected) in [
        ("", vec!["auto", "manual"]),
        ("backup_type=incremental&", vec!["log"]),
        ("backup_id=manual&", vec!["manual"]),
        (&format!("backup_type=incremental&{window}"), vec!["log"]),
        (window, vec![]),
    ] {
        assert_eq!(
            ids(&backups(&client, query).await, "backups"),
            expected,
            "{query}"
        );
    }
    cloud.set(|switches| switches.untyped_listing = UntypedListing::All);
    assert_eq!(
        ids(&backups(&client, "").await, "backups"),
        ["auto", "log", "manual"]
    );
}

#[tokio::test]
async fn bad_queries_for_backups_are_refused() {
    let client = Client::new(&cloud().await);
    for (query, error) in [
        ("", (400, "DBS.280001")),
        ("instance_id=nonsense", (400, "DBS.280404")),
        (
            "instance_id=b48e43ff268f4c0e879652d65e63d0fbin03",
            (404, "DBS.201028"),
        ),
    ] {
        assert_eq!(client.rds("backups", query).await.error(), error);
    }
    let begin = "begin_time=2024-01-15T10%3A00%3A00%2B0800&";
    let reversed = format!("{begin}end_time=2024-01-15T09%3A00%3A00%2B0800&");
    assert_eq!(backups(&client, begin).await.error(), (400, "DBS.280001"));
    assert_eq!(
        backups(&client, &reversed).await.error(),
        (400, "DBS.280216")
    );
    // Sent with a bare plus, the offset turns into a blank, which no signature of ours covers; so the
    // emulation is asked for the encoded blank itself.
    let blank =
        "begin_time=2024-01-15T10%3A00%3A00%200800&end_time=2024-01-15T11%3A00%3A00%200800&";
    assert_eq!(backups(&client, blank).await.error(), (400, "DBS.280001"));
}

#[tokio::test]
async fn a_backup_has_the_documented_fields_in_the_chosen_offset() {
    let (cloud, client) = cloud_with(Content::generated(1, 5000)).await;
    let answer = backups(&client, "").await;
    let backup = &answer.json["backups"][0];
    assert_eq!(backup["size"], 5);
    assert_eq!(backup["status"], "COMPLETED");
    assert_eq!(backup["begin_time"], "2024-01-15T15:30:00+0800");
    assert_eq!(backup["end_time"], "2024-01-15T15:32:00+0800");
    assert_eq!(backup.get("databases"), None);
    cloud.set(|switches| switches.utc_offset_hours = 0);
    let answer = backups(&client, "").await;
    assert_eq!(
        answer.json["backups"][0]["begin_time"],
        "2024-01-15T07:30:00+0000"
    );
}

#[tokio::test]
async fn files_of_single_databases_name_them() {
    let cloud = cloud().await;
    let mut backup = BackupSpec::new("b1", INSTANCE, BackupType::Manual, now());
    for database in ["sales", "stock"] {
        let mut file = ObjectSpec::new(format!("{database}.bak"), "x");
        file.database_name = Some(database.to_owned());
        file.size_kb_override = Some(2803);
        backup = backup.file(file);
    }
    cloud.add_backup(backup);
    let client = Client::new(&cloud);
    let files = client.files("b1").await;
    assert_eq!(files[1]["database_name"], "stock");
    assert_eq!(files[1]["size"], 2803);
    let answer = backups(&client, "").await;
    assert_eq!(answer.json["backups"][0]["databases"][0]["name"], "sales");
    assert_eq!(answer.json["backups"][0]["size"], 5606);
}

#[tokio::test]
async fn the_absence_of_a_database_takes_three_forms() {
    let (cloud, client) = cloud_with("x").await;
    assert_eq!(client.files("b1").await[0].get("database_name"), None);
    for (form, expected) in [
        (NoDatabase::Null, Value::Null),
        (NoDatabase::Empty, "".into()),
    ] {
        cloud.set(|switches| switches.database_name = form);
        assert_eq!(
            client.files("b1").await[0].get("database_name"),
            Some(&expected)
        );
    }
}

#[tokio::test]
async fn only_completed_backups_have_links() {
    let (cloud, client) = cloud_with("x").await;
    cloud.set_status("b1", BackupStatus::Building);
    let answer = client.rds("backup-files", "backup_id=b1").await;
    assert_eq!(answer.error(), (400, "DBS.201208"));
    assert_eq!(
        backups(&client, "").await.json["backups"][0]["status"],
        "BUILDING"
    );
}

#[tokio::test]
async fn a_missing_backup_is_answered_in_both_documented_ways() {
    let (cloud, client) = cloud_with("x").await;
    cloud.remove_backup("b1");
    let answer = client.rds("backup-files", "backup_id=b1").await;
    assert_eq!(answer.error(), (404, "DBS.201010"));
    cloud.set(|switches| {
        switches.missing_backup = MissingBackup::BadRequest;
        switches.envelope = Envelope::Two;
    });
    let answer = client.rds("backup-files", "backup_id=b1").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json["errCode"], "DBS.280214");
    assert!(answer.json["externalMessage"].is_string());
}

#[tokio::test]
async fn the_backups_of_a_removed_instance_go_with_it() {
    let (cloud, client) = cloud_with("x").await;
    let link = client.link("b1").await;
    cloud.remove_instance(INSTANCE);
    assert_eq!(backups(&client, "").await.error(), (404, "DBS.201028"));
    assert_eq!(client.follow(&link, &[]).await.status(), 404);
}
