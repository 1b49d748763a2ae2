//! Disks that fill up: a clear failure or a wait, nothing wrong, and on it goes.

use std::fs::remove_file;
use std::process::Stdio;

use backhaul_tests::cloud::{Content, Fault, ObjectFault, ObjectSpec};
use backhaul_tests::harness::{Disk, LIMIT, MemoryDisk, Site, assert_sound, stock};
use serde_json::Value;

const MIB: u64 = 1 << 20;
const JOB: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
directory = "disk/mirror"
"#;

/// A site whose mirror is on a disk of so many MiB, with one backup of that file.
fn site(mib: u64, file: ObjectSpec) -> Option<(Site, Disk)> {
    let site = Site::new();
    let disk = Disk::new(&site.path("image"), &site.path("disk"), mib)?;
    stock::add_instance(&site.cloud, 1, "orders");
    let backup = stock::backup(&site.cloud, 1, 1, 2);
    site.cloud.add_backup(backup.file(file));
    site.configure_daemon("retry_pause = \"5ms\"\n", JOB);
    Some((site, disk))
}

fn file(bytes: u64) -> ObjectSpec {
    ObjectSpec::new("1.bin", Content::generated(1, bytes))
}

fn error_of(site: &Site) -> String {
    let runs = site.backhaul(["sync", "--json"]).expect(1).json();
    let errors = runs[0]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(site.mirrored("disk/mirror").is_empty());
    errors[0].as_str().unwrap().to_owned()
}

fn assert_mirrored(site: &Site, bytes: u64) {
    let there = site.mirrored("disk/mirror");
    assert_eq!(there.len(), 1);
    let manifest = assert_sound(&there[0]);
    let right = Content::generated(1, bytes).sha256_hex().unwrap();
    assert_eq!(manifest["files"][0]["sha256"], right);
}

#[test]
fn a_broken_download_needs_no_more_than_its_own_room() {
    let Some((site, _disk)) = site(48, file(24 * MIB)) else {
        return;
    };
    let broken = Fault::object(ObjectFault::TruncateAfter(4 * MIB));
    site.cloud.inject(broken.times(3));
    let _ = site.sync().expect(0);
    assert_mirrored(&site, 24 * MIB);
}

#[test]
fn a_disk_that_fills_up_by_the_download_itself_fails_clearly_and_it_goes_on() {
    // Nobody tells beforehand how long it is.
    let mut lying = file(30 * MIB);
    lying.size_kb_override = Some(1);
    let Some((site, _disk)) = site(48, lying) else {
        return;
    };
    site.cloud
        .inject(Fault::object(ObjectFault::NoContentLength).always());
    let ballast = site.path("disk/ballast");
    std::fs::write(&ballast, vec![7; 20 << 20]).unwrap();
    let error = error_of(&site);
    assert!(error.contains("the disk is full"), "{error}");
    remove_file(ballast).unwrap();
    let _ = site.sync().expect(0);
    assert_mirrored(&site, 30 * MIB);
    let ranges = site.cloud.traffic().object("1.bin").ranges;
    assert!(ranges[1].is_some(), "{ranges:?}");
}

#[test]
fn a_disk_that_others_fill_up_meanwhile_fails_clearly_and_nothing_is_fetched_twice() {
    let Some((site, disk)) = site(32, file(8 * MIB)) else {
        return;
    };
    let gate = site.cloud.gate("1.bin", 4 * MIB);
    let sync = site
        .command(["sync", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    disk.fill("ballast");
    gate.release();
    let output = sync.wait_with_output().unwrap();
    let runs: Value = serde_json::from_slice(&output.stdout).unwrap();
    let error = runs[0]["errors"][0].as_str().unwrap();
    assert!(error.contains("the disk is full"), "{error}");
    assert!(site.mirrored("disk/mirror").is_empty());
    remove_file(site.path("disk/ballast")).unwrap();
    let _ = site.sync().expect(0);
    assert_mirrored(&site, 8 * MIB);
    assert_eq!(site.cloud.traffic().object("1.bin").ranges, [None]);
}

#[test]
fn a_download_waits_for_space_and_goes_on_when_some_is_freed() {
    let Some((site, disk)) = site(32, file(8 * MIB)) else {
        return;
    };
    let table = site.daemon_table().replace("\"0s\"", "\"10min\"");
    site.write_config(&format!("{table}{}{JOB}", site.account("demo")));
    disk.fill("ballast");
    // Some is free, but not enough.
    std::fs::OpenOptions::new()
        .write(true)
        .open(site.path("disk/ballast"))
        .unwrap()
        .set_len(22 * MIB)
        .unwrap();
    let daemon = site.daemon();
    let mut events = daemon.events();
    let mut sync = site.command(["sync"]);
    let mut sync = sync.stdout(Stdio::null()).spawn().unwrap();
    let waiting = events.wait_for("waiting", |_| true);
    let reason = waiting["reason"].as_str().unwrap();
    assert!(reason.contains("free at least"), "{reason}");
    remove_file(site.path("disk/ballast")).unwrap();
    assert!(sync.wait().unwrap().success());
    assert_mirrored(&site, 8 * MIB);
    drop(daemon);
}

/// As on a thin volume: the file system has room, the disk beneath it has none.
#[test]
fn what_a_disk_refused_to_write_is_fetched_again() {
    const BYTES: u64 = 48 * MIB;
    let site = Site::new();
    let Some(host) = MemoryDisk::mount(site.path("host"), "40m") else {
        return;
    };
    let image = site.path("host/image");
    let Some(disk) = Disk::new(&image, &site.path("disk"), 128) else {
        return;
    };
    stock::add_instance(&site.cloud, 1, "orders");
    let backup = stock::backup(&site.cloud, 1, 1, 2);
    site.cloud.add_backup(backup.file(file(BYTES)));
    site.configure_daemon("connections_per_file = 1\n", JOB);
    let daemon = site.daemon();
    let error = error_of(&site);
    assert!(error.contains("cannot sync"), "{error}");
    host.resize("200m");
    let _ = site.sync().expect(0);
    drop(daemon);
    // What counts is on the disk, not in memory.
    drop(disk);
    let _disk = Disk::mount(&image, &site.path("disk")).expect("it was mounted before");
    assert_mirrored(&site, BYTES);
}
