//! The proof of the whole: what was mirrored is restored into real servers, and its rows read.

use std::path::PathBuf;

use backhaul_tests::harness::{Site, assert_sound};
use backhaul_tests::restore::{mariadb, postgresql};

const JOBS: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
instances = ["orders"]
kinds = ["full", "log"]
directory = "mirror/orders"

[[job]]
name = "shop"
account = "demo"
service = "rds"
instances = ["shop"]
kinds = ["full", "log"]
directory = "mirror/shop"
"#;

/// The fixtures, mirrored.
fn mirrored() -> Site {
    let site = Site::with_fixtures();
    site.configure(JOBS);
    let _ = site.sync().expect(0);
    site
}

/// The mirrored file whose format the manifest calls so; the newest backup's.
fn file(site: &Site, directory: &str, format: &str) -> PathBuf {
    let backups = site.mirrored(directory);
    let found = backups.iter().rev().find_map(|backup| {
        let manifest = assert_sound(backup);
        let files = manifest["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["format"] == format)?;
        Some(backup.join(file["name"].as_str().unwrap()))
    });
    found.unwrap_or_else(|| panic!("no {format} in {directory}"))
}

/// What the fixtures' script wrote into the rows from the first one to `last`.
fn expected(last: u64) -> Vec<Vec<String>> {
    let sum: u64 = (1..=last).map(|n| n * 7919 % 100_003).sum();
    vec![vec![last.to_string(), sum.to_string()]]
}

#[test]
fn a_mirrored_postgresql_backup_and_its_log_give_all_rows() {
    let Some(tools) = postgresql::available() else {
        return;
    };
    let site = mirrored();
    let base = file(&site, "mirror/orders", "gzip");
    let wal = file(&site, "mirror/orders", "PostgreSQL WAL");
    let scratch = tempfile::tempdir().unwrap();
    let server =
        postgresql::Server::from_base_backup(&tools, &base, &[wal], scratch.path()).unwrap();
    let rows = server
        .query("select count(*), sum(cents) from orders.purchase")
        .unwrap();
    assert_eq!(rows, expected(450));
}

#[test]
fn a_mirrored_dump_restores_into_an_empty_server() {
    let Some(tools) = postgresql::available() else {
        return;
    };
    let site = mirrored();
    let dump = file(&site, "mirror/orders", "pg_dump custom format");
    let scratch = tempfile::tempdir().unwrap();
    let server = postgresql::Server::empty(&tools, scratch.path()).unwrap();
    let globals = backhaul_tests::harness::fixtures().join("postgresql/globals.sql");
    server.run_script(&globals).unwrap();
    server.restore_dump(&dump).unwrap();
    let rows = server
        .query("select count(*), sum(cents) from orders.purchase")
        .unwrap();
    assert_eq!(rows, expected(450));
}

#[test]
fn a_mirrored_mariadb_backup_and_its_binlog_give_all_rows() {
    let Some(tools) = mariadb::available() else {
        return;
    };
    let site = mirrored();
    let full = file(&site, "mirror/shop", "xbstream");
    let binlog = file(&site, "mirror/shop", "binlog");
    let scratch = tempfile::tempdir().unwrap();
    let server = mariadb::Server::from_full_backup(&tools, &full, scratch.path()).unwrap();
    server.replay(&[binlog]).unwrap();
    let rows = server
        .query("select count(*), sum(cents) from shop.item")
        .unwrap();
    assert_eq!(rows, expected(320));
}
