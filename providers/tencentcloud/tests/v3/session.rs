use backhaul_provider_api::serde_json::{Value, json};
use backhaul_provider_api::{
    Account, ErrorClass, InstancesRequest, Kind, Provider, RateScope, Secret,
};
use backhaul_provider_tencentcloud::TencentCloud;

use crate::cloud::*;

/// The one call of a session, as the cloud received it.
fn asked(account: Account) -> Asked {
    let field = if account.service == "mysql" {
        "Items"
    } else {
        "DBInstanceSet"
    };
    let cloud = Cloud::new(|asked| page(field, &[], asked));
    open(account)
        .instances(&cloud, InstancesRequest::default())
        .unwrap();
    cloud.asked.into_inner().remove(0)
}

#[test]
fn a_call_carries_its_headers() {
    let postgres = asked(account("postgres"));
    assert_eq!(postgres.host, "postgres.tencentcloudapi.com");
    for (name, value) in [
        ("x-tc-action", "DescribeDBInstances"),
        ("x-tc-version", "2017-03-12"),
        ("x-tc-timestamp", "1700000000"),
        ("x-tc-region", "ap-guangzhou"),
        ("x-tc-language", "en-US"),
    ] {
        assert_eq!(postgres.headers[name], value);
    }
    assert!(!postgres.headers.contains_key("x-tc-token"));
    let mysql = asked(account("mysql"));
    assert_eq!(mysql.host, "cdb.tencentcloudapi.com");
    assert_eq!(mysql.headers["x-tc-version"], "2017-03-20");
}

#[test]
fn temporary_keys_send_their_token() {
    let mut temporary = account("mysql");
    let token = ("security_token".to_owned(), Secret::new("TOKENEXAMPLE"));
    temporary.credentials.extend([token]);
    assert_eq!(asked(temporary).headers["x-tc-token"], "TOKENEXAMPLE");
}

/// The cloud checks that the scope of the signature names the product in every case.
#[test]
fn hosts_follow_site_region_and_configuration() {
    for (site, host) in [
        ("international", "postgres.intl.tencentcloudapi.com"),
        ("regional", "postgres.ap-guangzhou.tencentcloudapi.com"),
        ("nearest", "postgres.tencentcloudapi.com"),
    ] {
        let account = with_options("postgres", json!({ "site": site }));
        assert_eq!(asked(account).host, host);
    }
    let mut finance = account("mysql");
    finance.region = Some("ap-shanghai-fsi".to_owned());
    assert_eq!(
        asked(finance).host,
        "cdb.ap-shanghai-fsi.tencentcloudapi.com"
    );
    let mut configured = account("mysql");
    let endpoint = ("mysql".to_owned(), "https://127.0.0.1:8443/".to_owned());
    configured.endpoints.extend([endpoint]);
    assert_eq!(asked(configured).host, "127.0.0.1:8443");
}

#[test]
fn the_language_of_errors_is_an_option() {
    let account = with_options("mysql", json!({"language": "zh-CN"}));
    assert_eq!(asked(account).headers["x-tc-language"], "zh-CN");
}

#[test]
fn an_account_that_cannot_work_is_refused_at_once() {
    let without = |name: &str| {
        let mut account = account("mysql");
        account.credentials.remove(name);
        account
    };
    let nowhere = Account {
        region: None,
        ..account("postgres")
    };
    for (account, class, word) in [
        (account("oracle"), ErrorClass::Unsupported, "oracle"),
        (without("access_key"), ErrorClass::AuthFailed, "access_key"),
        (without("secret_key"), ErrorClass::AuthFailed, "secret_key"),
        (nowhere, ErrorClass::Permanent, "region"),
        (
            with_options("mysql", json!({"colour": 1})),
            ErrorClass::Permanent,
            "colour",
        ),
    ] {
        let error = TencentCloud::open(account).unwrap_err();
        assert_eq!(error.class, class);
        assert!(error.message.contains(word), "{error}");
    }
}

#[test]
fn a_session_shows_no_secret() {
    let text = format!("{:?}", open(account("mysql")));
    assert!(!text.contains(KEY) && !text.contains(ID), "{text}");
}

#[test]
fn the_description_is_complete() {
    let description = TencentCloud::describe();
    assert_eq!(description.name, "tencentcloud");
    for (name, kinds) in [
        ("postgres", &[Kind::Full, Kind::Log][..]),
        ("mysql", &[Kind::Full, Kind::Log, Kind::Slowlog]),
    ] {
        let service = description.service(name).unwrap();
        assert_eq!(service.kinds, kinds);
        assert_eq!(service.endpoints, [name]);
        assert!(service.needs_region);
        assert_eq!(service.credentials[0].len(), 3);
        assert!(
            service
                .api_hosts
                .iter()
                .all(|host| host.ends_with(".tencentcloudapi.com"))
        );
        assert!(
            service
                .link_hosts
                .contains(&"*.cos.*.myqcloud.com".to_owned())
        );
        assert!(service.link_lifetime.is_some() && !service.identity.is_empty());
        for option in service.options_schema["properties"]
            .as_object()
            .unwrap()
            .values()
        {
            assert!(option["description"].is_string(), "{option}");
        }
        for limit in &service.rate_limits {
            assert_eq!(limit.scope, RateScope::Call);
        }
    }
    let mysql = description.service("mysql").unwrap();
    let limit = |call: &str| {
        let limits = mysql.rate_limits.iter();
        let mut limits = limits.filter(|limit| limit.call.as_deref() == Some(call));
        limits.next().unwrap().requests
    };
    assert_eq!(
        (limit("DescribeBackups"), limit("DescribeSlowLogs")),
        (10, 20)
    );
    assert_eq!(mysql.permissions.len(), 5);
}

#[test]
fn null_options_are_none() {
    assert_eq!(
        asked(with_options("postgres", Value::Null)).host,
        "postgres.tencentcloudapi.com"
    );
}
