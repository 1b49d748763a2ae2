//! What befalls one vendor does not reach the others.

use backhaul_tests::cloud::{Api, ApiFault, Fault};
use backhaul_tests::harness::{Daemon, Events, LIMIT, Site};

use super::*;

/// Starts a sync of these jobs through the daemon and does not wait for it.
fn start(site: &Site, jobs: &[&str]) {
    let mut sync = site.command([&["sync"][..], jobs].concat());
    let null = std::process::Stdio::null;
    let mut sync = sync.stdout(null()).stderr(null()).spawn().unwrap();
    // It ends with the daemon at the latest.
    std::thread::spawn(move || sync.wait());
}

/// Whether the pass of a job has ended among the events seen so far.
fn has_ended(events: &Events, job: &str) -> bool {
    let seen = events.seen().iter();
    seen.into_iter().any(|event| event["run"]["job"] == job)
}

/// Waits until the passes of all these jobs have ended, each with success.
fn assert_all_succeed(events: &mut Events, jobs: &[&str]) {
    for job in jobs {
        if !has_ended(events, job) {
            events.pass_of(job);
        }
    }
    for event in events.seen() {
        let run = &event["run"];
        if jobs.iter().any(|job| run["job"] == *job) {
            assert_eq!(run["outcome"], "success", "{run:#}");
        }
    }
}

#[test]
fn vendors_that_are_down_delay_none_of_the_others_and_are_told_apart() {
    let site = site(&[
        "rds", "postgres", "mysql", "mysql-v2", "co-mysql", "co-redis",
    ]);
    add_backups(&site, 1, 5);
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    // Nobody listens there: it needs root and is long out of use.
    let closed = format!("mysql-v2 = \"{}\"", site.tencent().legacy_url());
    assert!(text.contains(&closed), "{text}");
    site.write_config(&text.replace(&closed, "mysql-v2 = \"http://127.0.0.1:1\""));
    let _ = site
        .capitalonline()
        .inject(Fault::api(ApiFault::BadGateway).always());
    let held = site.tencent().inject(
        Fault::api(ApiFault::Hold)
            .of(Api::PostgresBaseBackups)
            .always(),
    );

    let daemon = site.daemon();
    let mut events = daemon.events();
    start(&site, &[]);
    assert_all_succeed(&mut events, &["rds", "mysql"]);
    assert!(!has_ended(&events, "postgres"), "it cannot have ended");
    site.tencent().wait(LIMIT, held.wait_until_hit(1)).unwrap();

    let sick = [
        (
            "mysql-v2",
            "127.0.0.1:1 cannot be reached: Connection refused",
            "call DescribeCdbInstances",
        ),
        ("co-mysql", "proxy", "call DescribeDBInstances"),
        ("co-redis", "HTTP 502", "call DescribeDBInstances"),
    ];
    for (job, ..) in sick {
        if !has_ended(&events, job) {
            events.pass_of(job);
        }
    }
    for (job, why, call) in sick {
        let run = events
            .seen()
            .iter()
            .find(|event| event["run"]["job"] == job);
        let error = error_of(&run.unwrap()["run"]);
        assert!(
            error.contains(why) && error.contains(call),
            "{job}: {error}"
        );
    }
    held.release();
    assert_all_succeed(&mut events, &["postgres"]);
    assert!(daemon.stop().0.success());
}

#[test]
fn throttling_stops_all_of_its_account_and_nobody_else() {
    let site = site(&["rds", "postgres", "mysql", "co-mysql", "co-redis"]);
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    let other = site.tencent().example_account("other");
    let its = job_table("mysql-v2").replace("\"tencent\"", "\"other\"");
    site.write_config(&format!("{text}\n{other}\n{its}"));
    add_backups(&site, 1, 5);
    let throttled = Fault::api(ApiFault::Throttled {
        retry_after: Some(3600),
    });
    let _ = site
        .tencent()
        .inject(throttled.of(Api::MysqlBackups).always());

    // Details, to see that the account pauses.
    let daemon = Daemon::start(&site, &["-v"]);
    let mut events = daemon.events();
    start(&site, &["mysql"]);
    daemon.wait_for_log("trying again", 1);
    start(&site, &["postgres"]);
    events.wait_for("pass-started", |event| event["job"] == "postgres");
    let others = ["rds", "co-mysql", "co-redis", "mysql-v2"];
    start(&site, &others);
    assert_all_succeed(&mut events, &others);
    let traffic = site.tencent().traffic();
    assert_eq!(
        traffic.calls(Api::MysqlBackups),
        1,
        "it is not asked again and again"
    );
    assert_eq!(
        traffic.calls(Api::PostgresInstances),
        0,
        "its account stands still"
    );
    assert!(!has_ended(&events, "mysql") && !has_ended(&events, "postgres"));
    daemon.kill();
}
