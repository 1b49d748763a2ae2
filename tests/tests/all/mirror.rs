//! The main job: what the vendor has ends up in the mirror, once.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use backhaul_tests::cloud::huawei::{BackupStatus, BackupType, Engine, InstanceSpec};
use backhaul_tests::cloud::{Api, Content, EntityTagForm, ObjectSpec};
use backhaul_tests::harness::{Site, assert_nothing_half_visible, assert_sound, stock};
use serde_json::Value;

const JOBS: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
instances = ["orders"]
kinds = ["full", "log"]
directory = "mirror/orders"

[[job]]
name = "shop"
account = "demo"
service = "rds"
instances = ["shop*"]
kinds = ["full", "log"]
directory = "mirror/shop"
"#;

#[test]
fn a_second_pass_downloads_nothing_and_asks_for_no_link() {
    let site = Site::with_fixtures();
    site.configure(JOBS);
    let daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    let backups: Vec<_> = ["mirror/orders", "mirror/shop"]
        .iter()
        .flat_map(|directory| site.mirrored(directory))
        .collect();
    assert_eq!(backups.len(), 7);
    backups.iter().for_each(|backup| drop(assert_sound(backup)));

    site.cloud.reset_traffic();
    let _ = site.backhaul(["sync"]).expect(0);
    let traffic = site.cloud.traffic();
    assert_eq!(traffic.downloads().gets, 0);
    assert_eq!(traffic.calls(Api::BackupFiles), 0);
    assert!(traffic.calls(Api::Backups) > 0);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

const ALL_KINDS: &str = r#"
[[job]]
name = "all"
account = "demo"
service = "rds"
kinds = ["full", "differential", "log"]
directory = "mirror"
"#;

/// A site with an instance `orders` and a job for all of its backups.
fn empty_site() -> Site {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    site.configure(ALL_KINDS);
    site
}

fn manifests(site: &Site) -> Vec<Value> {
    assert_nothing_half_visible(&site.path("mirror"), &BTreeMap::new())
        .into_values()
        .collect()
}

fn texts<'a>(file: &'a Value, field: &str) -> &'a str {
    file[field].as_str().unwrap()
}

#[test]
fn backups_that_cannot_be_downloaded_are_passed_over_and_said_so() {
    let site = empty_site();
    let states = [
        (1, BackupStatus::Building, "still making it"),
        (2, BackupStatus::Failed, "failed to make it"),
        (3, BackupStatus::Deleting, "deleting it"),
    ];
    for (number, status, _) in states {
        let mut backup = stock::one_file(&site.cloud, number, 1, 5, 1000);
        backup.status = status;
        if status == BackupStatus::Building {
            backup.end = None;
        }
        site.cloud.add_backup(backup);
    }
    site.cloud
        .add_backup(stock::one_file(&site.cloud, 4, 1, 50, 1000));
    let run = site.backhaul(["sync", "--json"]).expect(0).json()[0].clone();
    let passed_over = run["passed_over"].as_array().unwrap();
    assert_eq!(passed_over.len(), 3, "{run:#}");
    for (number, _, why) in states {
        let id = stock::backup_id(number);
        let said = |text: &Value| {
            text.as_str().unwrap().contains(&id) && text.as_str().unwrap().contains(why)
        };
        assert!(passed_over.iter().any(said), "{why}: {run:#}");
    }
    assert_eq!(manifests(&site).len(), 1);
    assert_eq!(
        site.cloud.traffic().calls(Api::BackupFiles),
        1,
        "no link of the others is asked for"
    );

    site.cloud
        .set_status(&stock::backup_id(1), BackupStatus::Completed);
    let _ = site.sync().expect(0);
    assert_eq!(manifests(&site).len(), 2);
}

#[test]
fn hostile_names_become_harmless_files_of_their_own() {
    let site = empty_site();
    let long = "x".repeat(400) + ".bin";
    let names = [
        "../../../../tmp/passwd",
        "/etc/passwd",
        "..",
        ".",
        "",
        ".hidden",
        "-rf",
        "a/b",
        "a\\b",
        "a b",
        "$(reboot)",
        "backup.json",
        "SHA256SUMS",
        "\u{202e}nib.1",
        "数据库.bin",
        long.as_str(),
        "twice.bin",
        "twice.bin",
        "TWICE.bin",
    ];
    let mut backup = stock::backup(&site.cloud, 1, 1, 5);
    let mut contents = BTreeSet::new();
    for (name, seed) in names.iter().zip(1..) {
        let content = Content::generated(seed, 1000 + seed);
        contents.insert(content.sha256_hex().unwrap());
        backup = backup.file(ObjectSpec::new(*name, content));
    }
    site.cloud.add_backup(backup);
    let _ = site.sync().expect(0);
    let manifest = manifests(&site).remove(0);
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), names.len());
    let digests: BTreeSet<_> = files
        .iter()
        .map(|file| texts(file, "sha256").to_owned())
        .collect();
    assert_eq!(digests, contents);
    for file in files {
        let name = texts(file, "name");
        let harmless = |c: char| c.is_alphanumeric() || ".-_+=@,~".contains(c);
        assert!(
            name.len() <= 200 && !name.starts_with(['.', '-']) && name.chars().all(harmless),
            "{name:?}"
        );
    }
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&site.mirrored("mirror")[0])
        .status();
    assert!(checked.unwrap().success());
    // A second look finds all of it.
    site.cloud.reset_traffic();
    let _ = site.sync().expect(0);
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
}

#[test]
fn a_file_name_with_control_characters_is_refused_and_named() {
    let site = empty_site();
    let file = ObjectSpec::new("a\nb", Content::generated(1, 1000));
    site.cloud
        .add_backup(stock::backup(&site.cloud, 1, 1, 5).file(file));
    site.cloud
        .add_backup(stock::one_file(&site.cloud, 2, 1, 4, 1000));
    let said = site.sync().expect(1);
    assert!(said.stdout.contains("files[0].id"), "{said:?}");
    assert_eq!(manifests(&site).len(), 1, "the other one is mirrored");
}

#[test]
fn hostile_names_of_instances_and_backups_stay_within_the_mirror() {
    let site = Site::new();
    site.configure(ALL_KINDS);
    for (name, number) in ["../up", "/abs", ".", "a/b/c", ".backhaul", ""]
        .iter()
        .zip(1..)
    {
        stock::add_instance(&site.cloud, number, name);
        let mut backup = stock::one_file(&site.cloud, number, number, 5, 1000);
        backup.name = format!("../{name}\n\u{1b}[31m");
        site.cloud.add_backup(backup);
    }
    let before: BTreeSet<_> = std::fs::read_dir(site.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let said = site.sync().expect(0);
    assert!(!said.stdout.contains('\u{1b}'), "{said:?}");
    assert_eq!(manifests(&site).len(), 6);
    let mut after: BTreeSet<_> = std::fs::read_dir(site.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    for own in ["mirror", "state"] {
        after.remove(std::ffi::OsStr::new(own));
    }
    assert!(after.is_subset(&before), "{after:?}");
}

#[test]
fn files_of_single_databases_keep_the_name_of_theirs() {
    let site = empty_site();
    let dump = |database: &str| ObjectSpec {
        database_name: Some(database.to_owned()),
        ..ObjectSpec::new("dump.sql", format!("-- dump of {database}\n").as_str())
    };
    let backup = stock::backup(&site.cloud, 1, 1, 5)
        .file(dump("shop"))
        .file(dump("stock"));
    site.cloud.add_backup(backup);
    let _ = site.sync().expect(0);
    let manifest = manifests(&site).remove(0);
    let files = manifest["files"].as_array().unwrap();
    let found: BTreeSet<_> = files
        .iter()
        .map(|file| (texts(file, "vendor_name"), texts(file, "database")))
        .collect();
    assert_eq!(found, [("dump.sql", "shop"), ("dump.sql", "stock")].into());
    assert_eq!(manifest["verification"]["status"], "verified");
}

/// Makes the smallest whole file of a format, with a name in it.
type Maker = fn(&str) -> Vec<u8>;

fn xbstream(name: &str) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap().to_le_bytes();
    [b"XBSTCK01\0E", &length[..], name.as_bytes()].concat()
}

fn qpress(name: &str) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap().to_le_bytes();
    let member = [b"F", &length[..], name.as_bytes(), b"\0"].concat();
    [
        b"qpress10\0\0\x01\0\0\0\0\0",
        &member[..],
        b"ENDSENDS\0\0\0\0\0\0\0\0",
    ]
    .concat()
}

fn gzip(name: &str) -> Vec<u8> {
    let header = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff";
    [header, name.as_bytes(), b"\0\x03\0\0\0\0\0\0\0\0\0"].concat()
}

fn tape(name: &str) -> Vec<u8> {
    let mut block = b"TAPE".to_vec();
    block.resize(512, 0);
    // Blocks of 1024 bytes, version 1 of the format.
    block[85] = 4;
    block[93] = 1;
    block[94..94 + name.len()].copy_from_slice(name.as_bytes());
    block
}

#[test]
fn every_engine_and_kind_is_told_apart() {
    let site = Site::new();
    site.configure(ALL_KINDS);
    let engines: [(_, _, Maker, _); 4] = [
        (Engine::MySql, "full.qp", xbstream, "xbstream"),
        (Engine::SqlServer, "full.bak", tape, "SQL Server backup"),
        (Engine::PostgreSql, "base.gz", gzip, "gzip"),
        (Engine::MariaDb, "full.qp", qpress, "qpress"),
    ];
    for ((engine, name, content, _), number) in engines.iter().zip(1..) {
        site.cloud.add_instance(InstanceSpec::new(
            stock::instance_id(number),
            format!("db{number}"),
            *engine,
            "1",
        ));
        for (kind, part) in [
            (BackupType::Auto, 0),
            (BackupType::Fragment, 1),
            (BackupType::Incremental, 2),
        ] {
            let mut backup = stock::backup(&site.cloud, number * 10 + part, number, 9);
            backup.backup_type = kind;
            let content = content(&format!("member {number} {part}"));
            site.cloud
                .add_backup(backup.file(ObjectSpec::new(*name, content)));
        }
    }
    let _ = site.sync().expect(0);
    let found = manifests(&site);
    assert_eq!(found.len(), 12);
    for ((_, name, _, format), number) in engines.iter().zip(1..) {
        let id = stock::instance_id(number);
        let own: Vec<_> = found
            .iter()
            .filter(|manifest| manifest["identity"]["instance"] == id)
            .collect();
        let kinds: BTreeSet<_> = own
            .iter()
            .map(|manifest| texts(&manifest["backup"], "kind"))
            .collect();
        assert_eq!(kinds, ["differential", "full", "log"].into());
        for manifest in own {
            assert_eq!(manifest["files"][0]["format"], *format, "{name}");
            assert_eq!(manifest["verification"]["status"], "verified", "{name}");
            assert!(
                !manifest["restore"].as_array().unwrap().is_empty(),
                "{name}"
            );
        }
    }
}

#[test]
fn a_backup_that_the_vendor_has_cut_is_mirrored_and_says_where_it_ends() {
    let site = empty_site();
    let whole = xbstream("ibdata1");
    let cut = ObjectSpec::new("1.qp", whole[..whole.len() - 3].to_vec());
    site.cloud
        .add_backup(stock::backup(&site.cloud, 1, 1, 9).file(cut));
    let _ = site.sync().expect(0);
    let manifest = manifests(&site).remove(0);
    assert_eq!(manifest["verification"]["status"], "suspect");
    let content = &manifest["files"][0]["content"];
    assert_eq!(content["verdict"], "bad");
    let reason = content["reason"].as_str().unwrap();
    assert!(reason.contains("cut: it ends at byte 18"), "{reason}");
}

#[test]
fn what_is_not_what_it_says_is_mirrored_marked_and_alarmed() {
    let site = empty_site();
    let lies = ObjectSpec::new("1.tar.gz", Content::generated(1, 2000));
    let swollen = ObjectSpec {
        size_kb_override: Some(900),
        ..ObjectSpec::new("2.bin", Content::generated(2, 2000))
    };
    let empty = ObjectSpec {
        entity_tag: EntityTagForm::Opaque,
        ..ObjectSpec::new("3.bin", "")
    };
    site.cloud
        .set(|switches| switches.server_side_encryption = true);
    for (file, number) in [lies, swollen, empty].into_iter().zip(1..) {
        site.cloud
            .add_backup(stock::backup(&site.cloud, number, 1, 9).file(file));
    }
    let run = site.backhaul(["sync", "--json"]).expect(0).json()[0].clone();
    assert_eq!(run["warnings"].as_array().unwrap().len(), 3, "{run:#}");
    for manifest in manifests(&site) {
        assert_eq!(
            manifest["verification"]["status"], "suspect",
            "{manifest:#}"
        );
    }
    let status = site.backhaul(["status"]).expect(1);
    assert!(
        status
            .stdout
            .contains("3 of the mirrored backups are suspect"),
        "{status:?}"
    );
    assert_eq!(
        site.backhaul(["list"])
            .expect(0)
            .stdout
            .matches("SUSPECT")
            .count(),
        3
    );
    let _ = site.backhaul(["verify"]).expect(0);
}

/// Lets the account log in with these credentials, kept in files.
fn log_in(site: &Site, credentials: &[(&str, &str)]) {
    let mut table = Vec::new();
    for (key, secret) in credentials {
        let path = site.path(format!("secret-{key}"));
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        table.push(format!("{key} = {{ file = \"secret-{key}\" }}"));
    }
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    let lines = text
        .lines()
        .map(|line| match line.starts_with("credentials") {
            true => format!("credentials = {{ {} }}\n", table.join(", ")),
            false => format!("{line}\n"),
        });
    site.write_config(&lines.collect::<String>());
}

#[test]
fn a_user_with_a_password_mirrors_with_tokens() {
    let site = empty_site();
    site.cloud
        .add_backup(stock::one_file(&site.cloud, 1, 1, 5, 1000));
    let cloud = &site.cloud;
    log_in(
        &site,
        &[
            ("username", cloud.username()),
            ("password", cloud.password()),
            ("domain", cloud.domain()),
        ],
    );
    let _ = site.sync().expect(0);
    assert_eq!(manifests(&site).len(), 1);
    assert!(site.cloud.traffic().calls(Api::Tokens) > 0);

    log_in(
        &site,
        &[
            ("username", cloud.username()),
            ("password", "wrong-Secret-7"),
            ("domain", cloud.domain()),
        ],
    );
    let said = site.sync().expect(1);
    assert!(said.stdout.contains("error"), "{said:?}");
    assert!(!format!("{said:?}").contains("wrong-Secret-7"), "{said:?}");
    assert_eq!(manifests(&site).len(), 1);
}

#[test]
fn a_temporary_key_mirrors_until_its_life_ends() {
    let site = empty_site();
    site.cloud
        .set(|switches| switches.link_security_token = true);
    site.cloud
        .add_backup(stock::one_file(&site.cloud, 1, 1, 5, 1000));
    let key = site.cloud.issue_temporary_key(Duration::from_secs(3600));
    log_in(
        &site,
        &[
            ("access_key", &key.access_key),
            ("secret_key", &key.secret_key),
            ("security_token", &key.security_token),
        ],
    );
    let _ = site.sync().expect(0);
    assert_eq!(manifests(&site).len(), 1);

    site.cloud.clock().advance(Duration::from_secs(2 * 3600));
    let said = site.sync().expect(1);
    assert!(said.stdout.contains("error"), "{said:?}");
    assert!(
        !format!("{said:?}").contains(&key.security_token),
        "{said:?}"
    );
}
