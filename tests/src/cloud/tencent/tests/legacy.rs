use reqwest::Method;

use super::*;

const DATE: &str = "2024-01-15 15:30:00";

/// A backup with two databases, a binlog and a slow log.
async fn stocked() -> (Tencent, Client) {
    let (cloud, client) = cloud().await;
    let backup = data(7)
        .database("test1", &["a", "b"])
        .database("mysql", &["general_log", "slow_log", "user"]);
    cloud.add_mysql_backup(backup);
    cloud.add_mysql_backup(MysqlBackupSpec::binlog(
        CDB,
        ago(2),
        file("binlog.000001", "b"),
    ));
    cloud.add_mysql_backup(MysqlBackupSpec::slow_log(
        CDB,
        ago(2),
        file("slow.log", "s"),
    ));
    (cloud, client)
}

async fn list(client: &Client, kind: &str) -> Answer {
    client
        .legacy(
            "GetCdbExportLogUrl",
            &[("cdbInstanceId", CDB), ("type", kind)],
        )
        .await
}

async fn export(client: &Client, date: &str, tables: &str) -> Answer {
    let own = [
        ("cdbInstanceId", CDB),
        ("date", date),
        ("dbTableList", tables),
    ];
    client.legacy("GetExportBackupUrl", &own).await
}

#[tokio::test]
async fn backups_and_logs_are_listed_in_the_odd_types_of_the_samples() {
    let (cloud, client) = stocked().await;
    let answer = list(&client, "coldbackup").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["code"], "0");
    assert_eq!(answer.json["codeDesc"], "Success");
    let record = answer.json["data"][0].clone();
    assert_eq!(record["file_name"], "shop_7.xb");
    assert_eq!(record["size"], "10");
    assert_eq!(record["date"], DATE);
    assert_eq!(record["type"], "xtrabackup");
    assert!(record.get("out_url").is_none());
    let link = record["in_url"].as_str().unwrap();
    let start = format!("{}/", cloud.dl_url());
    assert!(link.starts_with(&start), "{link}");
    assert!(link.contains("?appid=1251004065&time=1705307400&sign="));
    assert!(answer.text.contains(r"http:\/\/127.0.0.1"));
    for (kind, name, word) in [
        ("binlog", "binlog.000001", "binlog"),
        ("slowlog_day", "slow.log", "slowlog"),
    ] {
        let record = list(&client, kind).await.json["data"][0].clone();
        assert_eq!(record["file_name"], name);
        assert_eq!(record["type"], word);
    }
    cloud.set(|switches| {
        switches.legacy.code = CodeForm::Number;
        switches.legacy.numbers = NumberForm::Number;
        switches.legacy.out_url = true;
    });
    let answer = list(&client, "coldbackup").await;
    assert_eq!(answer.json["code"], 0);
    assert_eq!(answer.json["data"][0]["size"], 10);
    assert_eq!(answer.json["data"][0]["out_url"], link);
    cloud.set_status("7", BackupStatus::Running);
    assert_eq!(list(&client, "coldbackup").await.json["data"], json!([]));
}

#[tokio::test]
async fn names_are_encoded_as_switched() {
    let (cloud, client) = cloud().await;
    cloud.add_mysql_backup(MysqlBackupSpec::data(
        1,
        CDB,
        ago(1),
        file("测试2_backup", "x"),
    ));
    let record = list(&client, "coldbackup").await.json["data"][0].clone();
    assert_eq!(record["file_name"], "%E6%B5%8B%E8%AF%952_backup");
    cloud.set(|switches| switches.legacy.encoded_names = false);
    let record = list(&client, "coldbackup").await.json["data"][0].clone();
    assert_eq!(record["file_name"], "测试2_backup");
}

#[tokio::test]
async fn post_reads_the_body_and_ignores_the_query() {
    let (_cloud, client) = stocked().await;
    let own = [("cdbInstanceId", CDB), ("type", "coldbackup")];
    let pairs = client.legacy_pairs("GetCdbExportLogUrl", &own);
    let answer = client.send_legacy(&Method::POST, pairs).await;
    assert_eq!(
        answer.json["data"].as_array().unwrap().len(),
        1,
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn credentials_clock_and_nonce_are_checked() {
    let (cloud, mut client) = stocked().await;
    let own = [("cdbInstanceId", CDB), ("type", "binlog")];
    let set = |pairs: &mut Vec<(String, String)>, name: &str, value: String| {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), value));
    };
    let pairs = client.legacy_pairs("GetCdbExportLogUrl", &own);
    for code in ["0", "4500"] {
        let answer = client.send_legacy(&Method::GET, pairs.clone()).await;
        assert_eq!(answer.json["code"], code, "{}", answer.text);
    }
    for (name, value, code) in [
        ("Timestamp", (now().timestamp() - 300).to_string(), "0"),
        ("Timestamp", (now().timestamp() - 301).to_string(), "4500"),
        ("Timestamp", "soon".to_owned(), "4000"),
        ("Nonce", "-1".to_owned(), "4000"),
        ("SecretId", "AKIDOTHER".to_owned(), "4104"),
        ("Action", "GetBackups".to_owned(), "6100"),
        ("Region", "ap-guangzhou".to_owned(), "0"),
        ("Region", "sh".to_owned(), "9572"),
        ("Region", "mars".to_owned(), "4000"),
        ("SignatureMethod", "HmacSHA256".to_owned(), "4100"),
        ("SignatureMethod", "HmacSHA1".to_owned(), "0"),
        ("limit", "1".to_owned(), "4000"),
    ] {
        let mut pairs = client.legacy_pairs("GetCdbExportLogUrl", &own);
        set(&mut pairs, name, value);
        let answer = client.send_legacy(&Method::GET, pairs).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (200, &json!(code)),
            "{name}"
        );
    }
    cloud.set(|switches| switches.legacy.skew = Duration::from_secs(7200));
    let mut pairs = client.legacy_pairs("GetCdbExportLogUrl", &own);
    set(
        &mut pairs,
        "Timestamp",
        (now().timestamp() - 7200).to_string(),
    );
    let answer = client.send_legacy(&Method::GET, pairs).await;
    assert_eq!(answer.json["code"], "0");
    client.secret_key.push('x');
    assert_eq!(list(&client, "binlog").await.json["code"], "4100");
}

#[tokio::test]
async fn business_errors_are_found_in_either_place() {
    let (cloud, client) = stocked().await;
    let wrong = list(&client, "errlog_day").await;
    assert_eq!(wrong.json["code"], "9003");
    cloud.set(|switches| switches.legacy.business_errors = BusinessErrors::InMessage);
    let wrong = list(&client, "errlog_day").await;
    assert_eq!(wrong.json["code"], "5100");
    assert!(
        wrong.json["message"]
            .as_str()
            .unwrap()
            .starts_with("(9003)")
    );
    cloud.set(|switches| switches.legacy.business_errors = BusinessErrors::InCode);
    cloud.set_instance_status(CDB, InstanceStatus::Creating);
    assert_eq!(list(&client, "binlog").await.json["code"], "9576");
    cloud.set_instance_status(CDB, InstanceStatus::Isolated);
    assert_eq!(list(&client, "binlog").await.json["code"], "9593");
    cloud.remove_instance(CDB);
    assert_eq!(list(&client, "binlog").await.json["code"], "9572");
}

#[tokio::test]
async fn running_primaries_are_listed_unless_told_otherwise() {
    let (cloud, client) = cloud().await;
    let mut isolated = InstanceSpec::new("cdb-iso", "old", "5.6");
    isolated.status = InstanceStatus::Isolated;
    cloud.add_mysql(isolated);
    let replica = InstanceSpec::new("cdbro-1", "replica", "8.0");
    cloud.add_mysql(replica.following(InstanceRole::ReadOnly, CDB));
    let ids = |answer: &Answer| {
        let records = answer.json["cdbInstanceSet"].as_array().unwrap().iter();
        let ids = records.map(|record| record["uInstanceId"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let answer = client.legacy("DescribeCdbInstances", &[]).await;
    assert_eq!(ids(&answer), [CDB]);
    assert_eq!(answer.json["code"], 0);
    assert_eq!(answer.json["totalCount"], "1");
    let record = &answer.json["cdbInstanceSet"][0];
    assert_eq!(record["roInfo"][0]["uInstanceId"], "cdbro-1");
    assert_eq!(record["roInfo"][0]["region"], "gz");
    assert_eq!(record["masterInfo"], serde_json::Value::Null);
    let both = [("status.0", "1"), ("status.1", "5")];
    let answer = client.legacy("DescribeCdbInstances", &both).await;
    assert_eq!(ids(&answer), [CDB, "cdb-iso"]);
    let second = [
        ("status.0", "1"),
        ("status.1", "5"),
        ("offset", "1"),
        ("limit", "1"),
    ];
    let answer = client.legacy("DescribeCdbInstances", &second).await;
    assert_eq!(ids(&answer), ["cdb-iso"]);
    assert_eq!(answer.json["totalCount"], "2");
    let one = [("cdbInstanceIds.0", "cdb-x"), ("cdbInstanceIds.1", CDB)];
    assert_eq!(
        ids(&client.legacy("DescribeCdbInstances", &one).await),
        [CDB]
    );
    let many = client
        .legacy("DescribeCdbInstances", &[("limit", "101")])
        .await;
    assert_eq!(many.json["code"], "9003");
}

#[tokio::test]
async fn tables_of_a_backup_are_listed_and_exported() {
    let (cloud, client) = stocked().await;
    let own = [("cdbInstanceId", CDB), ("date", DATE)];
    let tables = client.legacy("GetBackupDatabaseTableList", &own).await;
    assert_eq!(
        tables.json["data"],
        json!([
            { "dbname": "test1", "tableList": ["a", "b"] },
            { "dbname": "mysql", "tableList": ["general_log", "slow_log", "user"] },
        ])
    );
    let list = r#"[{"dbname":"test1","tableList":[]},{"dbname":"mysql","tableList":["general_log","slow_log"]}]"#;
    let record = export(&client, DATE, list).await.json["data"][0].clone();
    assert_eq!(record["file_name"], "shop_7.xb");
    let link = record["in_url"].as_str().unwrap();
    assert!(link.ends_with("&dbtbcode=272"), "{link}");
    let text = client.follow(&client.sign_link(link, false), &[]).await;
    let text = text.text().await.unwrap();
    assert_eq!(record["size"], text.len().to_string());
    for (table, there) in [
        ("test1.b", true),
        ("mysql.slow_log", true),
        ("mysql.user", false),
    ] {
        assert_eq!(text.contains(table), there, "{table}");
    }
    let whole = link.replace("&dbtbcode=272", "");
    let refused = client.follow(&client.sign_link(&whole, false), &[]).await;
    assert_eq!(refused.status(), 403);
    let same = export(&client, DATE, list).await.json["data"][0].clone();
    assert_eq!(same["in_url"], record["in_url"]);
    let other = export(&client, DATE, r#"[{"dbname":"test1","tableList":["a"]}]"#).await;
    assert!(
        other.json["data"][0]["in_url"]
            .as_str()
            .unwrap()
            .ends_with("=273")
    );
    cloud.remove_backup("7");
    let gone = client.follow(&client.sign_link(link, false), &[]).await;
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn bad_exports_are_refused() {
    let (_cloud, client) = stocked().await;
    for (date, list, code) in [
        (
            "2016-07-06 01:04:54",
            r#"[{"dbname":"test1","tableList":[]}]"#,
            "9003",
        ),
        (DATE, r#"[{"dbname":"test2","tableList":[]}]"#, "9003"),
        (DATE, r#"[{"dbname":"test1","tableList":["z"]}]"#, "9003"),
        (DATE, "[]", "9003"),
        (DATE, "test1", "9003"),
        (DATE, "", "4000"),
    ] {
        assert_eq!(
            export(&client, date, list).await.json["code"],
            code,
            "{list}"
        );
    }
}
