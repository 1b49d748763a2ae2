//! What lies in a job's directory, looked at from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;

use super::{LIMIT, Site, assert_sound, entries};

/// A file that is on its way into the mirror.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The vendor's key of its backup.
    pub backup: String,
    /// Its name on disk, which is the vendor's where that is harmless.
    pub name: String,
    /// How long it is by now.
    pub length: u64,
    /// Whether it is recorded as complete and proved.
    pub finished: bool,
    /// Where it lies.
    pub path: PathBuf,
}

/// Checks that everything visible in a job's directory is a whole backup, and nothing else is
/// there. Returns the manifests by directory. Directories in `known` were checked before and are
/// only looked at: their names and lengths.
pub fn assert_nothing_half_visible(
    job_directory: &Path,
    known: &BTreeMap<PathBuf, Value>,
) -> BTreeMap<PathBuf, Value> {
    let mut found = BTreeMap::new();
    for home in entries(job_directory) {
        if home.file_name().is_some_and(|name| name == ".backhaul") {
            continue;
        }
        assert!(home.is_dir(), "{} is a stray file", home.display());
        for backup in entries(&home) {
            assert!(backup.is_dir(), "{} is a stray file", backup.display());
            let manifest = match known.get(&backup) {
                Some(manifest) => {
                    assert_lengths(&backup, manifest);
                    manifest.clone()
                }
                None => assert_sound(&backup),
            };
            found.insert(backup, manifest);
        }
    }
    found
}

/// What lies in the staging area of a job's directory.
pub fn staged(job_directory: &Path) -> Vec<Staged> {
    let mut found = Vec::new();
    for own in entries(&job_directory.join(".backhaul/staging")) {
        // Killed before the first record: nothing is known of what lies there.
        let Ok(text) = std::fs::read(own.join("state.json")) else {
            continue;
        };
        let state: Value = serde_json::from_slice(&text).expect("the record is whole at any time");
        let finished = |name: &str| {
            let files = state["files"].as_object().into_iter().flatten();
            files
                .into_iter()
                .any(|(_, file)| file["finished"]["name"] == name)
        };
        for path in entries(&own.join("data")) {
            let name = path
                .file_name()
                .expect("an entry has a name")
                .to_string_lossy()
                .into_owned();
            found.push(Staged {
                backup: state["identity"]["key"].as_str().expect("a key").to_owned(),
                length: path.metadata().expect("the file is there").len(),
                finished: finished(&name),
                name,
                path,
            });
        }
    }
    found
}

/// The backups in quarantine, checked to be whole: the paths they came from.
pub fn quarantined(job_directory: &Path) -> Vec<String> {
    let mut found: Vec<_> = entries(&job_directory.join(".backhaul/quarantine"))
        .into_iter()
        .map(|slot| {
            let _ = assert_sound(&slot.join("backup"));
            std::fs::read_to_string(slot.join("from")).expect("where it came from")
        })
        .collect();
    found.sort();
    found
}

fn assert_lengths(backup: &Path, manifest: &Value) {
    let files = manifest["files"].as_array().expect("files");
    for file in files {
        let path = backup.join(file["name"].as_str().expect("a name"));
        assert_eq!(
            path.metadata().expect("the file").len(),
            file["size_bytes"],
            "{}",
            path.display()
        );
    }
    assert_eq!(
        entries(backup).len(),
        files.len() + 2,
        "{}",
        backup.display()
    );
}

/// Leaves so many downloads of one byte count each in staging: they are held there, and the
/// daemon is killed.
pub fn stage_up_to(site: &Site, job_directory: &str, bytes: u64, downloads: usize) {
    let gate = site.cloud.gate_all(bytes);
    let daemon = site.daemon();
    let mut sync = site.command(["sync"]);
    let sync = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut sync = sync.expect("backhaul can be started");
    let held = site.cloud.wait(LIMIT, gate.wait_until_holding(downloads));
    held.unwrap_or_else(|error| panic!("{error}; {} held:\n{}", gate.held(), daemon.log()));
    // They have left the server; when they are on disk nobody tells.
    let end = Instant::now() + LIMIT;
    let there = || {
        staged(&site.path(job_directory))
            .iter()
            .filter(|file| file.length == bytes)
            .count()
    };
    while there() < downloads {
        assert!(
            Instant::now() < end,
            "{:?}",
            staged(&site.path(job_directory))
        );
        std::thread::yield_now();
    }
    daemon.kill();
    let _ = sync.wait();
    site.cloud.calm();
}
