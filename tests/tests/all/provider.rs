//! Providers that misbehave: each costs its own job one clear error, and nobody else anything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use backhaul_tests::harness::{Said, Site, assert_sound};
use serde_json::{Value, json};

/// A job of its own account with the provider `fault`.
fn fault_job(name: &str, options: &str) -> String {
    format!(
        "[account.{name}]\nprovider = \"fault\"\n\
         [[job]]\nname = \"{name}\"\naccount = \"{name}\"\nservice = \"faults\"\n\
         directory = \"mirror/{name}\"\noptions = {{ {options} }}\n"
    )
}

const GOOD: &str = r#"
[[job]]
name = "good"
account = "demo"
service = "rds"
instances = ["shop"]
kinds = ["full", "log"]
directory = "mirror/good"
"#;

fn library(site: &Site) -> PathBuf {
    site.path("providers/libbackhaul_provider_fault.so")
}

/// The runs of a sync, by job.
fn runs(said: &Said) -> impl Fn(&str) -> Value {
    let runs = said.json();
    move |job| {
        let all = runs.as_array().unwrap();
        let run = all.iter().find(|run| run["job"] == job);
        run.unwrap_or_else(|| panic!("no run of {job}: {all:#?}"))
            .clone()
    }
}

#[test]
fn whatever_a_provider_does_costs_its_own_job_one_clear_error() {
    // What goes wrong, and what the error says besides the provider and the operation.
    const FAULTS: [(&str, &str, &str); 14] = [
        ("panic", "list", "panicked"),
        ("abort", "list", "was killed by SIGABRT during list"),
        ("segfault", "list", "was killed by SIGSEGV during list"),
        ("recursion", "list", "was killed by SIG"),
        ("exit", "list", "exited with code 7 during list"),
        ("loop", "list", "did not finish list within 10 s"),
        ("loop", "instances", "did not finish instances within 10 s"),
        ("loop", "open", "did not finish its opening within 10 s"),
        ("eat-memory", "list", "list"),
        ("hang-up", "list", "during list"),
        ("huge-reply", "list", "list"),
        ("broken-json", "list", "broke the contract during list"),
        ("repeat-cursor", "list", "broke the contract during list"),
        ("flood-exchanges", "list", "list"),
    ];
    let name = |fault: &str, during: &str| format!("{fault}-{during}");
    let site = Site::with_fixtures();
    let daemon_table = format!("{}provider_timeout = \"10s\"\n", site.daemon_table());
    let jobs: String = FAULTS
        .iter()
        .map(|(fault, during, _)| {
            let options = format!("mode = \"{fault}\", during = \"{during}\"");
            fault_job(&name(fault, during), &options)
        })
        .collect();
    site.write_config(&format!(
        "{daemon_table}{}{GOOD}{jobs}",
        site.account("demo")
    ));
    let daemon = site.daemon();
    let said = site.backhaul(["sync", "--json"]).expect(1);
    let run = runs(&said);
    for (fault, during, wanted) in FAULTS {
        let run = run(&name(fault, during));
        assert_eq!(run["outcome"], "failed", "{run}");
        let errors = run["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        let error = errors[0].as_str().unwrap();
        assert!(error.contains(wanted), "{fault} during {during}: {error}");
        assert!(error.contains("`fault`"), "{error}");
        assert!(!error.contains('\n') && error.len() < 500, "{error}");
    }
    assert_eq!(run("good")["outcome"], "success");
    let mirrored = site.mirrored("mirror/good");
    assert_eq!(mirrored.len(), 3);
    mirrored
        .iter()
        .for_each(|backup| drop(assert_sound(backup)));

    // The daemon lives, and goes on working.
    assert!(site.backhaul(["sync", "good"]).code == Some(0));
    let status = site.backhaul(["status", "--json"]).expect(1).json();
    assert_eq!(status["daemon"]["running"], json!({}));
    assert_eq!(
        status["alarms"].as_array().unwrap().len(),
        FAULTS.len(),
        "{status:#}"
    );
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

#[test]
fn a_library_that_is_replaced_is_what_the_next_pass_opens() {
    let site = Site::new();
    site.configure(&fault_job("a", ""));
    let daemon = site.daemon();
    let _ = site.backhaul(["sync"]).expect(0);
    let copies = || fs::read_dir(site.path("state/providers")).unwrap().count();
    let before = copies();

    // Another build: the same library with something behind its end, renamed over the old one as
    // a package manager does.
    let mut bytes = fs::read(library(&site)).unwrap();
    bytes.extend_from_slice(b"another build");
    let beside = site.path("providers/.new");
    fs::write(&beside, &bytes).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o644)).unwrap();
    fs::rename(&beside, library(&site)).unwrap();
    let _ = site.backhaul(["sync"]).expect(0);
    assert_eq!(copies(), before + 1, "the new one was copied and opened");

    // One that is broken costs its jobs a clear error, until it is mended.
    fs::write(library(&site), "not a library").unwrap();
    let said = site.backhaul(["sync", "--json"]).expect(1);
    let error = runs(&said)("a")["errors"][0].as_str().unwrap().to_owned();
    assert!(
        error.contains("libbackhaul_provider_fault.so cannot be used"),
        "{error}"
    );
    fs::write(library(&site), &bytes).unwrap();
    let _ = site.backhaul(["sync"]).expect(0);
    assert!(daemon.stop().0.success());
}

#[test]
fn an_unusable_library_is_named_with_the_reason() {
    let site = Site::new();
    site.configure(&fault_job("a", ""));
    let whole = fs::read(library(&site)).unwrap();
    let mode = |mode| fs::set_permissions(library(&site), fs::Permissions::from_mode(mode));
    let cases: [(&str, &dyn Fn(), &str); 6] = [
        ("others may write", &|| mode(0o666).unwrap(), "chmod go-w"),
        (
            "no ELF",
            &|| fs::write(library(&site), "x").unwrap(),
            "cannot be used",
        ),
        (
            "cut off",
            &|| fs::write(library(&site), &whole[..4096]).unwrap(),
            "cannot be used",
        ),
        (
            "another library",
            &|| {
                drop(fs::copy(
                    site.path("providers/libbackhaul_provider_huaweicloud.so"),
                    library(&site),
                ))
            },
            "says that its name is `huaweicloud`",
        ),
        (
            "a directory",
            &|| {
                fs::remove_file(library(&site)).unwrap();
                fs::create_dir(library(&site)).unwrap();
            },
            "",
        ),
        (
            "missing",
            &|| fs::remove_dir(library(&site)).unwrap(),
            "there is no library for it in",
        ),
    ];
    let _ = site.backhaul(["check"]).expect(0);
    for (what, spoil, wanted) in cases {
        spoil();
        let said = site.backhaul(["check"]).expect(2);
        assert!(said.stderr.contains(wanted), "{what}: {}", said.stderr);
        assert!(said.stderr.contains("`fault`"), "{what}: {}", said.stderr);
        let listed = site
            .backhaul(["providers", "list", "--json"])
            .expect(1)
            .json();
        let fault = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == "fault");
        let problem = fault.unwrap_or_else(|| panic!("{what}: {listed:#}"))["problem"].clone();
        assert!(
            problem.as_str().is_some_and(|text| text.contains(wanted)),
            "{what}: {problem}"
        );
        let said = site.backhaul(["providers", "list"]).expect(1);
        assert!(said.stdout.contains(wanted), "{what}: {}", said.stdout);
        if what != "missing" && what != "a directory" {
            fs::write(library(&site), &whole).unwrap();
            mode(0o644).unwrap();
        }
    }
    // The other provider is none the worse for it.
    let listed = site
        .backhaul(["providers", "list", "--json"])
        .expect(1)
        .json();
    let huawei = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "huaweicloud")
        .unwrap();
    assert_eq!(huawei["problem"], Value::Null);
    assert_eq!(huawei["services"], json!(["rds"]));
}
