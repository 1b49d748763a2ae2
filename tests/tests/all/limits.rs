//! What transfers may take: files in flight, connections, bandwidth, quota, space, time.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use backhaul_tests::cloud::{Api, Content, Fault, ObjectFault};
use backhaul_tests::harness::{Daemon, LIMIT, Site, assert_sound, staged, stock};
use serde_json::Value;

const MIB: u64 = 1 << 20;

fn job(name: &str, more: &str) -> String {
    format!(
        "[[job]]\nname = \"{name}\"\naccount = \"demo\"\nservice = \"rds\"\n\
         instances = [\"{name}\"]\ndirectory = \"mirror/{name}\"\n{more}\n"
    )
}

/// A site with an instance for each name, and so many backups of that length of each.
fn site(instances: &[(&str, u64)], bytes: u64) -> Site {
    let site = Site::new();
    site.cloud.set(|switches| switches.calls_per_minute = None);
    let mut number = 0;
    for (instance, (name, backups)) in (1..).zip(instances) {
        stock::add_instance(&site.cloud, instance, name);
        for _ in 0..*backups {
            number += 1;
            let age = 500 - i64::try_from(number).unwrap();
            let backup = stock::one_file(&site.cloud, number, instance, age, bytes);
            site.cloud.add_backup(backup);
        }
    }
    site
}

fn start_sync(site: &Site, jobs: &[&str]) -> Child {
    site.command(["sync"].iter().chain(jobs))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn assert_all_mirrored(site: &Site, job: &str, backups: usize) {
    let there = site.mirrored(&format!("mirror/{job}"));
    assert_eq!(there.len(), backups);
    for backup in there {
        let manifest = assert_sound(&backup);
        assert_eq!(manifest["verification"]["status"], "verified");
    }
}

/// The errors of a job's run in `sync --json`.
fn errors(runs: &Value) -> Vec<String> {
    let runs = runs.as_array().unwrap().iter();
    runs.flat_map(|run| run["errors"].as_array().unwrap())
        .map(|error| error.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_job_and_an_account_keep_to_their_files_in_flight() {
    let of_job = site(&[("a", 6)], MIB);
    of_job.configure(&job("a", "limits = { max_downloads = 2 }"));
    let of_account = site(&[("a", 4), ("b", 4)], MIB);
    let account = of_account.account("demo") + "limits = { max_downloads = 2 }\n";
    let jobs = job("a", "") + &job("b", "");
    of_account.write_config(&format!(
        "{}max_downloads = 8\n{account}{jobs}",
        of_account.daemon_table()
    ));
    for (site, jobs) in [
        (&of_job, vec![("a", 6)]),
        (&of_account, vec![("a", 4), ("b", 4)]),
    ] {
        let gate = site.cloud.gate_all(MIB / 2);
        let daemon = site.daemon();
        let mut sync = start_sync(site, &[]);
        site.cloud.wait(LIMIT, gate.wait_until_holding(2)).unwrap();
        gate.release();
        assert!(sync.wait().unwrap().success());
        assert_eq!(site.cloud.traffic().peak_downloads, 2);
        for (job, backups) in jobs {
            assert_all_mirrored(site, job, backups);
        }
        drop(daemon);
    }
}

#[test]
fn a_job_with_one_file_is_not_kept_waiting_by_one_with_many() {
    let site = site(&[("many", 12), ("single", 1)], MIB);
    let jobs = job("many", "") + &job("single", "");
    site.configure_daemon("max_downloads = 1\n", &jobs);
    let gate = site.cloud.gate_all(MIB / 2);
    let daemon = site.daemon();
    let mut events = daemon.events();
    let mut many = start_sync(&site, &["many"]);
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    let mut single = start_sync(&site, &["single"]);
    events.wait_for("fetch-started", |event| event["job"] == "single");
    gate.release();
    let mut order = Vec::new();
    while order.len() < 13 {
        let event = events.wait_for("mirrored", |_| true);
        order.push(event["job"].as_str().unwrap().to_owned());
    }
    let at = order.iter().position(|job| job == "single").unwrap();
    // The one that held the slot ends first; then the jobs take turns.
    assert!(at <= 4, "{order:?}");
    assert!(many.wait().unwrap().success() && single.wait().unwrap().success());
}

#[test]
fn a_slow_bandwidth_is_kept_and_a_reload_lifts_it_from_files_in_flight() {
    let site = site(&[("a", 1)], 4 * MIB);
    site.configure(&job("a", "limits = { bandwidth = \"256KiB/s\" }"));
    let daemon = site.daemon();
    let mut events = daemon.events();
    let began = Instant::now();
    let mut sync = start_sync(&site, &[]);
    events.wait_for("received", |_| true);
    // The first second's worth is free.
    assert!(began.elapsed() >= Duration::from_secs(2));
    site.configure(&job("a", "limits = { bandwidth = \"1KiB/s\" }"));
    let _ = site.backhaul(["reload", "--wait"]).expect(0);
    site.configure(&job("a", ""));
    let _ = site.backhaul(["reload", "--wait"]).expect(0);
    assert!(sync.wait().unwrap().success());
    // At a KiB a second it would have taken most of an hour, a single piece a minute.
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    assert_all_mirrored(&site, "a", 1);
}

#[test]
fn a_quota_is_never_exceeded_and_says_what_to_do() {
    let site = site(&[("a", 12)], MIB);
    site.configure_daemon(
        "max_downloads = 12\n",
        &job("a", "limits = { quota = \"4MiB\" }"),
    );
    let said = site.backhaul(["sync", "--json"]).expect(1);
    let errors = errors(&said.json());
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("limits.quota"), "{errors:?}");
    assert_all_mirrored(&site, "a", 4);

    site.configure(&job("a", "limits = { quota = \"12MiB\" }"));
    let _ = site.sync().expect(0);
    assert_all_mirrored(&site, "a", 12);
}

/// What `status --json` says the job waits for.
fn waiting(site: &Site) -> Option<String> {
    let status = site.backhaul(["status", "--json"]).json();
    let waiting = status["daemon"]["running"]["a"]["waiting"].as_str();
    waiting.map(str::to_owned)
}

#[test]
fn a_download_waits_for_space_and_goes_on_when_a_reload_lowers_the_reserve() {
    let site = site(&[("a", 1)], MIB);
    let configure = |reserve: &str| {
        let table = site.daemon_table();
        let table = table.replace("\"1MiB\"", &format!("\"{reserve}\""));
        let table = table.replace("\"0s\"", "\"10min\"");
        let account = site.account("demo");
        site.write_config(&format!("{table}{account}{}", job("a", "")));
    };
    configure("16000PiB");
    let daemon = site.daemon();
    let mut events = daemon.events();
    let mut sync = start_sync(&site, &[]);
    let event = events.wait_for("waiting", |_| true);
    assert!(
        event["reason"]
            .as_str()
            .unwrap()
            .contains("not enough space")
    );
    let told = waiting(&site).expect("status says so");
    assert!(told.contains("not enough space"), "{told}");
    configure("1MiB");
    let _ = site.backhaul(["reload", "--wait"]).expect(0);
    assert!(sync.wait().unwrap().success());
    assert_eq!(waiting(&site), None);
    assert_all_mirrored(&site, "a", 1);
}

#[test]
fn who_waits_for_space_does_not_keep_others_from_being_fetched() {
    let site = site(&[("a", 1), ("b", 1)], MIB);
    // Nobody has that much; so the vendor says, and waiting begins before the first byte.
    let mut huge = stock::backup(&site.cloud, 100, 1, 2);
    let mut file = backhaul_tests::cloud::ObjectSpec::new("huge", Content::generated(1, 1 << 60));
    file.size_kb_override = Some(1 << 50);
    huge = huge.file(file);
    site.cloud.add_backup(huge);
    let table = site.daemon_table().replace("\"0s\"", "\"10min\"");
    let account = site.account("demo");
    let jobs = job("a", "") + &job("b", "");
    site.write_config(&format!("{table}max_downloads = 1\n{account}{jobs}"));
    let daemon = site.daemon();
    let mut events = daemon.events();
    let mut waits = start_sync(&site, &["a"]);
    events.wait_for("waiting", |_| true);
    let _ = site.backhaul(["sync", "b"]).expect(0);
    assert_all_mirrored(&site, "b", 1);
    assert!(daemon.stop().0.success());
    let _ = waits.wait();
}

#[test]
fn a_connection_that_sends_nothing_is_given_up_and_the_file_goes_on() {
    let site = site(&[("a", 1)], MIB);
    site.configure_daemon("stall_timeout = \"1s\"\n", &job("a", ""));
    let stall = Fault::object(ObjectFault::StallAfter(MIB / 2));
    site.cloud.inject(stall);
    let _ = site.sync().expect(0);
    assert_all_mirrored(&site, "a", 1);
    let from = format!("bytes={}-", MIB / 2);
    assert_eq!(
        site.cloud.traffic().object("1.bin").ranges,
        [None, Some(from)]
    );
}

#[test]
fn a_connection_that_crawls_is_given_up_and_the_file_goes_on() {
    let site = site(&[("a", 1)], MIB);
    let keys = "stall_timeout = \"1s\"\nmin_speed = \"100KiB/s\"\n";
    site.configure_daemon(keys, &job("a", ""));
    site.cloud
        .inject(Fault::object(ObjectFault::Pace(10 << 10)));
    let began = Instant::now();
    let daemon = site.daemon();
    let _ = site.sync().expect(0);
    // At its pace it would take most of two minutes.
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_all_mirrored(&site, "a", 1);
    let ranges = site.cloud.traffic().object("1.bin").ranges;
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(ranges[1].is_some(), "{ranges:?}");
    drop(daemon);
}

#[test]
fn a_file_that_takes_too_long_fails_and_the_next_pass_goes_on() {
    let site = site(&[("a", 1)], MIB);
    site.configure_daemon("file_timeout = \"1s\"\n", &job("a", ""));
    let _gate = site.cloud.gate_all(MIB / 2);
    let said = site.backhaul(["sync", "--json"]).expect(1);
    let errors = errors(&said.json());
    assert!(errors[0].contains("file_timeout"), "{errors:?}");
    let there = staged(&site.path("mirror/a"));
    assert_eq!(there[0].length, MIB / 2);
    site.cloud.calm();
    let _ = site.sync().expect(0);
    assert_all_mirrored(&site, "a", 1);
    let from = format!("bytes={}-", MIB / 2);
    assert_eq!(
        site.cloud.traffic().object("1.bin").ranges,
        [None, Some(from)]
    );
}

#[test]
fn the_time_of_a_file_begins_when_it_is_its_turn() {
    let site = site(&[("a", 3)], MIB);
    let keys = "max_downloads = 1\nfile_timeout = \"2s\"\n";
    site.configure_daemon(keys, &job("a", ""));
    let _gate = site.cloud.gate("3.bin", MIB / 2);
    let said = site.backhaul(["sync", "--json"]).expect(1);
    let errors = errors(&said.json());
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_all_mirrored(&site, "a", 2);
}

#[test]
fn a_large_file_needs_no_more_than_one_connection() {
    let site = site(&[("a", 1)], 40 * MIB);
    let limits = "limits = { max_connections = 1 }";
    site.configure_daemon("retry_pause = \"5ms\"\n", &job("a", limits));
    site.cloud
        .inject(Fault::object(ObjectFault::ResetAfter(3 * MIB)).times(4));
    let _ = site.sync().expect(0);
    assert_eq!(site.cloud.traffic().peak_downloads, 1);
    assert_all_mirrored(&site, "a", 1);
}

#[test]
fn a_server_that_is_down_for_a_moment_is_one_failure_for_all_connections() {
    let site = site(&[("a", 1)], 160 * MIB);
    let keys = "connections_per_file = 16\nretry_pause = \"20ms\"\n";
    site.configure_daemon(keys, &job("a", ""));
    // Eight connections begin at the same time behind the first one, and all of them fail.
    let down = ObjectFault::Status {
        code: 503,
        retry_after: None,
    };
    let down = site.cloud.inject(Fault::object(down).skipping(1).times(12));
    let _ = site.sync().expect(0);
    assert_eq!(down.hits(), 12);
    assert_all_mirrored(&site, "a", 1);
}

#[test]
fn who_is_told_to_come_back_later_frees_the_slot() {
    let site = site(&[("a", 1), ("b", 1)], 40 * MIB);
    let jobs = job("a", "") + &job("b", "");
    site.configure_daemon("max_downloads = 1\n", &jobs);
    let later = ObjectFault::Status {
        code: 503,
        retry_after: Some(3000),
    };
    let later = site
        .cloud
        .inject(Fault::object(later).on("1.bin").skipping(1).always());
    let daemon = site.daemon();
    let mut waits = start_sync(&site, &["a"]);
    site.cloud.wait(LIMIT, later.wait_until_hit(1)).unwrap();
    let _ = site.backhaul(["sync", "b"]).expect(0);
    assert_all_mirrored(&site, "b", 1);
    assert_eq!(site.cloud.traffic().calls(Api::BackupFiles), 2);
    stop(daemon);
    let _ = waits.wait();
}

fn stop(daemon: Daemon) {
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}
