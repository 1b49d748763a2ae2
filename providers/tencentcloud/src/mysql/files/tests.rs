use proptest::prelude::*;

use super::*;

fn key(list: Files, value: Value) -> Option<String> {
    list.key(&Record::of(&value).unwrap())
}

#[test]
fn a_data_backup_has_an_id() {
    for id in [json!(12_445_233), json!("12445233")] {
        let key = key(Files::Data, json!({"BackupId": id, "Name": "x"}));
        assert_eq!(key.as_deref(), Some("12445233"));
    }
    assert_eq!(key(Files::Data, json!({"Name": "x"})), None);
}

#[test]
fn a_log_is_known_by_its_name_and_the_digits_of_its_beginning() {
    for (list, entry, expected) in [
        (
            Files::Binlog,
            json!({"Name": "binlog.000003", "BinlogStartTime": "2020-11-02 11:38:49", "Date": "2020-11-12 21:13:25"}),
            Some("binlog/binlog.000003@20201102113849"),
        ),
        // The samples of 2018 have no beginning.
        (
            Files::Binlog,
            json!({"Name": "binlog.000006", "Date": "2017-04-26 20:46:32"}),
            Some("binlog/binlog.000006@20170426204632"),
        ),
        (
            Files::Binlog,
            json!({"Name": "b", "BinlogStartTime": "0000-00-00 00:00:00", "Date": "2017-04-26T20:46:32"}),
            Some("binlog/b@20170426204632"),
        ),
        (
            Files::SlowLog,
            json!({"Name": "s.log", "Date": "2017-04-26"}),
            Some("slowlog/s.log@20170426"),
        ),
        (
            Files::SlowLog,
            json!({"Name": "s.log", "Date": "2017-04-26 00:00:08"}),
            Some("slowlog/s.log@20170426"),
        ),
        (
            Files::Binlog,
            json!({"Name": "b", "Date": "2017-04-26"}),
            None,
        ),
        (Files::Binlog, json!({"Date": "2017-04-26 20:46:32"}), None),
        (Files::SlowLog, json!({"Name": "s.log"}), None),
    ] {
        assert_eq!(key(list, entry.clone()).as_deref(), expected, "{entry}");
    }
}

#[test]
fn no_two_lists_share_a_key() {
    let entry = json!({"Name": "x", "BackupId": 1, "Date": "2017-04-26 20:46:32"});
    let keys: Vec<_> = Files::ALL
        .iter()
        .map(|list| key(*list, entry.clone()).unwrap())
        .collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
}

#[test]
fn a_link_is_kept_nowhere_whatever_it_looks_like() {
    let entry = json!({
        "Name": "x", "IntranetUrl": "gz.example/?sign=a", "InternetUrl ": "b",
        "RemoteInfo": [{"SubBackupId": 1, "Url": "c"}], "Other": "https://d",
    });
    let kept = without_links(&entry);
    assert_eq!(
        kept,
        json!({"Name": "x", "RemoteInfo": [{"SubBackupId": 1}]})
    );
}

proptest! {
    #[test]
    fn no_entry_makes_it_fail(name: String, date: String, status: String, size: i64) {
        let entry = json!({"Name": name, "Date": date, "BinlogStartTime": date, "Status": status, "Size": size});
        let record = Record::of(&entry).unwrap();
        for list in Files::ALL {
            list.key(&record);
        }
        state(&record);
    }
}
