//! The emulation as a client sees it, over loopback.

mod api_fault;
mod authentication;
mod control;
mod download;
mod listing;
mod object_fault;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::testing::Client;
use super::*;
use crate::cloud::content::Content;
use crate::cloud::object::ObjectSpec;

/// The present time of every test.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap()
}

const INSTANCE: &str = "a48e43ff268f4c0e879652d65e63d0fbin03";

/// A cloud whose clock stands still, with one instance.
async fn cloud() -> Huawei {
    let cloud = Huawei::start(Settings::default()).await.unwrap();
    cloud.clock().freeze(now());
    cloud.add_instance(InstanceSpec::new(
        INSTANCE,
        "orders",
        Engine::PostgreSql,
        "16",
    ));
    cloud
}

/// The same with one backup `b1` of one file `base.tar`.
async fn cloud_with(content: impl Into<Content>) -> (Huawei, Client) {
    let cloud = cloud().await;
    add(&cloud, "b1", BackupType::Auto, 0, "base.tar", content);
    let client = Client::new(&cloud);
    (cloud, client)
}

fn add(
    cloud: &Huawei,
    id: &str,
    kind: BackupType,
    age_hours: i64,
    file: &str,
    content: impl Into<Content>,
) {
    let begin = now() - TimeDelta::hours(age_hours + 1);
    cloud.add_backup(
        BackupSpec::new(id, INSTANCE, kind, begin).file(ObjectSpec::new(file, content)),
    );
}

/// What must happen soon does; a limit for tests that would hang otherwise.
async fn soon<F: Future>(event: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), event)
        .await
        .expect("it never happened")
}
