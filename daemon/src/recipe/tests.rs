use backhaul_provider_api::chrono::{TimeZone, Utc};
use serde_json::json;

use super::*;

/// The golden manifest, made to be of this engine, version and kind with one file.
fn manifest(engine: &str, version: &str, kind: &str, file: &str, format: &str) -> Manifest {
    let golden = include_str!("../../../tests/fixtures/manifests/format-1.json");
    let mut value: serde_json::Value = serde_json::from_str(golden).unwrap();
    value["backup"]["engine"] = json!(engine);
    value["backup"]["engine_version"] = json!(version);
    value["backup"]["kind"] = json!(kind);
    let files = value["files"].as_array_mut().unwrap();
    files.truncate(1);
    files[0]["name"] = json!(file);
    files[0]["vendor_name"] = json!(file);
    files[0]["format"] = json!(format);
    serde_json::from_value(value).unwrap()
}

fn noon() -> Stop {
    Stop::Time(Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap())
}

/// All text of the recipe for a full backup and a log.
fn text(full: &Manifest, log: Option<&Manifest>, stop: Stop) -> String {
    let part = |dir, manifest| Part { dir, manifest };
    let restoration = Restoration {
        base: vec![part("01_full", full)],
        steps: Vec::new(),
        logs: log.map(|log| part("02_log", log)).into_iter().collect(),
        stop,
    };
    let recipe = recipe(&restoration);
    assert!(!recipe.tools.is_empty() && !recipe.checks.is_empty());
    let mut text = recipe.tools.join("\n");
    for step in recipe.steps {
        text += &format!("\n{}\n{}\n", step.title, step.text);
        text += &step.commands.map_or_else(String::new, |(_, lines)| lines);
    }
    text
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn postgresql_recovers_to_a_time_through_its_archive() {
    let full = manifest("PostgreSQL", "15", "full", "base.tar.gz", "gzip");
    let log = manifest(
        "PostgreSQL",
        "15",
        "log",
        "000000010000000000000008",
        "PostgreSQL WAL",
    );
    let recipe = text(&full, Some(&log), noon());
    assert_has(
        &recipe,
        &[
            "gzip -dc \"$KIT/01_full/base.tar.gz\" | tar -xf - -C \"$WORK/data\"",
            "recovery_target_time = '2026-11-22 12:00:00.000000+00'",
            "recovery.signal",
            "/usr/lib/postgresql/15/bin",
        ],
    );
    assert!(!text(&full, Some(&log), Stop::EndOfLogs).contains("recovery_target"));
    assert!(text(&full, Some(&log), Stop::Base).contains("recovery_target = 'immediate'"));
    assert!(!text(&full, None, Stop::Base).contains("restore_command"));
    let old = manifest("PostgreSQL", "11.22", "full", "base.tar.gz", "gzip");
    assert_has(&text(&old, Some(&log), noon()), &["$DATA/recovery.conf"]);
}

#[test]
fn archives_of_wal_and_tablespaces_are_unpacked_where_they_belong() {
    let mut full = manifest("PostgreSQL", "15", "full", "base.tar.gz", "gzip");
    for name in ["pg_wal.tar.gz", "16385.tar.gz"] {
        let mut file = full.files[0].clone();
        file.vendor_name = name.to_owned();
        full.files.push(file);
    }
    let recipe = text(&full, None, Stop::Base);
    assert_has(&recipe, &["-C \"$DATA/pg_wal\"", "$WORK/tablespaces/16385"]);
}

#[test]
fn a_dump_of_postgresql_goes_into_an_empty_server() {
    let dump = manifest(
        "PostgreSQL",
        "15",
        "full",
        "a.dump",
        "pg_dump custom format",
    );
    assert_has(
        &text(&dump, None, Stop::Base),
        &["initdb", "pg_restore", "restorer"],
    );
    assert!(!Engine::PostgreSql.takes_logs(&dump));
}

#[test]
fn mysql_and_mariadb_have_their_own_programs_and_stop_in_utc() {
    let full = manifest("MySQL", "8.0.28", "full", "a.qp", "xbstream");
    let log = manifest("MySQL", "8.0.28", "log", "mysql-bin.000002", "binlog");
    let recipe = text(&full, Some(&log), noon());
    assert_has(
        &recipe,
        &[
            "STREAM:-xbstream",
            "--skip-gtids",
            "Percona XtraBackup 8.0",
            "--prepare --target-dir",
            "TZ=UTC \"$BINLOG\"",
            "--stop-datetime='2026-11-22 12:00:00'",
        ],
    );
    let maria = manifest("MariaDB", "10.11", "full", "a.xb", "xbstream");
    assert_has(
        &text(&maria, Some(&log), Stop::EndOfLogs),
        &["STREAM:-mbstream", "mariadbd"],
    );
    let five = manifest("MySQL", "5.7", "full", "a.qp", "xbstream");
    assert_has(&text(&five, None, Stop::Base), &["Percona XtraBackup 2.4"]);
    let packed = manifest("MySQL", "5.6", "full", "a.qp", "qpress");
    assert_has(
        &text(&packed, None, Stop::Base),
        &[
            "qpress -dio < \"$KIT/01_full/a.qp\" | \"$STREAM\" -x",
            "qpress 11",
        ],
    );
    let dump = manifest("MySQL", "8.0", "full", "a.sql", "text");
    assert_has(
        &text(&dump, Some(&log), noon()),
        &["--initialize-insecure", "_LOG_POS"],
    );
}

#[test]
fn incremental_backups_are_prepared_upon_the_full_one() {
    let full = manifest("MySQL", "8.0", "full", "a.xb", "xbstream");
    let step = manifest("MySQL", "8.0", "incremental", "b.xb", "xbstream");
    let part = |dir, manifest| Part { dir, manifest };
    let restoration = Restoration {
        base: vec![part("01", &full)],
        steps: vec![part("02", &step), part("03", &step)],
        logs: Vec::new(),
        stop: Stop::Base,
    };
    let steps = recipe(&restoration).steps;
    let commands: String = steps
        .iter()
        .filter_map(|step| Some(step.commands.as_ref()?.1.as_str()))
        .collect();
    assert_eq!(commands.matches("--apply-log-only").count(), 2);
    assert_has(&commands, &["--incremental-dir=\"$WORK/step1\" 2>>"]);
}

#[test]
fn other_engines_have_their_commands_too() {
    let bak = manifest(
        "SQLServer",
        "2019",
        "full",
        "orders.bak",
        "SQL Server backup",
    );
    let trn = manifest(
        "SQLServer",
        "2019",
        "log",
        "orders.trn",
        "SQL Server backup",
    );
    assert_has(
        &text(&bak, Some(&trn), noon()),
        &[
            "RESTORE DATABASE",
            "RESTORE LOG",
            "STOPAT",
            "WITH RECOVERY",
            "2026-11-22T12:00:00 in UTC",
        ],
    );
    let rdb = manifest("Redis", "6.0", "full", "a.rdb", "RDB");
    assert_has(
        &text(&rdb, None, Stop::Base),
        &["--appendonly no", "redis-check-rdb"],
    );
    let mongo = manifest("DDS", "4.4", "full", "a.tar.lz4", "lz4");
    assert_has(
        &text(&mongo, None, Stop::Base),
        &["lz4 -dc", "mongod --dbpath"],
    );
    let other = manifest("GaussDB", "5", "full", "a.zip", "zip");
    assert_has(&text(&other, None, Stop::Base), &["unzip -p", "no recipe"]);
}

#[test]
fn logs_are_listed_once_under_the_names_of_the_server() {
    let full = manifest("MySQL", "8.0", "full", "a.qp", "xbstream");
    let short = manifest("MySQL", "8.0", "log", "x_mysql-bin.000002.gz", "gzip");
    let mut whole = short.clone();
    whole.files[0].size_bytes += 1;
    let next = manifest("MySQL", "8.0", "log", "mysql-bin.000003", "binlog");
    let part = |dir, manifest| Part { dir, manifest };
    let restoration = Restoration {
        base: vec![part("01", &full)],
        steps: Vec::new(),
        logs: vec![part("02", &short), part("03", &whole), part("04", &next)],
        stop: Stop::EndOfLogs,
    };
    assert_eq!(
        packing::log_list(&restoration).unwrap(),
        "gzip 03/x_mysql-bin.000002.gz mysql-bin.000002\nplain 04/mysql-bin.000003 mysql-bin.000003\n"
    );
}

#[test]
fn the_steps_in_a_manifest_name_each_file() {
    let log = manifest(
        "PostgreSQL",
        "15",
        "log",
        "000000010000000000000008",
        "PostgreSQL WAL",
    );
    let steps = steps(&log.backup, &log.files);
    assert!(steps.iter().any(|step| step.contains("restores nothing")));
    assert!(
        steps
            .last()
            .unwrap()
            .starts_with("000000010000000000000008: a WAL segment")
    );
}
