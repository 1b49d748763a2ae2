use backhaul_provider_api::serde_json::json;
use backhaul_provider_api::{Error, ErrorClass, Kind, Provider, Secret};
use backhaul_provider_tencentcloud::TencentCloud;

use crate::cloud::*;

fn empty() -> Cloud<'static> {
    Cloud::with_data(json!([]))
}

#[test]
fn every_call_is_signed_with_the_hash_that_the_job_chooses() {
    for (options, method) in [
        (json!({}), "HmacSHA256"),
        (json!({"signature": "sha256"}), "HmacSHA256"),
        (json!({"signature": "sha1"}), "HmacSHA1"),
    ] {
        let cloud = empty();
        list(with_options(options), &cloud, &[Kind::Full, Kind::Log]).unwrap();
        let asked = cloud.asked.borrow();
        assert_eq!(asked.len(), 2);
        for asked in asked.iter() {
            assert_eq!(asked.form["SignatureMethod"], method);
            assert!(!asked.form.contains_key("Token"));
        }
    }
}

#[test]
fn a_temporary_key_sends_its_token_and_signs_it() {
    let mut account = account();
    account
        .credentials
        .insert("security_token".to_owned(), Secret::new(TOKEN));
    let cloud = empty();
    list(account, &cloud, &[Kind::Full]).unwrap();
    assert_eq!(cloud.asked.borrow()[0].form["Token"], TOKEN);
}

#[test]
fn a_region_is_sent_in_the_notation_it_is_written_in() {
    for region in ["gz", "ap-guangzhou"] {
        let mut account = account();
        account.region = Some(region.to_owned());
        let cloud = empty();
        list(account, &cloud, &[Kind::Full]).unwrap();
        assert_eq!(cloud.asked.borrow()[0].form["Region"], region);
    }
}

#[test]
fn a_configured_endpoint_is_asked_and_signed() {
    let mut account = account();
    let url = "https://cdb.example:8443".to_owned();
    account.endpoints.insert("mysql-v2".to_owned(), url);
    assert!(list(account, &empty(), &[Kind::Full]).is_ok());
}

#[test]
fn refused_credentials_are_not_tried_again() {
    for code in [4100, 4104, 4105, 4106, 4300] {
        let cloud = Cloud::new(|_| fault(code, "no"));
        let mut provider = open(account());
        for _ in 0..3 {
            let error = all_instances(&cloud, &mut provider).unwrap_err();
            assert_eq!(error.class, ErrorClass::AuthFailed, "{code}");
        }
        assert_eq!(cloud.calls().len(), 1, "{code}");
    }
}

#[test]
fn an_account_that_lacks_something_is_refused_without_asking() {
    let refusal = |change: fn(&mut backhaul_provider_api::Account)| -> Error {
        let mut account = account();
        change(&mut account);
        TencentCloud::open(account).unwrap_err()
    };
    let error = refusal(|account| account.region = None);
    assert!(error.message.contains("region"), "{error}");
    let error = refusal(|account| account.credentials.clear());
    assert_eq!(error.class, ErrorClass::AuthFailed);
    let error =
        refusal(|account| account.options = json!({"databases": [{"name": "a"}, {"name": "a"}]}));
    assert!(error.message.contains("twice"), "{error}");
    let error = refusal(|account| {
        let url = "cdb.example".to_owned();
        account.endpoints.insert("mysql-v2".to_owned(), url);
    });
    assert!(error.message.contains("endpoint.mysql-v2"), "{error}");
}

#[test]
fn the_service_says_what_it_is() {
    let description = TencentCloud::describe();
    let service = description.service("mysql-v2").unwrap();
    assert_eq!(service.kinds, [Kind::Full, Kind::Log, Kind::Slowlog]);
    assert_eq!(service.api_hosts, ["cdb.api.qcloud.com"]);
    assert_eq!(service.endpoints, ["mysql-v2"]);
    assert!(service.needs_region);
    for host in ["*.dl.cdb.tencentyun.com", "*.dl.cdb.qcloud.com"] {
        assert!(service.link_hosts.iter().any(|pattern| pattern == host));
    }
    for (name, option) in service.options_schema["properties"].as_object().unwrap() {
        assert!(option["description"].is_string(), "{name}");
    }
}
