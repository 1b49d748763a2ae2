use std::path::{Path, PathBuf};

use super::{RestoreError, Server, available};

const COUNT_AND_SUM: &str = "select count(*), sum(cents) from shop.item";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/mariadb")
        .join(name)
}

/// What `make.sh` writes into the rows from the first one to `last`.
fn expected(last: u64) -> Vec<Vec<String>> {
    let sum: u64 = (1..=last).map(|n| n * 7919 % 100_003).sum();
    vec![vec![last.to_string(), sum.to_string()]]
}

#[test]
fn a_full_backup_and_its_binlog_have_first_the_earlier_then_all_rows() {
    let Some(tools) = available() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let server = Server::from_full_backup(&tools, &fixture("full.qp"), scratch.path()).unwrap();
    assert_eq!(server.query(COUNT_AND_SUM).unwrap(), expected(200));

    server.replay(&[fixture("mysql-bin.000002")]).unwrap();
    assert_eq!(server.query(COUNT_AND_SUM).unwrap(), expected(320));
    let row = server
        .query("select * from shop.item where id = 320")
        .unwrap();
    assert_eq!(row, [["320", "item number 320", "34005"]]);
}

#[test]
fn a_cut_full_backup_is_refused() {
    let Some(tools) = available() else { return };
    let (files, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = std::fs::read(fixture("full.qp")).unwrap();
    let cut = files.path().join("full.qp");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let error = Server::from_full_backup(&tools, &cut, scratch.path()).unwrap_err();
    assert!(
        matches!(
            error,
            RestoreError::Program { .. } | RestoreError::Qpress { .. }
        ),
        "{error}"
    );
}
