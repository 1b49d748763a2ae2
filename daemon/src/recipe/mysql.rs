//! MySQL and MariaDB: physical backups (xbstream, qpress), logical dumps, binary logs on top.

use super::engine::{Engine, is_dump};
use super::packing::{LOG_LIST, Packing, tools, unpack_logs};
use super::{Recipe, Restoration, Step, Stop};

/// What to do with one file, in a few sentences.
pub fn brief(format: &str) -> Option<&'static str> {
    Some(match format {
        "xbstream" => {
            "an xbstream archive whose members may be compressed by qpress. Unpack with `xbstream -x -C DIR < FILE` (MariaDB: `mbstream`), decompress with `xtrabackup --decompress --target-dir=DIR` (needs qpress), then `xtrabackup --prepare --target-dir=DIR`, stop the server, move its data directory away, `xtrabackup --copy-back --target-dir=DIR`, give the files to the server's user, start it."
        }
        "qpress" => {
            "a file compressed by qpress: `qpress -do FILE > DIR/NAME`; what is inside is usually an xbstream archive or a dump."
        }
        "binlog" => {
            "a binary log. Replay it into the restored server with `mysqlbinlog FILE | mysql`, from the position or GTID that the full backup names (`--start-position`, `--stop-datetime`)."
        }
        "text" => "SQL text: feed it to the client, `mysql < FILE`, on an empty server.",
        _ => return None,
    })
}

/// The names of the programs.
struct Programs {
    stream: &'static str,
    backup: &'static str,
    server: &'static str,
    client: &'static str,
    binlog: &'static str,
    /// What lets a server without GTIDs accept logs that have some.
    binlog_options: &'static str,
}

const MYSQL: Programs = Programs {
    stream: "xbstream",
    backup: "xtrabackup",
    server: "mysqld",
    client: "mysql",
    binlog: "mysqlbinlog",
    binlog_options: "--skip-gtids",
};

const MARIADB: Programs = Programs {
    stream: "mbstream",
    backup: "mariabackup",
    server: "mariadbd",
    client: "mariadb",
    binlog: "mariadb-binlog",
    binlog_options: "",
};

/// The recipe.
pub fn recipe(restoration: &Restoration<'_>) -> Recipe {
    let programs = match restoration.engine() {
        Engine::MariaDb => MARIADB,
        _ => MYSQL,
    };
    let dump = restoration.base.iter().any(|part| is_dump(part.manifest));
    let mut steps = vec![Step::shell(
        "Name the programs",
        "Set these variables before, where your programs are called otherwise. `DB_USER` is an account of the restored database with all rights; its password goes into `MYSQL_PWD`.",
        names(&programs),
    )];
    if dump {
        steps.push(empty_server(restoration));
    } else {
        steps.extend(unpack(restoration));
        steps.push(prepare(restoration));
    }
    steps.push(start(dump));
    if dump {
        steps.push(read_dump(restoration));
    }
    if !restoration.logs.is_empty() {
        steps.push(Step::shell(
            "Lay out the logs",
            "Unpacked, under the names that the server gave them.",
            unpack_logs("binlog"),
        ));
        steps.push(replay(restoration, dump));
    }
    let parts = restoration.base.iter().chain(&restoration.steps);
    let mut needed = vec![versions(restoration, dump)];
    needed.extend(tools(
        parts
            .chain(&restoration.logs)
            .flat_map(|part| &part.manifest.files),
    ));
    Recipe {
        tools: needed,
        steps,
        checks: vec![
            "`tail \"$WORK/mysql.err\"`: no line with `[ERROR]`.".to_owned(),
            "`sql -e 'show databases'`, and rows of the busiest tables: the newest time in them is just before the wanted one.".to_owned(),
            "`mysqlcheck --no-defaults --socket=\"$WORK/mysql.sock\" --user=\"$DB_USER\" --all-databases` (MariaDB: `mariadb-check`) finds damaged tables.".to_owned(),
            "`mysqldump … --all-databases > /dev/null` reads every row once.".to_owned(),
        ],
        pitfalls: pitfalls(dump),
    }
}

fn versions(restoration: &Restoration<'_>, dump: bool) -> String {
    let version = restoration.version().unwrap_or("of the same series");
    match (restoration.engine(), dump) {
        (Engine::MariaDb, _) => format!(
            "MariaDB {version}, the same series: `mariadbd`, `mariadb`, `mariadb-binlog`, and of the package mariadb-backup `mariabackup` and `mbstream`. Members that end in `.qp` need `qpress` too."
        ),
        (_, true) => format!("MySQL {version} or newer: `mysqld`, `mysql`, `mysqlbinlog`."),
        (_, false) => {
            let tool = if version.starts_with("5.") {
                "Percona XtraBackup 2.4, 2.4.9 or newer"
            } else if version.starts_with("8.0") {
                "Percona XtraBackup 8.0, not older than the server"
            } else {
                "Percona XtraBackup of the server's series, not older than the server"
            };
            format!(
                "MySQL {version}, the same series and no older minor version, on Linux x86-64: `mysqld`, `mysql`, `mysqlbinlog`. {tool}: `xtrabackup`, `xbstream`. Members that end in `.qp` need `qpress` 11 (Percona's repository has it)."
            )
        }
    }
}

fn names(programs: &Programs) -> String {
    let Programs {
        stream,
        backup,
        server,
        client,
        binlog,
        binlog_options,
    } = programs;
    format!(
        r#"PATH=$PATH:/usr/sbin:/usr/libexec
STREAM=${{STREAM:-{stream}}}
BACKUP=${{BACKUP:-{backup}}}
SERVER=${{SERVER:-{server}}}
CLIENT=${{CLIENT:-{client}}}
BINLOG=${{BINLOG:-{binlog}}}
BINLOG_OPTIONS=${{BINLOG_OPTIONS-{binlog_options}}}
DB_USER=${{DB_USER:-root}}
sql() {{
    "$CLIENT" --no-defaults --socket="$WORK/mysql.sock" --user="$DB_USER" --max-allowed-packet=1G --binary-mode "$@"
}}
"#
    )
}

/// One directory for the full backup, one for each incremental one.
fn unpack(restoration: &Restoration<'_>) -> [Step; 2] {
    let extract = |path: &str, file, into: &str| {
        let from = Packing::of(file).unpack(path);
        let name = file.vendor_name.as_str();
        if name.contains(".tar") || name.ends_with(".tgz") || file.format == "tar" {
            format!("{from} | tar -xf - -C \"$WORK/{into}\"\n")
        } else {
            format!("{from} | \"$STREAM\" -x -C \"$WORK/{into}\"\n")
        }
    };
    let mut commands = "mkdir -m 700 \"$WORK/data\"\n".to_owned();
    for (path, file) in restoration.base_files() {
        commands += &extract(&path, file, "data");
    }
    for (place, part) in restoration.steps.iter().enumerate() {
        commands += &format!("mkdir -m 700 \"$WORK/step{place}\"\n");
        for (path, file) in part.files() {
            commands += &extract(&path, file, &format!("step{place}"));
        }
    }
    [
        Step::shell(
            "Unpack the backup",
            "A file that ends in `.qp` is an xbstream archive all the same; its members are compressed.",
            commands,
        ),
        Step::shell(
            "Decompress the members",
            "Where there are any that are compressed.",
            r#"for directory in "$WORK"/data "$WORK"/step*; do
    [ -d "$directory" ] || continue
    if [ -n "$(find "$directory" -name '*.qp' -o -name '*.zst' -o -name '*.lz4')" ]; then
        "$BACKUP" --no-defaults --decompress --remove-original --target-dir="$directory"
    fi
done
"#,
        ),
    ]
}

fn prepare(restoration: &Restoration<'_>) -> Step {
    // MariaDB's tool needs no such option since 10.2.
    let only = match (restoration.steps.is_empty(), restoration.engine()) {
        (true, _) | (_, Engine::MariaDb) => "",
        (false, _) => " --apply-log-only",
    };
    let mut commands = format!(
        "\"$BACKUP\" --no-defaults --prepare{only} --target-dir=\"$WORK/data\" 2> \"$WORK/prepare.log\"\n"
    );
    let last = restoration.steps.len().saturating_sub(1);
    for place in 0..restoration.steps.len() {
        let only = if place == last { "" } else { only };
        commands += &format!(
            "\"$BACKUP\" --no-defaults --prepare{only} --target-dir=\"$WORK/data\" --incremental-dir=\"$WORK/step{place}\" 2>> \"$WORK/prepare.log\"\n"
        );
    }
    commands += "tail -n 1 \"$WORK/prepare.log\"\n";
    Step::shell(
        "Prepare the files",
        "Makes the files consistent. The last line must say `completed OK!`.",
        commands,
    )
}

fn empty_server(restoration: &Restoration<'_>) -> Step {
    let make = match restoration.engine() {
        Engine::MariaDb => {
            "mariadb-install-db --no-defaults --datadir=\"$WORK/data\" --auth-root-authentication-method=normal"
        }
        _ => "\"$SERVER\" --no-defaults --initialize-insecure --datadir=\"$WORK/data\"",
    };
    Step::shell(
        "Make an empty server",
        "Its `root` has no password; the dump may bring its own accounts.",
        format!("mkdir -m 700 \"$WORK/data\"\n{make} > \"$WORK/install.log\" 2>&1\n"),
    )
}

fn start(dump: bool) -> Step {
    // What the backup's files are made with, and no option that a server may not know.
    let own = match dump {
        true => "",
        false => {
            "    grep -E '^innodb_(data_file_path|page_size|undo_tablespaces) *=' \"$WORK/data/backup-my.cnf\" || :\n"
        }
    };
    Step::shell(
        "Start the server",
        "On a socket in `$WORK` only, without a binary log of its own, and without running scheduled events of the restored database.",
        format!(
            r#"{{
    echo '[mysqld]'
{own}    cat <<EOF
datadir = $WORK/data
socket = $WORK/mysql.sock
pid-file = $WORK/mysql.pid
log-error = $WORK/mysql.err
skip-networking
skip-log-bin
loose-skip-slave-start
event-scheduler = OFF
max-allowed-packet = 1G
EOF
}} > "$WORK/restore.cnf"
nohup "$SERVER" --defaults-file="$WORK/restore.cnf" > "$WORK/server.log" 2>&1 &
until sql -e 'select 1' > "$WORK/answer" 2>&1; do
    kill -0 $! || {{ tail -n 30 "$WORK/mysql.err"; break; }}
    sleep 1
done
"#
        ),
    )
}

fn read_dump(restoration: &Restoration<'_>) -> Step {
    let commands = restoration
        .base_files()
        .map(|(path, file)| format!("{} | sql\n", Packing::of(file).unpack(&path)))
        .collect::<String>();
    Step::shell(
        "Read the dump",
        "A dump of one database without `CREATE DATABASE` needs `sql DATABASE` instead of `sql`.",
        commands,
    )
}

/// The commands that find the place in the binary log at which the full backup ends.
fn position(restoration: &Restoration<'_>, dump: bool) -> String {
    match restoration.base_files().next() {
        Some((path, file)) if dump => format!(
            r#"set -- $({} | head -c 65536 | grep -a -m 1 'CHANGE MASTER TO\|CHANGE REPLICATION SOURCE TO' | sed "s/.*_LOG_FILE='\([^']*\)'.*_LOG_POS=\([0-9]*\).*/\1 \2/")
"#,
            Packing::of(file).unpack(&path)
        ),
        _ => r#"set -- $(cat "$WORK/data/xtrabackup_binlog_info" "$WORK/data/mariadb_backup_binlog_info" 2>/dev/null | head -n 1)
"#
        .to_owned(),
    }
}

fn replay(restoration: &Restoration<'_>, dump: bool) -> Step {
    let (stop, text) = match restoration.stop {
        Stop::Time(time) => (
            format!("--stop-datetime='{}' ", time.format("%Y-%m-%d %H:%M:%S")),
            "Stops before the first event of the wanted second; the time is in UTC, which `TZ` says.",
        ),
        Stop::Base | Stop::EndOfLogs => (String::new(), "To the end of the last log."),
    };
    let position = position(restoration, dump);
    Step::shell(
        "Replay the logs",
        format!(
            "From the position that the full backup names. {text} The statements go through a file, in which the one that did the harm can be looked for; all files must be replayed in one run."
        ),
        format!(
            r#"{position}first=${{1:?the backup names no position in the binary log}} position=$2 from=
set --
while read -r how path name; do
    [ "${{name##*.}}" -ge "${{first##*.}}" ] || continue
    [ "${{name##*.}}" -ne "${{first##*.}}" ] || from=--start-position=$position
    set -- "$@" "$WORK/binlog/$name"
done < "$KIT/{LOG_LIST}"
[ -n "$from" ] || echo "$first, at which the backup ends, is not in the kit: changes written to it after the backup are missing"
if [ $# -gt 0 ]; then
    TZ=UTC "$BINLOG" --no-defaults $BINLOG_OPTIONS $from {stop}"$@" > "$WORK/replay.sql"
    sql < "$WORK/replay.sql"
fi
"#
        ),
    )
}

fn pitfalls(dump: bool) -> Vec<String> {
    let mut pitfalls = vec![
        "`Access denied`: the accounts are those of the restored database. Give an account of it in `DB_USER` and `MYSQL_PWD`, or stop the server, start it with `--skip-grant-tables` added, run `FLUSH PRIVILEGES; ALTER USER …`, and start it again without.".to_owned(),
        "`Different lower_case_table_names settings`: vendors often set it to 1. Add `lower_case_table_names = 1` to `$WORK/restore.cnf` before the first start.".to_owned(),
        "`@@SESSION.GTID_NEXT cannot be set`: the logs have GTIDs and the server does not use them; `mysqlbinlog --skip-gtids` leaves them out.".to_owned(),
        "`Duplicate entry` during the replay: it began too early. Start anew from the unpacked backup, never go on.".to_owned(),
        "A log that the server was still writing when the vendor saved it ends in the middle; the next one of the same name is whole.".to_owned(),
    ];
    if !dump {
        pitfalls.extend([
            "`Unsupported server version` of the backup tool: it must be of the server's series."
                .to_owned(),
            "An encrypted tablespace needs the keyring that the vendor had.".to_owned(),
        ]);
    }
    pitfalls
}
