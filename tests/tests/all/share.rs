//! The same backup in two directories: downloaded once, and neither harms the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backhaul_tests::harness::{LIMIT, Site, assert_sound, stage_up_to, stock};
use serde_json::Value;

const BYTES: u64 = 400_000;

/// A site with so many backups and two jobs for them, `a` and `b`, each with its directory.
fn site_with(count: u64) -> Site {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    for number in 1..=count {
        let age = 24 * (100 - i64::try_from(number).unwrap());
        site.cloud
            .add_backup(stock::one_file(&site.cloud, number, 1, age, BYTES));
    }
    configure(&site, "", "");
    site
}

fn configure(site: &Site, a: &str, b: &str) {
    site.configure(&format!("{}{}", job("a", a), job("b", b)));
}

fn job(name: &str, more: &str) -> String {
    format!(
        "[[job]]\nname = \"{name}\"\naccount = \"demo\"\nservice = \"rds\"\n\
         directory = \"{name}\"\n{more}\n"
    )
}

fn pass(site: &Site, job: &str) -> Value {
    site.backhaul(["sync", job, "--json"]).expect(0).json()[0].clone()
}

fn file_of(backup: &Path) -> PathBuf {
    let is_file = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "bin");
    let mut paths = fs::read_dir(backup)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths.find(is_file).unwrap()
}

fn sound(site: &Site, directory: &str) -> usize {
    let backups = site.mirrored(directory);
    backups.iter().for_each(|backup| drop(assert_sound(backup)));
    backups.len()
}

#[test]
fn the_second_job_downloads_nothing_and_asks_for_no_link() {
    let site = site_with(3);
    assert_eq!(pass(&site, "a")["shared"], 0);
    site.cloud.reset_traffic();
    let run = pass(&site, "b");
    assert_eq!(
        (&run["mirrored"], &run["shared"], &run["received_bytes"]),
        (&3.into(), &3.into(), &0.into()),
        "{run:#}"
    );
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
    assert_eq!((sound(&site, "a"), sound(&site, "b")), (3, 3));
    let manifest = assert_sound(&site.mirrored("b")[0]);
    assert_eq!(manifest["job"], "b");
    let decided = site.backhaul(["log", "--job", "b"]).expect(0).stdout;
    assert_eq!(decided.matches("taken from ").count(), 3, "{decided}");
    let _ = site.backhaul(["verify"]).expect(0);
}

#[test]
fn what_one_job_lets_go_or_repairs_the_other_keeps() {
    let site = site_with(3);
    let _ = pass(&site, "a");
    let _ = pass(&site, "b");
    // Let go, and after no grace period deleted.
    configure(
        &site,
        "retention = { keep_last = 1, quarantine = \"0s\" }",
        "",
    );
    assert_eq!(pass(&site, "a")["quarantined"], 2);
    let _ = pass(&site, "a");
    assert_eq!((sound(&site, "a"), sound(&site, "b")), (1, 3));

    // A file that both have may be one file: then it is damaged in both, and each repairs it.
    configure(&site, "", "");
    let file = file_of(&site.mirrored("a")[0]);
    let mut bytes = fs::read(&file).unwrap();
    bytes[5] ^= 1;
    fs::write(&file, bytes).unwrap();
    let _ = site.backhaul(["verify", "a"]).expect(1);
    site.cloud.reset_traffic();
    let run = pass(&site, "a");
    assert_eq!(run["repaired"], 1, "{run:#}");
    let _ = pass(&site, "b");
    assert_eq!((sound(&site, "a"), sound(&site, "b")), (3, 3));
    let _ = site.backhaul(["verify"]).expect(0);
}

#[test]
fn a_damaged_copy_is_not_shared() {
    let site = site_with(1);
    let _ = pass(&site, "a");
    let file = file_of(&site.mirrored("a")[0]);
    let mut bytes = fs::read(&file).unwrap();
    bytes[5] ^= 1;
    fs::write(&file, bytes).unwrap();
    let run = pass(&site, "b");
    assert_eq!((&run["mirrored"], &run["shared"]), (&1.into(), &0.into()));
    assert_eq!(sound(&site, "b"), 1);
    // What was noticed on the way is said, and mended from the sound copy.
    let status = site.backhaul(["status", "--json"]).expect(1).json();
    assert!(
        status["alarms"].to_string().contains("damaged"),
        "{status:#}"
    );
    site.cloud.reset_traffic();
    let run = pass(&site, "a");
    assert_eq!((&run["repaired"], &run["shared"]), (&1.into(), &1.into()));
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
    assert_eq!(sound(&site, "a"), 1);
}

#[test]
fn two_jobs_at_the_same_time_download_a_backup_once() {
    let site = site_with(1);
    let gate = site.cloud.gate_all(1000);
    let daemon = site.daemon();
    let mut events = daemon.events();
    let sync = site.command(["sync"]).spawn().unwrap();
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    // In either order.
    let mut listed = BTreeSet::new();
    while listed.len() < 2 {
        let event = events.wait_for("listed", |_| true);
        listed.insert(event["job"].to_string());
    }
    gate.release();
    let status = sync.wait_with_output().unwrap().status;
    assert!(status.success());
    assert_eq!((sound(&site, "a"), sound(&site, "b")), (1, 1));
    for file in site.cloud.traffic().objects.values() {
        assert_eq!(file.gets, 1, "{file:?}");
    }
    let (status, log) = daemon.stop();
    assert!(status.success());
    assert!(
        log.contains("taken from the mirror of another job"),
        "{log}"
    );
}

#[test]
fn a_download_under_way_gives_way_to_a_copy_and_never_writes_into_it() {
    let site = site_with(1);
    site.configure(&job("b", ""));
    stage_up_to(&site, "b", 300_000, 1);
    configure(&site, "", "");
    let _ = pass(&site, "a");
    assert_eq!(pass(&site, "b")["shared"], 1);
    assert_eq!((sound(&site, "a"), sound(&site, "b")), (1, 1));
    let _ = site.backhaul(["verify"]).expect(0);
}
