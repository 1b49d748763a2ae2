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
    let own = staging.own.as_ref().unwrap();
    own.write_durable(STATE, b"{broken").unwrap();
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

#[test]
fn a_mark_of_which_a_bit_flipped_says_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let staging = Staging::open(&place_in(&dir), &identity(), "boot-1", Weight::Heavy).unwrap();
    let name = SafeName::from_vendor("f");
    let mark = staging.mark(&name).unwrap();
    assert_eq!(mark.get(), 0);
    mark.set(5 << 20).unwrap();
    assert_eq!(mark.get(), 5 << 20);
    let path = staging.staged().0.path().join("f.mark");
    let whole = std::fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        assert_eq!(staging.mark(&name).unwrap().get(), 0, "bit {bit}");
    }
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(staging.mark(&name).unwrap().get(), 0, "{length} bytes");
    }
}

#[test]
fn of_a_small_one_nothing_outlives_its_run() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let place = place_in(&dir);
    let open = |weight| Staging::open(&place, &identity(), "boot-1", weight).unwrap();
    let mut light = open(Weight::Light);
    write_bytes(&mut light, 40);
    light.record(&FileId::new("f"), progress(40)).unwrap();
    drop(light);
    assert_eq!(ids(&dir).unwrap(), [identity().id()]);
    let again = open(Weight::Light);
    assert_eq!(again.weight(), Weight::Light);
    assert!(again.data().entries().unwrap().is_empty());
    again.remove().unwrap();
    assert!(place.entries().unwrap().is_empty());
}

#[test]
fn one_that_is_not_small_after_all_becomes_heavy_with_what_it_has() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = Dir::open(scratch.path()).unwrap();
    let place = place_in(&dir);
    let mut staging = Staging::open(&place, &identity(), "boot-1", Weight::Light).unwrap();
    staging.record(&FileId::new("f"), progress(0)).unwrap();
    write_bytes(&mut staging, 40);
    staging.make_heavy().unwrap();
    drop(staging);
    // What is heavy stays so, whatever is asked for.
    let mut again = Staging::open(&place, &identity(), "boot-1", Weight::Light).unwrap();
    assert_eq!((again.weight(), again.is_known()), (Weight::Heavy, true));
    let name = SafeName::from_vendor("f");
    assert_eq!(again.open_file(&FileId::new("f"), &name).unwrap().1, 40);
    again.remove().unwrap();
    assert!(place.entries().unwrap().is_empty());
}
