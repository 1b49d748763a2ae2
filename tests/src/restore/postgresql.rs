//! PostgreSQL: a base backup alone, with archived WAL on top of it, or a logical dump.

pub mod live;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{RestoreError, Scratch, failed, find, input, run, say_skipped, search_path};

/// The major version that the fixtures were made with; files of another one cannot be started.
pub const MAJOR: &str = "15";

/// The folder with PostgreSQL's programs.
#[derive(Clone, Debug)]
pub struct Tools {
    bin: PathBuf,
}

/// The installed tools of the fixtures' major version, or nothing, said on standard error.
pub fn available() -> Option<Tools> {
    // Debian and the PGDG packages keep each major version in a folder of its own.
    let own = [
        PathBuf::from(format!("/usr/lib/postgresql/{MAJOR}/bin")),
        PathBuf::from(format!("/usr/pgsql-{MAJOR}/bin")),
    ];
    let server = find("postgres", own.into_iter().chain(search_path()));
    let tools = server.as_deref().and_then(Path::parent).map(|bin| Tools {
        bin: bin.to_owned(),
    });
    let Some(tools) = tools else {
        say_skipped(&format!("PostgreSQL {MAJOR} is not installed"));
        return None;
    };
    let version = run(Command::new(tools.path("postgres")).arg("--version")).unwrap_or_default();
    if !version.contains(&format!(" {MAJOR}.")) {
        say_skipped(&format!(
            "PostgreSQL {MAJOR} is needed, found: {}",
            version.trim()
        ));
        return None;
    }
    Some(tools)
}

impl Tools {
    fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }
}

/// A running server on a unix socket in the scratch folder. Stops when dropped.
#[derive(Debug)]
pub struct Server {
    tools: Tools,
    scratch: Scratch,
    superuser: &'static str,
}

/// How often a server that has started is asked before it is given up; a try takes some 10 ms.
const TRIES: u32 = 3000;

impl Server {
    /// Restores a base backup (`pg_basebackup -Ft -z -X fetch`), replays the archived WAL files
    /// given, as far as they reach, and starts the server on the result.
    ///
    /// `scratch` is an empty folder that `nobody` can reach, with a path short enough for a
    /// socket; as root it is handed to that user. One server per folder.
    ///
    /// # Errors
    /// When a file cannot be read, a WAL file is not named as the archive names it, or one of
    /// PostgreSQL's programs fails; its message is in the error.
    pub fn from_base_backup(
        tools: &Tools,
        base_tar_gz: &Path,
        wal: &[PathBuf],
        scratch: &Path,
    ) -> Result<Self, RestoreError> {
        let scratch = Scratch::new(scratch)?;
        let data = scratch.folder("data")?;
        run(scratch
            .command(Path::new("tar"))
            .args(["-xzf", "-", "-C"])
            .arg(&data)
            .stdin(input(base_tar_gz)?))?;

        let archive = scratch.folder("archive")?;
        for file in wal {
            let name = file
                .file_name()
                .and_then(|name| name.to_str())
                .filter(|name| is_wal(name));
            let name = name.ok_or_else(|| RestoreError::NotWal { path: file.clone() })?;
            scratch.copy(file, &archive.join(name))?;
        }
        let mut settings = vec!["archive_mode = off".to_owned()];
        if !wal.is_empty() {
            let signal = data.join("recovery.signal");
            fs::write(&signal, "").map_err(failed("create", &signal))?;
            scratch.hand_over(&signal, 0o600)?;
            settings.push(format!(
                "restore_command = 'cp \"{}/%f\" \"%p\"'",
                archive.display()
            ));
            // Otherwise the server accepts queries before the last WAL file is replayed.
            settings.push("hot_standby = off".to_owned());
        }
        Self {
            tools: tools.clone(),
            scratch,
            superuser: "postgres",
        }
        .start(&settings)
    }

    /// Starts an empty server, for logical dumps. Its superuser is called `restorer`, so that
    /// a dump of the globals may create `postgres`. `scratch` as for
    /// [`from_base_backup`](Self::from_base_backup).
    ///
    /// # Errors
    /// When one of PostgreSQL's programs fails; its message is in the error.
    pub fn empty(tools: &Tools, scratch: &Path) -> Result<Self, RestoreError> {
        let scratch = Scratch::new(scratch)?;
        let data = scratch.folder("data")?;
        run(scratch
            .command(&tools.path("initdb"))
            .args([
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
                "-U",
                "restorer",
                "-D",
            ])
            .arg(&data))?;
        Self {
            tools: tools.clone(),
            scratch,
            superuser: "restorer",
        }
        .start(&[])
    }

    /// Runs a script of SQL, such as a dump of the globals (`pg_dumpall --globals-only`).
    ///
    /// # Errors
    /// When the file cannot be read or any statement fails.
    pub fn run_script(&self, script: &Path) -> Result<(), RestoreError> {
        let mut psql = self.client("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"])
            .stdin(input(script)?);
        run(&mut psql).map(drop)
    }

    /// Restores a dump in the custom format (`pg_dump -Fc`) with `pg_restore`.
    ///
    /// # Errors
    /// When the file cannot be read or any part of it cannot be restored.
    pub fn restore_dump(&self, dump: &Path) -> Result<(), RestoreError> {
        let mut restore = self.client("pg_restore");
        restore
            .args(["--exit-on-error", "--single-transaction"])
            .stdin(input(dump)?);
        run(&mut restore).map(drop)
    }

    /// The rows of a query, as PostgreSQL writes the values; null is an empty text.
    ///
    /// # Errors
    /// When the query fails; PostgreSQL's message is in the error.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<String>>, RestoreError> {
        // Separators that no text holds in practice, unlike line ends and bars.
        let mut psql = self.client("psql");
        psql.args([
            "-X", "-q", "-A", "-t", "-F", "\u{1f}", "-R", "\u{1e}", "-c", sql,
        ]);
        let output = run(&mut psql)?;
        let rows = output.strip_suffix('\n').unwrap_or(&output);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let values = |row: &str| row.split('\u{1f}').map(str::to_owned).collect();
        Ok(rows.split('\u{1e}').map(values).collect())
    }

    fn start(self, settings: &[String]) -> Result<Self, RestoreError> {
        let path = self.data().join("postgresql.auto.conf");
        let socket = self.scratch.path.display();
        let mut text =
            format!("\nlisten_addresses = ''\nunix_socket_directories = '{socket}'\nfsync = off\n");
        for setting in settings {
            text.push_str(setting);
            text.push('\n');
        }
        OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(failed("append to", &path))?;

        let log = self.scratch.path.join("server.log");
        run(self
            .control()
            .args(["-w", "-t", "120", "-l"])
            .arg(&log)
            .arg("start"))
        .map_err(|error| match fs::read_to_string(&log) {
            Ok(log) => RestoreError::NotReady { log },
            Err(_) => error,
        })?;
        self.wait_until_it_answers()?;
        Ok(self)
    }

    /// `pg_ctl -w` takes a server that still replays WAL for ready. Each try is a process of its
    /// own, so trying again at once is no busy loop.
    fn wait_until_it_answers(&self) -> Result<(), RestoreError> {
        let mut tries = 0;
        loop {
            match self.query("select 1") {
                Ok(_) => return Ok(()),
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    fn data(&self) -> PathBuf {
        self.scratch.path.join("data")
    }

    fn control(&self) -> Command {
        let mut command = self.scratch.command(&self.tools.path("pg_ctl"));
        command.arg("-D").arg(self.data());
        command
    }

    fn client(&self, program: &str) -> Command {
        let mut command = self.scratch.command(&self.tools.path(program));
        command
            .arg("-h")
            .arg(&self.scratch.path)
            .args(["-U", self.superuser, "-d", "postgres"]);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            // Its data are thrown away, so nothing needs to be written before it ends.
            let stopped = run(self.control().args(["-w", "-m", "immediate", "stop"]));
            if let Err(error) = stopped {
                let _ = writeln!(std::io::stderr(), "a restored server still runs: {error}");
            }
        }
    }
}

/// Whether a file is named as a WAL segment or a timeline history in an archive.
fn is_wal(name: &str) -> bool {
    let digits = |text: &str, count| {
        text.len() == count && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
    };
    digits(name, 24)
        || name
            .strip_suffix(".history")
            .is_some_and(|line| digits(line, 8))
}

#[cfg(test)]
mod tests;
