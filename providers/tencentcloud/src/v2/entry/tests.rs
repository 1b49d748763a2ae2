use proptest::prelude::*;

use super::*;

const KINDS: [Kind; 3] = [Kind::Full, Kind::Log, Kind::Slowlog];

#[test]
fn a_kept_record_holds_no_address_even_a_broken_one() {
    let entry = json!({
        "file_name": "a", "type": "mysql", "date": "2016-07-06 01:04:54",
        "in_url": "gz.dl.cdb.tencentyun.com/x?sign=a", " out_url ": "/x?sign=a",
        "other": "http://x/?sign=a",
    });
    let entry = Entry::read(&entry, Kind::Full, &Options::default()).unwrap();
    let kept = entry.record.to_string();
    assert!(!kept.contains("sign"), "{kept}");
    assert!(kept.contains("2016-07-06"));
}

#[test]
fn an_entry_without_a_usable_address_cannot_be_downloaded() {
    for address in [json!(null), json!(""), json!("gz.dl.cdb.tencentyun.com/x")] {
        let entry = json!({
            "file_name": "a", "type": "mysql", "date": "2016-07-06 01:04:54", "in_url": address,
        });
        let options = Options::default();
        let entry = Entry::read(&entry, Kind::Full, &options).unwrap();
        let reason = "the vendor gives no link to it".to_owned();
        assert_eq!(
            entry.backup(&options, Network::Auto).state,
            State::NotDownloadable { reason }
        );
    }
}

proptest! {
    #[test]
    fn whatever_is_read_can_be_found_again_and_crosses_the_border(
        name: String, size: i64, year in 1980..9999, second in 0..60, link: String, other: String,
    ) {
        let options = Options::default();
        for (kind, word) in KINDS.into_iter().zip(["xtrabackup", "binlog", "slowlog"]) {
            let entry = json!({
                "file_name": name, "size": size, "type": word, "in_url": link, "other": other,
                "date": format!("{year}-02-28 01:04:{second:02}"),
            });
            let Ok(entry) = Entry::read(&entry, kind, &options) else { continue };
            let backup = entry.backup(&options, Network::Auto);
            let identity = Identity::read(&backup.key).unwrap();
            prop_assert_eq!(identity.of.kind(), kind);
            prop_assert!(!backup.name.chars().any(char::is_control));
            prop_assert!(backup.name.len() <= 1024);
        }
    }

    #[test]
    fn no_field_makes_it_fail(word: String, date: String, name: String) {
        let entry = json!({"file_name": name, "type": word, "date": date});
        for kind in KINDS {
            let _ = Entry::read(&entry, kind, &Options::default());
        }
        what(&entry);
    }
}
