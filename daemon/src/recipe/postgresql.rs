//! PostgreSQL: base backups with WAL on top, and logical dumps.

use super::engine::is_dump;
use super::packing::{Packing, tools, unpack_logs};
use super::{Recipe, Restoration, Step, Stop};

const PORT: u16 = 54_320;

/// What to do with one file, in a few sentences.
pub fn brief(format: &str, log: bool) -> Option<&'static str> {
    Some(match format {
        "gzip" | "tar" | "lz4" | "zstd" if !log => {
            "an archive of the data directory. Unpack it with tar into an empty data directory of the same major version, keep your own postgresql.conf and pg_hba.conf, put the WAL (pg_wal, if it is an archive of its own) in place, check tablespace_map, start the server. Logs are replayed through restore_command and an empty recovery.signal; recovery_target_time stops at a time."
        }
        "PostgreSQL WAL" => {
            "a WAL segment. Copy it, under the name the server asks for (24 hex digits), to where restore_command of the restored server looks."
        }
        "pg_dump custom format" => {
            "a logical dump. `createdb NAME`, then `pg_restore --no-owner -d NAME FILE`; missing roles must be made first."
        }
        "text" => {
            "SQL text: feed it to psql. A file of globals (roles, tablespaces) goes first, before the dump that needs them."
        }
        _ => return None,
    })
}

/// The recipe.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let dump = restoration.base.iter().any(|part| is_dump(part.manifest));
    let mut recipe = if dump {
        logical(restoration)
    } else {
        physical(restoration)
    };
    let files = restoration.base.iter().chain(&restoration.logs);
    recipe
        .tools
        .extend(tools(files.flat_map(|part| &part.manifest.files)));
    recipe.checks.extend([
        format!("`psql -h \"$WORK\" -p {PORT} -U \"$PGUSER\" -d postgres -c '\\l+'`: every database is there, of about the size it had."),
        "Rows of the busiest tables: the newest time in them is just before the wanted one.".to_owned(),
        format!("`pg_amcheck -h \"$WORK\" -p {PORT} -U \"$PGUSER\" --all` (PostgreSQL 14 and newer) finds damaged tables and indexes."),
        "`pg_dump` of every database to /dev/null reads every row once.".to_owned(),
    ]);
    recipe
}

/// Variables, and the folders where packages keep the programs.
fn prepare(restoration: &Restoration<'_>, superuser: &str) -> String {
    let path = restoration.major().map_or_else(String::new, |major| {
        format!("PATH=/usr/lib/postgresql/{major}/bin:/usr/pgsql-{major}/bin:$PATH\n")
    });
    format!("{path}export PATH PGUSER=\"${{PGUSER:-{superuser}}}\"\n")
}

fn start(restoration: &Restoration<'_>) -> Step {
    let patience = match restoration.logs.is_empty() {
        true => "It is ready within seconds.",
        false => {
            "It answers when all logs are replayed, which may take long; `tail -f \"$WORK/server.log\"` shows how far it is."
        }
    };
    Step::shell(
        "Start the server",
        patience,
        format!(
            r#"nohup postgres -D "$DATA" > "$WORK/server.log" 2>&1 &
until psql -X -h "$WORK" -p {PORT} -d postgres -Atc 'select 1' > "$WORK/answer" 2>&1; do
    kill -0 $! || {{ tail -n 30 "$WORK/server.log"; break; }}
    sleep 1
done
"#
        ),
    )
}

fn settings(superuser_only: &str) -> String {
    format!(
        r#"cat > "$DATA/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$WORK'
port = {PORT}
archive_mode = off
{superuser_only}EOF
echo 'local all all trust' > "$DATA/pg_hba.conf"
: > "$DATA/pg_ident.conf"
"#
    )
}

fn physical(restoration: &Restoration<'_>) -> Recipe {
    let major = restoration.major();
    let mut steps = vec![
        Step::shell(
            "Unpack the full backup",
            "The directory of the data is the one with the file `PG_VERSION`.",
            prepare(restoration, "postgres") + &unpack(restoration),
        ),
        Step::shell(
            "Put the vendor's settings aside",
            "They name libraries, paths and certificates of the vendor's machines. The server listens on a socket in `$WORK` only, where whoever may enter `$WORK` is let in without a password.",
            format!(
                r#"for file in postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf recovery.conf standby.signal; do
    [ ! -e "$DATA/$file" ] || mv "$DATA/$file" "$DATA/$file.vendor"
done
{}"#,
                // Otherwise it would let people in before the last log is replayed.
                settings("hot_standby = off\n")
            ),
        ),
    ];
    if !restoration.logs.is_empty() {
        steps.push(Step::shell(
            "Lay out the logs",
            "Unpacked, under the names that the server asks for.",
            unpack_logs("wal"),
        ));
        steps.push(recovery(restoration));
    }
    steps.push(start(restoration));
    let version = major.map_or_else(
        || "the major version in the file `PG_VERSION`".to_owned(),
        |major| {
            format!(
                "PostgreSQL {major}, exactly this major version (any minor one, best the newest)"
            )
        },
    );
    Recipe {
        tools: vec![
            format!("Server and client programs of {version}: `postgres`, `psql`, on a Linux machine of the same processor family. GNU tar."),
        ],
        steps,
        checks: vec![
            "The log `$WORK/server.log` says `database system is ready to accept connections`, and with logs `recovery stopping before commit` or `redo done` with the time that was reached.".to_owned(),
        ],
        pitfalls: vec![
            "`recovery ended before configured recovery target was reached`: no transaction later than the wanted time is in the logs, so everything before it is replayed already. Remove the line `recovery_target_time` from `postgresql.conf` and start again.".to_owned(),
            "`requested recovery stop point is before consistent recovery point`: the wanted time lies in the making of the full backup. Take a time a minute later, or a kit from an earlier full backup.".to_owned(),
            "`could not locate required checkpoint record` or `requested timeline`: the first log is missing or belongs to another timeline. Files called `*.history` belong into `$WORK/wal` too.".to_owned(),
            "`role \"postgres\" does not exist`: the vendor's superuser is called otherwise (`root`, for example): `export PGUSER=root`.".to_owned(),
            "`could not access file` of an extension: the library of that extension must be installed, of the same major version.".to_owned(),
            "Text may sort differently where the C library differs from the vendor's: `REINDEX DATABASE` for every database before relying on indexes of text.".to_owned(),
            "Replication slots and subscriptions of the vendor come along: drop what `pg_replication_slots` and `pg_subscription` show, or WAL piles up.".to_owned(),
            "If the vendor's service is a changed PostgreSQL and the server does not start on its files, only a logical dump helps.".to_owned(),
        ],
    }
}

/// Each archive where it belongs: `base`, `pg_wal`, and tablespaces, which `pg_basebackup` names by
/// their number.
fn unpack(restoration: &Restoration<'_>) -> String {
    let mut commands = "mkdir -m 700 \"$WORK/data\"\n".to_owned();
    let mut later = String::new();
    for (path, file) in restoration.base_files() {
        let name = file.vendor_name.rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let from = Packing::of(file).unpack(&path);
        if ["pg_wal", "pg_xlog"].iter().any(|part| name.contains(part)) {
            later += &format!(
                "{from} | tar -xf - -C \"$DATA/{}\"\n",
                match name.contains("pg_wal") {
                    true => "pg_wal",
                    false => "pg_xlog",
                }
            );
        } else if !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()) {
            later += &format!(
                "mkdir -p \"$WORK/tablespaces/{stem}\"\n{from} | tar -xf - -C \"$WORK/tablespaces/{stem}\"\nsed -i \"s|^{stem} .*|{stem} $WORK/tablespaces/{stem}|\" \"$DATA/tablespace_map\"\n"
            );
        } else {
            commands += &format!("{from} | tar -xf - -C \"$WORK/data\"\n");
        }
    }
    commands
        + "DATA=$(dirname \"$(find \"$WORK/data\" -maxdepth 2 -name PG_VERSION | head -n 1)\")\nchmod 700 \"$DATA\"\n"
        + &later
}

fn recovery(restoration: &Restoration<'_>) -> Step {
    let (target, text) = match restoration.stop {
        Stop::Base => (
            "recovery_target = 'immediate'\n".to_owned(),
            "As soon as the full backup is whole.".to_owned(),
        ),
        Stop::EndOfLogs => (String::new(), "To the end of the last log.".to_owned()),
        Stop::Time(time) => (
            format!("recovery_target_time = '{}'\n", time.format("%Y-%m-%d %H:%M:%S%.6f+00")),
            "The time is in UTC. Transactions committed later are left out. To look for the right instant, try an earlier one first: a server that has been promoted cannot go on.".to_owned(),
        ),
    };
    // PostgreSQL 12 moved these settings.
    let (file, signal) = match restoration.major() {
        Some(major) if major < 12 => ("recovery.conf", ""),
        _ => ("postgresql.conf", "touch \"$DATA/recovery.signal\"\n"),
    };
    let action = match restoration.stop {
        Stop::EndOfLogs => "",
        Stop::Base | Stop::Time(_) => "recovery_target_action = 'promote'\n",
    };
    Step::shell(
        "Say how far to go",
        text,
        format!(
            r#"cat >> "$DATA/{file}" <<EOF
restore_command = 'cp "$WORK/wal/%f" "%p"'
{target}{action}EOF
{signal}"#
        ),
    )
}

fn logical(restoration: &Restoration<'_>) -> Recipe {
    let mut globals = String::new();
    let mut dumps = String::new();
    for (path, file) in restoration.base_files() {
        let from = Packing::of(file).unpack(&path);
        let client = format!("-h \"$WORK\" -p {PORT}");
        if file.format == "pg_dump custom format" {
            dumps += &format!(
                "createdb {client} \"${{DB:-restored}}\"\npg_restore {client} --no-owner --exit-on-error -d \"${{DB:-restored}}\" \"$KIT/{path}\"\n"
            );
        } else if file.name.as_str().contains("globals") {
            globals += &format!("{from} | psql -X {client} -q -v ON_ERROR_STOP=1 -d postgres\n");
        } else {
            dumps += &format!(
                "createdb {client} \"${{DB:-restored}}\"\n{from} | psql -X {client} -q -v ON_ERROR_STOP=1 -d \"${{DB:-restored}}\"\n"
            );
        }
    }
    let mut steps = vec![
        Step::shell(
            "Make an empty server",
            "Its superuser is called `restorer`, so that the dump's own roles can be made. If text shall sort as it did, give `initdb` the `--locale` of the old database.",
            format!(
                "{}initdb -D \"$WORK/data\" -U \"$PGUSER\" -A trust -E UTF8 > \"$WORK/initdb.log\"\nDATA=$WORK/data\n{}",
                prepare(restoration, "restorer"),
                settings("")
            ),
        ),
        start(restoration),
    ];
    if !globals.is_empty() {
        steps.push(Step::shell(
            "Make the roles",
            "Roles and tablespaces are not part of a dump of one database.",
            globals,
        ));
    }
    steps.push(Step::shell(
        "Read the dump",
        "Into a database called `restored`, or as the variable `DB` says. With `-j 4` `pg_restore` works on four tables at a time.",
        dumps,
    ));
    let version = restoration
        .version()
        .unwrap_or("the version the dump was made of");
    Recipe {
        tools: vec![format!("Server and client programs of PostgreSQL {version} or newer: `initdb`, `postgres`, `psql`, `createdb`, `pg_restore`.")],
        steps,
        checks: Vec::new(),
        pitfalls: vec![
            "`role \"…\" does not exist`: make it first (`CREATE ROLE`), or leave privileges out (`pg_restore --no-privileges`).".to_owned(),
            "`unsupported version … in file header`: the dump was made by a newer `pg_dump`; use its `pg_restore`.".to_owned(),
            "Extensions named in the dump must be installed. Without `--exit-on-error` the rest is restored all the same.".to_owned(),
            "A dump cannot be brought to a later time with logs.".to_owned(),
        ],
    }
}
