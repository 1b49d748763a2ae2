//! The emulation as a client sees it, over loopback.

mod admission;
mod api_fault;
mod download;
mod listing;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::testing::Client;
use super::*;
use crate::cloud::content::Content;
use crate::cloud::object::ObjectSpec;

const INSTANCE: &str = "5ac7c945-ae47-4bbf-82e6-2823d64b57c5";

/// The present time of every test.
fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap()
}

/// A cloud whose clock stands still, with one instance of MySQL.
async fn cloud() -> (CapitalOnline, Client) {
    let cloud = CapitalOnline::start(Settings::default()).await.unwrap();
    cloud.clock().freeze(now());
    cloud.add_instance(Product::MySql, InstanceSpec::new(INSTANCE, "orders", "8.0"));
    let client = Client::new(&cloud);
    (cloud, client)
}

fn backup(id: &str, age_hours: i64, content: impl Into<Content>) -> BackupSpec {
    let start = now() - TimeDelta::hours(age_hours + 1);
    BackupSpec::new(id, INSTANCE, start, ObjectSpec::new("orders.xb", content))
}

/// The same with one backup `b1`.
async fn cloud_with(content: impl Into<Content>) -> (CapitalOnline, Client) {
    let (cloud, client) = cloud().await;
    cloud.add_backup(backup("b1", 0, content));
    (cloud, client)
}
