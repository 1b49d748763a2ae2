//! Killed at random moments: nothing half visible, nothing lost, nothing fetched twice.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use backhaul_tests::cloud::{Api, ApiFault, Content, Fault, ObjectSpec};
use backhaul_tests::harness::{
    Daemon, LIMIT, Random, Said, Site, Staged, assert_nothing_half_visible, staged, stock,
};
use serde_json::Value;

const ROUNDS: u64 = 30;
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
const DIRECTORIES: [&str; 2] = ["mirror/left", "mirror/right"];
const LENGTHS: [u64; 8] = [0, 1, 1024, 1024, 65_536, 300_000, 2 << 20, 8 << 20];

#[test]
fn a_daemon_killed_at_random_shows_nothing_half_and_asks_for_nothing_twice() {
    let began = Instant::now();
    let mut run = Run::new();
    for round in 0..ROUNDS {
        run.add_backups();
        let moment = run.pick_moment();
        println!("round {round} at {:?}: {moment:?}", began.elapsed());
        run.run_until(&moment);
        run.check();
    }
    run.finish();
}

/// When the daemon is killed.
#[derive(Debug)]
enum Moment {
    /// While it starts.
    Start,
    /// While a call waits for its answer, after so many others.
    Call(Api, u64),
    /// When so many bytes of a file have been sent, and a little later.
    Byte {
        object: String,
        offset: u64,
        later: Duration,
    },
    /// When so many events have been told.
    Events(u64),
    /// When a backup has been published, and so many before.
    Mirrored(u64),
}

struct Run {
    site: Site,
    random: Random,
    /// What each backup must contain: digests by file name.
    expected: BTreeMap<String, BTreeMap<String, String>>,
    /// Lengths by `backup/file`.
    lengths: BTreeMap<String, u64>,
    /// The visible backups and their manifests.
    visible: BTreeMap<PathBuf, Value>,
    /// What lay in staging at the last kill, with how many requests for it there were by then.
    staged: Vec<(Staged, usize)>,
}

impl Run {
    fn new() -> Self {
        let site = Site::new();
        site.configure(JOBS);
        site.cloud.set(|switches| switches.calls_per_minute = None);
        stock::add_instance(&site.cloud, 1, "left");
        stock::add_instance(&site.cloud, 2, "right");
        let mut run = Self {
            site,
            random: Random::new(),
            expected: BTreeMap::new(),
            lengths: BTreeMap::new(),
            visible: BTreeMap::new(),
            staged: Vec::new(),
        };
        (0..6).for_each(|_| run.add_backups());
        run
    }

    /// The vendor makes one more backup of each instance.
    fn add_backups(&mut self) {
        for instance in [1, 2] {
            let number = self.expected.len() as u64 + 1;
            // Young enough that nobody thinks the vendor has stopped making backups.
            let mut backup = stock::backup(&self.site.cloud, number, instance, 20);
            let mut digests = BTreeMap::new();
            for file in 0..=self.random.below(3) {
                let name = format!("{file}.bin");
                let length = *self.random.pick(&LENGTHS);
                let content = Content::generated(number * 10 + file, length);
                digests.insert(name.clone(), content.sha256_hex().unwrap());
                self.lengths.insert(format!("{}/{name}", backup.id), length);
                backup = backup.file(ObjectSpec::new(name, content));
            }
            self.expected.insert(backup.id.clone(), digests);
            self.site.cloud.add_backup(backup);
        }
    }

    fn pick_moment(&mut self) -> Moment {
        match self.random.below(10) {
            0 => Moment::Start,
            1 => Moment::Call(Api::Instances, 0),
            2 => Moment::Call(Api::Backups, self.random.below(4)),
            3 => Moment::Call(Api::BackupFiles, self.random.below(2)),
            4 | 5 => Moment::Events(self.random.below(120)),
            6 => Moment::Mirrored(self.random.below(3)),
            _ => self.pick_byte(),
        }
    }

    /// A byte that is still to come, of a file that is not complete.
    fn pick_byte(&mut self) -> Moment {
        let seen: Vec<_> = self
            .visible
            .values()
            .map(|manifest| &manifest["identity"]["key"])
            .collect();
        let open: Vec<_> = self
            .lengths
            .iter()
            .filter(|(object, length)| {
                let backup = object.split('/').next().unwrap();
                **length > self.staged_bytes(object) && !seen.iter().any(|key| **key == *backup)
            })
            .map(|(object, length)| (object.clone(), *length))
            .collect();
        if open.is_empty() {
            // By chance every file so far is complete.
            return Moment::Start;
        }
        let (object, length) = self.random.pick(&open).clone();
        let begin = self.staged_bytes(&object);
        let offset = match self.random.below(3) {
            // The last byte: what follows it is proof and publication.
            0 => length - 1,
            _ => begin + self.random.below(length - begin),
        };
        let later = Duration::from_micros(self.random.below(2) * self.random.below(30_000));
        Moment::Byte {
            object,
            offset,
            later,
        }
    }

    fn staged_bytes(&self, object: &str) -> u64 {
        let of = |staged: &Staged| format!("{}/{}", staged.backup, staged.name) == object;
        self.staged
            .iter()
            .find(|(staged, _)| of(staged))
            .map_or(0, |(staged, _)| staged.length)
    }

    fn run_until(&mut self, moment: &Moment) {
        let site = &self.site;
        let Moment::Byte {
            object,
            offset,
            later,
        } = moment
        else {
            return self.run_until_told(moment);
        };
        let gate = site.cloud.gate(object, *offset);
        let daemon = site.daemon();
        let sync = start_sync(site);
        site.cloud
            .wait(LIMIT, gate.wait_until_held())
            .expect("the byte is asked for");
        if later.is_zero() {
            daemon.kill();
            let said = finish(sync);
            assert_eq!(said.code, Some(1), "{said:?}");
            assert!(said.stderr.contains("backhaul"), "{said:?}");
        } else {
            gate.release();
            // Not a wait for anything: one more random moment, finer than any event.
            let end = Instant::now() + *later;
            while Instant::now() < end {
                std::hint::spin_loop();
            }
            daemon.kill();
            finish(sync);
        }
        site.cloud.calm();
    }

    fn run_until_told(&mut self, moment: &Moment) {
        let site = &self.site;
        if let Moment::Start = moment {
            drop(Daemon::spawn(site, &[]));
            return;
        }
        if let Moment::Call(api, before) = moment {
            let hold = Fault::api(ApiFault::Hold)
                .of(*api)
                .skipping(*before)
                .always();
            let hold = site.cloud.inject(hold);
            let daemon = site.daemon();
            let sync = start_sync(site);
            site.cloud
                .wait(LIMIT, hold.wait_until_hit(1))
                .expect("the call is made");
            daemon.kill();
            assert_eq!(finish(sync).code, Some(1));
            site.cloud.calm();
            return;
        }
        let daemon = site.daemon();
        let mut events = daemon.events();
        let sync = start_sync(site);
        let (mut told, mut mirrored, mut ended) = (0, 0, 0);
        while let Some(event) = events.take() {
            told += 1;
            mirrored += u64::from(event["event"] == "mirrored");
            ended += u64::from(event["event"] == "pass-ended");
            let now = match moment {
                Moment::Events(count) => told > *count,
                Moment::Mirrored(count) => mirrored > *count,
                _ => true,
            };
            if now || ended == DIRECTORIES.len() as u64 {
                break;
            }
        }
        daemon.kill();
        finish(sync);
    }

    /// After a kill: everything visible is whole, and what lay in staging at the kill before was not
    /// asked for again.
    fn check(&mut self) {
        self.check_visible();
        let traffic = self.site.cloud.traffic();
        for (staged, requests) in &self.staged {
            let object = format!("{}/{}", staged.backup, staged.name);
            let later = traffic.object(&object).ranges.split_off(*requests);
            let starts: Vec<_> = later
                .iter()
                .map(|range| start_of(range.as_deref()))
                .collect();
            if staged.finished || staged.length == self.lengths[&object] {
                assert!(
                    starts.is_empty(),
                    "{object} was complete and asked for again: {later:?}"
                );
            } else if let Some(first) = starts.first() {
                let all = starts.iter().all(|start| *start >= staged.length);
                assert!(all && *first == staged.length, "{staged:?}: {later:?}");
            }
        }
        let known = |staged: Staged| {
            let object = format!("{}/{}", staged.backup, staged.name);
            let length = self.lengths.get(&object)?;
            // Of what was not even begun nothing follows.
            (staged.finished || *length > 0 && staged.length > 0)
                .then(|| (staged, traffic.object(&object).ranges.len()))
        };
        let all = DIRECTORIES
            .iter()
            .flat_map(|directory| staged(&self.site.path(directory)));
        self.staged = all.filter_map(known).collect();
    }

    fn check_visible(&mut self) {
        let mut visible = BTreeMap::new();
        for directory in DIRECTORIES {
            visible.extend(assert_nothing_half_visible(
                &self.site.path(directory),
                &self.visible,
            ));
        }
        let lost: Vec<_> = self
            .visible
            .keys()
            .filter(|path| !visible.contains_key(*path))
            .collect();
        assert!(lost.is_empty(), "no longer visible: {lost:?}");
        self.visible = visible;
    }

    /// In the end everything is there, right, and known.
    fn finish(&mut self) {
        let daemon = self.site.daemon();
        let _ = self.site.sync().expect(0);
        self.check();
        assert!(self.staged.is_empty(), "{:?}", self.staged);
        for directory in DIRECTORIES {
            let staging = self.site.path(directory).join(".backhaul/staging");
            let left: Vec<_> = std::fs::read_dir(staging).unwrap().collect();
            assert!(left.is_empty(), "{left:?}");
        }
        assert_eq!(self.visible.len(), self.expected.len());
        for manifest in self.visible.values() {
            let key = manifest["identity"]["key"].as_str().unwrap();
            let files = manifest["files"].as_array().unwrap();
            let digest = |file: &Value| {
                let text = |field: &str| file[field].as_str().unwrap().to_owned();
                (text("vendor_name"), text("sha256"))
            };
            assert_eq!(
                files.iter().map(digest).collect::<BTreeMap<_, _>>(),
                self.expected[key]
            );
        }
        let list = self.site.backhaul(["list", "--json"]).expect(0).json();
        assert_eq!(list.as_array().unwrap().len(), self.expected.len());
        let status = self.site.backhaul(["status", "--json"]).json();
        for alarm in status["alarms"].as_array().unwrap() {
            // Their lengths are picked at random.
            assert!(
                alarm["what"].as_str().unwrap().contains("bytes, usual are"),
                "{status:#}"
            );
        }
        let backups = |job: &Value| job["backups"].as_u64().unwrap();
        let sum: u64 = status["jobs"].as_array().unwrap().iter().map(backups).sum();
        assert_eq!(sum, self.expected.len() as u64);

        self.site.cloud.reset_traffic();
        let _ = self.site.sync().expect(0);
        assert_eq!(self.site.cloud.traffic().downloads().gets, 0);
        let (status, log) = daemon.stop();
        assert!(status.success(), "{log}");
        let _ = self.site.backhaul(["verify"]).expect(0);
    }
}

fn start_sync(site: &Site) -> Child {
    site.command(["sync"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("backhaul can be started")
}

fn finish(sync: Child) -> Said {
    Said::from(sync.wait_with_output().expect("it can be waited for"))
}

/// The first byte that a request asked for.
fn start_of(range: Option<&str>) -> u64 {
    let Some(range) = range else { return 0 };
    let from = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split('-').next());
    from.and_then(|from| from.parse().ok())
        .expect("a range of bytes")
}
