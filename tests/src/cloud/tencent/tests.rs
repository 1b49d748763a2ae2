//! The emulation as a client sees it, over loopback.

mod api_fault;
mod authentication;
mod dl;
mod download;
mod legacy;
mod mysql;
mod postgres;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::json;

use super::testing::{Answer, Client};
use super::*;
use crate::cloud::content::Content;
use crate::cloud::object::ObjectSpec;

/// The present time of every test; in UTC+8 it is 16:30.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap()
}

const PG: &str = "postgres-9n26zs6n";
const CDB: &str = "cdb-c1nl9rpv";

/// A cloud whose clock stands still, with one instance of each product.
async fn cloud() -> (Tencent, Client) {
    let cloud = Tencent::start(Settings::default()).await.unwrap();
    cloud.clock().freeze(now());
    cloud.add_postgres(InstanceSpec::new(PG, "orders", "16.2"));
    cloud.add_mysql(InstanceSpec::new(CDB, "shop", "8.0"));
    let client = Client::new(&cloud);
    (cloud, client)
}

/// So many hours ago, to the second.
fn ago(hours: i64) -> DateTime<Utc> {
    now() - TimeDelta::hours(hours)
}

fn file(name: &str, content: impl Into<Content>) -> ObjectSpec {
    ObjectSpec::new(name, content)
}

/// A base backup that began an hour ago.
fn base(id: &str) -> PgBackupSpec {
    PgBackupSpec::base(id, PG, ago(1), file("base.tar.zst", "0123456789"))
}

/// A backup of the data that began an hour ago.
fn data(id: u64) -> MysqlBackupSpec {
    let name = format!("shop_{id}.xb");
    MysqlBackupSpec::data(id, CDB, ago(1), file(&name, "0123456789"))
}

/// What must happen soon does; a limit for tests that would hang otherwise.
async fn soon<F: Future>(event: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), event)
        .await
        .expect("it never happened")
}

#[test]
fn the_emulation_serves_tests_that_are_not_asynchronous() {
    let cloud = TencentServer::start().unwrap();
    let gate = cloud.gate_all(3);
    assert!(
        cloud
            .wait(Duration::from_millis(1), gate.wait_until_held())
            .is_err()
    );
    let account = cloud.example_account("a");
    for url in [cloud.api_url(), cloud.legacy_url()] {
        assert!(account.contains(url));
    }
}

#[tokio::test]
async fn an_instance_goes_with_its_backups() {
    let (cloud, client) = cloud().await;
    cloud.add_postgres_backup(base("b1"));
    cloud.add_mysql_backup(data(1));
    cloud.remove_instance(PG);
    cloud.remove_instance(CDB);
    let answer = client.postgres("DescribeBaseBackups", json!({})).await;
    assert_eq!(answer.response()["TotalCount"], 0);
    let answer = client
        .cdb("DescribeBackups", json!({ "InstanceId": CDB }))
        .await;
    assert_eq!(answer.code(), "InvalidParameter.InstanceNotFound");
}
