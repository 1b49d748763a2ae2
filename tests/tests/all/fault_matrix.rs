//! Every fault of a download, in every way a download comes about, ends in the right file or in a
//! failure that says what happened. None ends in a wrong file, and none hangs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use backhaul_tests::cloud::huawei::CRC64_HASH;
use backhaul_tests::cloud::{Content, Fault, InjectedFault, ObjectFault};
use backhaul_tests::harness::{
    LIMIT, Random, Site, assert_nothing_half_visible, stage_up_to, staged, stock,
};
use serde_json::Value;

const MIB: u64 = 1 << 20;
/// Just enough for several connections.
const LARGE_BYTES: u64 = 34 * MIB;
/// Patience is shortened, the number of tries is not.
const DAEMON: &str = "max_downloads = 32\nmax_connections = 200\nretry_pause = \"5ms\"\n\
                      stall_timeout = \"2s\"\n";
/// Two jobs, because one has sixteen backups in flight at most and here each waits for itself.
const JOBS: &str = r#"
[[job]]
name = "left"
account = "demo"
service = "rds"
instances = ["left"]
directory = "mirror"

[[job]]
name = "right"
account = "demo"
service = "rds"
instances = ["right"]
directory = "mirror"
"#;

/// How a download comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Small, and durable only with all others.
    Light,
    /// Over one connection.
    Single,
    /// Over one connection, going on after a kill.
    Resumed,
    /// Over several connections.
    Parallel,
    /// Over several connections, going on after a kill in the midst of them.
    ResumedParallel,
}

use Way::{Light, Parallel, Resumed, ResumedParallel, Single};

impl Way {
    fn bytes(self) -> u64 {
        match self {
            Light => 100 << 10,
            Single | Resumed => MIB,
            Parallel | ResumedParallel => LARGE_BYTES,
        }
    }

    /// A length that is a response's in a hundred parts; each connection of a parallel transfer
    /// asks for eight MiB.
    fn part(self, hundredths: u64) -> u64 {
        let whole = match self {
            Parallel | ResumedParallel => 8 * MIB,
            _ => self.bytes(),
        };
        whole / 100 * hundredths
    }

    fn is_parallel(self) -> bool {
        matches!(self, Parallel | ResumedParallel)
    }
}

/// How a download ends that has a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    /// With the right file.
    Right,
    /// With a failure that says this.
    Fails(&'static str),
}

use Ends::{Fails, Right};

fn status(code: u16, retry_after: Option<u64>) -> ObjectFault {
    ObjectFault::Status { code, retry_after }
}

/// Each fault, and how a download ends that has it at every try.
fn lasting(way: Way) -> Vec<(ObjectFault, Ends)> {
    let some = way.part(40);
    let too_short = match way {
        // The bytes on disk go on where those that came end.
        Resumed | ResumedParallel => Right,
        Light | Single | Parallel => Fails("checksum"),
    };
    vec![
        (ObjectFault::ResetAfter(some), Right),
        (ObjectFault::StallAfter(way.part(60)), Right),
        (ObjectFault::TruncateAfter(some), Right),
        (ObjectFault::WrongLength(way.part(50)), too_short),
        (
            ObjectFault::WrongLength(2 * way.bytes()),
            match way {
                Resumed | ResumedParallel => Right,
                _ => Fails("changed"),
            },
        ),
        (
            ObjectFault::FlipBit(way.bytes() - way.part(10)),
            Fails("checksum"),
        ),
        (ObjectFault::XmlErrorWith200, Fails("XML error page")),
        (ObjectFault::HtmlWith200, Fails("HTML page")),
        (ObjectFault::ExpireLinkAfter(some), Right),
        (status(503, None), Fails("HTTP 503")),
        (status(429, None), Fails("HTTP 429")),
        (status(403, None), Fails("HTTP 403")),
        (status(404, None), Fails("gone")),
        (ObjectFault::RangesIgnored, Right),
        (
            ObjectFault::ObjectChangesAfter(some),
            match way.is_parallel() {
                true => Fails("changed"),
                false => Fails("connection failed"),
            },
        ),
        (ObjectFault::WeakETag, Right),
        (ObjectFault::NoETag, Right),
        (ObjectFault::NewETagEachLink, Right),
        (ObjectFault::NoContentLength, Right),
        (ObjectFault::Pace(4 * way.part(50)), Right),
    ]
}

/// The faults that every download survives when they pass.
fn passing(way: Way) -> Vec<(ObjectFault, Ends)> {
    let all = lasting(way).into_iter().map(|(fault, _)| (fault, Right));
    let mut passing: Vec<_> = all
        // It says that there is nothing to wait for.
        .filter(|(fault, _)| *fault != status(404, None))
        .collect();
    passing.push((status(503, Some(1)), Right));
    passing
}

#[test]
fn a_small_download_ends_right_or_says_why_not() {
    check(Light, 1, passing(Light));
    check(Light, u64::MAX, lasting(Light));
}

#[test]
fn a_download_over_one_connection_ends_right_or_says_why_not() {
    check(Single, 1, passing(Single));
    check(Single, u64::MAX, lasting(Single));
}

#[test]
fn a_download_that_goes_on_after_a_kill_ends_right_or_says_why_not() {
    check(Resumed, 1, passing(Resumed));
    check(Resumed, u64::MAX, lasting(Resumed));
}

#[test]
fn a_download_over_several_connections_ends_right_or_says_why_not() {
    check(Parallel, 1, passing(Parallel));
    check(Parallel, u64::MAX, lasting(Parallel));
}

#[test]
fn a_download_over_several_connections_that_goes_on_after_a_kill_ends_right_or_says_why_not() {
    check(ResumedParallel, 1, passing(ResumedParallel));
    check(ResumedParallel, u64::MAX, lasting(ResumedParallel));
}

fn site(backups: u64, bytes: impl Fn(u64) -> u64) -> Site {
    let site = Site::new();
    site.configure_daemon(DAEMON, JOBS);
    site.cloud.set(|switches| switches.calls_per_minute = None);
    for (number, name) in [(1, "left"), (2, "right")] {
        stock::add_instance(&site.cloud, number, name);
    }
    for number in 1..=backups {
        let instance = 1 + number % 2;
        let backup = stock::one_file(&site.cloud, number, instance, 2, bytes(number));
        site.cloud.add_backup(backup);
    }
    site
}

/// One backup for each fault, all fetched side by side.
fn check(way: Way, times: u64, cases: Vec<(ObjectFault, Ends)>) {
    let site = site(cases.len() as u64, |_| way.bytes());
    match way {
        Resumed => stage_up_to(&site, "mirror", way.part(30), cases.len()),
        ResumedParallel => kill_in_the_midst(&site, cases.len()),
        _ => {}
    }
    let faults: Vec<_> = (1..)
        .zip(cases)
        .map(|(number, (fault, ends))| {
            let injected = inject(&site, number, Fault::object(fault.clone()).times(times));
            (number, fault, ends, injected)
        })
        .collect();

    let runs = site.backhaul(["sync", "--json"]);
    let errors = errors(&runs.json());
    let there = digests(&site);
    for (number, fault, ends, injected) in &faults {
        let id = stock::backup_id(*number);
        let named: Vec<_> = errors.iter().filter(|error| error.contains(&id)).collect();
        match ends {
            Right => {
                let right = digest(*number, way.bytes(), changes(fault, injected));
                assert!(named.is_empty(), "{way:?} {fault:?}: {named:?}");
                assert_eq!(there.get(&id), Some(&right), "{way:?} {fault:?}");
            }
            Fails(why) => {
                assert_eq!(named.len(), 1, "{way:?} {fault:?}: {errors:#?}");
                assert!(named[0].contains(why), "{way:?} {fault:?}: {named:?}");
                assert!(!named[0].contains("Signature"), "{named:?}");
                assert_eq!(there.get(&id), None, "{way:?} {fault:?}: visible");
            }
        }
    }
    let failing = faults.iter().any(|(_, _, ends, _)| *ends != Right);
    assert_eq!(runs.code, Some(i32::from(failing)), "{runs:?}");

    site.cloud.calm();
    let _ = site.sync().expect(0);
    let there = digests(&site);
    for (number, fault, _, injected) in &faults {
        // A connection that is left behind may still change the object after it was mirrored; what
        // is mirrored is then an older version, but a whole one.
        let right: Vec<_> = (0..=changes(fault, injected))
            .map(|version| digest(*number, way.bytes(), version))
            .collect();
        let mirrored = &there[&stock::backup_id(*number)];
        assert!(right.contains(mirrored), "{way:?} {fault:?}: {mirrored}");
    }
    assert!(staged(&site.path("mirror")).is_empty());
}

/// Kills the daemon while one connection of each download is held and others have gone on.
fn kill_in_the_midst(site: &Site, downloads: usize) {
    let gate = site.cloud.gate_all(10 * MIB);
    let daemon = site.daemon();
    let mut sync = site.command(["sync"]);
    let sync = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let held = site.cloud.wait(LIMIT, gate.wait_until_holding(downloads));
    held.unwrap_or_else(|error| panic!("{error}; {} held:\n{}", gate.held(), daemon.log()));
    // Each has something that the next run can build upon.
    let begun = Instant::now();
    while begun_downloads(&site.path("mirror")) < downloads {
        assert!(begun.elapsed() < LIMIT, "{}", daemon.log());
        std::thread::yield_now();
    }
    daemon.kill();
    let _ = sync.unwrap().wait();
    site.cloud.calm();
}

/// How many downloads have the front of their file, as their marks say.
fn begun_downloads(mirror: &Path) -> usize {
    let own = entries(&mirror.join(".backhaul/staging"));
    let files = own.iter().flat_map(|own| entries(own));
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "mark"))
        .filter_map(|mark| std::fs::read(mark).ok())
        .filter(|mark| mark.len() == 16 && mark[..8] != [0; 8])
        .count()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

fn inject(site: &Site, number: u64, fault: Fault) -> InjectedFault {
    let object = format!("{}/{number}.bin", stock::backup_id(number));
    site.cloud.inject(fault.on(object))
}

/// How often a fault has changed an object.
fn changes(fault: &ObjectFault, injected: &InjectedFault) -> u64 {
    match fault {
        ObjectFault::ObjectChangesAfter(_) => injected.hits(),
        _ => 0,
    }
}

/// The digest of the file of a backup after so many changes.
fn digest(number: u64, bytes: u64, changes: u64) -> String {
    let seed = match changes {
        0 => number,
        version => (1 << 63) + version,
    };
    static KNOWN: Mutex<BTreeMap<(u64, u64), String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let digest = || Content::generated(seed, bytes).sha256_hex().unwrap();
    known.entry((seed, bytes)).or_insert_with(digest).clone()
}

fn errors(runs: &Value) -> Vec<String> {
    let runs = runs.as_array().unwrap().iter();
    let errors = runs.flat_map(|run| run["errors"].as_array().unwrap());
    errors
        .map(|error| error.as_str().unwrap().to_owned())
        .collect()
}

/// The digest of the one file of each visible backup, by the vendor's key.
fn digests(site: &Site) -> BTreeMap<String, String> {
    assert_nothing_half_visible(&site.path("mirror"), &BTreeMap::new())
        .into_values()
        .map(|manifest| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (
                text(&manifest["identity"]["key"]),
                text(&manifest["files"][0]["sha256"]),
            )
        })
        .collect()
}

const RANDOM_BACKUPS: u64 = 30;

/// Several faults of one download at any places, any number of times; killed in between as well.
#[test]
fn faults_that_come_together_end_right_or_say_why_not() {
    let mut random = Random::new();
    let bytes = |number: u64| match number {
        1..=2 => LARGE_BYTES,
        3..=12 => 100 << 10,
        _ => MIB,
    };
    let site = site(RANDOM_BACKUPS, bytes);
    // The vendor's word on what is right, whatever becomes of length and entity tag.
    site.cloud
        .set(|switches| switches.crc64_header = Some(CRC64_HASH));
    let mut faults = Vec::new();
    for number in 1..=RANDOM_BACKUPS {
        for _ in 0..=random.below(3) {
            let fault = any_fault(&mut random, bytes(number));
            let scope = Fault::object(fault.clone()).times(1 + random.below(3));
            let scope = scope.skipping(random.below(3));
            println!("{number}: {scope:?}");
            faults.push((number, fault, inject(&site, number, scope)));
        }
    }
    let check = |errors: &[String]| {
        let there = digests(&site);
        for number in 1..=RANDOM_BACKUPS {
            let id = stock::backup_id(number);
            let own = faults.iter().filter(|(of, ..)| *of == number);
            let changes = own
                .map(|(_, fault, injected)| changes(fault, injected))
                .sum();
            match there.get(&id) {
                // A download that began before a change may have got all of what was there then.
                Some(found) => assert!(
                    (0..=changes).any(|version| *found == digest(number, bytes(number), version)),
                    "{number} is wrong"
                ),
                None => assert!(
                    errors.iter().any(|error| error.contains(&id)),
                    "{errors:#?}"
                ),
            }
        }
    };
    let runs = site.backhaul(["sync", "--json"]);
    check(&errors(&runs.json()));
    let runs = site.backhaul(["sync", "--json"]);
    check(&errors(&runs.json()));
    site.cloud.calm();
    let _ = site.sync().expect(0);
    check(&[]);
    assert!(staged(&site.path("mirror")).is_empty());
}

fn any_fault(random: &mut Random, bytes: u64) -> ObjectFault {
    let reach = bytes.min(8 * MIB);
    let at = random.below(reach);
    match random.below(16) {
        0 => ObjectFault::ResetAfter(at),
        1 => ObjectFault::StallAfter(at),
        2 => ObjectFault::TruncateAfter(at),
        3 => ObjectFault::WrongLength(random.below(2 * bytes)),
        4 => ObjectFault::FlipBit(random.below(bytes)),
        5 => ObjectFault::XmlErrorWith200,
        6 => ObjectFault::HtmlWith200,
        7 => ObjectFault::ExpireLinkAfter(at),
        8 => status(*random.pick(&[403, 408, 416, 429, 500, 503]), None),
        9 => ObjectFault::RangesIgnored,
        10 => ObjectFault::ObjectChangesAfter(at),
        11 => ObjectFault::WeakETag,
        12 => ObjectFault::NoETag,
        13 => ObjectFault::NewETagEachLink,
        14 => ObjectFault::NoContentLength,
        _ => ObjectFault::Pace(reach + random.below(reach)),
    }
}
