//! Large files over several connections.

use std::cell::Cell;

use backhaul_tests::cloud::content::Content;
use backhaul_tests::cloud::huawei::{BackupSpec, BackupType, Engine, InstanceSpec};
use backhaul_tests::cloud::object::ObjectSpec;
use backhaul_tests::cloud::{Fault, ObjectFault};
use backhaul_tests::harness::{LIMIT, Site, assert_sound};

const INSTANCE: &str = "a48e43ff268f4c0e879652d65e63d0fbin01";
const BACKUP: &str = "c0c9f155c7b7423a9d30f0175998b63bbr01";
const BYTES: u64 = 48 << 20;
const JOB: &str = r#"
[[job]]
name = "big"
account = "demo"
service = "rds"
directory = "mirror"
"#;

fn site() -> (Site, Content) {
    let site = Site::new();
    let content = Content::generated(7, BYTES);
    site.cloud
        .add_instance(InstanceSpec::new(INSTANCE, "big", Engine::MySql, "8.0"));
    let begin = site.cloud.clock().now() - chrono::TimeDelta::hours(2);
    site.cloud.add_backup(
        BackupSpec::new(BACKUP, INSTANCE, BackupType::Auto, begin)
            .file(ObjectSpec::new("big.bin", content.clone())),
    );
    site.configure(JOB);
    (site, content)
}

fn assert_mirrored(site: &Site, content: &Content) {
    let backups = site.mirrored("mirror");
    assert_eq!(backups.len(), 1);
    let manifest = assert_sound(&backups[0]);
    assert_eq!(
        manifest["files"][0]["sha256"],
        content.sha256_hex().unwrap()
    );
}

#[test]
fn a_large_file_comes_over_several_connections() {
    let (site, content) = site();
    let _ = site.backhaul(["sync"]).expect(0);
    assert_mirrored(&site, &content);
    let object = site.cloud.traffic().object("big.bin");
    assert!(
        object.ranges.iter().flatten().count() >= 5,
        "{:?}",
        object.ranges
    );
    assert!(site.cloud.traffic().peak_downloads >= 2);
}

#[test]
fn one_connection_when_the_configuration_says_so() {
    let (site, content) = site();
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    site.write_config(&text.replace("[daemon]\n", "[daemon]\nconnections_per_file = 1\n"));
    let _ = site.backhaul(["sync"]).expect(0);
    assert_mirrored(&site, &content);
    assert_eq!(site.cloud.traffic().object("big.bin").ranges, [None]);
}

#[test]
fn a_broken_connection_costs_only_its_chunks() {
    let (site, content) = site();
    site.cloud.inject(
        Fault::object(ObjectFault::ResetAfter(3 << 20))
            .on("big.bin")
            .skipping(2)
            .times(2),
    );
    let _ = site.backhaul(["sync"]).expect(0);
    assert_mirrored(&site, &content);
    let sent = site.cloud.traffic().object("big.bin").bytes_sent;
    assert!(sent < BYTES + (80 << 20), "{sent}");
}

#[test]
fn a_link_that_expires_is_renewed_and_the_file_goes_on() {
    let (site, content) = site();
    site.cloud.inject(
        Fault::object(ObjectFault::ExpireLinkAfter(1 << 20))
            .on("big.bin")
            .skipping(2),
    );
    let _ = site.backhaul(["sync"]).expect(0);
    assert_mirrored(&site, &content);
}

#[test]
fn a_server_that_ignores_ranges_gets_one_connection() {
    let (site, content) = site();
    site.cloud.inject(
        Fault::object(ObjectFault::RangesIgnored)
            .on("big.bin")
            .always(),
    );
    let _ = site.backhaul(["sync"]).expect(0);
    assert_mirrored(&site, &content);
}

#[test]
fn a_killed_transfer_goes_on_from_where_it_was_whole() {
    let (site, content) = site();
    let gate = site.cloud.gate("big.bin", 40 << 20);
    let mut daemon = site.daemon();
    let mut events = daemon.events();
    let mut sync = site
        .command(["sync"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    site.cloud
        .wait(LIMIT, gate.wait_until_held())
        .expect("held");
    // One connection is held; the others bring all that is before it.
    let received = Cell::new(0);
    events.wait_for("received", |event| {
        received.set(received.get() + event["bytes"].as_u64().unwrap());
        received.get() >= 39 << 20
    });
    daemon.kill();
    let _ = sync.wait();
    gate.release();
    site.cloud.reset_traffic();
    daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    assert_mirrored(&site, &content);
    let again = site.cloud.traffic().object("big.bin");
    assert!(again.bytes_sent < BYTES, "{again:?}");
    assert!(
        again.ranges.iter().all(Option::is_some),
        "{:?}",
        again.ranges
    );
    drop(daemon);
}
