//! How to restore a backup by hand: the steps that its manifest carries.
//!
//! Written for somebody at 3 a.m. on a machine without Backhaul. The facts come from the vendors'
//! restore guides; the format is told from the file, not from the vendor's word.

use backhaul_provider_api::{Backup, Kind};

use crate::mirror::manifest::FileEntry;

/// The steps for a backup with these files.
pub fn steps(backup: &Backup, files: &[FileEntry]) -> Vec<String> {
    let engine = backup.engine.as_deref().unwrap_or("the engine");
    let version = backup
        .engine_version
        .as_deref()
        .unwrap_or("the same version");
    let mut steps = vec![
        "Check the files: run `sha256sum -c SHA256SUMS` in this directory.".to_owned(),
        format!("Have a server of {engine} {version} at hand, on a machine of its own."),
    ];
    if backup.encryption.is_some() {
        steps.push("The files are encrypted by the vendor: decrypt them first.".to_owned());
    }
    let log = matches!(
        backup.kind,
        Kind::Log | Kind::Incremental | Kind::Differential
    );
    if log {
        steps.push(
            "This backup alone restores nothing: first restore the latest full backup that began before it, then apply this one and those between in order of time.".to_owned(),
        );
    }
    for file in files {
        steps.push(format!(
            "{}: {}",
            file.name,
            for_format(&file.format, engine, log)
        ));
    }
    steps
}

fn for_format(format: &str, engine: &str, log: bool) -> String {
    let postgres = engine.eq_ignore_ascii_case("postgresql");
    match (format, log) {
        ("xbstream", _) => "an xbstream archive whose members may be compressed by qpress. Unpack with `xbstream -x -C DIR < FILE` (MariaDB: `mbstream`), decompress with `xtrabackup --decompress --target-dir=DIR` (needs qpress), then `xtrabackup --prepare --target-dir=DIR`, stop the server, move its data directory away, `xtrabackup --copy-back --target-dir=DIR`, give the files to the server's user, start it.".to_owned(),
        ("gzip" | "tar" | "lz4" | "zstd", false) if postgres => "an archive of the data directory. Unpack it with tar into an empty data directory of the same major version, keep your own postgresql.conf and pg_hba.conf, put the WAL (pg_wal, if it is an archive of its own) in place, check tablespace_map, start the server. Logs are replayed through restore_command and an empty recovery.signal.".to_owned(),
        ("PostgreSQL WAL", _) => "a WAL segment. Copy it, under the name the server asks for (24 hex digits), to where restore_command of the restored server looks.".to_owned(),
        ("pg_dump custom format", _) => "a logical dump. `createdb NAME`, then `pg_restore --no-owner -d NAME FILE`; missing roles must be made first.".to_owned(),
        ("binlog", _) => "a binary log. Replay it into the restored server with `mysqlbinlog FILE | mysql`, from the position or GTID that the full backup names (`--start-position`, `--stop-datetime`).".to_owned(),
        ("SQL Server backup", _) => "a SQL Server backup. `RESTORE DATABASE … FROM DISK = 'FILE' WITH NORECOVERY` (logs: `RESTORE LOG`), at last `RESTORE DATABASE … WITH RECOVERY`, on the same or a newer version.".to_owned(),
        ("RDB", _) => "a Redis dump. Stop the server, put it in place as dump.rdb, start the server.".to_owned(),
        ("zip" | "gzip" | "lz4" | "zstd" | "qpress" | "tar", _) => format!("decompress it ({format}), then restore what is inside with the tools of {engine}."),
        ("text", _) if postgres => "SQL text: feed it to psql. A file of globals (roles, tablespaces) goes first, before the dump that needs them.".to_owned(),
        ("text", _) => format!("text, probably a logical dump: feed it to the client of {engine}."),
        _ => format!("its format was not recognised; ask the vendor's guide for {engine}."),
    }
}
