//! Lists of many pages that change while they are read.

use std::cell::Cell;
use std::collections::HashSet;

use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{Kind, Window};

use crate::cloud::*;
use crate::mysql::{INSTANCE, answering, data, with};
use crate::postgres;

#[test]
fn a_hundred_thousand_log_backups_are_read_whole_while_new_ones_appear_and_old_ones_go() {
    let entry = |n: usize| {
        let mut entry = postgres::sample();
        entry["Id"] = json!(format!("{n:08}"));
        entry
    };
    let pages = Cell::new(0);
    // Newest first: those with great numbers.
    let cloud = Cloud::new(|asked| {
        let turn = pages.replace(pages.get() + 1);
        let (newest, oldest) = (100_000 + turn / 10, turn / 7);
        let total = newest - oldest;
        let from = asked.offset().min(total);
        let shown: Vec<Value> = (from..(from + 100).min(total))
            .map(|place| entry(newest - 1 - place))
            .collect();
        ok(json!({"LogBackupSet": shown, "TotalCount": total}))
    });
    let request = list_request("postgres-9n26zs6n", &[Kind::Log], Window::default());
    let listed = list_all(&cloud, account("postgres"), request).unwrap();
    assert!(listed.end.complete, "{:?}", listed.end.reason);
    let keys: HashSet<&str> = listed.keys().into_iter().collect();
    assert_eq!(keys.len(), listed.backups.len(), "none is told twice");
    let gone = pages.get() / 7 + 1;
    for n in gone..100_000 {
        assert!(keys.contains(format!("{n:08}").as_str()), "{n}");
    }
}

#[test]
fn entries_that_vanish_in_front_hide_nothing() {
    let list: Vec<Value> = (0..1000)
        .map(|id| with(data(), json!({ "BackupId": id })))
        .collect();
    let pages = Cell::new(0);
    let cloud = Cloud::new(|asked| {
        let gone = pages.replace(pages.get() + 1).min(4) * 30;
        answering(&list[gone..], Kind::Full, asked)
    });
    let request = list_request(INSTANCE, &[Kind::Full], Window::default());
    let listed = list_all(&cloud, account("mysql"), request).unwrap();
    let keys: HashSet<&str> = listed.keys().into_iter().collect();
    for id in 120..1000 {
        assert!(keys.contains(id.to_string().as_str()), "{id}");
    }
}

#[test]
fn a_count_that_disagrees_makes_the_listing_incomplete() {
    for total in [json!(7), json!("7")] {
        let cloud = Cloud::new(|asked| {
            let shown = if asked.offset() == 0 {
                vec![data()]
            } else {
                vec![]
            };
            ok(json!({"Items": shown, "TotalCount": total}))
        });
        let request = list_request(INSTANCE, &[Kind::Full], Window::default());
        let listed = list_all(&cloud, account("mysql"), request).unwrap();
        assert_eq!(listed.keys(), ["12445233"]);
        assert!(!listed.end.complete);
        assert!(listed.end.reason.unwrap().contains('7'));
    }
}

#[test]
fn without_a_count_a_short_page_ends_the_list() {
    let cloud = Cloud::new(|_| ok(json!({"Items": [data()]})));
    let request = list_request(INSTANCE, &[Kind::Full], Window::default());
    let listed = list_all(&cloud, account("mysql"), request).unwrap();
    assert!(listed.end.complete);
    assert_eq!(cloud.calls().len(), 1);
}
