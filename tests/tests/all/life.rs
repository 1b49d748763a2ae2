//! The daemon's life: start, readiness, watchdog, health, stop, and what a stop leaves behind.

use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use backhaul_tests::cloud::Content;
use backhaul_tests::cloud::huawei::{BackupSpec, BackupType, Engine, InstanceSpec};
use backhaul_tests::cloud::object::ObjectSpec;
use backhaul_tests::harness::{Daemon, LIMIT, Site, assert_sound, free_port, http_get};

const INSTANCE: &str = "a48e43ff268f4c0e879652d65e63d0fbin01";
const BYTES: u64 = 3 << 20;

/// A site whose only backup is one file of [`BYTES`] bytes.
fn site_with_one_file() -> (Site, Content) {
    let site = Site::new();
    let content = Content::generated(11, BYTES);
    site.cloud
        .add_instance(InstanceSpec::new(INSTANCE, "orders", Engine::MySql, "8.0"));
    let begin = site.cloud.clock().now() - chrono::TimeDelta::hours(2);
    site.cloud.add_backup(
        BackupSpec::new(
            "c0c9f155c7b7423a9d30f0175998b63bbr01",
            INSTANCE,
            BackupType::Auto,
            begin,
        )
        .file(ObjectSpec::new("orders.bin", content.clone())),
    );
    (site, content)
}

fn job(schedule: &str) -> String {
    format!(
        "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\n\
         directory = \"mirror\"\n{schedule}\n"
    )
}

#[test]
fn readiness_means_that_the_control_socket_answers() {
    let site = Site::new();
    site.configure("");
    let mut daemon = Daemon::spawn(&site, &[]);
    let notice = daemon.wait_for_notice("READY=1");
    assert!(notice.contains("STATUS="), "{notice}");
    UnixStream::connect(site.path("control.sock")).unwrap();
    let status = site.backhaul(["status", "--json"]).expect(0).json();
    assert_eq!(status["daemon"]["generation"], 1);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    assert!(
        !site.path("control.sock").exists(),
        "a stopped daemon leaves no socket behind"
    );
}

#[test]
fn a_stop_in_the_middle_of_a_download_keeps_what_is_there() {
    let (site, content) = site_with_one_file();
    site.configure(&job(""));
    let daemon = site.daemon();
    let mut events = daemon.events();
    let gate = site.cloud.gate_all(2 << 20);
    let mut sync = site
        .command(["sync"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    events.wait_for("received", |event| event["bytes"].as_u64() > Some(0));
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    assert!(!log.contains("did not end within"), "{log}");
    assert_eq!(
        sync.wait().unwrap().code(),
        Some(1),
        "a pass that was stopped mirrored not all"
    );
    assert!(site.mirrored("mirror").is_empty());

    site.cloud.calm();
    site.cloud.reset_traffic();
    let _daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    let backups = site.mirrored("mirror");
    assert_eq!(
        assert_sound(&backups[0])["files"][0]["sha256"],
        content.sha256_hex().unwrap()
    );
    let object = site.cloud.traffic().object("orders.bin");
    assert!(
        object.bytes_sent < BYTES,
        "it goes on where it stopped: {object:?}"
    );
    assert!(object.ranges.iter().all(Option::is_some), "{object:?}");
}

#[test]
fn a_run_that_a_stop_broke_off_is_made_up_for_at_the_next_start() {
    let (site, _) = site_with_one_file();
    site.configure(&job("schedule = \"* * * * * *\""));
    let daemon = site.daemon();
    let gate = site.cloud.gate_all(1000);
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    let (status, log) = daemon.stop();
    assert!(
        status.success() && !log.contains("a run was missed"),
        "{log}"
    );

    site.cloud.calm();
    let daemon = site.daemon();
    daemon.events().pass_of("orders");
    let (_, log) = daemon.stop();
    assert!(
        log.contains("a run was missed; it is made up for now"),
        "{log}"
    );
    assert_eq!(site.mirrored("mirror").len(), 1);
}

#[test]
fn a_run_missed_while_no_daemon_ran_is_left_out_when_the_job_says_so() {
    let (site, _) = site_with_one_file();
    site.configure(&job("schedule = \"* * * * * *\"\nmissed = \"skip\""));
    let daemon = site.daemon();
    let gate = site.cloud.gate_all(1000);
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    daemon.kill();

    site.cloud.calm();
    let daemon = site.daemon();
    // The schedule itself goes on.
    daemon.events().pass_of("orders");
    let (_, log) = daemon.stop();
    assert!(!log.contains("a run was missed"), "{log}");
}

#[test]
fn a_second_daemon_is_refused_and_does_not_disturb_the_first() {
    let site = Site::new();
    site.configure("");
    let daemon = site.daemon();
    let said = site.backhaul(["run"]).expect(1);
    assert!(
        said.stderr
            .contains("is in use by another backhaul process"),
        "{}",
        said.stderr
    );

    // The same when only the socket is shared.
    let daemon_table = site.daemon_table().replace("\"state\"", "\"state2\"");
    site.write_config(&daemon_table);
    let said = site.backhaul(["run"]).expect(1);
    assert!(
        said.stderr.contains("another backhaul answers at"),
        "{}",
        said.stderr
    );
    let _ = site.backhaul(["status"]).expect(0);
    assert!(daemon.stop().0.success());
}

#[test]
fn the_socket_of_a_killed_daemon_is_replaced() {
    let site = Site::new();
    site.configure("");
    site.daemon().kill();
    let socket = site.path("control.sock");
    assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket());
    assert!(UnixStream::connect(&socket).is_err());
    let _daemon = site.daemon();
    let status = site.backhaul(["status", "--json"]).expect(0).json();
    assert!(status["daemon"].is_object());
}

#[test]
fn the_watchdog_is_fed() {
    let site = Site::new();
    site.configure("");
    let mut command = site.command(["run"]);
    command.env("WATCHDOG_USEC", "300000");
    let mut daemon = Daemon::spawn_command(&site, command);
    daemon.wait_for_notice("READY=1");
    for _ in 0..3 {
        daemon.wait_for_notice("WATCHDOG=1");
    }
}

#[test]
fn a_hangup_reloads_and_systemd_is_told_when_it_is_done() {
    let site = Site::new();
    site.configure("");
    let mut daemon = site.daemon();
    for (text, status) in [
        (site.daemon_table(), "STATUS=running"),
        (
            "[deamon]\n".to_owned(),
            "STATUS=the new configuration was refused",
        ),
    ] {
        site.write_config(&text);
        daemon.signal("HUP");
        let notice = daemon.wait_for_notice("RELOADING=1");
        assert!(notice.contains("MONOTONIC_USEC="), "{notice}");
        let notice = daemon.wait_for_notice("READY=1");
        assert!(notice.contains(status), "{notice}");
    }
}

#[test]
fn metrics_and_health_are_served_where_the_configuration_says() {
    let site = Site::with_fixtures();
    let port = free_port();
    let daemon = format!("{}listen = \"127.0.0.1:{port}\"\n", site.daemon_table());
    site.write_config(&format!(
        "{daemon}{}\n{}",
        site.account("demo"),
        job("max_age = \"1000d\"")
    ));
    let daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    let get = |path: &str| http_get(&format!("http://127.0.0.1:{port}{path}"));
    assert_eq!(get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get("/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(
        get("/v1/status").0,
        404,
        "the control API is not served to the network"
    );
    let (status, metrics) = get("/metrics");
    assert_eq!(status, 200);
    for wanted in [
        "backhaul_alarms 0\n",
        "backhaul_config_last_reload_successful 1\n",
        "backhaul_job_running{sync_job=\"orders\"} 0\n",
        "backhaul_job_last_run_successful{sync_job=\"orders\"} 1\n",
        "backhaul_newest_verified_backup_timestamp_seconds{sync_job=\"orders\",database_id=\"",
    ] {
        assert!(metrics.contains(wanted), "{wanted}\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");

    let said = site.backhaul(["run"]).expect(1);
    assert!(said.stderr.contains("in use"), "{}", said.stderr);
    assert!(daemon.stop().0.success());
}
