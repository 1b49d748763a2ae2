//! The decision log: what was done about each backup, and why.

use std::collections::BTreeMap;

use backhaul_tests::harness::{Site, stock};
use serde_json::Value;

const JOB: &str = "[[job]]\nname = \"orders\"\naccount = \"demo\"\nservice = \"rds\"\n\
                   directory = \"mirror\"\n\
                   retention = { keep_last = 1, min_good = 1, quarantine = \"0s\" }\n";

fn add(site: &Site, number: u64) {
    let age = 100 - i64::try_from(number).unwrap();
    site.cloud
        .add_backup(stock::one_file(&site.cloud, number, 1, age, 2000));
}

fn log(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["log", "--json"], arguments].concat();
    let said = site.backhaul(arguments).expect(0);
    assert_eq!(said.stderr, "");
    said.json().as_array().unwrap().clone()
}

fn counts(log: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for entry in log {
        *counts.entry(entry["action"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn the_life_of_a_backup_is_written_down_once_and_found_again() {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    (1..=3).for_each(|number| add(&site, number));
    site.configure(JOB);
    assert!(log(&site, &[]).is_empty());

    let daemon = site.daemon();
    let _ = site.sync().expect(0);
    let _ = site.sync().expect(0);
    let first = log(&site, &[]);
    assert_eq!(counts(&first), [("fetched", 1), ("skipped", 2)].into());
    let id = log(&site, &["--action", "fetched"])[0]["backup"].clone();
    let id = id.as_str().unwrap();
    add(&site, 4);
    let _ = site.sync().expect(0);
    let _ = daemon.stop();
    let _ = site.sync().expect(0);

    let all = log(&site, &[]);
    assert_eq!(
        counts(&all),
        [
            ("fetched", 2),
            ("skipped", 3),
            ("quarantined", 1),
            ("deleted", 1)
        ]
        .into(),
        "{all:#?}"
    );
    let life = log(
        &site,
        &["--backup", id, "--instance", &stock::instance_id(1)],
    );
    let actions: Vec<_> = life
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert!(
        actions.starts_with(&["fetched", "quarantined"]) && actions.contains(&"deleted"),
        "{life:#?}"
    );
    for entry in &life {
        assert_eq!(entry["job"], "orders", "{entry:#}");
        assert!(!entry["reason"].as_str().unwrap().is_empty(), "{entry:#}");
    }
    let deleted = &log(&site, &["--action", "deleted"])[0];
    assert_eq!(deleted["bytes"], 2000, "{deleted:#}");
    assert!(
        deleted["path"].as_str().unwrap().ends_with(id),
        "{deleted:#}"
    );

    assert_eq!(log(&site, &["-n", "2"]), all[all.len() - 2..]);
    assert_eq!(log(&site, &["--since", "1h", "--job", "orders"]), all);
    for none in [
        ["--until", "1h"],
        ["--job", "other"],
        ["--since", "2100-01-01"],
    ] {
        assert!(log(&site, &none).is_empty(), "{none:?}");
    }
    let said = site.backhaul(["log"]).expect(0);
    assert!(said.stdout.contains("grace period"), "{said:?}");
    let _ = site.backhaul(["log", "--since", "yesterday"]).expect(2);
    // A plan decides nothing.
    add(&site, 5);
    let _ = site.backhaul(["plan"]).expect(0);
    assert_eq!(log(&site, &[]), all);
}

#[test]
fn nothing_is_deleted_that_cannot_be_written_down() {
    let site = Site::new();
    stock::add_instance(&site.cloud, 1, "orders");
    add(&site, 1);
    site.configure(JOB);
    let _ = site.sync().expect(0);
    add(&site, 2);
    let _ = site.sync().expect(0);
    let decisions = site.path("state/decisions");
    std::fs::remove_dir_all(&decisions).unwrap();
    std::fs::write(&decisions, "in the way").unwrap();
    let slots = || {
        std::fs::read_dir(site.path("mirror/.backhaul/quarantine"))
            .unwrap()
            .count()
    };
    let said = site.sync().expect(1);
    assert!(said.stderr.contains("decisions"), "{said:?}");
    assert_eq!((slots(), site.mirrored("mirror").len()), (1, 1));
    std::fs::remove_file(&decisions).unwrap();
    let _ = site.sync().expect(0);
    assert_eq!(slots(), 0);
}
