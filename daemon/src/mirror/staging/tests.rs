use backhaul_provider_api::{BackupKey, InstanceId};
use std::io::Write;

use super::*;

fn identity() -> Identity {
    Identity {
        provider: "p".into(),
        scope: "s".into(),
        instance: InstanceId::new("i"),
        key: BackupKey::new("k"),
    }
}

fn progress(durable_bytes: u64) -> Progress {
    Progress {
        total_bytes: Some(100),
        etag: Some("\"e\"".into()),
        durable_bytes,
        ..Progress::default()
    }
}

fn write_bytes(staging: &mut Staging, count: usize) {
    let id = FileId::new("f");
    let (mut file, _) = staging.open_file(&id, &SafeName::from_vendor("f")).unwrap();
    file.write_all(&vec![7; count]).unwrap();
}

fn place_in(job_dir: &Dir) -> Arc<Dir> {
    Arc::new(place(job_dir).unwrap())
}

#[test]
fn after_a_crash_of_the_program_all_written_bytes_count() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let mut staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    staging.record(&FileId::new("f"), progress(10)).unwrap();
    write_bytes(&mut staging, 40);
    drop(staging);
    let mut again = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    let (_, start) = again
        .open_file(&FileId::new("f"), &SafeName::from_vendor("f"))
        .unwrap();
    assert_eq!(start, 40);
}

#[test]
fn after_a_power_cut_only_synced_bytes_count() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let mut staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    staging.record(&FileId::new("f"), progress(10)).unwrap();
    write_bytes(&mut staging, 40);
    drop(staging);
    let mut again = Staging::open(&place_in(&dir), &identity(), "boot-2", Weight::Heavy).unwrap();
    let (_, start) = again
        .open_file(&FileId::new("f"), &SafeName::from_vendor("f"))
        .unwrap();
    assert_eq!(start, 10);
}

#[test]
fn a_power_cut_is_not_forgotten_by_a_run_that_writes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let mut staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    staging.record(&FileId::new("f"), progress(10)).unwrap();
    write_bytes(&mut staging, 40);
    drop(staging);
    drop(Staging::open(&place_in(&dir), &identity(), "boot-2", Weight::Heavy).unwrap());
    let mut again = Staging::open(&place_in(&dir), &identity(), "boot-2", Weight::Heavy).unwrap();
    let (_, start) = again
        .open_file(&FileId::new("f"), &SafeName::from_vendor("f"))
        .unwrap();
    assert_eq!(start, 10);
}

#[test]
fn bytes_without_a_record_are_thrown_away() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let mut staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    write_bytes(&mut staging, 40);
    let (_, start) = staging
        .open_file(&FileId::new("f"), &SafeName::from_vendor("f"))
        .unwrap();
    assert_eq!(start, 0);
    staging.own.write_durable(STATE, b"{broken").unwrap();
    drop(staging);
    let again = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    assert!(again.data().entries().unwrap().is_empty());
}

#[test]
fn a_preparation_token_survives() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let mut staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    staging.set_token(Some(PrepareToken::new("t"))).unwrap();
    drop(staging);
    let again = Staging::open(&place_in(&dir), &identity(), "boot-2", Weight::Heavy).unwrap();
    assert_eq!(again.token(), Some(&PrepareToken::new("t")));
    again.remove().unwrap();
}

#[test]
fn a_scattered_file_is_whole_up_to_its_mark() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let (id, name) = (FileId::new("f"), SafeName::from_vendor("f"));
    let mut staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    staging
        .record(
            &id,
            Progress {
                scattered: true,
                ..progress(10)
            },
        )
        .unwrap();
    write_bytes(&mut staging, 40);
    staging.mark(&name).unwrap().set(25).unwrap();
    drop(staging);
    let mut again = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    assert_eq!(again.open_file(&id, &name).unwrap().1, 25);
    drop(again);
    let mut after_power_cut =
        Staging::open(&place_in(&dir), &identity(), "boot-2", Weight::Heavy).unwrap();
    assert_eq!(after_power_cut.open_file(&id, &name).unwrap().1, 10);
}
