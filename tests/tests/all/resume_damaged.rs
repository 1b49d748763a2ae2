//! Downloads killed at random, their staged bytes and records then damaged at random: whatever is
//! found, the file is right in the end.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;

use backhaul_tests::cloud::huawei::CRC64_HASH;
use backhaul_tests::cloud::{Content, ObjectSpec};
use backhaul_tests::harness::{LIMIT, Random, Site, assert_nothing_half_visible, stock};
use futures_util::future::select;

const MIB: u64 = 1 << 20;
const ROUNDS: u64 = 12;
const JOB: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
directory = "mirror"
"#;

/// What happens to a file while nobody looks.
#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    /// Only a part is left.
    Cut,
    /// It has become longer.
    Grown,
    /// One bit is another one.
    Flipped,
    /// A stretch is as if it had never been written.
    Zeroed,
    /// It is gone.
    Removed,
    /// It is full of something else.
    Garbage,
}

const DAMAGES: [Damage; 7] = [
    Damage::None,
    Damage::Cut,
    Damage::Grown,
    Damage::Flipped,
    Damage::Zeroed,
    Damage::Removed,
    Damage::Garbage,
];

#[test]
fn damaged_leftovers_never_make_a_wrong_file() {
    let mut random = Random::new();
    for round in 0..ROUNDS {
        let site = Site::new();
        site.configure_daemon("retry_pause = \"5ms\"\n", JOB);
        // The only thing that tells bytes on disk from others of the same length.
        site.cloud
            .set(|switches| switches.crc64_header = Some(CRC64_HASH));
        stock::add_instance(&site.cloud, 1, "orders");
        let bytes = *random.pick(&[100 << 10, MIB, 3 * MIB, 34 * MIB]);
        let content = Content::generated(round, bytes);
        let digest = content.sha256_hex().unwrap();
        let file = ObjectSpec::new("1.bin", content);
        site.cloud
            .add_backup(stock::backup(&site.cloud, 1, 1, 2).file(file));

        for _ in 0..=random.below(3) {
            let offset = random.below(bytes);
            kill_at(&site, offset);
            for path in leftovers(&site.path("mirror/.backhaul/staging")) {
                let damage = *random.pick(&DAMAGES);
                println!(
                    "{round}: {bytes} killed at {offset}: {damage:?} {}",
                    path.display()
                );
                inflict(&path, damage, &mut random);
            }
        }

        let _ = site.sync().expect(0);
        let there = assert_nothing_half_visible(&site.path("mirror"), &Default::default());
        let manifest = there.into_values().next().expect("a backup");
        assert_eq!(manifest["files"][0]["sha256"], digest, "round {round}");
        assert!(leftovers(&site.path("mirror/.backhaul/staging")).is_empty());
    }
}

/// Runs the daemon until that byte is asked for, or everything is there, and kills it.
fn kill_at(site: &Site, offset: u64) {
    let gate = site.cloud.gate_all(offset);
    let daemon = site.daemon();
    let mut events = daemon.events();
    let mut sync = site.command(["sync"]);
    let sync = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    // What was kept from an earlier kill may reach beyond that byte, so that nobody asks for it.
    let (tell, ended) = tokio::sync::oneshot::channel();
    let listener = std::thread::spawn(move || {
        while events
            .take()
            .is_some_and(|event| event["event"] != "pass-ended")
        {}
        let _ = tell.send(());
    });
    let held = pin!(gate.wait_until_held());
    let _ = site.cloud.wait(LIMIT, select(held, ended)).unwrap();
    daemon.kill();
    let _ = sync.unwrap().wait();
    listener.join().unwrap();
    site.cloud.calm();
}

/// All files beneath a directory.
fn leftovers(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => found.extend(leftovers(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn inflict(path: &Path, damage: Damage, random: &mut Random) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let length = file.metadata().unwrap().len();
    let at = random.below(length.max(1));
    let some = 1 + random.below(4096);
    match damage {
        Damage::None => {}
        Damage::Cut => file.set_len(at).unwrap(),
        Damage::Grown => file.set_len(length + some).unwrap(),
        Damage::Flipped if length > 0 => {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        }
        Damage::Flipped => {}
        Damage::Zeroed => {
            let count = usize::try_from(some.min(length - at)).unwrap();
            file.write_all_at(&vec![0; count], at).unwrap();
        }
        Damage::Removed => std::fs::remove_file(path).unwrap(),
        Damage::Garbage => file.write_all_at(&[0xa5; 64], 0).unwrap(),
    }
}
