//! Everything that can go wrong in the vendor's calls: no backup is lost by it, and nothing hangs.
//! What can go wrong in downloads is in `fault_matrix`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use backhaul_tests::cloud::{Api, ApiFault, Content, Fault, ObjectSpec};
use backhaul_tests::harness::{LIMIT, Site, assert_nothing_half_visible, quarantined, stock};

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
