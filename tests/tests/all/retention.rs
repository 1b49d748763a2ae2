//! What is let go, when, and what never is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use backhaul_tests::cloud::{Api, ApiFault, Content, Fault, ObjectFault, ObjectSpec};
use backhaul_tests::harness::{Site, assert_sound, quarantined, stock};
use serde_json::Value;

const BYTES: u64 = 2000;

/// A site that has mirrored so many full backups, a day apart, the highest number the newest.
fn site_with(count: u64) -> Site {
    let site = Site::new();
    site.cloud.set(|switches| switches.calls_per_minute = None);
    stock::add_instance(&site.cloud, 1, "orders");
    (1..=count).for_each(|number| add(&site, number));
    keep(&site, "");
    let _ = site.sync().expect(0);
    assert_eq!(site.mirrored("mirror").len() as u64, count);
    site
}

fn add(site: &Site, number: u64) {
    let age = 24 * (100 - i64::try_from(number).unwrap());
    site.cloud
        .add_backup(stock::one_file(&site.cloud, number, 1, age, BYTES));
}

/// Gives the job this retention.
fn keep(site: &Site, retention: &str) {
    let retention = match retention {
        "" => String::new(),
        rules => format!("retention = {{ {rules} }}\n"),
    };
    site.configure(&format!(
        "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\n\
         directory = \"mirror\"\n{retention}"
    ));
}

/// One pass that ends well, and what it says.
fn pass(site: &Site) -> Value {
    site.backhaul(["sync", "--json"]).expect(0).json()[0].clone()
}

fn numbers(paths: &[PathBuf]) -> BTreeSet<u64> {
    let number = |path: &PathBuf| {
        let key = assert_sound(path)["identity"]["key"]
            .as_str()
            .unwrap()
            .to_owned();
        u64::from_str_radix(key.strip_suffix("br01").unwrap(), 16).unwrap()
    };
    paths.iter().map(number).collect()
}

fn visible(site: &Site) -> BTreeSet<u64> {
    numbers(&site.mirrored("mirror"))
}

fn hidden(site: &Site) -> usize {
    quarantined(&site.path("mirror")).len()
}

fn warns(run: &Value, what: &str) -> bool {
    run["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|text| text.as_str().unwrap().contains(what))
}

fn id_of(site: &Site, number: u64) -> String {
    let paths = site.mirrored("mirror");
    let path = paths
        .iter()
        .find(|path| numbers(std::slice::from_ref(*path)).contains(&number));
    assert_sound(path.unwrap())["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn exactly_what_the_plan_shows_goes_to_quarantine_and_is_not_fetched_again() {
    let site = site_with(6);
    keep(&site, "keep_last = 2, min_good = 1");
    let plan = site.backhaul(["plan", "--json"]).expect(0).json();
    let decided = plan[0]["retention"].as_array().unwrap();
    let leaving = decided.iter().filter(|one| one["decision"] == "delete");
    let planned: BTreeSet<_> = leaving
        .map(|one| one["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(visible(&site).len(), 6, "a plan changes nothing");

    assert_eq!(pass(&site)["quarantined"], 4);
    assert_eq!(visible(&site), [5, 6].into());
    assert_eq!(
        quarantined(&site.path("mirror"))
            .into_iter()
            .collect::<BTreeSet<_>>(),
        planned
    );
    let list = site.backhaul(["list", "--json"]).expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 2);

    site.cloud.reset_traffic();
    assert_eq!(pass(&site)["quarantined"], 0);
    assert_eq!(site.cloud.traffic().downloads().gets, 0);
    assert_eq!((visible(&site), hidden(&site)), ([5, 6].into(), 4));
}

#[test]
fn the_good_ones_that_must_stay_stay_whatever_the_rules_say() {
    let site = site_with(5);
    keep(&site, "within = \"1h\", min_good = 3");
    let _ = pass(&site);
    assert_eq!(visible(&site), [3, 4, 5].into());
}

#[test]
fn a_suspect_backup_counts_for_nothing() {
    let site = site_with(3);
    let lies = ObjectSpec::new("4.tar.gz", Content::generated(4, BYTES));
    site.cloud
        .add_backup(stock::backup(&site.cloud, 4, 1, 5).file(lies));
    keep(&site, "keep_last = 1, min_good = 1");
    let run = pass(&site);
    assert!(warns(&run, "suspect"), "{run:#}");
    assert_eq!(
        visible(&site),
        [3, 4].into(),
        "the newest that counts, and the suspect to look at"
    );
    let status = site.backhaul(["status", "--json"]).expect(1).json();
    assert!(
        status["alarms"].to_string().contains("suspect"),
        "{status:#}"
    );
}

#[test]
fn an_incomplete_listing_freezes_it() {
    let site = site_with(4);
    keep(&site, "keep_last = 1");
    site.cloud.inject(
        Fault::api(ApiFault::ShortListing(1))
            .of(Api::Backups)
            .always(),
    );
    let run = pass(&site);
    assert!(
        warns(&run, "not complete") && warns(&run, "frozen"),
        "{run:#}"
    );
    assert_eq!((visible(&site).len(), hidden(&site)), (4, 0));
}

#[test]
fn a_listing_without_any_backup_freezes_it() {
    let site = site_with(4);
    keep(&site, "within = \"1h\"");
    site.cloud
        .inject(Fault::api(ApiFault::EmptyListing).of(Api::Backups).always());
    let run = pass(&site);
    assert!(
        warns(&run, "lists no backup") && warns(&run, "frozen"),
        "{run:#}"
    );
    assert_eq!((visible(&site).len(), hidden(&site)), (4, 0));
}

#[test]
fn a_failed_backup_freezes_it() {
    let site = site_with(3);
    keep(&site, "keep_last = 1");
    add(&site, 4);
    let gone = ObjectFault::Status {
        code: 404,
        retry_after: None,
    };
    site.cloud.inject(Fault::object(gone).always());
    let run = site.backhaul(["sync", "--json"]).expect(1).json()[0].clone();
    assert!(warns(&run, "frozen"), "{run:#}");
    assert_eq!((visible(&site).len(), hidden(&site)), (3, 0));
    site.cloud.calm();
    let _ = pass(&site);
    assert_eq!((visible(&site), hidden(&site)), ([4].into(), 3));
}

#[test]
fn what_the_vendor_deletes_stays_mirrored() {
    let site = site_with(4);
    (1..=3).for_each(|number| site.cloud.remove_backup(&stock::backup_id(number)));
    let run = pass(&site);
    assert_eq!(run["listed"], 1);
    assert_eq!(visible(&site), [1, 2, 3, 4].into());
    assert_eq!(hidden(&site), 0);
}

#[test]
fn a_vanished_instance_costs_nothing() {
    let site = site_with(3);
    keep(&site, "within = \"1h\"");
    site.cloud.remove_instance(&stock::instance_id(1));
    stock::add_instance(&site.cloud, 2, "other");
    let run = site.backhaul(["sync", "--json"]).json()[0].clone();
    assert_eq!((visible(&site).len(), hidden(&site)), (3, 0), "{run:#}");
}

#[test]
fn more_than_half_at_once_is_taken_for_a_mistake() {
    let site = site_with(14);
    keep(&site, "keep_last = 2");
    let run = pass(&site);
    assert!(warns(&run, "at once"), "{run:#}");
    assert_eq!((visible(&site).len(), hidden(&site)), (14, 0));
}

#[test]
fn a_quarantined_backup_comes_back_with_one_command() {
    let site = site_with(3);
    let id = id_of(&site, 1);
    keep(&site, "keep_last = 1");
    let _ = pass(&site);
    assert_eq!((visible(&site), hidden(&site)), ([3].into(), 2));
    keep(&site, "");
    let said = site.backhaul(["restore-quarantined", &id]).expect(0);
    assert!(said.stdout.contains("is back"), "{said:?}");
    assert_eq!((visible(&site), hidden(&site)), ([1, 3].into(), 1));
    let _ = site.backhaul(["verify"]).expect(0);
    let list = site.backhaul(["list", "--json"]).expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let again = site.backhaul(["restore-quarantined", &id]).expect(1);
    assert!(again.stderr.contains("not in the quarantine"), "{again:?}");
}

#[test]
fn after_its_grace_period_it_is_gone() {
    let site = site_with(3);
    keep(&site, "keep_last = 1, quarantine = \"0s\"");
    let _ = pass(&site);
    assert_eq!(hidden(&site), 2);
    let _ = pass(&site);
    assert_eq!((visible(&site), hidden(&site)), ([3].into(), 0));
}

#[test]
fn a_directory_that_its_manifest_does_not_claim_is_left_alone() {
    let site = site_with(3);
    let paths = site.mirrored("mirror");
    let home = paths[0].parent().unwrap();
    let (own, foreign) = (home.join("my-notes"), paths[0].join("backup.json"));
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("note"), "keep me").unwrap();
    let other = std::fs::read(paths[1].join("backup.json")).unwrap();
    std::fs::write(&foreign, other).unwrap();
    keep(&site, "keep_last = 1");
    let run = pass(&site);
    assert!(warns(&run, "left alone"), "{run:#}");
    assert!(Path::new(&foreign).exists() && own.join("note").exists());
    assert_eq!(hidden(&site), 1);
}
