//! A real S3 server that nobody here wrote: `s3s-fs`, which checks every signature.
//!
//! A bucket is a folder, an object a file in it. Objects are put by writing files, so that a test
//! can say when they were written. Where the program is not installed, [`S3Server::start`] says so
//! on standard error, past the test harness's capture, and the caller skips. To install it:
//! `cargo install s3s-fs --locked --features binary`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const PROGRAM: &str = "s3s-fs";

/// The access key that the server knows.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// Its secret key.
pub const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A running server on loopback. Stops when dropped.
pub struct S3Server {
    child: Child,
    port: u16,
    root: TempDir,
}

impl S3Server {
    /// Starts the server where it is installed, and waits until it listens.
    ///
    /// # Panics
    /// When it is installed but does not start.
    pub fn start() -> Option<Self> {
        let Some(program) = installed() else {
            // Past the capture of the test harness, so that a skipped proof is seen.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: the S3 server {PROGRAM} is not installed"
            );
            return None;
        };
        let root = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(root.path())
            .env("RUST_LOG", "s3s_fs=info")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the S3 server can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("its standard output is a pipe"));
        let port = loop {
            let mut line = String::new();
            let length = lines.read_line(&mut line).expect("its log can be read");
            assert!(length > 0, "the S3 server ended before it listened");
            if let Some((_, address)) = line.trim().split_once("127.0.0.1:") {
                break address.parse().expect("a port");
            }
        };
        // Nobody may have to wait for its log to be read.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Some(Self { child, port, root })
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Puts an object that was written so long ago.
    ///
    /// # Panics
    /// When its file cannot be written.
    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8], age: Duration) {
        let path = self.path(bucket, key);
        std::fs::create_dir_all(path.parent().expect("a key lies in a bucket"))
            .expect("a folder for the object");
        std::fs::write(&path, bytes).expect("the object can be written");
        let written = SystemTime::now() - age;
        std::fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_modified(written))
            .expect("its time can be set");
    }

    /// Removes an object.
    ///
    /// # Panics
    /// When it is not there.
    pub fn remove(&self, bucket: &str, key: &str) {
        std::fs::remove_file(self.path(bucket, key)).expect("the object is there");
    }

    fn path(&self, bucket: &str, key: &str) -> PathBuf {
        self.root.path().join(bucket).join(key)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Where `cargo install` puts programs, also when the path does not say so.
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")));
    std::env::split_paths(&path)
        .chain(home.map(|home| home.join("bin")))
        .map(|folder| folder.join(PROGRAM))
        .find(|program| program.is_file())
}
