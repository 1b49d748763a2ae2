//! Restores mirrored files with the engines' own tools into real servers, and reads the rows.
//!
//! This is the proof that a mirrored backup is worth something. Servers listen on a unix socket
//! in the scratch folder only and stop when dropped. Where an engine is not installed,
//! `available()` says so on standard error, past the test harness's capture, and the caller skips.

pub mod guide;
pub mod live;
pub mod mariadb;
pub mod postgresql;

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Why a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A file or folder could not be used.
    #[error("{doing} {}", path.display())]
    File {
        /// What was being done to it, such as `open`.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("start {}", program.display())]
    Start {
        /// Which program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("{} ended with {status}: {output}", program.display())]
    Program {
        /// Which program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote on standard error, or the end of the server's log.
        output: String,
    },
    /// A server did not announce that it is ready.
    #[error("the server did not become ready: {log}")]
    NotReady {
        /// What it wrote until then.
        log: String,
    },
    /// A file that should be a WAL segment or timeline history is not named like one.
    #[error("{} is not named like a file of the write-ahead log", path.display())]
    NotWal {
        /// Which file.
        path: PathBuf,
    },
    /// A member of a backup cannot be decompressed.
    #[error("decompress {}", path.display())]
    Qpress {
        /// Which member.
        path: PathBuf,
        /// What is wrong with it.
        source: mariadb::qpress::QpressError,
    },
}

/// The user and group that servers run as when the tests run as root, which servers refuse.
#[derive(Clone, Copy, Debug)]
struct Unprivileged {
    uid: u32,
    gid: u32,
}

/// The folder a restore works in, and the user it works as.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    user: Option<Unprivileged>,
}

impl Scratch {
    /// Takes an existing folder and, as root, hands it to `nobody`.
    fn new(path: &Path) -> Result<Self, RestoreError> {
        let user = unprivileged().map_err(failed("find the user `nobody` in", "/etc/passwd"))?;
        if let Some(user) = user {
            chown(path, Some(user.uid), Some(user.gid)).map_err(failed("hand over", path))?;
        }
        Ok(Self {
            path: path.to_owned(),
            user,
        })
    }

    /// A program that will run in the scratch folder, as its user, with a clean environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.path)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir(&self.path)
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            // Also drops the supplementary groups.
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    /// Makes a folder that only the scratch's user may enter, as servers demand of theirs.
    fn folder(&self, name: &str) -> Result<PathBuf, RestoreError> {
        let path = self.path.join(name);
        fs::create_dir(&path).map_err(failed("create", &path))?;
        self.hand_over(&path, 0o700)?;
        Ok(path)
    }

    /// Copies a mirrored file, which the servers' user need not be able to read.
    fn copy(&self, from: &Path, to: &Path) -> Result<(), RestoreError> {
        fs::copy(from, to).map_err(failed("copy", from))?;
        self.hand_over(to, 0o600)
    }

    fn hand_over(&self, path: &Path, mode: u32) -> Result<(), RestoreError> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(failed("set the mode of", path))?;
        match self.user {
            Some(user) => {
                chown(path, Some(user.uid), Some(user.gid)).map_err(failed("hand over", path))
            }
            None => Ok(()),
        }
    }
}

/// Runs a program to its end and returns what it wrote on standard output.
fn run(command: &mut Command) -> Result<String, RestoreError> {
    let program = PathBuf::from(command.get_program());
    let output = command.output().map_err(|source| RestoreError::Start {
        program: program.clone(),
        source,
    })?;
    if !output.status.success() {
        return Err(RestoreError::Program {
            program,
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Opens a mirrored file as a program's input, so that the program needs no right to the path.
fn input(path: &Path) -> Result<Stdio, RestoreError> {
    File::open(path)
        .map(Stdio::from)
        .map_err(failed("open", path))
}

/// Makes an I/O error say what failed.
fn failed(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> RestoreError {
    move |source| RestoreError::File {
        doing,
        path: path.as_ref().to_owned(),
        source,
    }
}

/// The first of the folders that holds a program of that name.
fn find(program: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders
        .into_iter()
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// The folders of `PATH`, and those where distributions keep servers.
fn search_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/libexec"].map(PathBuf::from))
        .collect()
}

/// Says where nobody can overlook it that something is not tested here.
fn say_skipped(reason: &str) {
    // Not `eprintln!`: the test harness would swallow it. Nothing is lost if it cannot be said.
    let _ = writeln!(io::stderr(), "skipped: {reason}");
}

/// `nobody` if this process is root, else nothing: servers then run as we do.
fn unprivileged() -> io::Result<Option<Unprivileged>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let ids = passwd.lines().find_map(|line| {
        // Between the name and the ids stands the password's place.
        let mut fields = line.strip_prefix("nobody:")?.split(':').skip(1);
        Some(Unprivileged {
            uid: fields.next()?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
        })
    });
    ids.map(Some).ok_or_else(|| io::ErrorKind::NotFound.into())
}
