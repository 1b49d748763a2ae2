use backhaul_provider_api::serde_json::json;
use backhaul_provider_api::{Error, ErrorClass, Kind, Network, ResolveReason};

use crate::cloud::*;

/// The failure of each of the four calls.
fn failures(answered: &backhaul_provider_api::HttpResponse) -> Vec<Error> {
    let all = Cloud::new(|_| answered.clone());
    let export = Cloud::new(|asked| match asked.call.as_str() {
        "GetBackupDatabaseTableList" => ok(json!({"data": [
            {"dbname": "mysql", "tableList": ["general_log", "slow_log"]}, {"dbname": "test1"},
        ]})),
        _ => answered.clone(),
    });
    let key = "mysql-20160706T010454-9329ddac80746784";
    let resolved = |cloud| {
        let start = ResolveReason::Start;
        resolve(&mut open(with_choice()), cloud, key, start, Network::Auto).unwrap_err()
    };
    let Err(listed) = list(account(), &all, &[Kind::Full]) else {
        panic!("it fails");
    };
    vec![
        all_instances(&all, &mut open(account())).unwrap_err(),
        listed,
        resolved(&all),
        resolved(&export),
    ]
}

#[test]
fn every_error_names_purpose_call_code_and_status() {
    // The number stands in `code`, or within `message`.
    for answered in [
        fault(9593, "IncorrectInstanceStatus"),
        fault(5100, "(9593)IncorrectInstanceStatus"),
    ] {
        let errors = failures(&answered);
        let calls: Vec<&str> = errors
            .iter()
            .map(|error| error.call.as_deref().unwrap())
            .collect();
        assert_eq!(
            calls,
            [
                "DescribeCdbInstances",
                "GetCdbExportLogUrl",
                "GetBackupDatabaseTableList",
                "GetExportBackupUrl"
            ]
        );
        for error in errors {
            assert_eq!(error.class, ErrorClass::NotReady { after: None });
            assert_eq!(error.code.as_deref(), Some("9593"));
            assert_eq!(error.http_status, Some(200));
            assert!(error.message.starts_with("cannot "), "{error}");
            assert!(
                error.message.contains("the instance is not running"),
                "{error}"
            );
        }
    }
}

#[test]
fn a_missing_permission_is_named_by_its_call() {
    for error in failures(&fault(4101, "no")) {
        let permission = error.call.clone();
        assert_eq!(error.class, ErrorClass::Forbidden { permission });
    }
}

#[test]
fn no_error_shows_a_key_a_signature_or_a_link() {
    for body in [
        json!({"code": 5100, "message": format!("({ID}) {KEY} {IN_URL}")}).to_string(),
        json!({"code": 4100, "message": format!("POSTcdb.api.qcloud.com?SecretId={ID}")})
            .to_string(),
        json!({"code": 0, "data": {"in_url": IN_URL}}).to_string(),
        json!({"code": IN_URL}).to_string(),
        format!("<html>{ID} {KEY} {IN_URL}</html>"),
    ] {
        for error in failures(&answer(200, &body)) {
            let shown = format!("{error} {error:?}");
            for secret in [ID, KEY, "appid", "sign=", "Signature="] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}

#[test]
fn an_error_of_the_host_is_handed_on() {
    struct Deaf;
    impl backhaul_provider_api::Host for Deaf {
        fn send(
            &self,
            _: backhaul_provider_api::HttpRequest,
        ) -> Result<backhaul_provider_api::HttpResponse, Error> {
            Err(Error::temporary("no answer"))
        }
        fn now(&self) -> backhaul_provider_api::Timestamp {
            backhaul_provider_api::Timestamp::default()
        }
        fn random(&self, _: usize) -> Vec<u8> {
            Vec::new()
        }
        fn log(&self, _: backhaul_provider_api::LogLevel, _: &str) {}
    }
    let request = backhaul_provider_api::InstancesRequest::default();
    let error = backhaul_provider_api::Provider::instances(&mut open(account()), &Deaf, request)
        .unwrap_err();
    assert_eq!(error, Error::temporary("no answer"));
}
