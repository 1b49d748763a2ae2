//! Each file that Backhaul keeps, with a flipped bit, cut short, or gone: noticed, said, survived.
//! Never a wrong file in the mirror, never a deletion.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use backhaul_tests::cloud::{Content, ObjectSpec};
use backhaul_tests::harness::{LIMIT, Random, Said, Site, assert_sound, staged, stock};

use super::catalog::copy;

const JOB: &str = "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\n\
                   directory = \"mirror\"\n";
const BACKUPS: u64 = 3;

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Damage {
    Flipped,
    Cut,
    Gone,
}

const DAMAGES: [Damage; 3] = [Damage::Flipped, Damage::Cut, Damage::Gone];

impl Damage {
    fn inflict(self, path: &Path, random: &mut Random) {
        let mut bytes = fs::read(path).unwrap();
        let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        println!("{self:?} {} at {place} of {}", path.display(), bytes.len());
        match self {
            Self::Flipped => bytes[place] ^= 1 << random.below(8),
            Self::Cut => bytes.truncate(place),
            Self::Gone => return fs::remove_file(path).unwrap(),
        }
        fs::write(path, bytes).unwrap();
    }
}

fn site() -> Site {
    let site = Site::new();
    site.cloud.set(|switches| switches.calls_per_minute = None);
    stock::add_instance(&site.cloud, 1, "orders");
    for number in 1..=BACKUPS {
        let age = 100 - i64::try_from(number).unwrap();
        let backup = stock::one_file(&site.cloud, number, 1, age, 3000);
        site.cloud.add_backup(backup);
    }
    site.configure(JOB);
    let _ = site.sync().expect(0);
    site
}

/// State and mirror as they were when they were sound.
struct Sound<'a>(&'a Site);

impl<'a> Sound<'a> {
    fn keep(site: &'a Site) -> Self {
        for name in ["state", "mirror"] {
            copy(&site.path(name), &site.path(format!("sound-{name}")));
        }
        Self(site)
    }

    fn bring_back(&self) {
        for name in ["state", "mirror"] {
            fs::remove_dir_all(self.0.path(name)).unwrap();
            copy(&self.0.path(format!("sound-{name}")), &self.0.path(name));
        }
    }
}

/// The bytes of everything that is visible in the mirror.
fn visible(site: &Site) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![site.path("mirror")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with(".backhaul") => {}
                true => folders.push(path),
                false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
            }
        }
    }
    found
}

fn the_one(folder: &Path, ending: &str) -> PathBuf {
    let mut entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let found = entries.find(|path| path.to_string_lossy().ends_with(ending));
    found.unwrap_or_else(|| panic!("no {ending} in {}", folder.display()))
}

#[test]
fn a_damaged_file_of_a_mirrored_backup_is_found_and_nothing_is_done_to_it() {
    let mut random = Random::new();
    let site = site();
    let sound = Sound::keep(&site);
    for victim in ["backup.json", "SHA256SUMS", ".bin"] {
        for damage in DAMAGES {
            sound.bring_back();
            let backup = random.pick(&site.mirrored("mirror")).clone();
            damage.inflict(&the_one(&backup, victim), &mut random);
            let before = visible(&site);
            let _ = site.sync().expect(0);
            assert_eq!(visible(&site), before, "a pass leaves it as it is");
            let said = site.backhaul(["verify"]);
            // A flipped bit in the vendor's own record in a manifest changes no fact of ours.
            let harmless = victim == "backup.json" && damage == Damage::Flipped;
            if said.code != Some(0) || !harmless {
                assert_eq!(said.code, Some(1), "{damage:?} {victim}: {said:?}");
                let name = backup.file_name().unwrap().to_string_lossy();
                assert!(
                    said.stdout.contains(&*name),
                    "{damage:?} {victim}: {said:?}"
                );
            }
            assert_eq!(visible(&site), before, "nor does verification");
        }
    }
}

#[test]
fn a_damaged_file_of_the_state_costs_nothing_that_is_mirrored() {
    let mut random = Random::new();
    let site = site();
    // The vendor cannot remind of these.
    (1..BACKUPS).for_each(|number| site.cloud.remove_backup(&stock::backup_id(number)));
    let sound = Sound::keep(&site);
    let before = visible(&site);
    let entries = |said: &Said| said.json().as_array().unwrap().len();
    let log = ["log", "--action", "fetched", "--json"];
    for victim in ["catalog/db", "catalog/conf", "decisions"] {
        for damage in DAMAGES {
            sound.bring_back();
            site.cloud.reset_traffic();
            let path = match victim {
                "decisions" => the_one(&site.path("state/decisions"), ".jsonl"),
                victim => site.path("state").join(victim),
            };
            damage.inflict(&path, &mut random);
            let _ = site.sync().expect(0);
            assert_eq!(
                site.cloud.traffic().downloads().gets,
                0,
                "{damage:?} {victim}"
            );
            assert_eq!(visible(&site), before, "{damage:?} {victim}");
            let list = site.backhaul(["list", "--json"]).expect(0);
            assert_eq!(entries(&list), before.len() / 3, "{damage:?} {victim}");
            let said = site.backhaul(log).expect(0);
            match (victim, damage) {
                ("decisions", Damage::Flipped) => {
                    assert!(said.stderr.contains("damaged"), "{said:?}");
                    assert!(entries(&said) + 2 >= before.len() / 3, "{said:?}");
                }
                ("decisions", _) => {}
                _ => assert_eq!(entries(&said), before.len() / 3, "{said:?}"),
            }
        }
    }
}

#[test]
fn a_damaged_download_never_becomes_a_wrong_backup() {
    const HALF: u64 = 400_000;
    let mut random = Random::new();
    let site = Site::new();
    site.cloud.set(|switches| switches.calls_per_minute = None);
    stock::add_instance(&site.cloud, 1, "orders");
    let contents = [
        Content::generated(1, 200_000),
        Content::generated(2, 1 << 20),
    ];
    let file =
        |number: usize| ObjectSpec::new(format!("{number}.bin"), contents[number - 1].clone());
    let backup = stock::backup(&site.cloud, 1, 1, 2)
        .file(file(1))
        .file(file(2));
    let object = format!("{}/2.bin", backup.id);
    site.cloud.add_backup(backup);
    site.configure(JOB);
    stage(&site, &object, HALF);
    let sound = Sound::keep(&site);

    let hidden = site.path("mirror/.backhaul/staging");
    for victim in ["state.json", "data/1.bin", "data/2.bin"] {
        for damage in DAMAGES {
            sound.bring_back();
            let own = the_one(&hidden, "");
            damage.inflict(&own.join(victim), &mut random);
            let said = site.sync().expect(0);
            let mirrored = site.mirrored("mirror");
            let manifest = assert_sound(&mirrored[0]);
            for (number, content) in contents.iter().enumerate() {
                let sha256 = &manifest["files"][number]["sha256"];
                assert_eq!(
                    *sha256,
                    content.sha256_hex().unwrap(),
                    "{damage:?} {victim}"
                );
            }
            assert_eq!(manifest["verification"]["status"], "verified");
            let noticed = ["damaged", "begun anew"];
            let noticed = noticed.iter().any(|text| said.stderr.contains(text));
            // Of what is gone nothing is claimed; a shorter beginning is as good as a longer one.
            let quiet = match victim {
                "state.json" => damage == Damage::Gone,
                "data/2.bin" => damage != Damage::Flipped,
                _ => false,
            };
            assert!(noticed || quiet, "{damage:?} {victim}: {said:?}");
        }
    }
}

/// Leaves a download in staging: its first file finished, so many bytes of its second there.
fn stage(site: &Site, object: &str, bytes: u64) {
    let gate = site.cloud.gate(object, bytes);
    let daemon = site.daemon();
    let mut sync = site.command(["sync"]);
    let sync = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut sync = sync.expect("backhaul can be started");
    let held = site.cloud.wait(LIMIT, gate.wait_until_held());
    held.expect("the byte is asked for");
    let end = Instant::now() + LIMIT;
    let there = || {
        staged(&site.path("mirror"))
            .iter()
            .any(|file| file.length == bytes)
    };
    while !there() {
        assert!(Instant::now() < end, "{:?}", staged(&site.path("mirror")));
        std::thread::yield_now();
    }
    daemon.kill();
    let _ = sync.wait();
    site.cloud.calm();
}

#[test]
fn a_quarantined_backup_comes_back_whatever_became_of_the_note_where_it_was() {
    let mut random = Random::new();
    let site = site();
    let before = visible(&site);
    site.configure(&format!(
        "{JOB}retention = {{ keep_last = 1, min_good = 1 }}\n"
    ));
    let _ = site.sync().expect(0);
    site.configure(JOB);
    let sound = Sound::keep(&site);
    for damage in DAMAGES {
        sound.bring_back();
        let slot = the_one(&site.path("mirror/.backhaul/quarantine"), "");
        let id = assert_sound(&slot.join("backup"))["id"]
            .as_str()
            .unwrap()
            .to_owned();
        damage.inflict(&slot.join("from"), &mut random);
        let said = site.backhaul(["restore-quarantined", &id]).expect(0);
        assert!(said.stderr.contains("damaged"), "{damage:?}: {said:?}");
        let now = visible(&site);
        assert_eq!(now.len(), 6, "two of three backups are visible again");
        assert!(
            now.iter().all(|(path, bytes)| before[path] == *bytes),
            "{damage:?}"
        );
        let restored = site.backhaul(["log", "--backup", &id, "--action", "restored"]);
        assert!(restored.expect(0).stdout.contains(&id));
    }
}
