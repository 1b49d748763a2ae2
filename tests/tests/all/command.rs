//! The commands: what they print for programs, and how they end.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use backhaul_tests::harness::{Said, Site, programs};
use serde_json::Value;

const JOBS: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
instances = ["orders"]
kinds = ["full", "log"]
directory = "mirror/orders"
retention = { keep_last = 9 }

[[job]]
name = "shop"
account = "demo"
service = "rds"
instances = ["shop"]
directory = "mirror/shop"
"#;

fn site() -> Site {
    let site = Site::with_fixtures();
    site.configure(JOBS);
    site
}

/// Checks that every object has these fields, set or not.
fn assert_fields<'a>(objects: impl IntoIterator<Item = &'a Value>, fields: &[&str]) {
    let mut count = 0;
    for object in objects {
        count += 1;
        for field in fields {
            assert!(object.get(field).is_some(), "no `{field}` in {object:#}");
        }
    }
    assert!(count > 0, "nothing to look at");
}

fn list(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("not a list: {value:#}"))
}

fn assert_plan(said: &Said) -> Value {
    let plans = said.json();
    let fields = [
        "job",
        "fetch",
        "fetch_bytes",
        "known",
        "passed_over",
        "retention",
        "complete",
        "errors",
        "warnings",
    ];
    assert_fields(list(&plans), &fields);
    plans
}

#[test]
fn plan_and_sync_tell_programs_what_they_do_with_and_without_a_daemon() {
    let site = site();
    let plans = assert_plan(&site.backhaul(["plan", "--json"]).expect(0));
    assert_eq!(list(&plans).len(), 2);
    let fetch = list(&plans[0]["fetch"]);
    assert_fields(
        fetch,
        &["id", "name", "instance", "kind", "started_at", "bytes"],
    );
    assert_eq!(fetch.len(), 4);
    assert!(!site.path("mirror").exists(), "a plan makes nothing");

    let run_fields = [
        "job",
        "started_at",
        "ended_at",
        "outcome",
        "instances",
        "listed",
        "known",
        "mirrored",
        "received_bytes",
        "quarantined",
        "passed_over",
        "errors",
        "warnings",
    ];
    let runs = site.backhaul(["sync", "shop", "--json"]).expect(0).json();
    assert_fields(list(&runs), &run_fields);
    assert_eq!((list(&runs).len(), &runs[0]["mirrored"]), (1, &2.into()));

    let daemon = site.daemon();
    let runs = site.backhaul(["sync", "--json"]).expect(0).json();
    assert_fields(list(&runs), &run_fields);
    assert_eq!(list(&runs).len(), 2);
    // While the daemon has the catalog, the manifests are asked.
    let plans = assert_plan(&site.backhaul(["plan", "orders", "--json"]).expect(0));
    assert_eq!(list(&plans[0]["fetch"]).len(), 0);
    let retention = list(&plans[0]["retention"]);
    assert_fields(
        retention,
        &["id", "job", "kind", "decision", "started_at", "size_bytes"],
    );
    assert!(daemon.stop().0.success());
}

#[test]
fn status_list_and_show_say_the_same_with_and_without_a_daemon() {
    let site = site();
    let _ = site.backhaul(["sync"]).expect(0);
    let ask = || {
        let status = site.backhaul(["status", "--json"]).expect(0).json();
        assert_fields([&status], &["version", "daemon", "jobs", "alarms"]);
        let fields = [
            "name",
            "directory",
            "backups",
            "size_bytes",
            "last_run",
            "last_success",
        ];
        assert_fields(list(&status["jobs"]), &fields);
        let backups = site.backhaul(["list", "--json"]).expect(0).json();
        let fields = [
            "id",
            "job",
            "directory",
            "path",
            "instance_name",
            "name",
            "kind",
            "started_at",
            "size_bytes",
            "verification",
            "mirrored_at",
        ];
        assert_fields(list(&backups), &fields);
        let of_shop = site.backhaul(["list", "shop", "--json"]).expect(0).json();
        assert_eq!(list(&of_shop).len(), 2);
        let id = of_shop[0]["id"].as_str().unwrap().to_owned();
        let copies = site.backhaul(["show", &id, "--json"]).expect(0).json();
        assert_fields(list(&copies), &["path", "record", "manifest", "problem"]);
        assert_eq!(copies[0]["manifest"]["id"], id.as_str());
        let text = site.backhaul(["show", &id]).expect(0).stdout;
        assert!(
            text.contains("how to restore") && text.contains("sha256"),
            "{text}"
        );
        let text = site.backhaul(["list"]).expect(0).stdout;
        assert!(text.contains(&id) && text.starts_with("ID "), "{text}");
        let text = site.backhaul(["status"]).expect(0).stdout;
        assert!(
            text.contains("orders") && text.contains("NEXT RUN"),
            "{text}"
        );
        (status["jobs"].clone(), backups, copies)
    };
    let without = ask();
    let daemon = site.daemon();
    let with = ask();
    assert_eq!(without, with);
    assert!(daemon.stop().0.success());
}

#[test]
fn verify_finds_a_flipped_bit_a_short_file_and_a_missing_one() {
    let site = site();
    let _ = site.backhaul(["sync"]).expect(0);
    let verdict = site.backhaul(["verify", "--json"]).expect(0).json();
    assert_fields(
        [&verdict],
        &["verified", "verified_bytes", "left_out", "damaged"],
    );
    let total = verdict["verified"].as_u64().unwrap();
    let backups = site.mirrored("mirror/shop");
    let file = data_file(&backups[0]);
    let whole = fs::read(&file).unwrap();

    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let spoil: [(&str, &dyn Fn()); 3] = [
        ("flipped", &|| overwrite(&file, &flipped)),
        ("short", &|| overwrite(&file, &whole[..whole.len() - 1])),
        ("missing", &|| fs::remove_file(&file).unwrap()),
    ];
    for (what, spoil) in spoil {
        spoil();
        let verdict = site.backhaul(["verify", "--json"]).expect(1).json();
        assert_eq!(verdict["verified"], total, "{what}");
        let damaged = list(&verdict["damaged"]);
        assert_eq!(damaged.len(), 1, "{what}: {verdict:#}");
        assert_eq!(damaged[0]["path"], backups[0].to_str().unwrap(), "{what}");
        let name = file.file_name().unwrap().to_str().unwrap();
        assert_eq!(damaged[0]["damage"][0]["file"], name, "{what}");
        assert!(
            damaged[0]["damage"][0]["what"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        let text = site.backhaul(["verify", "shop"]).expect(1).stdout;
        assert!(
            text.contains("DAMAGED") && text.contains("1 damaged"),
            "{what}: {text}"
        );
        let _ = site.backhaul(["verify", "orders"]).expect(0);
    }
    overwrite(&file, &whole);
    let _ = site.backhaul(["verify"]).expect(0);
    fs::write(backups[0].join("backup.json"), "{}").unwrap();
    let verdict = site.backhaul(["verify", "--json"]).expect(1).json();
    assert_eq!(verdict["damaged"][0]["damage"][0]["file"], "backup.json");
}

/// Writes a file anew, whatever its mode was.
fn overwrite(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

fn data_file(backup: &Path) -> std::path::PathBuf {
    let names = fs::read_dir(backup)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut data =
        names.filter(|path| !path.ends_with("backup.json") && !path.ends_with("SHA256SUMS"));
    data.next().unwrap()
}

#[test]
fn providers_tell_their_services_and_how_they_are_confined() {
    let site = site();
    let listed = site
        .backhaul(["providers", "list", "--json"])
        .expect(0)
        .json();
    let fields = [
        "name", "path", "shadowed", "version", "contract", "services", "sandbox", "sha256",
        "problem",
    ];
    assert_fields(list(&listed), &fields);
    let text = site.backhaul(["providers", "list"]).expect(0).stdout;
    assert!(
        text.contains("huaweicloud") && text.contains("SANDBOX"),
        "{text}"
    );
}

#[test]
fn exit_codes_are_those_that_are_documented() {
    let site = site();
    let code = |arguments: &[&str]| site.backhaul(arguments).code;
    assert_eq!(code(&["check"]), Some(0));
    assert_eq!(code(&["status"]), Some(0));
    assert_eq!(code(&["list"]), Some(0));
    assert_eq!(code(&["verify"]), Some(0), "an empty mirror is sound");
    assert_eq!(code(&["reindex"]), Some(0));
    assert_eq!(code(&["sync", "nonsense"]), Some(2));
    assert_eq!(code(&["plan", "nonsense"]), Some(2));
    assert_eq!(code(&["list", "nonsense"]), Some(2));
    assert_eq!(code(&["verify", "nonsense"]), Some(2));
    assert_eq!(code(&["frobnicate"]), Some(2));
    assert_eq!(code(&["sync", "--frobnicate"]), Some(2));
    assert_eq!(code(&["reload", "--wait"]), Some(1), "no daemon");
    assert_eq!(code(&["sync"]), Some(0));
    site.write_config("[deamon]\n");
    for command in [
        "run", "check", "plan", "sync", "status", "list", "verify", "reindex",
    ] {
        assert_eq!(code(&[command]), Some(2), "{command}");
    }
}

#[test]
fn what_is_generated_needs_no_configuration() {
    let site = Site::new();
    let bash = site.backhaul(["completions", "bash"]).expect(0).stdout;
    assert!(
        bash.contains("_backhaul") && bash.contains("providers"),
        "{bash}"
    );
    let page = site.backhaul(["man"]).expect(0).stdout;
    assert!(
        page.contains(".TH backhaul") && page.contains("sync"),
        "{page}"
    );
    let schema = site.backhaul(["schema"]).expect(0).json();
    assert!(schema["properties"]["job"].is_object(), "{schema}");
    fs::create_dir(site.path("pages")).unwrap();
    let pages = site.path("pages");
    let _ = site.backhaul(["man", pages.to_str().unwrap()]).expect(0);
    assert!(fs::read_dir(&pages).unwrap().count() > 10);
    let version = site.backhaul(["--version"]).expect(0).stdout;
    assert!(version.starts_with("backhaul "), "{version}");
}

#[test]
fn every_command_helps() {
    let help = |arguments: &[&str]| {
        let mut command = Command::new(&programs().backhaul);
        let output = command
            .env_clear()
            .args(arguments)
            .arg("--help")
            .output()
            .unwrap();
        let said = Said::from(output).expect(0);
        assert!(said.stdout.contains("Usage: backhaul"), "{}", said.stdout);
        said.stdout
    };
    fn commands(help: &str) -> Vec<String> {
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let listed = listed.take_while(|line| line.starts_with("  "));
        let named = listed.filter(|line| !line.starts_with("   "));
        named
            .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
            .collect()
    }
    let all = commands(&help(&[]));
    assert!(all.len() > 10, "{all:?}");
    for command in all.iter().filter(|name| *name != "help") {
        for inner in commands(&help(&[command]))
            .iter()
            .filter(|name| *name != "help")
        {
            help(&[command, inner]);
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let site = site();
    let _ = site.backhaul(["sync"]).expect(0);
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["schema"],
        &["man"],
        &["status"],
        &["plan"],
    ] {
        let mut child = site
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert_eq!(
            child.wait().unwrap().code(),
            Some(0),
            "{arguments:?}: {stderr}"
        );
        assert_eq!(stderr, "", "{arguments:?}");
    }
    // One with work to do does it all the same.
    fs::remove_dir_all(site.path("mirror")).unwrap();
    let _ = site.backhaul(["reindex"]).expect(0);
    let mut child = site
        .command(["sync"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(site.mirrored("mirror/shop").len(), 2);
    // But what nobody could store is an error.
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = site.command(["list"]).stdout(full).output().unwrap();
    let said = Said::from(output).expect(1);
    assert!(
        said.stderr.contains("cannot write to standard output"),
        "{}",
        said.stderr
    );
}
