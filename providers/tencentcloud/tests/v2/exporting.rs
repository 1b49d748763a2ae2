use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Error, ErrorClass, File, HttpResponse, Kind, Method, Network, Quality, ResolveReason,
};

use crate::cloud::*;

/// The key of the backup of the vendor's example with the choice of the vendor's example.
const KEY_OF_CHOICE: &str = "mysql-20160706T010454-9329ddac80746784";

/// The answer of the page on partial exports, byte for byte.
const SAMPLE: &str = r#"{
    "code":"0",
    "message":"",
    "codeDesc":"Success",
    "data":[
        {
            "file_name":"cdb154153_backup_2016-07-06 01:04:54",
            "size":"671224",
			"type":"mysql",
            "date":"2016-07-06 01:04:54",
            "in_url":"http://gz.dl.cdb.tencentyun.com/**?appid=1351000042&time=1467971011&sign=ChupJ1dMt8W%2BcYHLlYGAE6ccEnk%3D&dbtbcode=272"
        }
    ]
}
"#;

fn held() -> Value {
    json!([
        {"dbname": "mysql", "tableList": ["general_log", "slow_log", "user"]},
        {"dbname": "test1", "tableList": []},
    ])
}

fn cloud(held: Value, export: HttpResponse) -> Cloud<'static> {
    Cloud::new(move |asked| match asked.call.as_str() {
        "GetBackupDatabaseTableList" => ok(json!({ "data": held })),
        "GetExportBackupUrl" => export.clone(),
        other => panic!("{other}"),
    })
}

fn export_with(cloud: &Cloud<'_>, reason: ResolveReason) -> Result<Vec<File>, Error> {
    resolve(
        &mut open(with_choice()),
        cloud,
        KEY_OF_CHOICE,
        reason,
        Network::Intranet,
    )
}

fn export(held: Value, answer: HttpResponse) -> Result<Vec<File>, Error> {
    export_with(&cloud(held, answer), ResolveReason::Start)
}

/// The example of the vendor's page from the request to the link, with the vectors of both
/// readings of the page on signing links.
#[test]
fn the_chosen_tables_are_exported() {
    for (reason, signature) in [
        (ResolveReason::Start, "dL8HYwuor0vUAWsgNcmVwCn1Lc4%3D"),
        (ResolveReason::Refused, "oZiDpq%2FEx9zopGkQRUbody7HmTk%3D"),
    ] {
        let cloud = cloud(held(), answer(200, SAMPLE));
        let files = export_with(&cloud, reason).unwrap();
        let file = &files[0];
        assert_eq!(
            file.link.url.expose(),
            format!(
                "http://gz.dl.cdb.tencentyun.com/**?appid=1351000042&time=1467971011&sign=ChupJ1dMt8W%2BcYHLlYGAE6ccEnk%3D&dbtbcode=272&secretId={ID}&signature={signature}"
            )
        );
        assert_eq!(file.name, "cdb154153_backup_2016-07-06 01:04:54");
        assert_eq!(file.size.unwrap().quality, Quality::Other);
        assert_eq!(file.link.expires_at.unwrap().timestamp(), NOW + 12 * 3600);

        let asked = cloud.asked.borrow();
        assert_eq!(asked[0].call, "GetBackupDatabaseTableList");
        assert_eq!(asked[1].call, "GetExportBackupUrl");
        for asked in asked.iter() {
            assert_eq!(asked.form["cdbInstanceId"], INSTANCE);
            assert_eq!(asked.form["date"], "2016-07-06 01:04:54");
        }
        assert_eq!(
            asked[1].form["dbTableList"],
            r#"[{"dbname":"mysql","tableList":["general_log","slow_log"]},{"dbname":"test1","tableList":[]}]"#
        );
    }
}

#[test]
fn a_listed_backup_is_known_by_what_is_chosen_of_it() {
    let cloud = Cloud::new(|asked| {
        let kind = if asked.form["type"] == "binlog" {
            "binlog"
        } else {
            "mysql"
        };
        ok(json!({"data": [entry(kind, "2016-07-06 01:04:54")]}))
    });
    let kinds = [Kind::Full, Kind::Log];
    let chosen = list(with_choice(), &cloud, &kinds).unwrap();
    let whole = list(account(), &cloud, &kinds).unwrap();
    assert_eq!(chosen.keys()[0], KEY_OF_CHOICE);
    assert_eq!(whole.keys()[0], "mysql-20160706T010454");
    assert_eq!(chosen.keys()[1], whole.keys()[1], "logs are always whole");
    let backup = &chosen.backups[0];
    assert_eq!(backup.databases, ["mysql", "test1"]);
    assert_eq!(backup.size.unwrap().quality, Quality::Other);
    assert_eq!(
        backup.vendor["dbTableList"],
        json!([
            {"dbname": "mysql", "tableList": ["general_log", "slow_log"]},
            {"dbname": "test1", "tableList": []},
        ]),
        "the manifest tells that it is a part"
    );
    assert!(chosen.backups[1].databases.is_empty());
    assert_eq!(chosen.backups[1].vendor.get("dbTableList"), None);
}

#[test]
fn how_a_part_of_a_physical_backup_is_made_is_not_known() {
    let cloud = Cloud::with_data(json!([entry("xtrabackup", "2016-07-06 01:04:54")]));
    let listed = list(with_choice(), &cloud, &[Kind::Full]).unwrap();
    assert_eq!(listed.backups[0].method, Method::Unknown);
}

#[test]
fn what_the_backup_does_not_hold_is_named_and_nothing_is_exported() {
    for (held, missing) in [
        (
            json!([{"dbname": "mysql", "tableList": ["general_log"]}, {"dbname": "test1", "tableList": []}]),
            "it holds no table \"slow_log\" in database \"mysql\"; correct",
        ),
        (
            json!([{"dbname": "mysql", "tableList": ["general_log", "slow_log"]}]),
            "it holds no database \"test1\"; correct",
        ),
        (
            json!([]),
            "it holds no database \"mysql\", no database \"test1\"; correct",
        ),
    ] {
        let cloud = cloud(held, answer(200, SAMPLE));
        let error = export_with(&cloud, ResolveReason::Start).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(error.message.contains(missing), "{error}");
        assert!(error.message.contains("option `databases`"), "{error}");
        assert!(error.message.contains(KEY_OF_CHOICE), "{error}");
        assert_eq!(cloud.calls(), ["GetBackupDatabaseTableList"]);
    }
}

#[test]
fn a_table_list_that_cannot_be_read_is_an_error() {
    for (held, words) in [
        (json!(null), "`data`"),
        (json!([{"tableList": []}]), "`dbname`"),
        (
            json!([{"dbname": "mysql", "tableList": "general_log"}]),
            "`tableList`",
        ),
        (
            json!([{"dbname": "mysql", "tableList": [1]}]),
            "`tableList`",
        ),
        (json!(["mysql"]), "`dbname`"),
    ] {
        let error = export(held, answer(200, SAMPLE)).unwrap_err();
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn the_tables_are_checked_once_and_links_are_asked_for_anew() {
    let cloud = cloud(held(), answer(200, SAMPLE));
    let mut provider = open(with_choice());
    for reason in [
        ResolveReason::Start,
        ResolveReason::Expired,
        ResolveReason::Refused,
    ] {
        resolve(&mut provider, &cloud, KEY_OF_CHOICE, reason, Network::Auto).unwrap();
    }
    assert_eq!(
        cloud.calls(),
        [
            "GetBackupDatabaseTableList",
            "GetExportBackupUrl",
            "GetExportBackupUrl",
            "GetExportBackupUrl"
        ]
    );
}

#[test]
fn an_export_that_is_not_the_one_asked_for_is_refused() {
    let entry = |name: &str, date: &str| json!({"file_name": name, "date": date, "in_url": IN_URL});
    let here = "2016-07-06 01:04:54";
    for (data, words) in [
        (json!([entry("a", "2016-07-07 01:04:54")]), "another backup"),
        (json!([entry("", here)]), "`file_name`"),
        (
            json!([entry("a", here), entry("a", here)]),
            "same `file_name`",
        ),
        (json!([7]), "not an object"),
        (json!({}), "`data`"),
        (json!([]), "names no file"),
    ] {
        let error = export(held(), ok(json!({ "data": data }))).unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert_eq!(error.call.as_deref(), Some("GetExportBackupUrl"));
    }
    let both = json!([entry("a", here), entry("b", here)]);
    let files = export(held(), ok(json!({ "data": both }))).unwrap();
    assert_eq!(files.len(), 2);
}

#[test]
fn a_backup_of_another_choice_is_not_exported() {
    let cloud = cloud(held(), answer(200, SAMPLE));
    for key in [
        "mysql-20160706T010454",
        "mysql-20160706T010454-0123456789abcdef",
    ] {
        let start = ResolveReason::Start;
        let mut provider = open(with_choice());
        let error = resolve(&mut provider, &cloud, key, start, Network::Auto).unwrap_err();
        assert!(error.message.contains("option `databases`"), "{error}");
    }
    assert!(cloud.calls().is_empty());
}
