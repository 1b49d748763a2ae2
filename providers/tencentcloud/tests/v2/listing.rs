use backhaul_provider_api::chrono::DateTime;
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Cursor, ErrorClass, Kind, ListRequest, Method, Network, Next, Origin, Provider, SizeHint,
    State, Window,
};

use crate::cloud::*;

const ALL: [Kind; 3] = [Kind::Full, Kind::Log, Kind::Slowlog];

/// One entry of each list.
fn some() -> Cloud<'static> {
    Cloud::new(|asked| {
        let kind = match asked.form["type"].as_str() {
            "coldbackup" => "xtrabackup",
            "binlog" => "binlog",
            "slowlog_day" => "slowlog",
            other => panic!("{other}"),
        };
        ok(json!({"data": [entry(kind, "2016-07-06 01:04:54")]}))
    })
}

#[test]
fn each_kind_has_a_list_of_its_own() {
    let cloud = some();
    let listed = list(account(), &cloud, &ALL).unwrap();
    let kinds: Vec<Kind> = listed.backups.iter().map(|backup| backup.kind).collect();
    assert_eq!(kinds, ALL);
    assert!(listed.end.complete);
    let methods: Vec<Method> = listed.backups.iter().map(|backup| backup.method).collect();
    assert_eq!(
        methods,
        [Method::Physical, Method::Unknown, Method::Unknown]
    );
    let asked = cloud.asked.borrow();
    let types: Vec<&str> = asked
        .iter()
        .map(|asked| asked.form["type"].as_str())
        .collect();
    assert_eq!(types, ["coldbackup", "binlog", "slowlog_day"]);
    for asked in asked.iter() {
        assert_eq!(asked.call, "GetCdbExportLogUrl");
        assert_eq!(asked.form["cdbInstanceId"], INSTANCE);
        assert_eq!(asked.form.len(), 9, "nothing that is not documented");
    }
}

#[test]
fn a_kind_that_is_not_wanted_is_not_asked_for() {
    let cloud = some();
    assert_eq!(
        list(account(), &cloud, &[Kind::Log]).unwrap().backups.len(),
        1
    );
    assert_eq!(cloud.calls().len(), 1);
    let nothing = list(account(), &cloud, &[Kind::Incremental]).unwrap();
    assert!(nothing.backups.is_empty() && nothing.end.complete);
    assert_eq!(cloud.calls().len(), 1);
}

/// The sample of the page on the list.
#[test]
fn a_backup_comes_with_all_that_is_told_of_it() {
    let cloud = Cloud::with_data(json!([{
        "file_name": "%E6%B5%8B%E8%AF%952_backup_2016-03-17", "size": "671224", "type": "mysql",
        "date": "2016-03-17 05:59:52", "in_url": IN_URL, "out_url": OUT_URL,
    }]));
    let listed = list(account(), &cloud, &[Kind::Full]).unwrap();
    let backup = &listed.backups[0];
    assert_eq!(backup.key.as_str(), "mysql-20160317T055952");
    assert_eq!(backup.name, "测试2_backup_2016-03-17");
    assert_eq!(backup.method, Method::Logical);
    assert_eq!(backup.origin, Origin::Unknown);
    assert_eq!(backup.state, State::Available);
    assert_eq!(backup.started_at.to_rfc3339(), "2016-03-16T21:59:52+00:00");
    assert_eq!(backup.consistent_at, Some(backup.started_at));
    assert!(backup.zone_assumed);
    assert_eq!(backup.size, Some(SizeHint::exact(671_224)));
    assert_eq!(backup.engine.as_deref(), Some("MySQL"));
    assert_eq!(
        backup.vendor,
        json!({
            "file_name": "%E6%B5%8B%E8%AF%952_backup_2016-03-17", "size": "671224",
            "type": "mysql", "date": "2016-03-17 05:59:52",
        }),
        "the vendor's record without links"
    );
}

#[test]
fn a_configured_zone_moves_the_times_but_not_the_keys() {
    let utc = list(with_options(json!({"timezone": "UTC"})), &some(), &ALL).unwrap();
    let china = list(account(), &some(), &ALL).unwrap();
    assert_eq!(utc.keys(), china.keys());
    for (utc, china) in utc.backups.iter().zip(&china.backups) {
        assert_eq!(utc.started_at.to_rfc3339(), "2016-07-06T01:04:54+00:00");
        assert_eq!((utc.started_at - china.started_at).num_hours(), 8);
        assert!(!utc.zone_assumed && china.zone_assumed);
    }
}

#[test]
fn two_logs_of_one_second_are_two_backups() {
    let mut second = entry("binlog", "2016-07-06 01:04:54");
    second["file_name"] = json!("cdb154153_binlog_000002");
    let cloud = Cloud::with_data(json!([entry("binlog", "2016-07-06 01:04:54"), second]));
    let listed = list(account(), &cloud, &[Kind::Log]).unwrap();
    let keys = listed.keys();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    for key in keys {
        assert!(
            key.starts_with("binlog-20160706T010454-") && key.len() == 39,
            "{key}"
        );
    }
}

/// Were these to change, everything mirrored would be fetched again.
#[test]
fn keys_are_the_same_for_ever() {
    let listed = list(account(), &some(), &ALL).unwrap();
    assert_eq!(
        listed.keys(),
        [
            "xtrabackup-20160706T010454",
            "binlog-20160706T010454-8e2d41b6d5da5570",
            "slowlog-20160706T010454-5d7438545040ac78"
        ]
    );
}

#[test]
fn a_backup_that_the_jobs_network_does_not_lead_to_says_so() {
    let mut public = account();
    public.network = Network::Public;
    let listed = list(public.clone(), &some(), &[Kind::Full]).unwrap();
    let State::NotDownloadable { reason } = &listed.backups[0].state else {
        panic!("{:?}", listed.backups[0].state);
    };
    assert!(
        reason.contains("set the job's `network` to intranet"),
        "{reason}"
    );
    // An export is asked for later, so nothing is known of its link yet.
    public.options = json!({"databases": [{"name": "test1"}]});
    let listed = list(public, &some(), &[Kind::Full]).unwrap();
    assert_eq!(listed.backups[0].state, State::Available);
}

#[test]
fn only_what_lies_in_the_window_is_listed() {
    let dates = [
        "2016-07-05 00:00:00",
        "2016-07-06 00:00:00",
        "2016-07-07 00:00:00",
    ];
    let cloud = Cloud::with_data(dates.map(|date| entry("mysql", date)).to_vec().into());
    let at = |text| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let window = Window {
        from: Some(at("2016-07-06T00:00:00+08:00")),
        until: Some(at("2016-07-07T00:00:00+08:00")),
    };
    let listed = list_with(&mut open(account()), &cloud, &[Kind::Full], window).unwrap();
    assert_eq!(listed.keys(), ["mysql-20160706T000000"]);
    assert_eq!(listed.end.window, window);
    assert!(listed.end.complete);
}

#[test]
fn what_cannot_be_understood_is_passed_over_and_named() {
    let good = entry("mysql", "2016-07-06 01:04:54");
    let changed = |field: &str, value: Value| {
        let mut entry = good.clone();
        entry[field] = value;
        entry
    };
    let cloud = Cloud::with_data(json!([
        changed("type", json!("dump")),
        changed("type", json!("binlog")),
        changed("type", json!(null)),
        changed("date", json!("0000-00-00 00:00:00")),
        changed("date", json!("yesterday")),
        changed("date", json!(7)),
        changed("file_name", json!("")),
        "text",
        good,
        good,
    ]));
    let listed = list(account(), &cloud, &[Kind::Full]).unwrap();
    assert_eq!(listed.keys(), ["mysql-20160706T010454"]);
    let reasons: Vec<&str> = listed
        .passed_over
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    for (reason, words) in reasons.iter().zip([
        "unknown value \"dump\"",
        "kind log",
        "`type` is missing",
        "`date` is not a time",
        "`date` is not a time",
        "`date` is missing",
        "`file_name` is missing",
        "not an object",
        "same identity",
    ]) {
        assert!(reason.contains(words), "{reason}: {words}");
    }
    assert_eq!(
        listed.passed_over[0].what,
        "cdb154153_mysql_2016-07-06 01:04:54"
    );
    assert_eq!(reasons.len(), 9);
}

#[test]
fn a_long_list_is_asked_for_once_and_handed_on_in_pages() {
    let logs: Vec<Value> = (0..24_000)
        .map(|second| {
            let (hour, rest) = (second / 3600, second % 3600);
            let date = format!("2016-07-06 {hour:02}:{:02}:{:02}", rest / 60, rest % 60);
            entry("binlog", &date)
        })
        .collect();
    let cloud = Cloud::with_data(logs.into());
    let listed = list(account(), &cloud, &[Kind::Log]).unwrap();
    assert_eq!(listed.backups.len(), 24_000);
    assert_eq!(listed.pages, 12);
    assert_eq!(cloud.calls().len(), 1);
    let mut keys = listed.keys();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 24_000);
}

#[test]
fn a_cursor_of_another_session_is_refused() {
    let logs: Vec<Value> = (0..2001)
        .map(|number| {
            let mut entry = entry("binlog", "2016-07-06 01:04:54");
            entry["file_name"] = json!(number.to_string());
            entry
        })
        .collect();
    let cloud = Cloud::with_data(logs.into());
    let mut request = ListRequest {
        instance: instance(INSTANCE),
        kinds: vec![Kind::Log],
        window: Window::default(),
        cursor: None,
    };
    let page = open(account()).list(&cloud, request.clone()).unwrap();
    let Next::More(cursor) = page.next else {
        panic!("there is more");
    };
    for cursor in [cursor, Cursor::new("{}x"), Cursor::new("")] {
        request.cursor = Some(cursor);
        let error = open(account()).list(&cloud, request.clone()).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
    }
}

#[test]
fn an_empty_list_is_complete_and_a_missing_one_an_error() {
    let listed = list(account(), &Cloud::with_data(json!([])), &ALL).unwrap();
    assert!(listed.backups.is_empty() && listed.end.complete);
    for data in [json!(null), json!({}), json!("")] {
        let Err(error) = list(account(), &Cloud::with_data(data), &ALL) else {
            panic!("no list");
        };
        assert!(error.message.contains("`data` is not a list"), "{error}");
    }
}
