//! Vendors that must prepare a backup first, or hand out keys with it.

use std::os::unix::fs::PermissionsExt;

use backhaul_tests::harness::{FileServer, Site, assert_sound};

const BYTES: &[u8] = b"-- a logical dump\nSELECT 1;\n";

/// A job of the scripted vendor with one backup whose file the server has.
fn site(server: &FileServer, backup: &str, options: &str) -> Site {
    let site = Site::new();
    let url = server.url("dump.sql");
    site.write_config(&format!(
        r#"{}
[account.scripted]
provider = "fault"
link_hosts = ["127.0.0.1"]
allow_http = true

[[job]]
name = "scripted"
account = "scripted"
service = "faults"
directory = "mirror"

[job.options]
{options}

[[job.options.backups]]
backup = {{ key = "k-1", name = "nightly", kind = "full", started_at = "2026-11-20T01:02:03Z", {backup} }}
files = [{{ id = "f-1", name = "dump.sql", link = {{ url = "{url}" }} }}]
"#,
        site.daemon_table()
    ));
    site
}

#[test]
fn a_backup_that_must_be_prepared_is_waited_for_and_mirrored() {
    let server = FileServer::start(BYTES);
    let site = site(
        &server,
        "state = { state = \"needs-prepare\" }",
        "prepare = \"pending\"",
    );
    let _ = site.backhaul(["sync"]).expect(0);
    let backups = site.mirrored("mirror");
    assert_eq!(backups.len(), 1);
    let manifest = assert_sound(&backups[0]);
    assert!(
        !manifest.to_string().contains(&server.url("")),
        "a link is never stored"
    );
}

#[test]
fn what_costs_something_is_not_done_without_consent() {
    let server = FileServer::start(BYTES);
    let site = site(
        &server,
        "state = { state = \"needs-prepare\" }",
        "prepare = \"needs-consent\"",
    );
    let said = site.backhaul(["sync"]).expect(1);
    assert!(
        said.stdout.contains("one coin per backup"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("`options.allow_cost`"),
        "{}",
        said.stdout
    );
    assert!(site.mirrored("mirror").is_empty());
}

#[test]
fn keys_are_kept_apart_from_the_files() {
    let server = FileServer::start(BYTES);
    let site = site(
        &server,
        "state = { state = \"available\" }, encryption = \"AES-256 by the vendor\"",
        "keys = [{ cipher = \"AES-256-CBC\", key = \"a2V5LW9mLXRoZS1iYWNrdXA\" }]",
    );
    let _ = site.backhaul(["sync"]).expect(0);
    let backup = &site.mirrored("mirror")[0];
    let manifest = assert_sound(backup);
    assert!(!manifest.to_string().contains("a2V5LW9mLXRoZS1iYWNrdXA"));
    let keys = site.path("state/keys");
    assert_eq!(
        std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let file = keys.join(format!("{}.json", manifest["id"].as_str().unwrap()));
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains("a2V5LW9mLXRoZS1iYWNrdXA")
    );
}
