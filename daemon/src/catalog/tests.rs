use backhaul_config::JobName;
use backhaul_provider_api::{BackupKey, InstanceId, Kind};
use std::collections::BTreeSet;
use std::io::{Seek, SeekFrom, Write};

use super::history::RUNS_KEPT;
use super::rebuild::{Absent, rebuild};
use super::*;
use crate::mirror::manifest::Verification;
use backhaul_provider_api::Timestamp;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// Opens a catalog that was just closed. A child that another test forks holds its lock for a
/// moment, until it executes its program.
fn reopen(path: &Path) -> (Catalog, Opened) {
    loop {
        match Catalog::open(path, now()) {
            Err(CatalogError::InUse { .. }) => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

fn record(key: &str, directory: &str) -> BackupRecord {
    let identity = Identity {
        provider: "p".into(),
        scope: "s".into(),
        instance: InstanceId::new("i"),
        key: BackupKey::new(key),
    };
    BackupRecord {
        id: identity.id(),
        identity,
        job: "j".into(),
        directory: directory.into(),
        path: format!("i/{key}"),
        instance_name: "i".into(),
        name: key.into(),
        kind: Kind::Full,
        started_at: now(),
        reaches: now(),
        log_from: None,
        base: None,
        previous: None,
        group: None,
        node: None,
        series: String::new(),
        log_file: None,
        files: 1,
        size_bytes: 1,
        verification: Verification::Verified,
        verified_at: None,
        damage: Vec::new(),
        mirrored_at: now(),
    }
}

#[test]
fn what_was_put_is_there_after_reopening() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, opened) = Catalog::open(scratch.path(), now()).unwrap();
    assert_eq!(opened, Opened::New);
    let (a, b) = (record("a", "/m1"), record("a", "/m2"));
    catalog.put(&[a.clone(), b.clone()]).unwrap();
    drop(catalog);
    let (catalog, opened) = reopen(scratch.path());
    assert_eq!(opened, Opened::Sound);
    assert_eq!(
        catalog.get(&a.identity, Path::new("/m1")).unwrap().as_ref(),
        Some(&a)
    );
    assert_eq!(catalog.get(&a.identity, Path::new("/m3")).unwrap(), None);
    assert_eq!(catalog.find(&a.id).unwrap(), vec![a.clone(), b.clone()]);
    catalog.forget(std::slice::from_ref(&a)).unwrap();
    assert_eq!(catalog.find(&a.id).unwrap(), vec![b]);
}

#[test]
fn a_second_process_is_told_that_it_is_in_use() {
    let scratch = tempfile::tempdir().unwrap();
    let _first = Catalog::open(scratch.path(), now()).unwrap();
    assert!(matches!(
        Catalog::open(scratch.path(), now()),
        Err(CatalogError::InUse { .. })
    ));
}

#[test]
fn a_damaged_catalog_is_set_aside_and_a_new_one_made() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, _) = Catalog::open(scratch.path(), now()).unwrap();
    let records: Vec<_> = (0..500).map(|i| record(&i.to_string(), "/m")).collect();
    catalog.put(&records).unwrap();
    drop(catalog);
    let mut db = std::fs::OpenOptions::new()
        .write(true)
        .open(scratch.path().join("catalog/db"))
        .unwrap();
    db.seek(SeekFrom::Start(0)).unwrap();
    db.write_all(&[0xa5; 4096]).unwrap();
    std::fs::write(scratch.path().join("catalog/conf"), b"nonsense").unwrap();
    let (catalog, opened) = reopen(scratch.path());
    let Opened::SetAside(path, _) = opened else {
        panic!("{opened:?}")
    };
    assert!(path.exists());
    assert_eq!(catalog.backups().count(), 0);
}

fn run(job: &JobName, started_at: Timestamp) -> RunRecord {
    RunRecord {
        job: job.clone(),
        started_at,
        ended_at: started_at,
        outcome: record::Outcome::Success,
        instances: 0,
        listed: 0,
        known: 0,
        mirrored: 0,
        repaired: 0,
        shared: 0,
        received_bytes: 0,
        quarantined: 0,
        passed_over: vec![],
        errors: vec![],
        warnings: vec![],
    }
}

#[test]
fn only_the_latest_runs_are_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, _) = Catalog::open(scratch.path(), now()).unwrap();
    let job: JobName = "j".parse().unwrap();
    for i in 0..(RUNS_KEPT as i64 + 3) {
        let started_at = now() + chrono::TimeDelta::seconds(i);
        catalog.add_run(&run(&job, started_at)).unwrap();
    }
    let runs = catalog.runs(&job, 1000).unwrap();
    assert_eq!(runs.len(), RUNS_KEPT);
    assert!(runs[0].started_at > runs[1].started_at);
}

#[test]
fn one_of_an_older_version_is_migrated_and_made_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, _) = Catalog::open(scratch.path(), now()).unwrap();
    let job: JobName = "j".parse().unwrap();
    let (there, away) = (scratch.path().join("m1"), Path::new("/not mounted"));
    std::fs::create_dir_all(there.join(".backhaul")).unwrap();
    catalog
        .put(&[record("a", there.to_str().unwrap())])
        .unwrap();
    catalog.put(&[record("a", away.to_str().unwrap())]).unwrap();
    catalog
        .change_job(&job, |job| job.last_due = Some(now()))
        .unwrap();
    // As version 1 had it, in the order of keys; one was migrated before it was cut off.
    for hour in 8..10 {
        let started_at = now() + chrono::TimeDelta::hours(hour);
        let key = format!("j\0{}", started_at.format("%Y%m%dT%H%M%S%.6fZ"));
        let value = serde_json::to_vec(&run(&job, started_at)).unwrap();
        catalog.runs.insert(key, value).unwrap();
    }
    catalog.db.insert("schema", "1").unwrap();
    catalog.commit().unwrap();
    drop(catalog);

    let (catalog, opened) = reopen(scratch.path());
    assert_eq!(opened, Opened::Migrated(1));
    catalog
        .add_run(&run(&job, now() + chrono::TimeDelta::hours(1)))
        .unwrap();
    let hours: Vec<_> = catalog.runs(&job, 10).unwrap();
    let hours = hours.iter().map(|run| (run.started_at - now()).num_hours());
    assert_eq!(hours.collect::<Vec<_>>(), [1, 9, 8]);
    assert_eq!(catalog.job(&job).unwrap().last_due, Some(now()));
    drop(catalog);

    // Until the manifests are read back it is not whole; what cannot be read back stays.
    let (catalog, opened) = reopen(scratch.path());
    assert_eq!(opened, Opened::Unfinished);
    let directories = BTreeSet::from([there.clone(), away.to_owned()]);
    let _ = rebuild(&catalog, &directories, Absent::Stays).unwrap();
    assert_eq!(catalog.summary(&there).unwrap().backups, 0);
    assert_eq!(catalog.summary(away).unwrap().backups, 1);
    let _ = rebuild(&catalog, &directories, Absent::Goes).unwrap();
    assert_eq!(catalog.summary(away).unwrap().backups, 0);
    drop(catalog);
    assert_eq!(reopen(scratch.path()).1, Opened::Sound);
}

#[test]
fn one_of_a_newer_version_is_set_aside() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, _) = Catalog::open(scratch.path(), now()).unwrap();
    catalog.db.insert("schema", "3").unwrap();
    catalog.commit().unwrap();
    drop(catalog);
    let (_, opened) = reopen(scratch.path());
    let Opened::SetAside(path, why) = opened else {
        panic!("{opened:?}")
    };
    assert!(path.exists() && why.contains("version 3"), "{why}");
}

#[test]
fn a_reason_for_a_skip_is_news_once_and_again_after_the_backup_was_mirrored() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, _) = Catalog::open(scratch.path(), now()).unwrap();
    let record = record("a", "/m1");
    let job = record.job.parse().unwrap();
    let news = |catalog: &Catalog, reason| {
        let news = catalog.remember_skip(&job, record.id.as_str(), reason);
        news.unwrap()
    };
    assert!(news(&catalog, "running") && !news(&catalog, "running"));
    assert!(news(&catalog, "failed") && news(&catalog, "running"));
    catalog.commit().unwrap();
    drop(catalog);
    let (catalog, _) = reopen(scratch.path());
    assert!(!news(&catalog, "running"));
    catalog.put(std::slice::from_ref(&record)).unwrap();
    assert!(news(&catalog, "running"));
}

#[test]
fn a_rebuild_that_was_cut_off_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    let (catalog, _) = Catalog::open(scratch.path(), now()).unwrap();
    catalog.begin_rebuild().unwrap();
    drop(catalog);
    let (catalog, opened) = reopen(scratch.path());
    assert_eq!(opened, Opened::Unfinished);
    rebuild(&catalog, &BTreeSet::new(), Absent::Stays).unwrap();
    drop(catalog);
    assert_eq!(reopen(scratch.path()).1, Opened::Sound);
}
