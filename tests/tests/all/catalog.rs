//! The catalog is an index: damaged or lost, it is made anew from the mirror.

use std::fs;
use std::path::Path;

use backhaul_tests::harness::{Random, Site, stock};

const JOBS: &str = r#"
[[job]]
name = "left"
account = "demo"
service = "rds"
instances = ["left"]
directory = "mirror/left"

[[job]]
name = "right"
account = "demo"
service = "rds"
instances = ["right"]
directory = "mirror/right"
"#;
const BACKUPS: u64 = 12;

fn site() -> Site {
    let site = Site::new();
    site.cloud.set(|switches| switches.calls_per_minute = None);
    stock::add_instance(&site.cloud, 1, "left");
    stock::add_instance(&site.cloud, 2, "right");
    for number in 1..=BACKUPS {
        let age = 100 - i64::try_from(number).unwrap();
        site.cloud.add_backup(stock::one_file(
            &site.cloud,
            number,
            1 + number % 2,
            age,
            3000,
        ));
    }
    site.configure(JOBS);
    let _ = site.sync().expect(0);
    site
}

/// Starts a daemon on the state as it is, and checks that after a pass everything is known and
/// nothing was fetched. Returns what the daemon said.
fn assert_all_known(site: &Site, what: &str) -> String {
    site.cloud.reset_traffic();
    let daemon = site.daemon();
    let said = site.sync();
    assert_eq!(said.code, Some(0), "{what}: {said:?}\n{}", daemon.log());
    assert_eq!(site.cloud.traffic().downloads().gets, 0, "{what}");
    let list = site.backhaul(["list", "--json"]).expect(0).json();
    assert_eq!(
        list.as_array().unwrap().len() as u64,
        BACKUPS,
        "{what}: {}",
        daemon.log()
    );
    let (status, log) = daemon.stop();
    assert!(status.success(), "{what}: {log}");
    log
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn set_aside(site: &Site) -> usize {
    let names = fs::read_dir(site.path("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("catalog.broken-"))
        .count()
}

#[test]
fn a_lost_catalog_is_made_anew() {
    let site = site();
    fs::remove_dir_all(site.path("state/catalog")).unwrap();
    let log = assert_all_known(&site, "removed");
    assert!(log.contains("made anew from the manifests"), "{log}");
    fs::remove_dir_all(site.path("state")).unwrap();
    let log = assert_all_known(&site, "all state removed");
    assert!(log.contains("made anew from the manifests"), "{log}");
}

#[test]
fn a_broken_catalog_is_set_aside_and_made_anew() {
    let site = site();
    let (state, sound) = (site.path("state"), site.path("sound"));
    copy(&state, &sound);
    let cut = |length| {
        let file = fs::File::options()
            .write(true)
            .open(state.join("catalog/db"))
            .unwrap();
        file.set_len(length).unwrap();
    };
    let damages: [(&str, &dyn Fn()); 5] = [
        ("no database file", &|| {
            fs::remove_file(state.join("catalog/db")).unwrap()
        }),
        ("an empty one", &|| cut(0)),
        ("its first bytes", &|| cut(100)),
        ("garbage", &|| {
            fs::write(state.join("catalog/db"), vec![0xa5; 100_000]).unwrap()
        }),
        ("a file in its place", &|| {
            fs::remove_dir_all(state.join("catalog")).unwrap();
            fs::write(state.join("catalog"), "not a directory").unwrap();
        }),
    ];
    for (what, damage) in damages {
        fs::remove_dir_all(&state).unwrap();
        copy(&sound, &state);
        damage();
        let log = assert_all_known(&site, what);
        assert!(
            log.contains("made anew from the manifests"),
            "{what}: {log}"
        );
        assert_eq!(set_aside(&site), 1, "{what}: the broken one is kept");
    }
}

#[test]
fn records_that_a_damaged_catalog_lost_are_found_again() {
    let site = site();
    // The vendor cannot remind of these.
    (1..BACKUPS).for_each(|number| site.cloud.remove_backup(&stock::backup_id(number)));
    let path = site.path("state/catalog/db");
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let log = assert_all_known(&site, "half of it");
    let says = ["were not in the catalog", "made anew from the manifests"];
    assert!(says.iter().any(|text| log.contains(text)), "{log}");
}

#[test]
fn a_catalog_damaged_anywhere_never_keeps_the_daemon_down() {
    let mut random = Random::new();
    let site = site();
    (1..BACKUPS).for_each(|number| site.cloud.remove_backup(&stock::backup_id(number)));
    let (state, sound) = (site.path("state"), site.path("sound"));
    copy(&state, &sound);
    let whole = fs::read(state.join("catalog/db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    for round in 0..12 {
        fs::remove_dir_all(&state).unwrap();
        copy(&sound, &state);
        let mut bytes = whole.clone();
        let at = usize::try_from(random.below(used)).unwrap();
        let length = 1 << random.below(13);
        for byte in bytes.iter_mut().skip(at).take(length) {
            *byte ^= 0xff;
        }
        fs::write(state.join("catalog/db"), bytes).unwrap();
        let _ = assert_all_known(&site, &format!("round {round}: {length} bytes at {at}"));
    }
}

#[test]
fn a_reindex_finds_everything_and_names_what_it_cannot_read() {
    let site = site();
    let said = site.backhaul(["reindex"]).expect(0);
    assert!(
        said.stdout.contains(&format!("{BACKUPS} backups")),
        "{said:?}"
    );
    let _ = assert_all_known(&site, "reindexed");

    let broken = &site.mirrored("mirror/left")[0];
    fs::write(broken.join("backup.json"), "{").unwrap();
    let said = site.backhaul(["reindex"]).expect(1);
    assert!(
        said.stdout.contains(&format!("{} backups", BACKUPS - 1)),
        "{said:?}"
    );
    let name = broken.file_name().unwrap().to_string_lossy();
    assert!(said.stdout.contains(&*name), "{said:?}");
}

#[test]
fn a_reindex_beside_a_daemon_is_refused_with_a_reason() {
    let site = site();
    let daemon = site.daemon();
    let said = site.backhaul(["reindex"]).expect(1);
    assert!(said.stderr.contains("in use"), "{said:?}");
    let _ = daemon.stop();
}
