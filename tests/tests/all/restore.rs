//! The proof of the whole: what was mirrored is restored into real servers, and its rows read.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use backhaul_tests::cloud::huawei::{BackupSpec, BackupType, Engine, InstanceSpec};
use backhaul_tests::cloud::{Content, ObjectSpec};
use backhaul_tests::harness::{self, Site, assert_sound, stock};
use backhaul_tests::restore::live::{History, Made};
use backhaul_tests::restore::{guide, mariadb, postgresql};

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
instances = ["shop"]
kinds = ["full", "log"]
directory = "mirror/shop"
"#;

/// The fixtures, mirrored.
fn mirrored() -> Site {
    let site = Site::with_fixtures();
    site.configure(JOBS);
    let _ = site.sync().expect(0);
    site
}

/// The mirrored file whose format the manifest calls so; the newest backup's.
fn file(site: &Site, directory: &str, format: &str) -> PathBuf {
    let backups = site.mirrored(directory);
    let found = backups.iter().rev().find_map(|backup| {
        let manifest = assert_sound(backup);
        let files = manifest["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["format"] == format)?;
        Some(backup.join(file["name"].as_str().unwrap()))
    });
    found.unwrap_or_else(|| panic!("no {format} in {directory}"))
}

/// What the fixtures' script wrote into the rows from the first one to `last`.
fn expected(last: u64) -> Vec<Vec<String>> {
    let sum: u64 = (1..=last).map(|n| n * 7919 % 100_003).sum();
    vec![vec![last.to_string(), sum.to_string()]]
}

#[test]
fn a_mirrored_postgresql_backup_and_its_log_give_all_rows() {
    let Some(tools) = postgresql::available() else {
        return;
    };
    let site = mirrored();
    let base = file(&site, "mirror/orders", "gzip");
    let wal = file(&site, "mirror/orders", "PostgreSQL WAL");
    let scratch = tempfile::tempdir().unwrap();
    let server =
        postgresql::Server::from_base_backup(&tools, &base, &[wal], scratch.path()).unwrap();
    let rows = server
        .query("select count(*), sum(cents) from orders.purchase")
        .unwrap();
    assert_eq!(rows, expected(450));
}

#[test]
fn a_mirrored_dump_restores_into_an_empty_server() {
    let Some(tools) = postgresql::available() else {
        return;
    };
    let site = mirrored();
    let dump = file(&site, "mirror/orders", "pg_dump custom format");
    let scratch = tempfile::tempdir().unwrap();
    let server = postgresql::Server::empty(&tools, scratch.path()).unwrap();
    let globals = harness::fixtures().join("postgresql/globals.sql");
    server.run_script(&globals).unwrap();
    server.restore_dump(&dump).unwrap();
    let rows = server
        .query("select count(*), sum(cents) from orders.purchase")
        .unwrap();
    assert_eq!(rows, expected(450));
}

#[test]
fn a_mirrored_mariadb_backup_and_its_binlog_give_all_rows() {
    let Some(tools) = mariadb::available() else {
        return;
    };
    let site = mirrored();
    let full = file(&site, "mirror/shop", "xbstream");
    let binlog = file(&site, "mirror/shop", "binlog");
    let scratch = tempfile::tempdir().unwrap();
    let server = mariadb::Server::from_full_backup(&tools, &full, scratch.path()).unwrap();
    server.replay(&[binlog]).unwrap();
    let rows = server
        .query("select count(*), sum(cents) from shop.item")
        .unwrap();
    assert_eq!(rows, expected(320));
}

/// A site whose cloud has a history as the backups of an instance `live`, mirrored.
fn mirrored_history(history: &History, engine: Engine, version: &str) -> Site {
    let site = Site::new();
    let instance = stock::instance_id(1);
    site.cloud
        .add_instance(InstanceSpec::new(&instance, "live", engine, version));
    let list = |number, kind, made: &Made| {
        let name = made.file.file_name().unwrap().to_string_lossy();
        let file = ObjectSpec::new(name, Content::file(&made.file).unwrap());
        let id = stock::backup_id(number);
        let mut backup = BackupSpec::new(id, &instance, kind, made.begun).file(file);
        backup.end = Some(made.ended);
        site.cloud.add_backup(backup);
    };
    list(1, BackupType::Auto, &history.full);
    for (number, log) in (2..).zip(&history.logs) {
        list(number, BackupType::Incremental, log);
    }
    site.configure(
        "[[job]]\nname = \"live\"\naccount = \"demo\"\nservice = \"rds\"\nkinds = [\"full\", \"log\"]\ndirectory = \"mirror\"\n",
    );
    let _ = site.sync().expect(0);
    site
}

/// The id of the backup with the last log.
fn last_log(site: &Site, history: &History) -> String {
    let log = history.logs.last().unwrap().file.file_name().unwrap();
    let backups = site.mirrored("mirror");
    let backup = backups.iter().find(|backup| backup.join(log).exists());
    let id = assert_sound(backup.unwrap())["id"].clone();
    id.as_str().unwrap().to_owned()
}

/// A kit for `wanted`, made of the mirror's directory alone, that anybody may read.
fn kit(site: &Site, wanted: &str) -> PathBuf {
    let kit = site.path(format!("kit{}", wanted.len()));
    let mirror = site.path("mirror");
    let (to, from) = (kit.to_str().unwrap(), mirror.to_str().unwrap());
    let said = site.backhaul(["kit", wanted, "--to", to, "--directory", from]);
    let _ = said.expect(0);
    let mut folders = vec![kit.clone()];
    while let Some(folder) = folders.pop() {
        open_to_all(&folder);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                open_to_all(&path);
            }
        }
    }
    open_to_all(kit.parent().unwrap());
    kit
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_guide_of_a_kit_restores_postgresql_to_a_time_between_two_logs_and_to_the_last() {
    let Some(tools) = postgresql::available() else {
        return;
    };
    let source = tempfile::tempdir().unwrap();
    let history = postgresql::live::history(&tools, source.path()).unwrap();
    let site = mirrored_history(&history, Engine::PostgreSql, postgresql::MAJOR);
    let last = last_log(&site, &history);
    for (wanted, rows) in [(history.between.to_rfc3339(), "200"), (last, "300")] {
        let kit = kit(&site, &wanted);
        let work = tempfile::tempdir().unwrap();
        let restored = guide::follow(&kit, work.path(), &[]).unwrap();
        let socket = work.path().to_str().unwrap();
        let query = ["-h", socket, "-p", "54320", "-U", "postgres", "-At"];
        let query = [&query[..], &["-c", "select count(*) from event"]].concat();
        assert_eq!(restored.ask("psql", &query).unwrap(), rows, "{wanted}");
    }
}

#[test]
fn the_guide_of_a_kit_restores_mariadb_to_a_time_between_two_logs_and_to_the_last() {
    let Some(tools) = mariadb::available() else {
        return;
    };
    let source = tempfile::tempdir().unwrap();
    let history = mariadb::live::history(&tools, source.path()).unwrap();
    let site = mirrored_history(&history, Engine::MariaDb, mariadb::SERIES);
    let last = last_log(&site, &history);
    for (wanted, rows) in [(history.between.to_rfc3339(), "200"), (last, "300")] {
        let kit = kit(&site, &wanted);
        let work = tempfile::tempdir().unwrap();
        let restored = guide::follow(&kit, work.path(), &[]).unwrap();
        let socket = format!("--socket={}", work.path().join("mysql.sock").display());
        let query = ["--no-defaults", &socket, "--user=root", "-N", "-B"];
        let query = [&query[..], &["-e", "select count(*) from shop.event"]].concat();
        assert_eq!(restored.ask("mariadb", &query).unwrap(), rows, "{wanted}");
    }
}

#[test]
fn the_guide_of_a_kit_restores_a_dump_with_its_roles() {
    if postgresql::available().is_none() {
        return;
    }
    let site = mirrored();
    let dump = file(&site, "mirror/orders", "pg_dump custom format");
    let id = dump.parent().unwrap().to_string_lossy();
    let id = id.rsplit('_').next().unwrap();
    std::fs::rename(site.path("mirror/orders"), site.path("mirror2")).unwrap();
    std::fs::remove_dir_all(site.path("mirror")).unwrap();
    std::fs::rename(site.path("mirror2"), site.path("mirror")).unwrap();
    let kit = kit(&site, id);
    let work = tempfile::tempdir().unwrap();
    let restored = guide::follow(&kit, work.path(), &[]).unwrap();
    let socket = work.path().to_str().unwrap();
    let query = [
        "-h", socket, "-p", "54320", "-U", "restorer", "-d", "restored", "-At", "-F", " ",
    ];
    let query = [
        &query[..],
        &["-c", "select count(*), sum(cents) from orders.purchase"],
    ]
    .concat();
    assert_eq!(
        restored.ask("psql", &query).unwrap(),
        expected(450)[0].join(" ")
    );
}

#[test]
fn the_guide_of_a_kit_restores_an_archive_of_qpress_members_as_the_vendor_has_it() {
    if mariadb::available().is_none() {
        return;
    }
    let site = mirrored();
    std::fs::rename(site.path("mirror/shop"), site.path("shop")).unwrap();
    std::fs::remove_dir_all(site.path("mirror")).unwrap();
    std::fs::rename(site.path("shop"), site.path("mirror")).unwrap();
    let log = file(&site, "mirror", "binlog");
    let id = log.parent().unwrap().to_string_lossy();
    let kit = kit(&site, id.rsplit('_').next().unwrap());
    let work = tempfile::tempdir().unwrap();
    // Not every machine has qpress.
    let programs = tempfile::tempdir().unwrap();
    open_to_all(programs.path());
    let qpress = programs.path().join("qpress");
    std::fs::copy(
        harness::programs().backhaul.with_file_name("qpress"),
        &qpress,
    )
    .unwrap();
    open_to_all(&qpress);
    let path = std::env::var("PATH").unwrap();
    // The files say MySQL, the bytes are MariaDB's.
    let variables = [
        ("PATH", &*format!("{}:{path}", programs.path().display())),
        ("STREAM", "mbstream"),
        ("BACKUP", "mariabackup"),
        ("SERVER", "mariadbd"),
        ("CLIENT", "mariadb"),
        ("BINLOG", "mariadb-binlog"),
        ("BINLOG_OPTIONS", ""),
    ];
    let restored = guide::follow(&kit, work.path(), &variables).unwrap();
    let socket = format!("--socket={}", work.path().join("mysql.sock").display());
    let query = "select count(*), sum(cents) from shop.item";
    let rows = restored.ask(
        "mariadb",
        &[
            "--no-defaults",
            &socket,
            "--user=root",
            "-N",
            "-B",
            "-e",
            query,
        ],
    );
    assert_eq!(rows.unwrap(), expected(320)[0].join("\t"));
}
