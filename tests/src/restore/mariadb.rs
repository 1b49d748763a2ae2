//! MariaDB: a physical backup in the `.qp` layout, and binlogs replayed on top of it.
//!
//! A `.qp` backup is an xbstream whose members are qpress files. `mariabackup --decompress` calls
//! the program `qpress`, which few distributions have, so the members are decoded by [`qpress`].

pub mod live;
pub mod qpress;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::{RestoreError, Scratch, failed, find, input, run, say_skipped, search_path};

/// The series that the fixtures were made with; older ones cannot open the files.
pub const SERIES: &str = "10.11";

/// How long a server may take until it answers, on a very busy machine.
const READY_MAX: Duration = Duration::from_secs(120);

/// MariaDB's programs.
#[derive(Clone, Debug)]
pub struct Tools {
    server: PathBuf,
    client: PathBuf,
    backup: PathBuf,
    stream: PathBuf,
    binlog: PathBuf,
}

/// The installed tools of the fixtures' series, or nothing, said on standard error.
pub fn available() -> Option<Tools> {
    let tool = |name: &str| {
        let found = find(name, search_path());
        if found.is_none() {
            say_skipped(&format!("MariaDB's program {name} is not installed"));
        }
        found
    };
    let tools = Tools {
        server: tool("mariadbd")?,
        client: tool("mariadb")?,
        backup: tool("mariabackup")?,
        stream: tool("mbstream")?,
        binlog: tool("mariadb-binlog")?,
    };
    let version = run(Command::new(&tools.server).arg("--version")).unwrap_or_default();
    if !version.contains(&format!(" {SERIES}.")) {
        say_skipped(&format!(
            "MariaDB {SERIES} is needed, found: {}",
            version.trim()
        ));
        return None;
    }
    Some(tools)
}

/// A running server on a unix socket in the scratch folder. Stops when dropped.
#[derive(Debug)]
pub struct Server {
    tools: Tools,
    scratch: Scratch,
    process: Child,
}

impl Server {
    /// Restores a full backup in the `.qp` layout and starts the server on it.
    ///
    /// `scratch` is an empty folder that `nobody` can reach, with a path short enough for a
    /// socket; as root it is handed to that user. One server per folder.
    ///
    /// # Errors
    /// When a file cannot be read, a member is damaged, or one of MariaDB's programs fails; its
    /// message is in the error.
    pub fn from_full_backup(
        tools: &Tools,
        full_qp: &Path,
        scratch: &Path,
    ) -> Result<Self, RestoreError> {
        let scratch = Scratch::new(scratch)?;
        let data = scratch.folder("data")?;
        run(scratch
            .command(&tools.stream)
            .args(["-x", "-C"])
            .arg(&data)
            .stdin(input(full_qp)?))?;
        decompress(&scratch, &data)?;
        let prepared = format!("--target-dir={}", data.display());
        run(scratch
            .command(&tools.backup)
            .args(["--no-defaults", "--prepare", &prepared]))?;

        let mut process = start(tools, &scratch, &data)?;
        if let Err(error) = wait_until_ready(&mut process) {
            stop(&mut process);
            return Err(error);
        }
        Ok(Self {
            tools: tools.clone(),
            scratch,
            process,
        })
    }

    /// Replays binlogs, given in their order, with `mariadb-binlog`.
    ///
    /// # Errors
    /// When a file cannot be read or a statement of it fails.
    pub fn replay(&self, binlogs: &[PathBuf]) -> Result<(), RestoreError> {
        let statements = self.scratch.path.join("replay.sql");
        for binlog in binlogs {
            let copy = self.scratch.path.join("replay.binlog");
            self.scratch.copy(binlog, &copy)?;
            let result = format!("--result-file={}", statements.display());
            run(self
                .scratch
                .command(&self.tools.binlog)
                .args(["--no-defaults", &result])
                .arg(&copy))?;
            run(self.client().stdin(input(&statements)?))?;
        }
        Ok(())
    }

    /// The rows of a query, as the client writes values in batch mode: null is `NULL`, and tabs,
    /// line ends and backslashes are escaped.
    ///
    /// # Errors
    /// When the query fails; MariaDB's message is in the error.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<String>>, RestoreError> {
        let output = run(self
            .client()
            .args(["--batch", "--skip-column-names", "-e", sql]))?;
        Ok(output
            .lines()
            .map(|row| row.split('\t').map(str::to_owned).collect())
            .collect())
    }

    fn client(&self) -> Command {
        let mut command = self.scratch.command(&self.tools.client);
        command
            .args(["--no-defaults", "--user=root", "--socket"])
            .arg(socket(&self.scratch));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.process);
    }
}

fn socket(scratch: &Scratch) -> PathBuf {
    scratch.path.join("server.sock")
}

fn start(tools: &Tools, scratch: &Scratch, data: &Path) -> Result<Child, RestoreError> {
    let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
    scratch
        .command(&tools.server)
        // The backup's own, such as the names and sizes of the system tablespace.
        .arg(option("defaults-file", &data.join("backup-my.cnf")))
        .arg(option("datadir", data))
        .arg(option("socket", &socket(scratch)))
        .arg(option("pid-file", &scratch.path.join("server.pid")))
        .args([
            "--skip-networking",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=0",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| RestoreError::Start {
            program: tools.server.clone(),
            source,
        })
}

/// Ends the process at once: its data are thrown away.
fn stop(process: &mut Child) {
    // Both fail only if it has ended already.
    let _ = process.kill();
    let _ = process.wait();
}

/// Reads the server's log until it says that it is ready.
fn wait_until_ready(process: &mut Child) -> Result<(), RestoreError> {
    let lines = log_lines(process);
    let deadline = Instant::now() + READY_MAX;
    let mut log = String::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            return Err(RestoreError::NotReady { log });
        };
        if line.contains("ready for connections") {
            return Ok(());
        }
        log.push_str(&line);
        log.push('\n');
    }
}

/// The lines of the server's log. The thread reads on when nobody listens any more, because a
/// server whose log is not read comes to a halt; it ends with the server.
fn log_lines(process: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(log) = process.stderr.take() {
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
    }
    receiver
}

/// Replaces every `.qp` member below a folder by what it holds.
fn decompress(scratch: &Scratch, folder: &Path) -> Result<(), RestoreError> {
    for entry in fs::read_dir(folder).map_err(failed("list", folder))? {
        let path = entry.map_err(failed("list", folder))?.path();
        if path.is_dir() {
            decompress(scratch, &path)?;
        } else if path.extension().is_some_and(|extension| extension == "qp") {
            let packed = fs::read(&path).map_err(failed("read", &path))?;
            let plain = qpress::decode(&packed).map_err(|source| RestoreError::Qpress {
                path: path.clone(),
                source,
            })?;
            let target = path.with_extension("");
            fs::write(&target, plain).map_err(failed("write", &target))?;
            scratch.hand_over(&target, 0o600)?;
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
