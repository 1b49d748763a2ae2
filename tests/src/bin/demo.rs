//! The demonstration, `cargo demo`: the whole way from a vendor's list to files on disk.
//!
//! An emulated Huawei Cloud with real backup files, the real daemon with the real provider, one
//! pass, and a look at what came of it with tools that know nothing of Backhaul. Everything is on
//! loopback and below `target/demo`; the configuration is `config/examples/demo.toml`.

use std::error::Error;
use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use backhaul_tests::cloud::demo;
use backhaul_tests::cloud::huawei::{Huawei, HuaweiServer, Ports, Settings};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CONFIG: &str = "config/examples/demo.toml";
const PLACE: &str = "target/demo";
/// As the configuration names them, and as `emulated-cloud` has them.
const PORTS: Ports = Ports {
    iam: 7481,
    rds: 7482,
    obs: 7483,
};
const PROVIDER: &str = "libbackhaul_provider_huaweicloud.so";
/// How long the daemon may take to get ready: far longer than it ever takes.
const READY_LIMIT: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demonstrate() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("there is no workspace")?;
    // Relative paths keep socket names short and what is printed readable.
    std::env::set_current_dir(root)?;

    step("Building the daemon and the provider");
    let built = build()?;
    prepare_place(&built)?;
    let backhaul = built.join("backhaul");

    step("Starting an emulated Huawei Cloud with the backups of two databases");
    let cloud = start_cloud()?;
    println!(
        "database service {}, object store {}",
        cloud.rds_url(),
        cloud.obs_url()
    );

    step(&format!("backhaul run --config {CONFIG}"));
    let daemon = Daemon::start(&backhaul, &cloud)?;
    println!("the daemon is ready; its log is {}", daemon.log.display());

    command(&backhaul, "sync")?;
    step(&format!("What lies in {PLACE}/mirror now"));
    print_tree(&Path::new(PLACE).join("mirror"), "")?;
    command(&backhaul, "status")?;
    check_without_backhaul(&Path::new(PLACE).join("mirror"))?;

    step("Stopping the daemon");
    let status = daemon.stop()?;
    if !status.success() {
        return Err(format!("the daemon ended with {status}").into());
    }
    println!("stopped cleanly\n");
    println!("All went well. The mirror stays; look around:\n");
    println!("  {} list --config {CONFIG}", backhaul.display());
    println!("  {} verify --config {CONFIG}", backhaul.display());
    println!("  less {}", first_manifest(Path::new(PLACE))?.display());
    Ok(())
}

fn step(title: &str) {
    println!("\n==> {title}");
}

/// Builds what the demonstration runs, with the cargo that runs it. Returns the folder.
fn build() -> Result<PathBuf> {
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--package",
            "backhaul",
            "--package",
            "backhaul-provider-huaweicloud",
        ])
        .args(["--target-dir", "target"])
        .status()?;
    if !status.success() {
        return Err("the build failed".into());
    }
    Ok("target/debug".into())
}

/// Clears the place and installs the provider as a package would: Backhaul refuses a library
/// that others can change, which the umask of a build may allow.
fn prepare_place(built: &Path) -> Result<()> {
    match fs::remove_dir_all(PLACE) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(format!("{PLACE} cannot be cleared: {error}").into());
        }
        _ => {}
    }
    let providers = Path::new(PLACE).join("providers");
    fs::create_dir_all(&providers)?;
    let library = providers.join(PROVIDER);
    fs::copy(built.join(PROVIDER), &library)?;
    Ok(fs::set_permissions(library, Permissions::from_mode(0o644))?)
}

fn start_cloud() -> Result<HuaweiServer> {
    let settings = Settings {
        ports: PORTS,
        ..Settings::default()
    };
    let cloud = HuaweiServer::start_with(Huawei::start(settings)).map_err(|error| {
        let Ports { iam, obs, .. } = PORTS;
        match error.kind() {
            ErrorKind::AddrInUse => format!(
                "something else listens at 127.0.0.1 on a port from {iam} to {obs}; is another demo or emulated-cloud running?"
            ),
            _ => format!("the emulated cloud cannot be started: {error}"),
        }
    })?;
    demo::populate(&cloud, Path::new("tests/fixtures"))?;
    Ok(cloud)
}

/// Runs a command of `backhaul` beside the daemon and shows what it says.
fn command(backhaul: &Path, name: &str) -> Result<()> {
    step(&format!("backhaul {name} --config {CONFIG}"));
    let status = Command::new(backhaul)
        .args([name, "--config", CONFIG])
        .status()?;
    if !status.success() {
        return Err(format!("`backhaul {name}` ended with {status}").into());
    }
    Ok(())
}

/// Somebody with nothing but the mirror checks one backup.
fn check_without_backhaul(mirror: &Path) -> Result<()> {
    let manifest = first_manifest(mirror)?;
    let backup = manifest.parent().unwrap_or(mirror);
    step(&format!(
        "cd {} && sha256sum -c SHA256SUMS",
        backup.display()
    ));
    match Command::new("sha256sum")
        .args(["-c", "SHA256SUMS"])
        .current_dir(backup)
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("sha256sum ended with {status}").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("sha256sum is not installed here; left out");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The first manifest below a directory, in the order of names.
fn first_manifest(directory: &Path) -> Result<PathBuf> {
    let manifest = directory.join("backup.json");
    if manifest.is_file() {
        return Ok(manifest);
    }
    entries(directory)?
        .iter()
        .filter(|entry| entry.is_dir())
        .find_map(|entry| first_manifest(entry).ok())
        .ok_or_else(|| format!("no backup lies in {}", directory.display()).into())
}

fn print_tree(directory: &Path, indent: &str) -> Result<()> {
    for entry in entries(directory)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if entry.is_dir() {
            println!("{indent}{name}/");
            print_tree(&entry, &format!("{indent}  "))?;
        } else {
            println!("{indent}{name:<50} {:>9} bytes", entry.metadata()?.len());
        }
    }
    Ok(())
}

/// What a directory holds in the order of names, without what is hidden.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// The running daemon. Dropping it kills it.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts the daemon and waits until it says that it is ready, as systemd would.
    fn start(backhaul: &Path, cloud: &Huawei) -> Result<Self> {
        let notify = Path::new(PLACE).join("notify.sock");
        let notices = UnixDatagram::bind(&notify)?;
        let log = Path::new(PLACE).join("daemon.log");
        let child = Command::new(backhaul)
            .args(["run", "--config", CONFIG])
            .env("HW_AK", cloud.access_key())
            .env("HW_SK", cloud.secret_key())
            .env("NOTIFY_SOCKET", notify)
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut daemon = Self { child, log };
        daemon.wait_until_ready(&notices)?;
        Ok(daemon)
    }

    fn wait_until_ready(&mut self, notices: &UnixDatagram) -> Result<()> {
        notices.set_read_timeout(Some(Duration::from_millis(200)))?;
        let end = Instant::now() + READY_LIMIT;
        let mut notice = [0; 4096];
        while Instant::now() < end {
            match notices.recv(&mut notice) {
                Ok(length) if notice[..length].starts_with(b"READY=1") => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(status) = self.child.try_wait()? {
                let said = fs::read_to_string(&self.log)?;
                return Err(format!("the daemon ended with {status}:\n{said}").into());
            }
        }
        Err(format!("the daemon did not get ready; see {}", self.log.display()).into())
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    fn stop(mut self) -> Result<ExitStatus> {
        let pid = self.child.id().to_string();
        // The shell's own `kill`: a small system has no program of that name.
        let asked = Command::new("sh")
            .args(["-c", "kill -s TERM \"$0\"", &pid])
            .status()?;
        if !asked.success() {
            return Err("the daemon could not be told to stop".into());
        }
        Ok(self.child.wait()?)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already unless something went wrong before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
