use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    ErrorClass, ExpiryLimits, File, Kind, Network, Ranges, ResolveReason, SizeHint, Window,
};

use crate::cloud::*;

const FULL: &str = "mysql-20160706T010454";

fn one() -> Cloud<'static> {
    Cloud::new(|_| {
        let mut entry = entry("mysql", "2016-07-06 01:04:54");
        entry["out_url"] = json!(OUT_URL);
        ok(json!({ "data": [entry] }))
    })
}

fn url(files: &[File]) -> &str {
    assert_eq!(files.len(), 1);
    files[0].link.url.expose()
}

/// The link with the signature over these pairs, as the vendor's page computes it.
fn signed(link: &str, pairs: &str) -> String {
    let signature = hmac_sha1(pairs)
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("{link}&secretId={ID}&signature={signature}")
}

fn decoded_reading() -> String {
    signed(
        OUT_URL,
        &format!(
            "appid=8888888888&secretId={ID}&sign=ZDxBCfRuFXDITwXY4C7+kTDAlDE=&time=1478778522"
        ),
    )
}

fn encoded_reading() -> String {
    signed(
        OUT_URL,
        &format!(
            "appid=8888888888&secretId={ID}&sign=ZDxBCfRuFXDITwXY4C7%2BkTDAlDE%3D&time=1478778522"
        ),
    )
}

#[test]
fn a_file_comes_with_a_link_that_is_signed_a_second_time() {
    let cloud = one();
    let start = ResolveReason::Start;
    let files = resolve(&mut open(account()), &cloud, FULL, start, Network::Public).unwrap();
    assert_eq!(url(&files), decoded_reading());
    let file = &files[0];
    assert_eq!(file.name, "cdb154153_mysql_2016-07-06 01:04:54");
    assert_eq!(file.id.as_str(), file.name);
    assert_eq!(file.size, Some(SizeHint::exact(671_224)));
    assert_eq!(
        file.link.expires_at.unwrap().timestamp(),
        NOW + 12 * 3600,
        "twelve hours"
    );
    assert_eq!(file.link.expiry_limits, ExpiryLimits::Transfer);
    assert_eq!(file.link.ranges, Ranges::Unknown);
    assert_eq!(file.link.max_uses, None);
    assert!(file.link.headers.is_empty());
    assert!(!format!("{files:?}").contains("sign="));
}

#[test]
fn a_refused_link_is_signed_in_the_other_reading() {
    let cloud = one();
    let mut provider = open(account());
    let mut next = |reason| {
        let files = resolve(&mut provider, &cloud, FULL, reason, Network::Public).unwrap();
        url(&files).to_owned()
    };
    assert_eq!(next(ResolveReason::Start), decoded_reading());
    assert_eq!(next(ResolveReason::Refused), encoded_reading());
    assert_eq!(next(ResolveReason::Expired), encoded_reading());
    assert_eq!(next(ResolveReason::Start), encoded_reading());
    assert_eq!(next(ResolveReason::Refused), decoded_reading());
    assert_eq!(
        cloud.calls().len(),
        4,
        "every link but the second start's is fresh"
    );
}

#[test]
fn a_failed_call_does_not_count_as_a_reading_that_was_tried() {
    let failing = std::cell::Cell::new(false);
    let cloud = Cloud::new(|_| {
        if failing.get() {
            return fault(6200, "busy");
        }
        let mut entry = entry("mysql", "2016-07-06 01:04:54");
        entry["out_url"] = json!(OUT_URL);
        ok(json!({ "data": [entry] }))
    });
    let mut provider = open(account());
    let mut ask = |reason| resolve(&mut provider, &cloud, FULL, reason, Network::Public);
    ask(ResolveReason::Start).unwrap();
    failing.set(true);
    ask(ResolveReason::Refused).unwrap_err();
    failing.set(false);
    assert_eq!(
        url(&ask(ResolveReason::Refused).unwrap()),
        encoded_reading()
    );
}

#[test]
fn the_network_chooses_the_link() {
    for (network, host) in [
        (Network::Public, "http://gz.dl.cdb.qcloud.com/"),
        (Network::Intranet, "http://gz.dl.cdb.tencentyun.com:33003/"),
        (Network::Auto, "http://gz.dl.cdb.tencentyun.com:33003/"),
    ] {
        let start = ResolveReason::Start;
        let files = resolve(&mut open(account()), &one(), FULL, start, network).unwrap();
        assert!(url(&files).starts_with(host), "{network:?}");
    }
    let cloud = Cloud::with_data(json!([entry("mysql", "2016-07-06 01:04:54")]));
    let start = ResolveReason::Start;
    let error = resolve(&mut open(account()), &cloud, FULL, start, Network::Public).unwrap_err();
    assert_eq!(error.class, ErrorClass::Unsupported);
    assert!(
        error.message.contains(FULL) && error.message.contains("intranet"),
        "{error}"
    );
}

#[test]
fn the_links_of_a_listing_are_given_out_for_an_hour() {
    let logs: Vec<Value> = (0..60)
        .map(|second| entry("binlog", &format!("2016-07-06 01:04:{second:02}")))
        .collect();
    let cloud = Cloud::with_data(logs.into());
    let mut provider = open(account());
    let listed = list_with(&mut provider, &cloud, &[Kind::Log], Window::default()).unwrap();
    let mut ask = |key: &str| {
        let start = ResolveReason::Start;
        resolve(&mut provider, &cloud, key, start, Network::Intranet).unwrap()
    };
    for key in listed.keys() {
        let files = ask(key);
        assert_eq!(
            files[0].link.expires_at.unwrap().timestamp(),
            NOW + 12 * 3600
        );
    }
    assert_eq!(cloud.calls().len(), 1);
    cloud.pass(Duration::minutes(61));
    for key in listed.keys() {
        ask(key);
    }
    assert_eq!(cloud.calls().len(), 2, "one new list serves all");
}

#[test]
fn an_expired_link_is_replaced_by_a_new_one() {
    let cloud = Cloud::new(|asked| {
        let link = IN_URL.replace("1458551053", &asked.form["Timestamp"]);
        let mut entry = entry("mysql", "2016-07-06 01:04:54");
        entry["in_url"] = json!(link);
        ok(json!({ "data": [entry] }))
    });
    let mut provider = open(account());
    let mut ask = |reason| {
        let files = resolve(&mut provider, &cloud, FULL, reason, Network::Intranet).unwrap();
        files[0].link.expires_at.unwrap().timestamp()
    };
    assert_eq!(ask(ResolveReason::Start), NOW + 12 * 3600);
    cloud.pass(Duration::hours(12));
    assert_eq!(ask(ResolveReason::Expired), NOW + 24 * 3600);
}

#[test]
fn a_backup_that_is_no_longer_listed_is_gone() {
    let cloud = Cloud::with_data(json!([]));
    let start = ResolveReason::Start;
    let error = resolve(&mut open(account()), &cloud, FULL, start, Network::Auto).unwrap_err();
    assert_eq!(error.class, ErrorClass::Gone);
    assert_eq!(error.call.as_deref(), Some("GetCdbExportLogUrl"));
}

#[test]
fn what_is_no_key_of_the_service_is_refused_without_asking() {
    let cloud = one();
    for key in [
        "",
        "43e4feaab48f11e89039fa163ebaa7e4br01",
        "mysql-20160706T010454-0123456789abcdef",
    ] {
        let start = ResolveReason::Start;
        let error = resolve(&mut open(account()), &cloud, key, start, Network::Auto).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent, "{key}");
    }
    assert!(cloud.calls().is_empty());
}
