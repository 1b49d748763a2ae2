use std::path::{Path, PathBuf};

use super::{RestoreError, Server, available};

const COUNT_AND_SUM: &str = "select count(*), sum(cents) from orders.purchase";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/postgresql")
        .join(name)
}

/// The one WAL segment among the fixtures; its name changes when they are made anew.
fn archived_wal() -> PathBuf {
    let names = std::fs::read_dir(fixture("")).unwrap();
    let mut segments = names
        .map(|entry| entry.unwrap().path())
        .filter(|path| super::is_wal(path.file_name().unwrap().to_str().unwrap()));
    let segment = segments.next().expect("a segment among the fixtures");
    assert_eq!(segments.next(), None);
    segment
}

/// What `make.sh` writes into the rows from the first one to `last`.
fn expected(last: u64) -> Vec<Vec<String>> {
    let sum: u64 = (1..=last).map(|n| n * 7919 % 100_003).sum();
    vec![vec![last.to_string(), sum.to_string()]]
}

#[test]
fn a_base_backup_alone_has_the_rows_of_its_time() {
    let Some(tools) = available() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let server =
        Server::from_base_backup(&tools, &fixture("base.tar.gz"), &[], scratch.path()).unwrap();
    assert_eq!(server.query(COUNT_AND_SUM).unwrap(), expected(300));
    let row = server
        .query("select * from orders.purchase where id = 300")
        .unwrap();
    assert_eq!(
        row,
        [[
            "300",
            "21",
            "2024-01-16 19:30:00+00",
            "75631",
            "purchase number 300"
        ]]
    );
}

#[test]
fn a_base_backup_and_archived_wal_have_the_later_rows_too() {
    let Some(tools) = available() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (base, wal) = (fixture("base.tar.gz"), [archived_wal()]);
    let server = Server::from_base_backup(&tools, &base, &wal, scratch.path()).unwrap();
    assert_eq!(server.query(COUNT_AND_SUM).unwrap(), expected(450));
}

#[test]
fn a_logical_dump_and_its_globals_have_the_rows_and_their_owner() {
    let Some(tools) = available() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::empty(&tools, scratch.path()).unwrap();
    server.run_script(&fixture("globals.sql")).unwrap();
    server.restore_dump(&fixture("orders.dump")).unwrap();
    assert_eq!(server.query(COUNT_AND_SUM).unwrap(), expected(450));
    let owner = "select distinct tableowner from pg_tables where schemaname = 'orders'";
    assert_eq!(server.query(owner).unwrap(), [["orders_owner"]]);
}

#[test]
fn a_cut_base_backup_is_refused() {
    let Some(tools) = available() else { return };
    let (files, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = std::fs::read(fixture("base.tar.gz")).unwrap();
    let cut = files.path().join("base.tar.gz");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let error = Server::from_base_backup(&tools, &cut, &[], scratch.path()).unwrap_err();
    assert!(matches!(error, RestoreError::Program { .. }), "{error}");
}

#[test]
fn a_wal_file_with_another_name_is_refused() {
    let Some(tools) = available() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (base, wal) = (fixture("base.tar.gz"), [fixture("orders.dump")]);
    let error = Server::from_base_backup(&tools, &base, &wal, scratch.path()).unwrap_err();
    assert!(matches!(error, RestoreError::NotWal { .. }), "{error}");
}
