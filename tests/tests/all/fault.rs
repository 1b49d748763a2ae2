//! Everything that can go wrong at the vendor ends in the right file or in a clear failure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use backhaul_tests::cloud::{
    Api, ApiFault, Content, Fault, InjectedFault, ObjectFault, ObjectSpec,
};
use backhaul_tests::harness::{
    LIMIT, Site, assert_nothing_half_visible, quarantined, stage_up_to, staged, stock,
};
use serde_json::Value;

const BYTES: u64 = 1 << 20;
const STAGED_BYTES: u64 = 300_000;
/// Two jobs, because one has sixteen backups in flight at most and here each waits for itself.
const JOBS: &str = r#"
[[job]]
name = "left"
account = "demo"
service = "rds"
instances = ["left"]
directory = "mirror"

[[job]]
name = "right"
account = "demo"
service = "rds"
instances = ["right"]
directory = "mirror"
"#;

/// How a download ends that has a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    /// With the right file.
    Right,
    /// With a failure that says this.
    Fails(&'static str),
}

use Ends::{Fails, Right};

/// A fault at every try, and how a fresh and a resumed download end with it.
fn persistent() -> Vec<(ObjectFault, Ends, Ends)> {
    let status = |code| ObjectFault::Status {
        code,
        retry_after: None,
    };
    vec![
        (ObjectFault::ResetAfter(400_000), Right, Right),
        (ObjectFault::StallAfter(600_000), Right, Right),
        (ObjectFault::TruncateAfter(400_000), Right, Right),
        (ObjectFault::WrongLength(500_000), Fails("checksum"), Right),
        (ObjectFault::WrongLength(2 << 20), Fails("changed"), Right),
        (
            ObjectFault::FlipBit(900_000),
            Fails("checksum"),
            Fails("checksum"),
        ),
        (
            ObjectFault::XmlErrorWith200,
            Fails("XML error page"),
            Fails("XML error page"),
        ),
        (
            ObjectFault::HtmlWith200,
            Fails("HTML page"),
            Fails("HTML page"),
        ),
        (ObjectFault::ExpireLinkAfter(400_000), Right, Right),
        (status(503), Fails("HTTP 503"), Fails("HTTP 503")),
        (status(429), Fails("HTTP 429"), Fails("HTTP 429")),
        (status(403), Fails("HTTP 403"), Fails("HTTP 403")),
        (status(404), Fails("gone"), Fails("gone")),
        (ObjectFault::RangesIgnored, Right, Right),
        (
            ObjectFault::ObjectChangesAfter(400_000),
            Fails("connection failed"),
            Fails("connection failed"),
        ),
        (ObjectFault::WeakETag, Right, Right),
        (ObjectFault::NoETag, Right, Right),
        (ObjectFault::NewETagEachLink, Right, Right),
        (ObjectFault::NoContentLength, Right, Right),
        (ObjectFault::Pace(2 << 20), Right, Right),
    ]
}

/// A fault that passes, which every download survives.
fn passing() -> Vec<ObjectFault> {
    let all = persistent().into_iter().map(|(fault, ..)| fault);
    let mut passing: Vec<_> = all
        .filter(|fault| {
            // It says that there is nothing to wait for.
            !matches!(
                fault,
                ObjectFault::Status { code: 404, .. } | ObjectFault::StallAfter(_)
            )
        })
        .collect();
    passing.push(ObjectFault::Status {
        code: 503,
        retry_after: Some(1),
    });
    passing
}

#[test]
fn a_download_survives_every_fault_that_passes() {
    let cases = || {
        passing()
            .into_iter()
            .map(|fault| (fault, 1, Right))
            .collect()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| check(false, cases()));
        scope.spawn(|| check(true, cases()));
    });
}

#[test]
fn a_download_with_a_lasting_fault_ends_right_or_says_why_not() {
    let fresh = persistent()
        .into_iter()
        .map(|(fault, fresh, _)| (fault, u64::MAX, fresh));
    let resumed = persistent()
        .into_iter()
        .map(|(fault, _, resumed)| (fault, u64::MAX, resumed));
    // Side by side, because most of it is patience.
    std::thread::scope(|scope| {
        scope.spawn(|| check(false, fresh.collect()));
        scope.spawn(|| check(true, resumed.collect()));
    });
}

/// One backup for each fault, all fetched side by side.
fn check(resumed: bool, cases: Vec<(ObjectFault, u64, Ends)>) {
    let site = Site::new();
    site.configure(JOBS);
    let text = std::fs::read_to_string(site.config_path()).unwrap();
    site.write_config(&text.replace("[daemon]\n", "[daemon]\nmax_downloads = 32\n"));
    site.cloud.set(|switches| switches.calls_per_minute = None);
    for (number, name) in [(1, "left"), (2, "right")] {
        stock::add_instance(&site.cloud, number, name);
    }
    for number in 1..=cases.len() as u64 {
        let backup = stock::one_file(&site.cloud, number, 1 + number % 2, 2, BYTES);
        site.cloud.add_backup(backup);
    }
    if resumed {
        stage_up_to(&site, "mirror", STAGED_BYTES, cases.len());
    }
    let faults: Vec<_> = cases
        .into_iter()
        .zip(1..)
        .map(|((fault, times, ends), number)| {
            let object = format!("{}/{number}.bin", stock::backup_id(number));
            let injected = Fault::object(fault.clone()).on(object).times(times);
            (number, fault, ends, site.cloud.inject(injected))
        })
        .collect();

    let began = Instant::now();
    let runs = site.backhaul(["sync", "--json"]);
    println!(
        "sync took {:?} {}",
        began.elapsed(),
        String::from_utf8_lossy(runs.stderr.as_bytes())
    );
    let failing = faults.iter().any(|(_, _, ends, _)| *ends != Right);
    assert_eq!(runs.code, Some(i32::from(failing)), "{runs:?}");
    let errors = errors(&runs.json());
    let there = digests(&site);
    for (number, fault, ends, injected) in &faults {
        let id = stock::backup_id(*number);
        let named: Vec<_> = errors.iter().filter(|error| error.contains(&id)).collect();
        match ends {
            Right => {
                assert!(named.is_empty(), "{fault:?}: {named:?}");
                assert_eq!(
                    there.get(&id),
                    Some(&right(*number, fault, injected)),
                    "{fault:?}"
                );
            }
            Fails(why) => {
                assert_eq!(named.len(), 1, "{fault:?}: {errors:#?}");
                assert!(named[0].contains(why), "{fault:?}: {named:?}");
                assert!(!named[0].contains("Signature"), "{fault:?}: {named:?}");
                assert_eq!(there.get(&id), None, "{fault:?} left something visible");
            }
        }
    }

    site.cloud.calm();
    let _ = site.sync().expect(0);
    let there = digests(&site);
    for (number, fault, _, injected) in &faults {
        let id = stock::backup_id(*number);
        assert_eq!(
            there.get(&id),
            Some(&right(*number, fault, injected)),
            "{fault:?}"
        );
    }
    assert!(staged(&site.path("mirror")).is_empty());
}

/// The digest of what the vendor has now.
fn right(number: u64, fault: &ObjectFault, injected: &InjectedFault) -> String {
    let content = match fault {
        ObjectFault::ObjectChangesAfter(_) => {
            Content::generated((1 << 63) + injected.hits(), BYTES)
        }
        _ => Content::generated(number, BYTES),
    };
    content.sha256_hex().unwrap()
}

fn errors(runs: &Value) -> Vec<String> {
    let runs = runs.as_array().unwrap().iter();
    let errors = runs.flat_map(|run| run["errors"].as_array().unwrap());
    errors
        .map(|error| error.as_str().unwrap().to_owned())
        .collect()
}

/// The digest of the one file of each visible backup, by the vendor's key.
fn digests(site: &Site) -> BTreeMap<String, String> {
    assert_nothing_half_visible(&site.path("mirror"), &BTreeMap::new())
        .into_values()
        .map(|manifest| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (
                text(&manifest["identity"]["key"]),
                text(&manifest["files"][0]["sha256"]),
            )
        })
        .collect()
}

const RETAINING: &str = r#"
[[job]]
name = "orders"
account = "demo"
service = "rds"
directory = "mirror"
retention = { keep_last = 1, min_good = 1 }
"#;

#[test]
fn no_fault_of_a_call_costs_a_mirrored_backup() {
    let faults = [
        ApiFault::EmptyListing,
        ApiFault::ShortListing(1),
        ApiFault::ListingGrows,
        ApiFault::ListingShrinks,
        ApiFault::Throttled { retry_after: None },
        ApiFault::ServerError,
        ApiFault::HtmlPage,
        ApiFault::ErrorWith200,
        ApiFault::WrongJsonType,
    ];
    let apis = [
        Api::Instances,
        Api::Backups,
        Api::BackupFiles,
        Api::Projects,
    ];
    std::thread::scope(|scope| {
        for fault in faults {
            for api in apis {
                let fault = fault.clone();
                scope.spawn(move || check_call(api, &fault));
            }
        }
    });
}

fn check_call(api: Api, fault: &ApiFault) {
    let what = format!("{fault:?} of {api:?}");
    let site = Site::new();
    site.cloud.set(|switches| {
        switches.calls_per_minute = None;
        switches.page_cap = Some(2);
    });
    stock::add_instance(&site.cloud, 1, "orders");
    for number in 1..=3 {
        let age = 100 - i64::try_from(number).unwrap();
        site.cloud
            .add_backup(stock::one_file(&site.cloud, number, 1, age, 1000));
    }
    site.configure(&RETAINING.replace("retention", "# retention"));
    let _ = site.sync().expect(0);
    let old = site.mirrored("mirror");
    assert_eq!(old.len(), 3);

    site.configure(RETAINING);
    let new = stock::one_file(&site.cloud, 4, 1, 2, 1000);
    let second = ObjectSpec::new("second.bin", Content::generated(5, 50_000));
    site.cloud.add_backup(new.file(second));
    site.cloud
        .inject(Fault::api(fault.clone()).of(api).always());
    let said = site.backhaul(["sync", "--json"]);
    assert!(matches!(said.code, Some(0 | 1)), "{what}: {said:?}");
    let run = &said.json()[0];
    let is_empty = |field: &str| run[field].as_array().unwrap().is_empty();
    assert_eq!(is_empty("errors"), said.code == Some(0), "{what}: {run:#}");
    let there = assert_nothing_half_visible(&site.path("mirror"), &BTreeMap::new());
    if (api, fault) == (Api::BackupFiles, &ApiFault::ShortListing(1)) {
        // This call states no total: only the sizes tell, and the backup as the vendor has it now
        // is mirrored, but counts for nothing.
        let suspect = there
            .values()
            .find(|one| one["identity"]["key"] == stock::backup_id(4));
        assert_eq!(
            suspect.unwrap()["verification"]["status"],
            "suspect",
            "{run:#}"
        );
        assert!(there.contains_key(&old[2]), "the newest that counts");
        return;
    }
    if is_empty("errors") && is_empty("warnings") {
        // Nobody noticed: then nothing may have been wrong either.
        let whole = there.values().any(|manifest| {
            manifest["identity"]["key"] == stock::backup_id(4)
                && manifest["files"].as_array().unwrap().len() == 2
        });
        assert!(whole, "{what}: {run:#}");
    } else {
        assert!(
            old.iter().all(|path| there.contains_key(path)),
            "{what}: {run:#}"
        );
        assert!(
            quarantined(&site.path("mirror")).is_empty(),
            "{what}: {run:#}"
        );
    }

    site.cloud.calm();
    let runs = site.backhaul(["sync", "--json"]).expect(0).json();
    let left = site.mirrored("mirror");
    assert_eq!(left.len(), 1, "{what}: {run:#} {runs:#}");
    assert_eq!(
        backhaul_tests::harness::assert_sound(&left[0])["identity"]["key"],
        stock::backup_id(4)
    );
}

#[test]
fn a_throttled_call_waits_as_long_as_the_vendor_asks() {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    site.cloud
        .add_backup(stock::one_file(&site.cloud, 1, 1, 2, 1000));
    site.configure(RETAINING);
    let wait = Some(4);
    site.cloud
        .inject(Fault::api(ApiFault::Throttled { retry_after: wait }).of(Api::Backups));
    let began = Instant::now();
    let _ = site.sync().expect(0);
    assert!(began.elapsed() >= Duration::from_secs(4));
    assert_eq!(site.mirrored("mirror").len(), 1);
}

#[test]
fn a_vendor_that_does_not_answer_holds_up_neither_the_stop_nor_the_next_pass() {
    for api in [Api::Instances, Api::Backups, Api::BackupFiles] {
        let site = Site::new();
        stock::add_instance(&site.cloud, 1, "orders");
        site.cloud
            .add_backup(stock::one_file(&site.cloud, 1, 1, 2, 1000));
        site.configure(RETAINING);
        let hold = site
            .cloud
            .inject(Fault::api(ApiFault::Hold).of(api).always());
        let daemon = site.daemon();
        let mut sync = site.command(["sync"]);
        let sync = sync
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut sync = sync.spawn().unwrap();
        site.cloud.wait(LIMIT, hold.wait_until_hit(1)).unwrap();
        let (status, log) = daemon.stop();
        assert!(status.success(), "{log}");
        assert!(!sync.wait().unwrap().success());
        site.cloud.calm();
        let _ = site.sync().expect(0);
        assert_eq!(site.mirrored("mirror").len(), 1);
    }
}
