use std::process::Command;

use serde_json::{Value, json};

use super::*;
use crate::kit::contents::Aim;
use crate::kit::stock::Stock;
use crate::mirror::manifest::Manifest;

/// A mirror with one encrypted full backup of one file.
struct Site {
    root: tempfile::TempDir,
    file: PathBuf,
    id: BackupId,
}

const CONTENT: &[u8] = b"what the vendor has";

fn site() -> Site {
    let root = tempfile::tempdir().unwrap();
    let golden = include_str!("../../../../tests/fixtures/manifests/format-1.json");
    let mut value: Value = serde_json::from_str(golden).unwrap();
    value["backup"]["kind"] = json!("full");
    value["backup"]["group"] = Value::Null;
    value["verification"] = json!({"status": "verified"});
    value["files"].as_array_mut().unwrap().truncate(1);
    value["files"][0]["size_bytes"] = json!(CONTENT.len());
    value["files"][0]["sha256"] = json!(hex(&Sha256::digest(CONTENT)));
    value["size_bytes"] = json!(CONTENT.len());
    value["later"] = json!("what a later version wrote");
    let id: BackupId = value["id"].as_str().unwrap().parse().unwrap();
    let home = root
        .path()
        .join(format!("mirror/shop/20261122T030000Z_full_{id}"));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("backup.json"), value.to_string()).unwrap();
    let file = home.join("shop-inc.qp");
    std::fs::write(&file, CONTENT).unwrap();
    let keys = root.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    std::fs::write(keys.join(format!("{id}.json")), "{}").unwrap();
    Site { root, file, id }
}

impl Site {
    fn contents(&self) -> Contents {
        let stock = Stock::read(&[self.root.path().join("mirror")].into()).unwrap();
        Contents::choose(&stock, Aim::Backup(0), false).unwrap()
    }

    fn kit(&self) -> PathBuf {
        self.root.path().join("kit")
    }

    fn write(&self, keys: bool) -> Result<(), KitError> {
        let keys = keys.then(|| self.root.path().join("keys"));
        let made_at = self.contents().reaches;
        write(
            &self.contents(),
            &self.kit(),
            keys.as_deref(),
            made_at,
            &mut |_| {},
        )
    }

    /// The names beside the mirror.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn check(kit: &Path) -> (Option<i32>, String) {
    let output = Command::new("sh")
        .arg(kit.join("check.sh"))
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn a_kit_is_whole_and_tells_when_it_is_not_any_more() {
    let site = site();
    site.write(false).unwrap();
    assert_eq!(site.names(), ["keys", "kit", "mirror"]);
    let kit = site.kit();
    let (code, said) = check(&kit);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "6 files checked, 0 missing or damaged\n")
    );
    let home = kit.join(&site.contents().entries[0].dir);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(home.join("backup.json")).unwrap()).unwrap();
    assert_eq!(manifest["later"], "what a later version wrote");

    std::fs::write(home.join("shop-inc.qp"), "something else").unwrap();
    std::fs::remove_file(kit.join("kit.json")).unwrap();
    let (code, said) = check(&kit);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("DAMAGED 01_") && said.contains("MISSING kit.json"),
        "{said}"
    );
    // The mirror is another file, not another name of the same.
    assert_eq!(std::fs::read(&site.file).unwrap(), CONTENT);
}

#[test]
fn damage_in_the_mirror_names_the_file_and_leaves_nothing() {
    let site = site();
    std::fs::write(&site.file, b"what the vendor hat").unwrap();
    let error = site.write(false).unwrap_err();
    assert!(
        matches!(&error, KitError::Damaged { path, .. } if *path == site.file),
        "{error}"
    );
    assert_eq!(site.names(), ["keys", "mirror"]);
}

#[test]
fn a_kit_goes_into_a_new_or_empty_directory_only() {
    let site = site();
    std::fs::create_dir(site.kit()).unwrap();
    site.write(false).unwrap();
    let again = site.write(false).unwrap_err().to_string();
    assert!(again.contains("not empty"), "{again}");
    std::fs::remove_dir_all(site.kit()).unwrap();
    std::fs::write(site.kit(), "a file").unwrap();
    let file = site.write(false).unwrap_err().to_string();
    assert!(file.contains("no directory"), "{file}");
}

#[test]
fn what_a_killed_attempt_left_is_cleared_up_and_a_running_one_is_not() {
    let site = site();
    let left = site.root.path().join(".kit.backhaul-kit");
    std::fs::create_dir_all(left.join("01_old")).unwrap();
    site.write(false).unwrap();
    assert_eq!(site.names(), ["keys", "kit", "mirror"]);
    std::fs::remove_dir_all(site.kit()).unwrap();
    let other = claim(&Dir::open(site.root.path()).unwrap(), ".kit.backhaul-kit").unwrap();
    let error = site.write(false).unwrap_err().to_string();
    assert!(error.contains("another"), "{error}");
    assert!(left.exists());
    drop(other);
    site.write(false).unwrap();
}

#[test]
fn keys_are_in_a_kit_only_when_asked_for_and_for_the_owner_only() {
    let site = site();
    site.write(false).unwrap();
    assert!(!site.kit().join("keys").exists());
    let guide = std::fs::read_to_string(site.kit().join("RESTORE.md")).unwrap();
    assert!(guide.contains("**not** in this kit"), "{guide}");
    std::fs::remove_dir_all(site.kit()).unwrap();
    site.write(true).unwrap();
    let key = site.kit().join(format!("keys/{}.json", site.id));
    assert_eq!(key.metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(check(&site.kit()).0, Some(0));
    std::fs::remove_dir_all(site.kit()).unwrap();
    std::fs::remove_file(site.root.path().join(format!("keys/{}.json", site.id))).unwrap();
    assert!(matches!(site.write(true), Err(KitError::NoKeys { .. })));
}

#[test]
fn a_disk_too_small_is_told_before_anything_is_copied() {
    let site = site();
    let mut contents = site.contents();
    let manifest: &mut Manifest = &mut contents.entries[0].manifest;
    manifest.size_bytes = u64::MAX / 2;
    let made_at = contents.reaches;
    let mut copied = 0;
    let written = write(&contents, &site.kit(), None, made_at, &mut |bytes| {
        copied += bytes;
    });
    let shares = !matches!(written, Err(KitError::Space { .. }));
    // Where files are shared, no space is needed, and the copy goes on.
    assert_eq!((shares, shares), (written.is_ok(), copied > 0));
    assert_eq!(site.names().contains(&"kit".to_owned()), shares);
}
