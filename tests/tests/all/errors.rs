//! Mistakes and misfortunes: each is told in one clear sentence, with the right exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use backhaul_tests::harness::{MemoryDisk, Said, Site};

const JOB: &str = r#"
[[job]]
name = "shop"
account = "demo"
service = "rds"
instances = ["shop"]
directory = "mirror/shop"
"#;

/// A site, its configuration with one thing replaced by another.
fn site_with(from: &str, to: &str) -> Site {
    let site = Site::with_fixtures();
    site.configure(JOB);
    let text = fs::read_to_string(site.config_path()).unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    site.write_config(&text.replace(from, to));
    site
}

/// The only error of the only run of a sync that fails.
fn error_of(said: Said) -> String {
    let said = said.expect(1);
    let runs = said.json();
    let errors = runs[0]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let error = errors[0].as_str().unwrap().to_owned();
    assert!(!error.contains('\n') && error.len() < 600, "{error}");
    error
}

fn sync(site: &Site) -> Said {
    site.backhaul(["sync", "--json"])
}

#[test]
fn an_account_that_cannot_be_used_is_told_with_the_reason() {
    let ak = "access_key = { env = \"HW_AK\" }";
    let cases = [
        (
            ak,
            "access_key = { env = \"HW_NOT\" }",
            "credential `access_key` of account `demo`: the environment variable HW_NOT is not set",
        ),
        (
            ak,
            "access_key = { file = \"nowhere\" }",
            "/nowhere cannot be read: No such file",
        ),
        (
            ak,
            "access_key = { command = [\"false\"] }",
            "the command `false` failed (exit status: 1)",
        ),
        (
            ak,
            "access_key = { command = [\"no-such-program\"] }",
            "the command `no-such-program` cannot be started",
        ),
        (
            ak,
            "access_key = { command = [\"true\"] }",
            "credential `access_key` of account `demo`: it is empty",
        ),
        (
            ak,
            "access_key = { credential = \"ak\" }",
            "systemd passed no credentials",
        ),
        (
            "{ env = \"HW_SK\" }",
            "{ env = \"HW_AK\" }",
            "check that `secret_key` belongs to `access_key`",
        ),
        (
            "region = \"cn-north-4\"",
            "region = \"cn-east-9\"",
            "cn-east-9",
        ),
    ];
    for (from, to, wanted) in cases {
        let site = site_with(from, to);
        let error = error_of(sync(&site));
        assert!(error.contains(wanted), "{to}: {error}");
    }
}

#[test]
fn a_vendor_that_cannot_be_reached_is_told_with_its_address() {
    let site = Site::with_fixtures();
    // A port that no test is given: it needs root and is long out of use.
    let closed = "127.0.0.1:1";
    let cases = [
        (
            "closed",
            closed,
            format!("{closed} cannot be reached: Connection refused"),
        ),
        (
            "nameless",
            "no-such-host.invalid",
            "no-such-host.invalid does not resolve".to_owned(),
        ),
    ];
    let mut config = site.daemon_table();
    for (name, host, _) in &cases {
        config += &site
            .account(name)
            .replace(site.cloud.rds_url(), &format!("http://{host}"));
        config += &JOB.replace("shop", name).replace("demo", name);
    }
    site.write_config(&config);
    // At the same time, because each is tried again for a while.
    let runs = sync(&site).expect(1).json();
    for (name, _, wanted) in &cases {
        let run = runs
            .as_array()
            .unwrap()
            .iter()
            .find(|run| run["job"] == *name)
            .unwrap();
        let error = run["errors"][0].as_str().unwrap();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn plain_http_and_links_elsewhere_are_refused_unless_named() {
    let site = site_with("allow_http = true", "allow_http = false");
    let said = site.backhaul(["check"]).expect(2);
    assert!(said.stderr.contains("allow_http"), "{}", said.stderr);

    let site = site_with("link_hosts = [\"127.0.0.1\"]", "");
    let runs = sync(&site).expect(1).json();
    let errors = runs[0]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{errors:#?}");
    for error in errors {
        let error = error.as_str().unwrap();
        assert!(
            error.contains("the download link is refused") && error.contains("link_hosts"),
            "{error}"
        );
        assert!(
            error.contains("127.0.0.1") && !error.contains("Signature"),
            "{error}"
        );
    }
}

#[test]
fn a_configuration_that_is_wrong_is_told_with_its_place() {
    let site = Site::with_fixtures();
    let said = site.backhaul(["check"]).expect(2);
    let path = site.config_path();
    let wanted = format!(
        "backhaul: the configuration {} cannot be read: No such file",
        path.display()
    );
    assert!(said.stderr.starts_with(&wanted), "{}", said.stderr);

    let cases = [
        (
            "[[job]]\nnmae = \"a\"\n",
            ":1: unknown key `nmae` in `[[job]]`",
            "did you mean `name`?",
        ),
        (
            "[[job]]\nname = \"a\"\naccount = \"dmeo\"\n",
            ":11: ",
            "did you mean `demo`?",
        ),
        ("[[job]\n", "this is not TOML", "help"),
        (
            &JOB.replace("\"rds\"", "\"rsd\""),
            ":11: ",
            "did you mean `rds`?",
        ),
        (
            &format!("{JOB}schedule = \"61 * * * *\"\n"),
            ":12: `schedule`",
            "61",
        ),
    ];
    for (jobs, place, wanted) in cases {
        site.configure(jobs);
        for command in ["check", "run", "sync"] {
            let said = site.backhaul([command]).expect(2);
            assert!(
                said.stderr.contains(&format!("{}:", path.display())),
                "{}",
                said.stderr
            );
            assert!(said.stderr.contains(place), "{place}\n{}", said.stderr);
            assert!(
                wanted == "help" || said.stderr.contains(wanted),
                "{}",
                said.stderr
            );
        }
    }
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let site = Site::with_fixtures();
    site.configure(JOB);
    let cases: [(&[&str], i32, &str); 5] = [
        (
            &["sync", "shpo"],
            2,
            "there is no job `shpo` in the configuration; it has shop",
        ),
        (
            &["plan", "shpo"],
            2,
            "there is no job `shpo` in the configuration; it has shop",
        ),
        (
            &["show", "0123456789abcdef"],
            1,
            "`backhaul list` shows the ids",
        ),
        (&["reload"], 1, "no daemon is running at"),
        (&["show", "../etc"], 2, "invalid value"),
    ];
    for (arguments, code, wanted) in cases {
        let said = site.backhaul(arguments).expect(code);
        assert!(
            said.stderr.contains(wanted),
            "{arguments:?}: {}",
            said.stderr
        );
    }
    let id = "0123456789abcdef";
    let daemon = site.daemon();
    let said = site.backhaul(["show", id]).expect(1);
    assert!(
        said.stderr.contains("`backhaul list` shows the ids"),
        "{}",
        said.stderr
    );
    assert!(daemon.stop().0.success());
}

#[test]
fn a_provider_without_a_library_is_told_with_the_folders() {
    let site = site_with("provider = \"huaweicloud\"", "provider = \"huaweicluod\"");
    for command in ["check", "run", "sync", "plan"] {
        let said = site.backhaul([command]).expect(2);
        assert!(said.stderr.contains("huaweicluod"), "{}", said.stderr);
        assert!(
            said.stderr
                .contains(&site.path("providers").display().to_string()),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_told_with_the_reason() {
    let site = site_with("mirror/shop", "/proc/backhaul");
    let error = error_of(sync(&site));
    assert!(error.contains("/proc/backhaul"), "{error}");
    // A file where a directory should be.
    let site = site_with("mirror/shop", "backhaul.toml/shop");
    let error = error_of(sync(&site));
    assert!(
        error.contains("backhaul.toml") && error.contains("Not a directory"),
        "{error}"
    );
}

#[test]
fn a_directory_without_permission_is_told_with_the_reason() {
    if !is_root() {
        println!("skipped: only root can become somebody else");
        return;
    }
    let site = site_with("state_dir = \"state\"", "state_dir = \"open/state\"");
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&site.path(""), 0o755);
    fs::create_dir(site.path("open")).unwrap();
    mode(&site.path("open"), 0o777);
    let as_nobody = |arguments: &[&str]| {
        let inner = site.command(arguments);
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "--",
        ]);
        command
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear();
        command.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.env("TMPDIR", site.path("open"));
        Said::from(command.output().unwrap())
    };
    let error = error_of(as_nobody(&["sync", "--json"]));
    assert!(
        error.contains("/mirror") && error.contains("ermission denied"),
        "{error}"
    );

    mode(&site.path("open"), 0o755);
    fs::remove_dir_all(site.path("open/state")).unwrap();
    let said = as_nobody(&["sync", "--json"]).expect(1);
    assert!(
        said.stderr.contains("/open") && said.stderr.contains("ermission denied"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_full_disk_is_told_with_what_is_missing() {
    let site = site_with("mirror/shop", "small/shop");
    let Some(_small) = MemoryDisk::mount(site.path("small"), "2m") else {
        return;
    };
    let runs = sync(&site).expect(1).json();
    let errors = runs[0]["errors"].as_array().unwrap();
    for error in errors {
        let error = error.as_str().unwrap();
        assert!(
            error.contains("not enough space on") && error.contains("free at least"),
            "{error}"
        );
    }
    assert!(!errors.is_empty());

    // The state directory.
    let site = site_with("state_dir = \"state\"", "state_dir = \"small/state\"");
    let Some(_small) = MemoryDisk::mount(site.path("small"), "64k") else {
        return;
    };
    let said = site.backhaul(["sync", "--json"]).expect(1);
    assert!(said.stderr.contains("small/state"), "{said:?}");
    assert!(said.stderr.contains("No space left on device"), "{said:?}");
    assert!(!said.stderr.contains("panicked"), "{said:?}");
}

fn is_root() -> bool {
    let owner = |path: &str| {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).map(|meta| meta.uid())
    };
    owner("/proc/self").is_ok_and(|uid| uid == 0)
}

#[test]
fn a_mirror_that_is_not_mounted_is_told_and_not_filled_anew() {
    let site = Site::with_fixtures();
    site.configure(JOB);
    let _ = sync(&site).expect(0);
    let (mirror, away) = (site.path("mirror"), site.path("away"));
    fs::rename(&mirror, &away).unwrap();
    site.cloud.reset_traffic();
    for unmounted in [false, true] {
        if unmounted {
            // What an unmounted file system leaves: its empty mount point.
            fs::create_dir_all(site.path("mirror/shop")).unwrap();
        }
        let error = error_of(sync(&site));
        assert!(error.contains("is its file system mounted?"), "{error}");
    }
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
    fs::remove_dir_all(&mirror).unwrap();
    fs::rename(&away, &mirror).unwrap();
    let _ = sync(&site).expect(0);
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
}
