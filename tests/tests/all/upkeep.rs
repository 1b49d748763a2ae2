//! What people do to a mirror by hand, what freezes retention, and what becomes of backups whose
//! job or instance is changed.

use std::collections::BTreeSet;

use backhaul_tests::cloud::huawei::{BackupSpec, BackupType};
use backhaul_tests::cloud::{Content, ObjectSpec};
use backhaul_tests::harness::{Site, assert_sound, free_port, http_get, quarantined, stock};
use chrono::TimeDelta;
use serde_json::Value;

const BYTES: u64 = 4000;

fn job(name: &str, more: &str) -> String {
    format!(
        "[[job]]\nname = \"{name}\"\naccount = \"demo\"\nservice = \"rds\"\n\
         directory = \"mirror\"\n{more}\n"
    )
}

/// Full backups of the last days, the highest number the newest, made yesterday.
fn site_with(count: u64) -> Site {
    let site = Site::new();
    site.cloud.set(|switches| switches.calls_per_minute = None);
    stock::add_instance(&site.cloud, 1, "orders");
    (1..=count).for_each(|number| add(&site, number, count, BYTES));
    site.configure(&job("orders", ""));
    let _ = site.sync().expect(0);
    site
}

/// Adds the full backup of a number, of which the one of number `newest` was made yesterday.
fn add(site: &Site, number: u64, newest: u64, bytes: u64) {
    let age = 20 + 24 * (i64::try_from(newest).unwrap() - i64::try_from(number).unwrap());
    add_aged(site, number, age, bytes);
}

/// Adds a full backup that was made so many hours ago.
fn add_aged(site: &Site, number: u64, age: i64, bytes: u64) {
    let backup = stock::one_file(&site.cloud, number, 1, age, bytes);
    site.cloud.add_backup(backup);
}

fn keep(site: &Site, retention: &str) {
    site.configure(&job("orders", &format!("retention = {{ {retention} }}")));
}

fn pass(site: &Site) -> Value {
    site.backhaul(["sync", "--json"]).expect(0).json()[0].clone()
}

fn status(site: &Site, code: i32) -> Value {
    site.backhaul(["status", "--json"]).expect(code).json()
}

fn alarms(site: &Site) -> String {
    site.backhaul(["status", "--json"]).json()["alarms"].to_string()
}

fn numbers(site: &Site) -> BTreeSet<u64> {
    let all = site.mirrored("mirror");
    all.iter().map(|path| number(&assert_sound(path))).collect()
}

fn number(manifest: &Value) -> u64 {
    let key = manifest["identity"]["key"].as_str().unwrap();
    u64::from_str_radix(key.strip_suffix("br01").unwrap(), 16).unwrap()
}

fn id_of(site: &Site, wanted: u64) -> String {
    let all = site.mirrored("mirror");
    let manifests = all.iter().map(|path| assert_sound(path));
    let found = manifests
        .into_iter()
        .find(|manifest| number(manifest) == wanted);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

fn hidden(site: &Site) -> usize {
    quarantined(&site.path("mirror")).len()
}

#[test]
fn prune_does_what_the_dry_run_told() {
    let site = site_with(5);
    keep(&site, "keep_last = 2");
    let told = site
        .backhaul(["prune", "--dry-run", "--json"])
        .expect(0)
        .json();
    let ids = |pruned: &Value| -> BTreeSet<String> {
        let leaving = pruned[0]["quarantined"].as_array().unwrap();
        leaving
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (ids(&told).len(), numbers(&site).len(), hidden(&site)),
        (3, 5, 0)
    );
    let text = site.backhaul(["prune", "--dry-run"]).expect(0).stdout;
    assert!(
        text.contains("would be moved") && text.contains("no rule of the retention holds it"),
        "{text}"
    );

    // The same through a daemon.
    let daemon = site.daemon();
    let done = site
        .backhaul(["prune", "orders", "--json"])
        .expect(0)
        .json();
    assert_eq!(ids(&done), ids(&told));
    assert_eq!((numbers(&site), hidden(&site)), ([4, 5].into(), 3));
    let _ = site.backhaul(["prune", "nobody"]).expect(2);
    drop(daemon);
    let again = site.backhaul(["prune", "--json"]).expect(0).json();
    assert!(ids(&again).is_empty(), "{again:#}");
}

#[test]
fn prune_waits_for_a_pass_that_went_well() {
    let site = site_with(4);
    keep(&site, "keep_last = 1");
    std::fs::remove_dir_all(site.path("state")).unwrap();
    let said = site.backhaul(["prune", "--json"]).expect(1).json();
    assert!(
        said[0]["frozen"].to_string().contains("no pass"),
        "{said:#}"
    );
    assert_eq!((numbers(&site).len(), hidden(&site)), (4, 0));
    assert_eq!(pass(&site)["quarantined"], 3);
}

#[test]
fn a_pin_holds_a_backup_even_when_the_catalog_is_lost() {
    let site = site_with(4);
    let (pinned, other) = (id_of(&site, 1), id_of(&site, 2));
    let said = site
        .backhaul(["pin", &pinned, "--reason", "before the migration"])
        .expect(0);
    assert!(said.stdout.contains("is pinned"), "{said:?}");
    std::fs::remove_dir_all(site.path("state")).unwrap();
    let _ = site.backhaul(["reindex"]).expect(0);
    keep(&site, "keep_last = 1");
    assert_eq!(pass(&site)["quarantined"], 2);
    assert_eq!(numbers(&site), [1, 4].into());

    let daemon = site.daemon();
    let why = site.backhaul(["why", &pinned]).expect(0).stdout;
    assert!(
        why.contains("kept: it is pinned") && why.contains("before the migration"),
        "{why}"
    );
    let quarantined = site.backhaul(["pin", &other]).expect(1);
    assert!(
        quarantined.stderr.contains("restore-quarantined"),
        "{quarantined:?}"
    );
    let unknown = site.backhaul(["pin", "0123456789abcdef"]).expect(1);
    assert!(unknown.stderr.contains("no backup"), "{unknown:?}");
    let back = site
        .backhaul(["restore-quarantined", &other])
        .expect(0)
        .stdout;
    assert!(back.contains("is back"), "{back}");
    let again = site.backhaul(["pin", &other, "--json"]).expect(0).json();
    assert_eq!(again["changed"], true);
    let _ = site.backhaul(["unpin", &pinned]).expect(0);
    let _ = site.backhaul(["prune"]).expect(0);
    assert_eq!(numbers(&site), [2, 4].into());
    drop(daemon);
}

#[test]
fn why_tells_about_every_backup() {
    let site = site_with(3);
    keep(&site, "keep_last = 1");
    let (gone, kept) = (id_of(&site, 1), id_of(&site, 3));
    let before = site.backhaul(["why", &gone]).expect(0).stdout;
    assert!(
        before.contains("the next pass lets it go: no rule"),
        "{before}"
    );
    let _ = pass(&site);
    let why = site.backhaul(["why", &kept]).expect(0).stdout;
    assert!(why.contains("kept: keep_last = 1"), "{why}");
    let why = site.backhaul(["why", &gone, "--json"]).expect(0).json();
    assert_eq!(why[0]["state"], "quarantined", "{why:#}");
    assert_eq!(why[0]["why"], "no rule of the retention holds it");
    assert!(
        why[0]["until"].as_str() > why[0]["since"].as_str(),
        "{why:#}"
    );
    // What retention would let go at once is not even fetched.
    add(&site, 9, 60, BYTES);
    let _ = pass(&site);
    let why = site
        .backhaul(["why", &stock::backup_id(9), "--json"])
        .expect(0)
        .json();
    assert_eq!(why[0]["state"], "not-fetched", "{why:#}");
    assert_eq!(why[0]["why"], "retention would let it go at once");
    let _ = site.backhaul(["why", "0123456789abcdef"]).expect(1);
}

#[test]
fn a_clock_that_differs_from_the_vendors_freezes_everything_loudly() {
    let site = site_with(4);
    keep(&site, "keep_last = 1, quarantine = \"0s\"");
    site.cloud.clock().shift(TimeDelta::hours(5));
    let run = pass(&site);
    assert!(
        run["warnings"]
            .to_string()
            .contains("retention is frozen: this machine's clock is"),
        "{run:#}"
    );
    assert_eq!((numbers(&site).len(), hidden(&site)), (4, 0));
    let plan = site.backhaul(["plan", "--json"]).expect(0).json();
    assert!(plan[0]["frozen"].to_string().contains("clock"), "{plan:#}");
    assert!(status(&site, 1)["alarms"].to_string().contains("clock"));
    let _ = site.backhaul(["prune"]).expect(1);

    let port = free_port();
    let table = format!("{}listen = \"127.0.0.1:{port}\"\n", site.daemon_table());
    let jobs = job("orders", "retention = { keep_last = 1 }");
    site.write_config(&format!("{table}\n{}\n{jobs}", site.account("demo")));
    let daemon = site.daemon();
    let metric = || http_get(&format!("http://127.0.0.1:{port}/metrics")).1;
    assert!(
        metric().contains("backhaul_job_retention_frozen{sync_job=\"orders\"} 1"),
        "{}",
        metric()
    );
    site.cloud.clock().reset();
    assert_eq!(pass(&site)["quarantined"], 3);
    assert!(
        metric().contains("backhaul_job_retention_frozen{sync_job=\"orders\"} 0"),
        "{}",
        metric()
    );
    drop(daemon);
}

#[test]
fn much_smaller_than_usual_lets_nothing_older_go() {
    let site = site_with(5);
    keep(&site, "keep_last = 2");
    add_aged(&site, 6, 10, BYTES / 10);
    let run = pass(&site);
    assert_eq!(run["quarantined"], 0, "{run:#}");
    assert_eq!(numbers(&site).len(), 6);
    let status = status(&site, 1);
    let finding = &status["jobs"][0]["findings"][0];
    assert_eq!(
        (&finding["finding"], &finding["name"]),
        (&"shrunk".into(), &"orders".into()),
        "{status:#}"
    );
    let why = site.backhaul(["why", &id_of(&site, 1)]).expect(0).stdout;
    assert!(why.contains("but not now: nothing of orders"), "{why}");
    // The next one is as large as ever: it was a mistake, and is no longer the newest.
    add_aged(&site, 7, 5, BYTES);
    assert_eq!(pass(&site)["quarantined"], 5);
    assert!(!alarms(&site).contains("usual"), "{}", alarms(&site));
}

#[test]
fn the_brake_is_told_and_can_be_released() {
    let site = site_with(14);
    keep(&site, "keep_last = 2");
    let _ = pass(&site);
    assert!(
        alarms(&site).contains("12 of 14 full backups would be let go at once"),
        "{}",
        alarms(&site)
    );
    let held = site.backhaul(["prune"]).expect(1).stdout;
    assert!(held.contains("--release-brake"), "{held}");
    let _ = site.backhaul(["prune", "--release-brake"]).expect(0);
    assert_eq!((numbers(&site), hidden(&site)), ([13, 14].into(), 12));
    assert!(!alarms(&site).contains("at once"), "{}", alarms(&site));
}

#[test]
fn what_vanishes_out_of_turn_is_told_and_stays() {
    let site = site_with(4);
    site.cloud.remove_backup(&stock::backup_id(1));
    let _ = pass(&site);
    assert_eq!(
        alarms(&site),
        "[]",
        "the oldest goes first, that is how vendors do it"
    );
    let gone = site.backhaul(["why", &id_of(&site, 1)]).expect(0).stdout;
    assert!(gone.contains("lists it no more"), "{gone}");
    site.cloud.remove_backup(&stock::backup_id(3));
    let _ = pass(&site);
    let status = status(&site, 1);
    let finding = &status["jobs"][0]["findings"][0];
    assert_eq!(
        (&finding["finding"], &finding["count"]),
        (&"vanished".into(), &1.into()),
        "{status:#}"
    );
    assert_eq!(finding["newest"], id_of(&site, 3));
    assert_eq!(numbers(&site), [1, 2, 3, 4].into());
    // It is told until it is back, or its turn has come.
    let _ = pass(&site);
    assert!(alarms(&site).contains("gone at the vendor"));
    add(&site, 3, 4, BYTES);
    let _ = pass(&site);
    assert_eq!(alarms(&site), "[]");
}

#[test]
fn a_vendor_that_stops_making_backups_is_told() {
    let site = site_with(0);
    // One a day, until five days ago.
    (1..=6).for_each(|number| add(&site, number, 11, BYTES));
    let _ = pass(&site);
    let told = alarms(&site);
    assert!(told.contains("has made no full backup since"), "{told}");
    add(&site, 11, 11, BYTES);
    let _ = pass(&site);
    assert_eq!(alarms(&site), "[]");
}

#[test]
fn a_gap_in_the_log_is_told_until_it_is_closed() {
    let site = site_with(1);
    let log = |number: u64| {
        let begin =
            site.cloud.clock().now() - TimeDelta::minutes(600 - 5 * i64::try_from(number).unwrap());
        let name = format!("mysql-bin.{number:06}");
        let file = ObjectSpec::new(name, Content::generated(number, 500));
        let id = stock::backup_id(100 + number);
        BackupSpec::new(id, stock::instance_id(1), BackupType::Incremental, begin).file(file)
    };
    [1, 2, 5, 6]
        .into_iter()
        .for_each(|number| site.cloud.add_backup(log(number)));
    site.configure(&job("orders", "kinds = [\"full\", \"log\"]"));
    let _ = pass(&site);
    let told = status(&site, 1);
    let finding = &told["jobs"][0]["findings"][0];
    assert_eq!(
        (&finding["finding"], &finding["missing"]),
        (&"log-gap".into(), &2.into()),
        "{told:#}"
    );
    let text = site.backhaul(["status"]).expect(1).stdout;
    assert!(
        text.contains("ALARM orders: orders") && text.contains("the log has a gap"),
        "{text}"
    );
    [3, 4]
        .into_iter()
        .for_each(|number| site.cloud.add_backup(log(number)));
    let _ = pass(&site);
    assert_eq!(alarms(&site), "[]");
}

#[test]
fn of_two_jobs_in_one_directory_each_lets_go_only_its_own() {
    let site = site_with(3);
    stock::add_instance(&site.cloud, 2, "shop");
    for number in 11..=13 {
        let age = 24 * (14 - i64::try_from(number).unwrap());
        let backup = stock::one_file(&site.cloud, number, 2, age, BYTES);
        site.cloud.add_backup(backup);
    }
    let jobs = |orders: &str, shop: &str| {
        let orders = job("orders", &format!("instances = [\"orders\"]\n{orders}"));
        site.configure(&(orders + &job("shop", &format!("instances = [\"shop\"]\n{shop}"))));
    };
    jobs("", "retention = { keep_last = 1, quarantine = \"30d\" }");
    let _ = site.sync().expect(0);
    assert_eq!((numbers(&site), hidden(&site)), ([1, 2, 3, 13].into(), 0));
    // What `shop` would let go at once was not fetched; of what it has, two go now.
    for number in 14..=15 {
        let age = 16 - i64::try_from(number).unwrap();
        let backup = stock::one_file(&site.cloud, number, 2, age, BYTES);
        site.cloud.add_backup(backup);
        let _ = site.sync().expect(0);
    }
    assert_eq!((numbers(&site), hidden(&site)), ([1, 2, 3, 15].into(), 2));
    // The grace period of one is not that of the other.
    jobs(
        "retention = { keep_last = 1, quarantine = \"0s\" }",
        "retention = { keep_last = 1, quarantine = \"30d\" }",
    );
    let _ = site.sync().expect(0);
    let _ = site.sync().expect(0);
    assert_eq!((numbers(&site), hidden(&site)), ([3, 15].into(), 2));
}

#[test]
fn a_full_backup_that_another_jobs_logs_need_is_not_let_go() {
    let site = site_with(3);
    // A log from just after the oldest full backup on, by a job of its own.
    let full_age = 20 + 24 * 2;
    let begin = site.cloud.clock().now() - TimeDelta::hours(full_age - 1);
    let log = BackupSpec::new(
        stock::backup_id(200),
        stock::instance_id(1),
        BackupType::Incremental,
        begin,
    );
    let file = ObjectSpec::new("log", Content::generated(200, 500));
    site.cloud.add_backup(log.file(file));
    let fulls = job("orders", "retention = { keep_last = 1 }");
    let logs = job("logs", "kinds = [\"log\"]");
    site.configure(&job("logs", "kinds = [\"log\"]"));
    let _ = site.sync().expect(0);
    site.configure(&(fulls + &logs));
    let _ = site.sync().expect(0);
    assert_eq!(numbers(&site), [1, 3, 200].into());
    let why = site.backhaul(["why", &id_of(&site, 1)]).expect(0).stdout;
    assert!(why.contains("log ") && why.contains("needs it"), "{why}");
}

#[test]
fn a_renamed_or_removed_job_loses_nothing() {
    let site = site_with(4);
    let retention = "retention = { keep_last = 1, quarantine = \"0s\" }";
    site.configure(&job("renamed", retention));
    for _ in 0..2 {
        let run = pass(&site);
        assert_eq!(
            (&run["known"], &run["quarantined"]),
            (&4.into(), &0.into()),
            "{run:#}"
        );
    }
    let daemon = site.daemon();
    let text = site.backhaul(["status"]).expect(0).stdout;
    assert!(
        text.contains("4 backups in") && text.contains("were mirrored by job orders"),
        "{text}"
    );
    let why = site.backhaul(["why", &id_of(&site, 1)]).expect(0).stdout;
    assert!(
        why.contains("no job `orders`") && why.contains("nobody lets it go"),
        "{why}"
    );
    site.configure("");
    let _ = site.backhaul(["reload", "--wait"]).expect(0);
    assert_eq!(numbers(&site).len(), 4);
    drop(daemon);
    // Under its old name it goes on where it was.
    site.configure(&job("orders", retention));
    assert_eq!(pass(&site)["quarantined"], 3);
}

#[test]
fn an_instance_that_is_renamed_is_still_the_same() {
    let site = site_with(3);
    stock::add_instance(&site.cloud, 1, "orders-eu");
    site.cloud.reset_traffic();
    let run = pass(&site);
    assert_eq!(
        (&run["known"], &run["mirrored"]),
        (&3.into(), &0.into()),
        "{run:#}"
    );
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
    add(&site, 4, 4, BYTES);
    keep(&site, "keep_last = 2");
    let run = pass(&site);
    assert_eq!(
        (&run["mirrored"], &run["quarantined"]),
        (&1.into(), &2.into()),
        "{run:#}"
    );
    assert_eq!(numbers(&site), [3, 4].into());
    let list = site.backhaul(["list", "--json"]).expect(0).json();
    let names: BTreeSet<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["instance_name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["orders", "orders-eu"].into(),
        "each as it was when it was mirrored"
    );
}
