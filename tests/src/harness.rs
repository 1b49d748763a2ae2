//! Drives the real program: a site of its own for each test, the real binary, real provider
//! libraries, the emulated cloud, a real file system.
//!
//! Nothing here sleeps. A test waits for what it is interested in: the daemon's readiness
//! ([`Daemon`]), an event ([`Daemon::events`]), a command's end ([`Site::backhaul`]).

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};

use tempfile::TempDir;

use crate::cloud::capitalonline::CapitalOnlineServer;
use crate::cloud::huawei::HuaweiServer;
use crate::cloud::tencent::TencentServer;

mod daemon;
mod directory;
mod disk;
mod files;
mod programs;
pub mod s3;
mod seed;
pub mod stock;
mod web;

pub use daemon::{Daemon, Events, LIMIT};
pub use directory::{Staged, assert_nothing_half_visible, quarantined, stage_up_to, staged};
pub use disk::{Disk, MemoryDisk};
pub use files::FileServer;
pub use programs::{Programs, programs};
pub use seed::Random;
pub use web::{free_port, http_get};

use daemon::send_signal;

/// A place of its own: directory, configuration, emulated clouds.
pub struct Site {
    directory: TempDir,
    /// The cloud that the account of [`Site::account`] leads to.
    pub cloud: HuaweiServer,
    tencent: OnceLock<TencentServer>,
    capitalonline: OnceLock<CapitalOnlineServer>,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Site {
    /// A site with an empty cloud.
    pub fn new() -> Self {
        Self::with_cloud(HuaweiServer::start().expect("loopback can be listened at"))
    }

    /// A site with that cloud.
    pub fn with_cloud(cloud: HuaweiServer) -> Self {
        // Short, because the control socket's path must fit into 108 bytes.
        let directory = tempfile::Builder::new()
            .prefix("bh")
            .tempdir()
            .expect("a temporary directory");
        let site = Self {
            directory,
            cloud,
            tencent: OnceLock::new(),
            capitalonline: OnceLock::new(),
        };
        programs().install_providers(&site.path("providers"));
        site
    }

    /// A site whose cloud serves the real fixtures (instances `orders` and `shop`).
    pub fn with_fixtures() -> Self {
        let site = Self::new();
        crate::cloud::demo::populate(&site.cloud, &fixtures()).expect("the fixtures can be served");
        site
    }

    /// A path within the site.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The configuration file.
    pub fn config_path(&self) -> PathBuf {
        self.path("backhaul.toml")
    }

    /// Writes the configuration: the daemon's and the account's tables of this site, then `jobs`.
    pub fn configure(&self, jobs: &str) {
        self.write_config(&format!(
            "{}\n{}\n{jobs}",
            self.daemon_table(),
            self.account("demo")
        ));
    }

    /// The same, with further keys of the daemon.
    pub fn configure_daemon(&self, keys: &str, jobs: &str) {
        self.write_config(&format!(
            "{}{keys}\n{}\n{jobs}",
            self.daemon_table(),
            self.account("demo")
        ));
    }

    /// Writes the whole configuration, in place.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.config_path(), text).expect("the configuration can be written");
    }

    /// The `[daemon]` table of this site.
    pub fn daemon_table(&self) -> String {
        "[daemon]\nstate_dir = \"state\"\nprovider_path = [\"providers\"]\n\
         control_socket = \"control.sock\"\nreserve = \"1MiB\"\nspace_timeout = \"0s\"\n"
            .to_owned()
    }

    /// An account that leads to this site's cloud.
    pub fn account(&self, name: &str) -> String {
        let (iam, rds) = (self.cloud.iam_url(), self.cloud.rds_url());
        format!(
            "[account.{name}]\nprovider = \"huaweicloud\"\nregion = \"{}\"\n\
             credentials = {{ access_key = {{ env = \"HW_AK\" }}, secret_key = {{ env = \"HW_SK\" }} }}\n\
             endpoint = {{ rds = \"{rds}\", iam = \"{iam}\" }}\n\
             link_hosts = [\"127.0.0.1\"]\nallow_http = true\nrate = \"6000/min\"\n",
            self.cloud.region()
        )
    }

    /// An emulated Tencent Cloud beside [`Site::cloud`], started when first asked for. Commands then
    /// have the keys in the environment that its `example_account` names.
    pub fn tencent(&self) -> &TencentServer {
        self.tencent
            .get_or_init(|| TencentServer::start().expect("loopback can be listened at"))
    }

    /// An emulated CapitalOnline, in the same way.
    pub fn capitalonline(&self) -> &CapitalOnlineServer {
        self.capitalonline
            .get_or_init(|| CapitalOnlineServer::start().expect("loopback can be listened at"))
    }

    /// Runs the real program with this site's configuration and credentials to its end; one that
    /// comes to none is killed after [`LIMIT`], and has then no exit code.
    pub fn backhaul<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        let child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("backhaul can be started");
        let pid = child.id();
        let (ended, has_ended) = channel::<()>();
        let watch = std::thread::spawn(move || {
            if has_ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                // It has not been waited for yet, so the number is still its own.
                send_signal(pid, "KILL");
            }
        });
        let output = child.wait_with_output().expect("it can be waited for");
        drop(ended);
        let _ = watch.join();
        Said::from(output)
    }

    /// The real program with this site's configuration, credentials and nothing else in its
    /// environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&programs().backhaul);
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config_path())
            .env_clear()
            .env("HW_AK", self.cloud.access_key())
            .env("HW_SK", self.cloud.secret_key())
            .env("TMPDIR", self.directory.path())
            .stdin(Stdio::null());
        if let Some(cloud) = self.tencent.get() {
            command
                .env("TC_ID", cloud.secret_id())
                .env("TC_KEY", cloud.secret_key());
        }
        if let Some(cloud) = self.capitalonline.get() {
            command
                .env("CO_AK", cloud.access_key())
                .env("CO_SK", cloud.secret_key());
        }
        command
    }

    /// Starts the daemon and waits until it is ready.
    pub fn daemon(&self) -> Daemon {
        Daemon::start(self, &[])
    }

    /// Runs one pass of all jobs to its end, through the daemon where one runs.
    pub fn sync(&self) -> Said {
        self.backhaul(["sync"])
    }

    /// The backups in a job's directory: every directory with a `backup.json`, sorted.
    pub fn mirrored(&self, directory: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for instance in entries(&self.path(directory)) {
            let hidden = instance
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden && instance.is_dir() {
                found.extend(
                    entries(&instance)
                        .into_iter()
                        .filter(|path| path.join("backup.json").exists()),
                );
            }
        }
        found.sort();
        found
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Said {
    /// Its standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}):\n{}\n{}", self.stdout, self.stderr))
    }

    /// Itself, after checking the exit code.
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The directory of the real fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Checks that a mirrored backup is whole: every file is there and has the digest that its
/// manifest and `SHA256SUMS` say. Returns the manifest.
pub fn assert_sound(backup: &Path) -> serde_json::Value {
    use sha2::{Digest, Sha256};
    let text = std::fs::read(backup.join("backup.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&text).expect("a manifest in JSON");
    let sums = std::fs::read_to_string(backup.join("SHA256SUMS")).expect("a list of checksums");
    let files = manifest["files"].as_array().expect("files");
    assert!(!files.is_empty(), "{}", backup.display());
    for file in files {
        let name = file["name"].as_str().expect("a name");
        let bytes = std::fs::read(backup.join(name)).expect("the file");
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(file["sha256"], digest, "{}/{name}", backup.display());
        assert_eq!(
            file["size_bytes"],
            bytes.len(),
            "{}/{name}",
            backup.display()
        );
        assert!(sums.contains(&format!("{digest}  {name}\n")), "{sums}");
    }
    let there = entries(backup).len();
    assert_eq!(
        there,
        files.len() + 2,
        "nothing else lies in {}",
        backup.display()
    );
    manifest
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}
