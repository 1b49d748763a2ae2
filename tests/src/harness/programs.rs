//! The programs under test, built once per test run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the programs lie.
pub struct Programs {
    /// The binary `backhaul`.
    pub backhaul: PathBuf,
    /// The provider libraries.
    pub providers: Vec<PathBuf>,
}

const PROVIDERS: [&str; 5] = [
    "libbackhaul_provider_capitalonline.so",
    FAULT,
    "libbackhaul_provider_huaweicloud.so",
    "libbackhaul_provider_object_store.so",
    "libbackhaul_provider_tencentcloud.so",
];

/// The one that is no vendor's.
const FAULT: &str = "libbackhaul_provider_fault.so";

/// The programs, built with the same profile as the running test.
pub fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(build)
}

impl Programs {
    /// Copies the libraries into a directory as an installation would: writable by nobody else,
    /// whatever the umask of the build was.
    pub fn install_providers(&self, directory: &Path) {
        Self::install(&self.providers, directory);
    }

    /// The same without the provider that misbehaves on request.
    pub fn install_vendors(&self, directory: &Path) {
        let vendors = self
            .providers
            .iter()
            .filter(|library| !library.ends_with(FAULT));
        Self::install(vendors, directory);
    }

    fn install<'a>(libraries: impl IntoIterator<Item = &'a PathBuf>, directory: &Path) {
        std::fs::create_dir_all(directory).expect("a directory for providers");
        for library in libraries {
            let target = directory.join(library.file_name().expect("a library has a name"));
            std::fs::copy(library, &target).expect("the library can be copied");
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o644))
                .expect("its mode can be set");
        }
    }
}

fn build() -> Programs {
    let folder = profile_folder();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // The same selection as the tests', so that no dependency is built with other features.
        .args(["build", "--quiet", "--workspace", "--all-targets"])
        .arg("--target-dir")
        .arg(
            folder
                .parent()
                .expect("a profile's folder lies in the target directory"),
        );
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "the programs under test cannot be built");
    Programs {
        backhaul: folder.join("backhaul"),
        providers: PROVIDERS.iter().map(|file| folder.join(file)).collect(),
    }
}

/// `target/<profile>`, in which the running program lies (or in its `deps`).
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("the running program has a path");
    let folder = own.parent().expect("a program lies in a folder");
    if folder.ends_with("deps") {
        folder.parent().expect("deps lies in a folder").to_owned()
    } else {
        folder.to_owned()
    }
}
