//! Edits of the configuration: noticed by themselves, applied as differences, refused when bad.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Stdio};

use backhaul_tests::cloud::Gate;
use backhaul_tests::harness::{Daemon, Events, LIMIT, Site, free_port, http_get};
use serde_json::Value;

fn job(name: &str, more: &str) -> String {
    format!(
        "[[job]]\nname = \"{name}\"\naccount = \"demo\"\nservice = \"rds\"\n\
         instances = [\"{name}\"]\ndirectory = \"mirror/{name}\"\n{more}\n"
    )
}

fn text(site: &Site, jobs: &str) -> String {
    format!("{}\n{}\n{jobs}", site.daemon_table(), site.account("demo"))
}

/// Waits until an edit is applied, and checks that the difference says so in words.
fn applied(events: &mut Events, wanted: &[&str]) {
    let event = events.wait_for("config-applied", |_| true);
    assert_eq!(event["changes"], serde_json::json!(wanted));
}

fn start_sync(site: &Site, arguments: &[&str]) -> Child {
    site.command(["sync"].iter().chain(arguments))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn hold(site: &Site, object: &str) -> Gate {
    site.cloud.gate(object, 1000)
}

#[test]
fn an_edit_is_noticed_however_the_file_is_written() {
    let site = Site::new();
    site.write_config(&text(&site, ""));
    let daemon = site.daemon();
    let mut events = daemon.events();

    // In place, as `cat >` does.
    site.write_config(&text(&site, &job("a", "")));
    applied(&mut events, &["job a: added"]);

    // A new file renamed over the old one.
    let beside = site.path(".backhaul.toml.new");
    fs::write(&beside, text(&site, &job("a", "max_age = \"1d\""))).unwrap();
    fs::rename(&beside, site.config_path()).unwrap();
    applied(&mut events, &["job a: max_age set: 1d"]);

    // The old one moved away, as vim does with a backup.
    fs::rename(site.config_path(), site.path("backhaul.toml~")).unwrap();
    site.write_config(&text(&site, &job("a", "max_age = \"2d\"")));
    applied(&mut events, &["job a: max_age: 1d → 2d"]);

    // conf.d, from its creation on.
    fs::create_dir(site.path("conf.d")).unwrap();
    fs::write(site.path("conf.d/b.toml"), job("b", "")).unwrap();
    applied(&mut events, &["job b: added"]);
    fs::write(site.path("conf.d/b.toml"), job("b", "kinds = [\"log\"]")).unwrap();
    applied(&mut events, &["job b: kinds: [full] → [log]"]);
    fs::write(site.path("conf.d/b.toml.dpkg-new"), "not for us").unwrap();
    fs::remove_file(site.path("conf.d/b.toml")).unwrap();
    applied(&mut events, &["job b: removed"]);
    assert!(daemon.stop().0.success());
}

#[test]
fn a_config_map_is_swapped_by_its_link() {
    let site = Site::new();
    let write = |version: &str, jobs: &str| {
        fs::create_dir(site.path(version)).unwrap();
        // A relative path starts at the folder of the file as it was named.
        fs::write(site.path(version).join("backhaul.toml"), text(&site, jobs)).unwrap();
        symlink(version, site.path("..data_tmp")).unwrap();
        fs::rename(site.path("..data_tmp"), site.path("..data")).unwrap();
    };
    write("..2026_01", "");
    symlink("..data/backhaul.toml", site.config_path()).unwrap();
    let daemon = site.daemon();
    let mut events = daemon.events();
    write("..2026_02", &job("a", ""));
    fs::remove_dir_all(site.path("..2026_01")).unwrap();
    applied(&mut events, &["job a: added"]);
    // Once more: the watch follows.
    write("..2026_03", "");
    fs::remove_dir_all(site.path("..2026_02")).unwrap();
    applied(&mut events, &["job a: removed"]);
}

#[test]
fn an_edit_right_after_readiness_is_not_lost() {
    let site = Site::new();
    for round in 0..3 {
        site.write_config(&text(&site, ""));
        let daemon = site.daemon();
        site.write_config(&text(&site, &job("a", "")));
        daemon.wait_for_log("configuration: job a: added", 1);
        assert!(daemon.stop().0.success(), "{round}");
    }
}

#[test]
fn a_download_is_not_disturbed_by_an_edit_of_another_job() {
    let site = Site::with_fixtures();
    let file = "94a6f2c8e1b74d5fb03c9d7e5a186f2bbr03.dump";
    site.write_config(&text(&site, &(job("orders", "") + &job("shop", ""))));
    let daemon = site.daemon();
    let mut events = daemon.events();
    let gate = hold(&site, file);
    let mut sync = start_sync(&site, &["orders"]);
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    site.write_config(&text(
        &site,
        &(job("orders", "") + &job("shop", "max_age = \"1d\"")),
    ));
    applied(&mut events, &["job shop: max_age set: 1d"]);
    gate.release();
    assert_eq!(sync.wait().unwrap().code(), Some(0));
    assert_eq!(site.cloud.traffic().object(file).gets, 1);
    assert!(daemon.stop().0.success());
}

#[test]
fn a_job_that_is_edited_while_it_runs_goes_on_under_the_new_settings() {
    let site = Site::with_fixtures();
    site.write_config(&text(&site, &job("shop", "")));
    let daemon = site.daemon();
    let gate = site.cloud.gate_all(1000);
    let mut sync = start_sync(&site, &["shop"]);
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    let mut events = daemon.events();
    site.write_config(&text(&site, &job("shop", "kinds = [\"full\", \"log\"]")));
    applied(&mut events, &["job shop: kinds: [full] → [full, log]"]);
    events.wait_for("pass-ended", |event| event["run"]["outcome"] == "stopped");
    gate.release();
    // Whoever asked for the pass gets the one that counts.
    assert_eq!(sync.wait().unwrap().code(), Some(0));
    assert_eq!(site.mirrored("mirror/shop").len(), 3);
    assert!(daemon.stop().0.success());
}

#[test]
fn a_bad_edit_changes_nothing_and_is_told_everywhere_until_it_is_mended() {
    let site = Site::new();
    let port = free_port();
    let good = text(&site, &job("a", "")).replace(
        "[daemon]\n",
        &format!("[daemon]\nlisten = \"127.0.0.1:{port}\"\n"),
    );
    site.write_config(&good);
    let daemon = site.daemon();
    let mut events = daemon.events();
    let metric = || http_get(&format!("http://127.0.0.1:{port}/metrics")).1;
    assert!(metric().contains("backhaul_config_last_reload_successful 1\n"));
    let _ = site.backhaul(["status"]).expect(0);

    let bad = [
        (
            good.replace("instances", "instnaces"),
            "did you mean `instances`?",
        ),
        (good.replace("\"demo\"", "\"dmeo\""), "did you mean `demo`?"),
        (good.replace("[[job]]", "[[job]"), "this is not TOML"),
        (
            good.replace("\"rds\"\ninstances", "\"rsd\"\ninstances"),
            "did you mean `rds`?",
        ),
    ];
    for (text, problem) in &bad {
        site.write_config(text);
        let told = |event: &Value| event["problems"].as_str().unwrap().contains(problem);
        events.wait_for("config-refused", told);
        let said = site.backhaul(["status", "--json"]).expect(1);
        let status = said.json();
        assert_eq!(status["daemon"]["generation"], 1);
        assert_eq!(status["jobs"][0]["name"], "a");
        assert!(
            status["daemon"]["config_problem"]
                .as_str()
                .unwrap()
                .contains(problem)
        );
        let alarm = status["alarms"][0]["what"].as_str().unwrap();
        assert!(
            alarm.contains("the configuration on disk is refused"),
            "{alarm}"
        );
        let said = site.backhaul(["status"]).expect(1);
        assert!(said.stdout.contains(problem), "{}", said.stdout);
        assert!(metric().contains("backhaul_config_last_reload_successful 0\n"));
        let said = site.backhaul(["reload", "--wait"]).expect(2);
        assert!(said.stderr.contains(problem), "{}", said.stderr);
    }

    site.write_config(&good);
    applied(&mut events, &[]);
    let _ = site.backhaul(["status"]).expect(0);
    assert!(metric().contains("backhaul_config_last_reload_successful 1\n"));
    let said = site.backhaul(["reload", "--wait"]).expect(0);
    assert_eq!(said.stdout, "nothing changed\n");
    assert!(daemon.stop().0.success());
}

#[test]
fn a_configuration_that_is_gone_is_told_and_the_old_one_stays() {
    let site = Site::new();
    site.write_config(&text(&site, &job("a", "")));
    let daemon = site.daemon();
    let mut events = daemon.events();
    fs::rename(site.config_path(), site.path("away")).unwrap();
    let event = events.wait_for("config-refused", |_| true);
    assert!(
        event["problems"]
            .as_str()
            .unwrap()
            .contains("cannot be read"),
        "{event}"
    );
    fs::rename(site.path("away"), site.config_path()).unwrap();
    applied(&mut events, &[]);
    let _ = site.backhaul(["status"]).expect(0);
    assert!(daemon.stop().0.success());
}

#[test]
fn reload_tells_what_changed_and_what_needs_a_restart() {
    let site = Site::new();
    site.write_config(&text(&site, ""));
    let daemon = site.daemon();
    let new = text(&site, &job("a", "")).replace("reserve", "sandbox = \"require\"\nreserve");
    site.write_config(&new);
    let said = site.backhaul(["reload", "--wait"]).expect(0);
    let wanted = "job a: added\n";
    assert!(
        said.stdout.contains(wanted) || said.stdout == "nothing changed\n",
        "{}",
        said.stdout
    );
    let status = site.backhaul(["status", "--json"]).expect(0).json();
    assert_eq!(
        status["daemon"]["needs_restart"],
        serde_json::json!(["daemon.sandbox"])
    );
    assert!(daemon.stop().0.success());
}

#[test]
fn the_pass_of_a_removed_job_is_cancelled_and_its_mirror_stays() {
    let site = Site::with_fixtures();
    site.write_config(&text(&site, &job("shop", "")));
    let daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    let before = tree(&site.path("mirror"));
    assert_eq!(site.mirrored("mirror/shop").len(), 2);

    // The logs are new to the next pass.
    let more = job("shop", "kinds = [\"full\", \"log\"]");
    site.write_config(&text(&site, &more));
    let _ = site.backhaul(["reload", "--wait"]).expect(0);
    let gate = site.cloud.gate_all(1000);
    let mut events = daemon.events();
    let mut sync = start_sync(&site, &[]);
    site.cloud.wait(LIMIT, gate.wait_until_held()).unwrap();
    site.write_config(&text(&site, ""));
    let run = events.pass_of("shop");
    assert_eq!(run["outcome"], "stopped", "{run}");
    assert_eq!(sync.wait().unwrap().code(), Some(1));
    let after = tree(&site.path("mirror"));
    assert!(
        before.iter().all(|path| after.contains(path)),
        "{before:#?}\n{after:#?}"
    );
    let status: Value = site.backhaul(["status", "--json"]).expect(0).json();
    assert_eq!(status["jobs"], serde_json::json!([]));
    stop(daemon);
}

fn stop(daemon: Daemon) {
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

/// All files below a directory that people can see.
fn tree(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        match path.is_dir() {
            _ if name.starts_with('.') => {}
            true => files.extend(tree(&path)),
            false => files.push(path.display().to_string()),
        }
    }
    files
}
