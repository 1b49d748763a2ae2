//! Verification over the years: damage is found, said, never deleted, and repaired.

use std::fs;
use std::path::{Path, PathBuf};

use backhaul_tests::cloud::{Api, ObjectSpec};
use backhaul_tests::harness::{Site, assert_sound, free_port, http_get, stock};
use serde_json::Value;

const BYTES: u64 = 300_000;

/// A site whose job `orders` has mirrored so many full backups.
fn site_with(count: u64, more: &str) -> Site {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    for number in 1..=count {
        let age = 24 * (100 - i64::try_from(number).unwrap());
        site.cloud
            .add_backup(stock::one_file(&site.cloud, number, 1, age, BYTES));
    }
    configure(&site, more);
    let _ = site.sync().expect(0);
    assert_eq!(site.mirrored("mirror").len() as u64, count);
    site
}

fn configure(site: &Site, more: &str) {
    site.configure(&format!(
        "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\n\
         directory = \"mirror\"\n{more}\n"
    ));
}

/// The vendor's file in a backup's directory.
fn file_of(backup: &Path) -> PathBuf {
    let is_file = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "bin");
    let mut paths = fs::read_dir(backup)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths.find(is_file).unwrap()
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[1000] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn pass(site: &Site) -> Value {
    site.backhaul(["sync", "--json"]).expect(0).json()[0].clone()
}

fn states(site: &Site) -> Vec<Vec<String>> {
    let list = site.backhaul(["list", "--json"]).expect(0).json();
    let damage = |backup: &Value| {
        let damage = backup["damage"].as_array().cloned().unwrap_or_default();
        let text = |one: &Value| format!("{}: {}", one["file"], one["what"]);
        damage.iter().map(text).collect()
    };
    list.as_array().unwrap().iter().map(damage).collect()
}

fn alarms(site: &Site) -> String {
    let status = site.backhaul(["status", "--json"]).json();
    status["alarms"].to_string()
}

/// What lies in quarantine: the directories, damaged or not.
fn quarantine(site: &Site) -> Vec<PathBuf> {
    let place = site.path("mirror/.backhaul/quarantine");
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path().join("backup"))
        .collect()
}

#[test]
fn damage_is_said_everywhere_counts_for_nothing_and_is_repaired_by_the_next_pass() {
    let site = site_with(2, "max_age = \"10000d\"\nretention = { keep_last = 5 }");
    let newest = site.mirrored("mirror")[1].clone();
    flip_a_bit(&file_of(&newest));

    let daemon = site.daemon();
    let text = site
        .backhaul(["verify", "--rate", "1GiB/s"])
        .expect(1)
        .stdout;
    assert!(
        text.contains("DAMAGED") && text.contains("SHA-256"),
        "{text}"
    );
    assert!(states(&site)[0].is_empty() && states(&site)[1][0].contains("SHA-256"));
    assert!(alarms(&site).contains("1 of the mirrored backups are damaged"));
    let list = site.backhaul(["list"]).expect(0).stdout;
    assert_eq!(list.matches("DAMAGED").count(), 1, "{list}");
    let id = site.backhaul(["list", "--json"]).json()[1]["id"].clone();
    let shown = site
        .backhaul(["show", id.as_str().unwrap()])
        .expect(0)
        .stdout;
    assert!(shown.contains("DAMAGED 2.bin: its SHA-256"), "{shown}");
    let status = site.backhaul(["status", "--json"]).json();
    let instance = status["jobs"][0]["instances"].as_object().unwrap();
    let summary = instance.values().next().unwrap();
    assert_eq!(
        summary["newest_verified"], summary["oldest_verified"],
        "the damaged one counts for nothing: {status:#}"
    );
    assert!(newest.exists(), "nothing is deleted");

    let mut events = daemon.events();
    let run = pass(&site);
    assert_eq!((&run["mirrored"], &run["repaired"]), (&1.into(), &1.into()));
    assert_eq!(run["outcome"], "success", "{run:#}");
    let told = events.wait_for("mirrored", |_| true);
    assert_eq!(told["repaired"], true, "{told}");
    assert_sound(&newest);
    let [gone] = quarantine(&site).try_into().unwrap();
    assert!(
        file_of(&gone).exists(),
        "the damaged one is kept for a while"
    );
    assert_eq!(alarms(&site), "[]");
    let _ = site.backhaul(["verify"]).expect(0);
    assert_eq!(pass(&site)["mirrored"], 0, "and that was all");
    let log = daemon.stop().1;
    assert!(log.contains("took the place of the damaged one"), "{log}");
    let decided = site.backhaul(["log", "--json", "--backup", id.as_str().unwrap()]);
    let decided = decided.expect(0).json();
    let entries = decided.as_array().unwrap().iter();
    let actions: Vec<_> = entries.map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["fetched", "damaged", "repaired"], "{decided:#}");
}

#[test]
fn every_kind_of_damage_is_repaired_without_a_daemon_too() {
    let site = site_with(1, "");
    let backup = site.mirrored("mirror")[0].clone();
    let file = file_of(&backup);
    let whole = fs::read(&file).unwrap();
    let kinds: [(&str, &dyn Fn()); 6] = [
        ("a short file", &|| fs::write(&file, &whole[1..]).unwrap()),
        ("a missing file", &|| fs::remove_file(&file).unwrap()),
        ("no manifest", &|| {
            fs::remove_file(backup.join("backup.json")).unwrap();
        }),
        ("a broken manifest", &|| {
            fs::write(backup.join("backup.json"), "{").unwrap();
        }),
        ("other checksums", &|| {
            fs::write(backup.join("SHA256SUMS"), "").unwrap();
        }),
        ("no directory", &|| fs::remove_dir_all(&backup).unwrap()),
    ];
    for (kind, harm) in kinds {
        harm();
        let _ = site.backhaul(["verify"]).expect(1);
        assert_eq!(states(&site)[0].len(), 1, "{kind}");
        assert!(alarms(&site).contains("damaged"), "{kind}");
        let run = pass(&site);
        assert_eq!(run["repaired"], 1, "{kind}: {run:#}");
        assert_sound(&backup);
        let _ = site.backhaul(["verify"]).expect(0);
        assert_eq!(alarms(&site), "[]", "{kind}");
    }
    assert_eq!(quarantine(&site).len(), 5);
}

#[test]
fn what_the_vendor_no_longer_has_stays_damaged_and_in_its_place() {
    let site = site_with(2, "");
    let [old, new] = site.mirrored("mirror").try_into().unwrap();
    flip_a_bit(&file_of(&old));
    fs::remove_file(new.join("backup.json")).unwrap();
    let _ = site.backhaul(["verify"]).expect(1);
    for number in [1, 2] {
        site.cloud.remove_backup(&stock::backup_id(number));
    }
    let run = pass(&site);
    assert_eq!(
        (&run["mirrored"], &run["quarantined"]),
        (&0.into(), &0.into())
    );
    assert!(alarms(&site).contains("2 of the mirrored backups are damaged"));
    assert!(file_of(&old).exists() && file_of(&new).exists());

    // Losing the catalog loses none of it, not even of the one without a manifest.
    fs::remove_dir_all(site.path("state/catalog")).unwrap();
    assert!(alarms(&site).contains("2 of the mirrored backups are damaged"));
    let said = site.backhaul(["reindex"]).expect(1).stdout;
    assert!(said.contains("cannot be read: "), "{said}");
    assert!(states(&site).iter().all(|damage| damage.len() == 1));

    // What a person mends is sound again.
    let mut bytes = fs::read(file_of(&old)).unwrap();
    bytes[1000] ^= 1;
    fs::write(file_of(&old), bytes).unwrap();
    let _ = site.backhaul(["verify"]).expect(1);
    assert!(alarms(&site).contains("1 of the mirrored backups are damaged"));
    let list = site.backhaul(["list", "--json"]).json();
    assert_eq!(list[0]["verification"]["status"], "verified", "{list:#}");
}

#[test]
fn a_manifest_that_broke_while_the_catalog_was_lost_is_repaired_too() {
    let site = site_with(1, "");
    let backup = site.mirrored("mirror")[0].clone();
    fs::write(backup.join("backup.json"), "{").unwrap();
    fs::remove_dir_all(site.path("state/catalog")).unwrap();
    let run = pass(&site);
    assert_eq!(run["repaired"], 1, "{run:#}");
    assert_sound(&backup);
}

#[test]
fn a_job_verifies_its_share_after_a_pass_the_longest_unverified_first() {
    // The first share is one day's.
    let site = site_with(4, "");
    let backups = site.mirrored("mirror");
    backups
        .iter()
        .for_each(|backup| flip_a_bit(&file_of(backup)));
    configure(&site, "verify_within = \"4d\"");
    let daemon = site.daemon();
    let mut events = daemon.events();
    let _ = site.sync().expect(0);
    let told = events.wait_for("verified", |_| true);
    assert_eq!((&told["backups"], &told["damaged"]), (&1.into(), &1.into()));
    let count = |site: &Site| {
        states(site)
            .iter()
            .filter(|damage| !damage.is_empty())
            .count()
    };
    assert_eq!(count(&site), 1);
    // The share is done, so the next pass only repairs.
    assert_eq!(pass(&site)["repaired"], 1);
    assert_eq!(count(&site), 0);
    assert!(daemon.stop().0.success());

    // In a round as short as this one each share is all of it.
    configure(&site, "verify_within = \"1ms\"");
    let port = free_port();
    let config = fs::read_to_string(site.config_path()).unwrap();
    let listen = format!("[daemon]\nlisten = \"127.0.0.1:{port}\"");
    site.write_config(&config.replacen("[daemon]", &listen, 1));
    let daemon = site.daemon();
    let mut events = daemon.events();
    let _ = site.sync().expect(0);
    let told = events.wait_for("verified", |_| true);
    assert_eq!((&told["backups"], &told["damaged"]), (&4.into(), &3.into()));
    assert_eq!(
        events
            .seen()
            .iter()
            .filter(|one| one["event"] == "damaged")
            .count(),
        3
    );
    let (_, metrics) = http_get(&format!("http://127.0.0.1:{port}/metrics"));
    assert!(
        metrics.contains("backhaul_job_damaged_backups{sync_job=\"orders\"} 3"),
        "{metrics}"
    );
    assert!(daemon.stop().0.success());
}

#[test]
fn a_mirror_that_is_not_mounted_is_not_taken_for_damaged() {
    let site = site_with(2, "verify_within = \"1s\"");
    fs::rename(site.path("mirror"), site.path("elsewhere")).unwrap();
    let said = site.backhaul(["verify"]).expect(1);
    assert!(
        said.stderr.contains("is its file system mounted?"),
        "{}",
        said.stderr
    );
    let _ = site.sync().expect(1);
    fs::rename(site.path("elsewhere"), site.path("mirror")).unwrap();
    let _ = site.backhaul(["verify"]).expect(0);
    site.cloud.reset_traffic();
    assert_eq!(pass(&site)["mirrored"], 0);
    assert_eq!(site.cloud.traffic().calls(Api::BackupFiles), 0);
}

/// A gzip file of that length inside, not compressed, whose checksum at the end is wrong.
fn gzip_with_wrong_checksum(length: usize) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks = length.div_ceil(0xffff);
    for block in 0..blocks {
        let bytes = vec![7; 0xffff.min(length - block * 0xffff)];
        let size = u16::try_from(bytes.len()).unwrap();
        file.push(u8::from(block + 1 == blocks));
        file.extend(size.to_le_bytes());
        file.extend((!size).to_le_bytes());
        file.extend(bytes);
    }
    file.extend([1, 2, 3, 4]);
    file.extend(u32::try_from(length).unwrap().to_le_bytes());
    file
}

#[test]
fn what_the_vendor_handed_out_unsound_is_found_by_looking_inside() {
    let site = site_with(1, "");
    let file = ObjectSpec::new("dump.gz", gzip_with_wrong_checksum(3 << 20));
    let unsound = stock::backup(&site.cloud, 2, 1, 10).file(file);
    site.cloud.add_backup(unsound);
    let _ = pass(&site);
    let _ = site.backhaul(["verify"]).expect(0);
    let said = site
        .backhaul(["verify", "--deep", "--json"])
        .expect(1)
        .json();
    assert_eq!(said["damaged"].as_array().unwrap().len(), 0, "{said:#}");
    let unsound = &said["unsound"][0]["damage"][0];
    assert_eq!(unsound["file"], "dump.gz", "{said:#}");
    // It is what the vendor has: nothing would be better for fetching it again.
    assert_eq!(alarms(&site), "[]");
    let said = site.backhaul(["verify", "--deep"]).expect(1).stdout;
    assert!(
        said.contains("UNSOUND") && said.contains("1 unsound inside"),
        "{said}"
    );
}
