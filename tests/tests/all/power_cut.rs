//! The power goes at a random moment: what was acknowledged is there, what is visible is whole,
//! and what a checkpoint claims is on the disk.
//!
//! The mirror and the state directory lie on a disk of their own. Right after an acknowledgement
//! the daemon is stopped, and the disk is copied as it is: what the kernel still kept to itself is
//! lost. Each copy is then mounted in place of the disk, looked at, and given to a new daemon.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use backhaul_tests::cloud::{Content, Fault, ObjectFault, ObjectSpec};
use backhaul_tests::harness::{Disk, Random, Site, assert_nothing_half_visible, stock};
use serde_json::Value;

const MIB: u64 = 1 << 20;
const DISK_MIB: u64 = 320;
/// Large files come over several connections, with a checkpoint every 64 MiB.
const LARGE: u64 = 2;
const LARGE_BYTES: u64 = 100 * MIB;
const SMALL: u64 = 300;
/// Said to be small by the vendor, but of two files one of which is not.
const LYING: u64 = 4;
const CUTS: u64 = 3;
const JOBS: &str = r#"
[[job]]
name = "large"
account = "demo"
service = "rds"
instances = ["large"]
directory = "disk/large"

[[job]]
name = "small"
account = "demo"
service = "rds"
instances = ["small"]
directory = "disk/small"
"#;
const DIRECTORIES: [&str; 2] = ["disk/large", "disk/small"];

/// What each file contains, and its digest, by backup and name.
type Contents = BTreeMap<String, (Content, String)>;

/// When the power goes.
#[derive(Debug)]
enum Moment {
    /// When so many backups have been acknowledged.
    Mirrored(usize),
    /// When so many bytes of the large files have come.
    Received(u64),
}

/// What was on the disk when the power went.
struct Cut {
    image: PathBuf,
    /// The directories of the backups acknowledged by then.
    acknowledged: Vec<PathBuf>,
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let site = Site::new();
    let (image, place) = (site.path("image"), site.path("disk"));
    let Some(disk) = Disk::new(&image, &place, DISK_MIB) else {
        return;
    };
    let contents = stock_up(&site);
    let mut random = Random::new();
    let cuts = mirror_and_cut(&site, &disk, &mut random);
    drop(disk);
    for cut in &cuts {
        std::fs::rename(&cut.image, &image).unwrap();
        let disk = Disk::mount(&image, &place).expect("the disk can be mounted again");
        check(&site, cut, &contents);
        go_on(&site, cut, &contents);
        drop(disk);
    }
}

/// Fills the vendor's shelves.
fn stock_up(site: &Site) -> Contents {
    let text = site.daemon_table().replace("\"state\"", "\"disk/state\"");
    site.write_config(&format!("{text}{}{JOBS}", site.account("demo")));
    site.cloud.set(|switches| switches.calls_per_minute = None);
    stock::add_instance(&site.cloud, 1, "large");
    stock::add_instance(&site.cloud, 2, "small");
    let mut contents = BTreeMap::new();
    for number in 1..=LARGE + SMALL + LYING {
        let instance = if number <= LARGE { 1 } else { 2 };
        let lengths = match number {
            1..=LARGE => vec![LARGE_BYTES],
            _ if number > LARGE + SMALL => vec![90_000, 400_000],
            _ => vec![number * 61],
        };
        let age = 1000 - i64::try_from(number).unwrap();
        let mut backup = stock::backup(&site.cloud, number, instance, age);
        for (index, length) in (0..).zip(lengths) {
            let content = Content::generated(10 * number + index, length);
            let mut file = ObjectSpec::new(format!("{index}.bin"), content.clone());
            if length > 1000 && number > LARGE {
                file.size_kb_override = Some(length / 1024 / 4);
            }
            let digest = content.sha256_hex().unwrap();
            contents.insert(format!("{}/{}", backup.id, file.name), (content, digest));
            backup = backup.file(file);
        }
        site.cloud.add_backup(backup);
    }
    // So slow that there is time to cut.
    for number in 1..=LARGE {
        let pace = Fault::object(ObjectFault::Pace(40 * MIB)).always();
        site.cloud
            .inject(pace.on(format!("{}/0.bin", stock::backup_id(number))));
    }
    contents
}

/// Lets a daemon mirror everything, and copies its disk at random moments.
fn mirror_and_cut(site: &Site, disk: &Disk, random: &mut Random) -> Vec<Cut> {
    let mut moments: Vec<_> = (0..CUTS)
        .map(|cut| match cut % 2 {
            0 => Moment::Mirrored(1 + usize::try_from(random.below(SMALL)).unwrap()),
            _ => Moment::Received(random.below(LARGE * LARGE_BYTES)),
        })
        .collect();
    let daemon = site.daemon();
    let mut events = daemon.events();
    let mut sync = site.command(["sync"]);
    let mut sync = sync
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut acknowledged, mut received, mut ended) = (Vec::new(), 0, 0);
    let mut cuts = Vec::new();
    while ended < DIRECTORIES.len() && !moments.is_empty() {
        let event = events.take().expect("the daemon runs");
        match event["event"].as_str().unwrap() {
            "mirrored" => acknowledged.push(PathBuf::from(event["path"].as_str().unwrap())),
            "received" if event["job"] == "large" => received += event["bytes"].as_u64().unwrap(),
            "pass-ended" => ended += 1,
            _ => {}
        }
        let due = |moment: &Moment| match moment {
            Moment::Mirrored(count) => acknowledged.len() >= *count,
            Moment::Received(bytes) => received >= *bytes,
        };
        let Some(moment) = moments.iter().position(due) else {
            continue;
        };
        let moment = moments.swap_remove(moment);
        let image = site.path(format!("cut{}", cuts.len()));
        daemon.signal("STOP");
        disk.copy_to(&image);
        daemon.signal("CONT");
        println!("cut at {moment:?}: {} acknowledged", acknowledged.len());
        cuts.push(Cut {
            image,
            acknowledged: acknowledged.clone(),
        });
    }
    daemon.kill();
    let _ = sync.wait();
    site.cloud.calm();
    cuts
}

/// Looks at a disk after the power came back.
fn check(site: &Site, cut: &Cut, contents: &Contents) {
    let mut visible = BTreeMap::new();
    for directory in DIRECTORIES {
        visible.extend(assert_nothing_half_visible(
            &site.path(directory),
            &BTreeMap::new(),
        ));
    }
    for manifest in visible.values() {
        assert_right(manifest, contents);
    }
    let lost: Vec<_> = cut
        .acknowledged
        .iter()
        .filter(|path| !visible.contains_key(*path))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:#?}");
    let claimed: u64 = DIRECTORIES
        .iter()
        .map(|directory| check_claims(&site.path(directory), contents))
        .sum();
    println!(
        "{} visible, {claimed} bytes claimed by checkpoints",
        visible.len()
    );
}

/// Checks that the records in staging claim nothing that is not there. Returns how much they do.
fn check_claims(job_directory: &Path, contents: &Contents) -> u64 {
    let mut claimed = 0;
    let staging = job_directory.join(".backhaul/staging");
    let Ok(entries) = std::fs::read_dir(staging) else {
        return 0;
    };
    for own in entries.map(|entry| entry.unwrap().path()) {
        let record = own.join("state.json");
        let Ok(text) = std::fs::read(&record) else {
            continue;
        };
        let mut state: Value = serde_json::from_slice(&text).expect("the record is whole");
        let backup = state["identity"]["key"].as_str().unwrap().to_owned();
        for (id, file) in state["files"].as_object().unwrap() {
            // The provider names a file by its name.
            let object = format!("{backup}/{id}");
            let (content, _) = &contents[&object];
            let bytes = file["durable_bytes"].as_u64().unwrap();
            if bytes == 0 {
                continue;
            }
            let there = std::fs::read(own.join("data").join(id)).unwrap();
            assert!(
                there.len() as u64 >= bytes,
                "{object}: {} of {bytes}",
                there.len()
            );
            let there = Content::bytes(there).read(0, bytes).unwrap();
            assert!(
                there == content.read(0, bytes).unwrap(),
                "{object}: not what it was"
            );
            claimed += bytes;
        }
        // The machine has started anew.
        for boot in state["boots"].as_object_mut().unwrap().values_mut() {
            *boot = "another".into();
        }
        std::fs::write(&record, serde_json::to_vec(&state).unwrap()).unwrap();
    }
    claimed
}

/// A new daemon goes on with what is there, and gets everything.
fn go_on(site: &Site, cut: &Cut, contents: &Contents) {
    site.cloud.reset_traffic();
    let daemon = site.daemon();
    let _ = site.sync().expect(0);
    let list = site.backhaul(["list", "--json"]).expect(0).json();
    let backups = LARGE + SMALL + LYING;
    assert_eq!(list.as_array().unwrap().len() as u64, backups);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    println!(
        "{}",
        if log.contains("the catalog was unusable") {
            "the catalog was rebuilt"
        } else {
            "the catalog was sound"
        }
    );
    let mut keys = BTreeMap::new();
    for directory in DIRECTORIES {
        for (path, manifest) in assert_nothing_half_visible(&site.path(directory), &BTreeMap::new())
        {
            assert_right(&manifest, contents);
            keys.insert(
                path,
                manifest["identity"]["key"].as_str().unwrap().to_owned(),
            );
        }
    }
    assert_eq!(keys.len() as u64, backups);
    let traffic = site.cloud.traffic();
    for path in &cut.acknowledged {
        let key = &keys[path];
        for object in contents.keys().filter(|object| object.starts_with(key)) {
            assert_eq!(traffic.object(object).gets, 0, "{object} was acknowledged");
        }
    }
}

fn assert_right(manifest: &Value, contents: &Contents) {
    let key = manifest["identity"]["key"].as_str().unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let name = file["vendor_name"].as_str().unwrap();
        let (_, right) = &contents[&format!("{key}/{name}")];
        assert_eq!(file["sha256"], **right, "{key}/{name}");
    }
}
