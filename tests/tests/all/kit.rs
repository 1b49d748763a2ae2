//! Emergency kits: what is in them, and when there is none.

use std::path::Path;
use std::process::Command;

use backhaul_tests::harness::Site;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

const JOBS: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
instances = ["orders"]
kinds = ["full", "log"]
directory = "mirror/orders"
timezone = "Asia/Shanghai"

[[job]]
name = "shop"
account = "demo"
service = "rds"
instances = ["shop"]
kinds = ["full", "log"]
directory = "mirror/shop"
"#;

fn mirrored() -> Site {
    let site = Site::with_fixtures();
    site.configure(JOBS);
    let _ = site.sync().expect(0);
    site
}

/// The manifests of a job, oldest first.
fn manifests(site: &Site, directory: &str) -> Vec<Value> {
    let read =
        |path: &Path| serde_json::from_slice(&std::fs::read(path.join("backup.json")).unwrap());
    let backups = site.mirrored(directory);
    backups.iter().map(|path| read(path).unwrap()).collect()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// In the middle of the log of `orders`.
fn within_the_log(site: &Site) -> DateTime<Utc> {
    let manifests = manifests(site, "mirror/orders");
    let log = manifests
        .iter()
        .find(|one| one["backup"]["kind"] == "log")
        .unwrap();
    time(&log["backup"]["started_at"]) + TimeDelta::minutes(2)
}

fn check(kit: &Path) {
    let checks = [
        ["sh", "check.sh"].as_slice(),
        &["sha256sum", "--quiet", "-c", "SHA256SUMS"],
    ];
    for check in checks {
        let output = Command::new(check[0])
            .args(&check[1..])
            .current_dir(kit)
            .output()
            .unwrap();
        assert!(output.status.success(), "{check:?}: {output:?}");
    }
}

fn roles(kit: &Value) -> Vec<&str> {
    let backups = kit["backups"].as_array().unwrap();
    backups
        .iter()
        .map(|backup| backup["role"].as_str().unwrap())
        .collect()
}

#[test]
fn a_kit_is_made_of_a_directory_alone_when_everything_else_is_lost() {
    let site = mirrored();
    let wanted = within_the_log(&site).to_rfc3339();
    std::fs::remove_dir_all(site.path("state")).unwrap();
    std::fs::remove_file(site.config_path()).unwrap();
    let (kit, mirror) = (site.path("away/kit"), site.path("mirror/orders"));
    let (kit_text, mirror) = (kit.to_str().unwrap(), mirror.to_str().unwrap());
    let said = site.backhaul([
        "kit",
        &wanted,
        "--directory",
        mirror,
        "--to",
        kit_text,
        "--json",
    ]);
    let summary = said.expect(0).json();
    assert_eq!(roles(&summary), ["base", "log"]);
    assert_eq!(summary["gap"], Value::Null);
    check(&kit);
    let own: Value = serde_json::from_slice(&std::fs::read(kit.join("kit.json")).unwrap()).unwrap();
    assert_eq!(own["backups"], summary["backups"]);
    let guide = std::fs::read_to_string(kit.join("RESTORE.md")).unwrap();
    assert!(guide.contains("recovery_target_time"), "{guide}");

    // A time without zone says too little there, and a second kit does not go over the first.
    let said = site.backhaul([
        "kit",
        "2026-11-22 12:00",
        "--directory",
        mirror,
        "--dry-run",
    ]);
    assert!(said.expect(2).stderr.contains("needs its zone"));
    let said = site.backhaul(["kit", &wanted, "--directory", mirror, "--to", kit_text]);
    assert!(said.expect(1).stderr.contains("not empty"));
    let said = site.backhaul(["kit", &wanted, "--directory", "/nowhere", "--dry-run"]);
    let _ = said.expect(1);
}

#[test]
fn a_kit_of_one_backup_is_made_by_the_beginning_of_its_id_beside_a_running_daemon() {
    let site = mirrored();
    let _daemon = site.daemon();
    let manifests = manifests(&site, "mirror/shop");
    let full = manifests
        .iter()
        .rfind(|one| one["backup"]["kind"] == "full")
        .unwrap();
    let id = full["id"].as_str().unwrap();
    let kit = site.path("kit");
    let said = site.backhaul(["kit", &id[..8], "--to", kit.to_str().unwrap()]);
    let said = said.expect(0).stdout;
    assert!(said.contains(id) && said.contains("RESTORE.md"), "{said}");
    check(&kit);
    let kit: Value = serde_json::from_slice(&std::fs::read(kit.join("kit.json")).unwrap()).unwrap();
    assert_eq!(roles(&kit), ["base"]);

    let said = site.backhaul(["kit", "ffffffffffffffff", "--dry-run"]);
    assert!(said.expect(1).stderr.contains("no mirrored backup"));
    for wrong in ["yesterday", "12"] {
        let _ = site.backhaul(["kit", wrong, "--dry-run"]).expect(2);
    }
    let _ = site.backhaul(["kit", id]).expect(2);
}

#[test]
fn a_gap_before_the_wanted_time_is_an_error_unless_it_is_allowed() {
    let site = mirrored();
    let manifests = manifests(&site, "mirror/shop");
    let log = manifests
        .iter()
        .find(|one| one["backup"]["kind"] == "log")
        .unwrap();
    let end = time(&log["backup"]["log_span"]["until"]);
    let wanted = (end + TimeDelta::hours(1)).to_rfc3339();
    let kit = site.path("kit");
    let to = kit.to_str().unwrap();
    let ask = ["kit", &wanted, "--job", "shop", "--to", to, "--json"];
    let said = site.backhaul(ask).expect(1).stderr;
    assert!(
        said.contains("no later log is mirrored") && said.contains("--allow-gap"),
        "{said}"
    );
    assert!(!kit.exists());
    let said = site.backhaul(ask.iter().chain(&["--allow-gap"])).expect(0);
    assert_eq!(time(&said.json()["reaches"]), end);
    let guide = std::fs::read_to_string(kit.join("RESTORE.md")).unwrap();
    assert!(guide.contains("## Warning"), "{guide}");
    assert!(!guide.contains("--stop-datetime="), "{guide}");

    let before = (end - TimeDelta::days(30)).to_rfc3339();
    let said = site.backhaul(["kit", &before, "--job", "shop", "--dry-run"]);
    assert!(said.expect(1).stderr.contains("no full backup"));
}

#[test]
fn which_instance_and_which_zone_is_asked_where_it_is_not_clear() {
    let site = mirrored();
    let wanted = within_the_log(&site);
    let exact = wanted.to_rfc3339();
    let said = site.backhaul(["kit", &exact, "--dry-run"]).expect(2).stderr;
    assert!(
        said.contains("--instance") && said.contains("orders (") && said.contains("shop ("),
        "{said}"
    );
    let by_name = ["kit", &exact, "--instance", "orders", "--dry-run", "--json"];
    let by_name = site.backhaul(by_name).expect(0).json();
    let local = (wanted + TimeDelta::hours(8))
        .format("%Y-%m-%d %H:%M:%S")
        .to_string();
    let said = site.backhaul(["kit", &local, "--instance", "orders", "--dry-run"]);
    assert!(said.expect(2).stderr.contains("--job"));
    let by_clock = ["kit", &local, "--job", "orders", "--dry-run", "--json"];
    let by_clock = site.backhaul(by_clock).expect(0).json();
    assert_eq!(by_clock["backups"], by_name["backups"]);
    let said = site.backhaul(["kit", &exact, "--instance", "nobody", "--dry-run"]);
    assert!(said.expect(2).stderr.contains("orders ("));
}

#[test]
fn a_damaged_mirror_gives_no_kit_and_names_the_file() {
    let site = mirrored();
    let backup = site.mirrored("mirror/shop").remove(0);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(backup.join("backup.json")).unwrap()).unwrap();
    let file = backup.join(manifest["files"][0]["name"].as_str().unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let kit = site.path("kit");
    let id = manifest["id"].as_str().unwrap();
    let said = site.backhaul(["kit", id, "--to", kit.to_str().unwrap()]);
    let said = said.expect(1).stderr;
    assert!(
        said.contains(file.to_str().unwrap()) && said.contains("damaged"),
        "{said}"
    );
    let left = std::fs::read_dir(site.path("")).unwrap();
    let left = left.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("kit")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn the_schema_of_manifests_is_printed_and_that_of_the_configuration_stays() {
    let site = Site::new();
    let manifest = site.backhaul(["schema", "--manifest"]).expect(0).json();
    assert!(manifest["properties"]["verification"].is_object());
    let configuration = site.backhaul(["schema"]).expect(0).json();
    assert!(configuration["properties"]["job"].is_object());
}
