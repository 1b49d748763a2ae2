use std::cell::Cell;

use backhaul_provider_api::chrono::Duration;
use backhaul_provider_api::serde_json::{self, Value, json};
use backhaul_provider_api::{Account, ErrorClass, Provider};
use backhaul_provider_huaweicloud::HuaweiCloud;

use crate::cloud::*;

fn no_instances() -> backhaul_provider_api::HttpResponse {
    ok(json!({"instances": [], "total_count": 0}))
}

fn token(text: &str, expires_at: &str) -> backhaul_provider_api::HttpResponse {
    let body = json!({"token": {"expires_at": expires_at, "project": {"id": PROJECT}}});
    let mut response = answer(201, &body.to_string());
    response
        .headers
        .push(("x-subject-token".into(), text.into()));
    response
}

#[test]
fn access_keys_sign_and_the_project_is_looked_up_once() {
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneListProjects" => ok(json!({"projects": [
            {"id": PROJECT, "name": "cn-north-4", "enabled": true},
            {"id": "other", "name": "cn-north-4_orders", "enabled": true},
            {"id": "old", "name": "cn-north-4", "enabled": false},
        ], "links": {"next": null}})),
        _ => no_instances(),
    });
    let mut provider = open(Account {
        options: json!({}),
        ..keys()
    });
    all_instances(&cloud, &mut provider, &[]).unwrap();
    all_instances(&cloud, &mut provider, &[]).unwrap();
    assert_eq!(
        cloud.calls(),
        ["KeystoneListProjects", "ListInstances", "ListInstances"]
    );
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].host, "iam.cn-north-4.myhuaweicloud.com");
    assert_eq!(asked[0].path, "/v3/projects");
    assert_eq!(asked[0].query["name"], "cn-north-4");
    assert!(!asked[0].headers.contains_key("x-project-id"));
    assert_eq!(asked[1].host, "rds.cn-north-4.myhuaweicloud.com");
    assert_eq!(asked[1].path, format!("/v3/{PROJECT}/instances"));
    assert_eq!(asked[1].headers["x-project-id"], PROJECT);
    assert_eq!(asked[1].headers["x-language"], "en-us");
    assert_eq!(asked[1].headers["content-type"], "application/json");
}

#[test]
fn no_project_and_several_projects_are_clear_errors() {
    for (projects, words) in [
        (json!([]), ["cn-north-4", "project_id"]),
        (
            json!([{"id": "a", "name": "cn-north-4"}, {"id": "b", "name": "cn-north-4"}]),
            ["2 projects", "project_id"],
        ),
        (
            json!([{"id": "a/b", "name": "cn-north-4"}]),
            ["`id`", "cn-north-4"],
        ),
        (json!({}), ["`projects`", "cn-north-4"]),
    ] {
        let cloud = Cloud::saying(200, json!({ "projects": projects }).to_string());
        let mut provider = open(Account {
            options: Value::Null,
            ..keys()
        });
        let error = all_instances(&cloud, &mut provider, &[]).unwrap_err();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert_eq!(error.call.as_deref(), Some("KeystoneListProjects"));
        for word in words {
            assert!(error.message.contains(word), "{error} names {word}");
        }
    }
}

#[test]
fn a_security_token_is_sent_and_signed() {
    let cloud = Cloud::new(|_| no_instances());
    let mut account = keys();
    account.credentials.insert(
        "security_token".into(),
        "ExampleSecurityToken==".to_owned().into(),
    );
    all_instances(&cloud, &mut open(account), &[]).unwrap();
    assert_eq!(
        cloud.asked.borrow()[0].headers["x-security-token"],
        "ExampleSecurityToken=="
    );
}

#[test]
fn the_derived_signature_is_scoped_to_day_region_and_service() {
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneListProjects" => ok(json!({"projects": [{"id": PROJECT, "name": "cn-north-4"}]})),
        _ => no_instances(),
    });
    let account = Account {
        options: json!({"signing": "derived"}),
        ..keys()
    };
    all_instances(&cloud, &mut open(account), &[]).unwrap();
    for asked in cloud.asked.borrow().iter() {
        assert!(asked.headers["authorization"].starts_with("V11-HMAC-SHA256 "));
    }
}

#[test]
fn the_language_and_the_endpoints_can_be_configured() {
    let cloud = Cloud::new(|_| no_instances());
    let mut account = keys();
    account.options["language"] = json!("zh-cn");
    account
        .endpoints
        .insert("rds".into(), "https://rds.eu-de.otc.t-systems.com".into());
    all_instances(&cloud, &mut open(account), &[]).unwrap();
    let asked = cloud.asked.borrow();
    assert_eq!(asked[0].headers["x-language"], "zh-cn");
    assert_eq!(asked[0].host, "rds.eu-de.otc.t-systems.com");
}

#[test]
fn a_user_gets_a_token_whose_project_is_used() {
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneCreateUserTokenByPassword" => token(TOKEN, "2024-01-16T08:30:00.000000Z"),
        _ => no_instances(),
    });
    let mut provider = open(user());
    all_instances(&cloud, &mut provider, &[]).unwrap();
    all_instances(&cloud, &mut provider, &[]).unwrap();
    assert_eq!(
        cloud.calls(),
        [
            "KeystoneCreateUserTokenByPassword",
            "ListInstances",
            "ListInstances"
        ]
    );
    let asked = cloud.asked.borrow();
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path.as_str()),
        ("POST", "/v3/auth/tokens")
    );
    assert_eq!(
        asked[0].headers["content-type"],
        "application/json;charset=utf8"
    );
    let body: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(body["auth"]["identity"]["methods"], json!(["password"]));
    assert_eq!(
        body["auth"]["identity"]["password"]["user"],
        json!({"name": "example-user", "password": "example-password", "domain": {"name": "acme"}})
    );
    assert_eq!(
        body["auth"]["scope"],
        json!({"project": {"name": "cn-north-4"}})
    );
    assert_eq!(asked[1].headers["x-auth-token"], TOKEN);
    assert_eq!(asked[1].path, format!("/v3/{PROJECT}/instances"));
    assert!(!asked[1].headers.contains_key("x-sdk-date"));
}

#[test]
fn a_configured_project_scopes_the_token() {
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneCreateUserTokenByPassword" => token(TOKEN, "2024-01-16T08:30:00Z"),
        _ => no_instances(),
    });
    let account = Account {
        options: json!({"project_id": "sub"}),
        ..user()
    };
    all_instances(&cloud, &mut open(account), &[]).unwrap();
    let asked = cloud.asked.borrow();
    let body: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(body["auth"]["scope"], json!({"project": {"id": "sub"}}));
    assert_eq!(asked[1].path, "/v3/sub/instances");
}

#[test]
fn a_token_is_renewed_shortly_before_its_end() {
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneCreateUserTokenByPassword" => token(TOKEN, "2024-01-15T10:30:00Z"),
        _ => no_instances(),
    });
    let mut provider = open(user());
    let tokens = || {
        cloud
            .calls()
            .iter()
            .filter(|call| call.contains("Token"))
            .count()
    };
    for (minutes, fetched) in [(0, 1), (100, 1), (15, 2)] {
        cloud.pass(Duration::minutes(minutes));
        all_instances(&cloud, &mut provider, &[]).unwrap();
        assert_eq!(tokens(), fetched, "after {minutes} more minutes");
    }
}

#[test]
fn a_token_that_died_early_is_replaced_once() {
    for (status, body) in [
        (
            401,
            r#"{"error_code":"APIGW.0307","error_msg":"The token must be updated."}"#,
        ),
        (
            401,
            r#"{"error_code":"APIG.0301","error_msg":"Incorrect IAM authentication information: token expires, expires_at: x"}"#,
        ),
        (
            401,
            r#"{"error":{"code":401,"message":"The token is not valid"}}"#,
        ),
        (
            403,
            r#"{"error_code":"DBS.280056","error_msg":"Invalid token."}"#,
        ),
    ] {
        let bought = Cell::new(0);
        let cloud = Cloud::new(|asked| match asked.call.as_str() {
            "KeystoneCreateUserTokenByPassword" => {
                bought.set(bought.get() + 1);
                token(&format!("token-{}", bought.get()), "2024-01-16T08:30:00Z")
            }
            _ if asked.headers["x-auth-token"] == "token-1" && bought.get() == 1 => {
                answer(status, body)
            }
            _ => no_instances(),
        });
        let mut provider = open(user());
        all_instances(&cloud, &mut provider, &[]).unwrap();
        assert_eq!(bought.get(), 2, "{body}");
    }
}

#[test]
fn a_token_that_is_never_accepted_ends_the_session() {
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneCreateUserTokenByPassword" => token(TOKEN, "2024-01-16T08:30:00Z"),
        _ => answer(
            401,
            r#"{"error_code":"APIGW.0307","error_msg":"The token must be updated."}"#,
        ),
    });
    let mut provider = open(user());
    let error = all_instances(&cloud, &mut provider, &[]).unwrap_err();
    assert_eq!(error.class, ErrorClass::AuthFailed);
    assert!(cloud.calls().len() <= 4, "{:?}", cloud.calls());
}

#[test]
fn refused_credentials_are_never_tried_again() {
    let cloud = Cloud::saying(
        401,
        r#"{"error_msg":"Incorrect IAM authentication information: verify aksk signature fail","error_code":"APIGW.0301"}"#,
    );
    let mut provider = open(keys());
    for _ in 0..3 {
        let error = all_instances(&cloud, &mut provider, &[]).unwrap_err();
        assert_eq!(error.class, ErrorClass::AuthFailed);
        assert_eq!(error.code.as_deref(), Some("APIGW.0301"));
    }
    assert_eq!(cloud.calls().len(), 1, "five failures would lock the key");
}

#[test]
fn a_wrong_password_is_never_tried_again_and_never_told() {
    let cloud = Cloud::saying(
        401,
        r#"{"error":{"code":401,"message":"The username or password is wrong: example-password","title":"Unauthorized"}}"#,
    );
    let mut provider = open(user());
    for _ in 0..3 {
        let error = all_instances(&cloud, &mut provider, &[]).unwrap_err();
        assert_eq!(error.class, ErrorClass::AuthFailed);
        assert!(!error.to_string().contains("example-password"), "{error}");
    }
    assert_eq!(cloud.calls().len(), 1);
}

#[test]
fn an_answer_without_a_token_is_named() {
    let cloud = Cloud::saying(201, r#"{"token":{}}"#);
    let error = all_instances(&cloud, &mut open(user()), &[]).unwrap_err();
    assert!(error.message.contains("X-Subject-Token"), "{error}");
}

#[test]
fn a_session_is_refused_when_its_settings_make_no_sense() {
    let no_region = Account {
        region: None,
        ..keys()
    };
    let other_service = Account {
        service: "dds".into(),
        ..keys()
    };
    let signing_user = Account {
        options: json!({"signing": "sdk"}),
        ..user()
    };
    let unknown_option = Account {
        options: json!({"projectid": "x"}),
        ..keys()
    };
    for (account, word) in [
        (no_region, "region"),
        (other_service, "dds"),
        (signing_user, "signing"),
        (unknown_option, "projectid"),
        (account(&[]), "access_key"),
    ] {
        let error = HuaweiCloud::open(account).unwrap_err();
        assert!(error.message.contains(word), "{error}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let mut provider = open(user());
    let cloud = Cloud::new(|asked| match asked.call.as_str() {
        "KeystoneCreateUserTokenByPassword" => token(TOKEN, "2024-01-16T08:30:00Z"),
        _ => no_instances(),
    });
    all_instances(&cloud, &mut provider, &[]).unwrap();
    for provider in [provider, open(keys())] {
        let debug = format!("{provider:?}");
        for secret in [AK, SK, TOKEN, "example-password"] {
            assert!(!debug.contains(secret));
        }
    }
}
