use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::serde_json::json;
use backhaul_provider_api::{ErrorClass, Provider, Seconds};

use crate::cloud::*;

#[test]
fn refused_credentials_are_not_tried_again() {
    for status in [401, 200] {
        let cloud = Cloud::saying(status, r#"{"Code":"SignatureDoesNotMatch","Message":"x"}"#);
        let mut provider = mysql();
        let error = all_instances(&cloud, &mut provider).unwrap_err();
        assert_eq!(error.class, ErrorClass::AuthFailed);
        assert!(error.message.contains("secret_key"), "{error}");
        let again = list_all(&cloud, &mut provider, list_request()).unwrap_err();
        assert_eq!(again, error);
        assert!(provider.resolve(&cloud, resolve_request()).is_err());
        assert_eq!(cloud.calls().len(), 1);
    }
}

#[test]
fn a_forbidden_access_is_not_tried_again() {
    let cloud = Cloud::saying(403, r#"{"Code":"Whatever","Message":"x"}"#);
    let mut provider = mysql();
    for _ in 0..2 {
        let error = list_all(&cloud, &mut provider, list_request()).unwrap_err();
        assert_eq!(error.class, ErrorClass::Forbidden { permission: None });
    }
    assert_eq!(cloud.calls().len(), 1);
}

#[test]
fn a_throttled_call_carries_the_wait_and_is_not_repeated() {
    let cloud = Cloud::new(|_| {
        let mut response = answer(429, r#"{"Code":"RequestLimitExceeded","Message":"slow"}"#);
        response.headers.push(("retry-after".into(), "30".into()));
        response
    });
    let error = list_all(&cloud, &mut mysql(), list_request()).unwrap_err();
    let after = Some(Seconds(30));
    assert_eq!(error.class, ErrorClass::Throttled { after });
    assert_eq!(error.call.as_deref(), Some("DescribeBackups"));
    assert_eq!(cloud.calls().len(), 1, "waiting is the daemon's business");
}

/// The host refuses a nonce that came before, and a time that is not the present one.
#[test]
fn a_call_that_failed_is_made_anew_with_another_nonce_and_time() {
    let failed = std::cell::Cell::new(false);
    let cloud = Cloud::new(|_| match failed.replace(true) {
        false => answer(500, r#"{"Code":"InternalError","Message":"down"}"#),
        true => answer(200, &envelope(json!([record("b1")]))),
    });
    let mut provider = mysql();
    let error = list_all(&cloud, &mut provider, list_request()).unwrap_err();
    assert_eq!(error.class, ErrorClass::Temporary);
    cloud.pass(Duration::seconds(2));
    let listed = list_all(&cloud, &mut provider, list_request()).unwrap();
    assert_eq!(listed.keys(), ["b1"]);
    let asked = cloud.asked.borrow();
    assert_ne!(asked[0].query["Timestamp"], asked[1].query["Timestamp"]);
}

#[test]
fn a_missing_instance_is_not_a_gone_backup() {
    let cloud = Cloud::saying(404, r#"{"Code":"ResourceNotFound","Message":"no"}"#);
    let error = list_all(&cloud, &mut mysql(), list_request()).unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("instance"), "{error}");
}

#[test]
fn answers_of_proxies_and_broken_ones_are_told_as_such() {
    for (body, told) in [
        ("<html>Please log in</html>", "proxy"),
        ("", "empty"),
        (r#"{"Code":"Success","Data":[{"Back"#, "breaks off"),
        ("{}", "`Code`"),
    ] {
        let error = list_all(&Cloud::saying(200, body), &mut mysql(), list_request()).unwrap_err();
        assert_eq!(error.class, ErrorClass::Temporary, "{body}");
        assert!(error.message.contains(told), "{error}");
    }
}

#[test]
fn a_list_of_another_shape_is_an_error_and_never_empty() {
    for data in [json!("none"), json!(7), json!({"a": 1})] {
        let error = list_all(&Cloud::with(data.clone()), &mut mysql(), list_request()).unwrap_err();
        assert!(error.message.contains("`Data`"), "{error}");
        let error = all_instances(&Cloud::with(data), &mut mysql()).unwrap_err();
        assert!(error.message.contains("`Data`"), "{error}");
    }
}

/// The backups sample as the vendor prints it lacks a comma in each row.
#[test]
fn the_sample_as_printed_is_no_json_and_said_so() {
    let body = "{\"Code\": \"Success\", \"Data\": [{\"BackupStrategy\": \"instance\"\n\"BackupType\": \"physical-backup\"}]}";
    let error = list_all(&Cloud::saying(200, body), &mut mysql(), list_request()).unwrap_err();
    assert!(error.message.contains("not JSON"), "{error}");
}
