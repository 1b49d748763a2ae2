use std::path::Path;

use chrono::{TimeZone, Utc};

use super::*;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
}

/// A mirror with one backup, put into quarantine; and where it was.
fn quarantined(scratch: &Path) -> (Dir, BackupId, String) {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/manifests/format-1.json"
    );
    let text = std::fs::read(golden).unwrap();
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    let path = layout::path(&manifest);
    let backup = scratch.join(&path);
    std::fs::create_dir_all(&backup).unwrap();
    std::fs::write(backup.join("backup.json"), text).unwrap();
    for file in &manifest.files {
        let file_path = backup.join(file.name.as_str());
        let sparse = std::fs::File::create(file_path).unwrap();
        sparse.set_len(file.size_bytes).unwrap();
    }
    let job_dir = Dir::open(scratch).unwrap();
    put(&job_dir, &path, &manifest.id, "nothing holds it", now()).unwrap();
    assert!(!backup.exists());
    (job_dir, manifest.id, path)
}

fn slot(job_dir: &Dir) -> std::path::PathBuf {
    let entry = list(job_dir).unwrap().pop().unwrap().entry;
    job_dir.path().join(HIDDEN).join(QUARANTINE).join(entry)
}

#[test]
fn it_goes_back_where_its_manifest_says_whatever_became_of_from() {
    let damages: [&dyn Fn(&Path); 4] = [
        &|_| {},
        &|from| std::fs::remove_file(from).unwrap(),
        &|from| std::fs::write(from, "../../elsewhere/x").unwrap(),
        &|from| std::fs::write(from, [0xff, 0xfe]).unwrap(),
    ];
    for damage in damages {
        let scratch = tempfile::tempdir().unwrap();
        let (job_dir, id, path) = quarantined(scratch.path());
        damage(&slot(&job_dir).join(FROM));
        assert_eq!(restore(&job_dir, &id).unwrap().0, path);
        assert!(scratch.path().join(path).join("backup.json").exists());
        assert!(list(&job_dir).unwrap().is_empty());
        assert!(restore(&job_dir, &id).unwrap_err().is_missing());
    }
}

/// Damages something of a quarantined backup's entry.
type Damaging<'a> = &'a dyn Fn(&Path, &str);

#[test]
fn what_is_not_whole_stays_where_it_is() {
    let damages: [Damaging; 3] = [
        &|backup, _| std::fs::write(backup.join("backup.json"), "{").unwrap(),
        &|backup, file| std::fs::remove_file(backup.join(file)).unwrap(),
        &|backup, file| std::fs::write(backup.join(file), "short").unwrap(),
    ];
    for damage in damages {
        let scratch = tempfile::tempdir().unwrap();
        let (job_dir, id, path) = quarantined(scratch.path());
        let backup = slot(&job_dir).join(BACKUP);
        let file = Manifest::read(&Dir::open(&backup).unwrap()).unwrap().files[0]
            .name
            .to_string();
        damage(&backup, &file);
        let error = restore(&job_dir, &id).unwrap_err();
        assert!(!error.to_string().is_empty());
        assert!(backup.exists() && !scratch.path().join(path).exists());
    }
}

#[test]
fn only_what_served_its_grace_period_and_is_of_that_job_is_expired() {
    let scratch = tempfile::tempdir().unwrap();
    let (job_dir, id, _) = quarantined(scratch.path());
    let quarantined = list(&job_dir).unwrap().pop().unwrap();
    assert_eq!(quarantined.why(&job_dir).unwrap(), "nothing holds it");
    let job = quarantined.manifest(&job_dir).unwrap().job;
    let later = now() + TimeDelta::days(8);
    let after = |job: &str, days| {
        let grace = TimeDelta::days(days);
        expired(&job_dir, job, grace, later).unwrap()
    };
    assert_eq!(after(&job, 9), []);
    assert_eq!(after("another", 7), []);
    let doomed = after(&job, 7);
    assert_eq!(doomed.len(), 1);
    assert_eq!(doomed[0].id, id);
    delete(&job_dir, &doomed).unwrap();
    assert_eq!(list(&job_dir).unwrap(), []);
}

#[test]
fn a_deletion_that_was_cut_off_is_finished_and_never_comes_back() {
    let scratch = tempfile::tempdir().unwrap();
    let (job_dir, id, _) = quarantined(scratch.path());
    let slot = slot(&job_dir);
    let mut deleting = slot.clone().into_os_string();
    deleting.push(DELETING);
    std::fs::rename(&slot, &deleting).unwrap();
    assert!(restore(&job_dir, &id).unwrap_err().is_missing());
    delete(&job_dir, &[]).unwrap();
    assert!(!Path::new(&deleting).exists());
}
