//! What goes wrong, and how it is told.

use backhaul_provider_api::{
    Account, ErrorClass, InstancesRequest, Kind, Provider, Window, serde_json::json,
};
use backhaul_provider_object_store::ObjectStore;

use crate::store::{AK, SK, Store, account, answer, list_with, open};

fn failing(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> Store {
    let mut store = Store::new(["a/1"]);
    store.instead = Box::new(move |_| Some(answer(status, headers, body)));
    store
}

#[test]
fn refused_credentials_are_not_tried_again() {
    let store = failing(
        403,
        &[],
        "<Error><Code>SignatureDoesNotMatch</Code><Message>x</Message></Error>",
    );
    let mut provider = open(json!({"pattern": "{instance}/{set}"}));
    for _ in 0..3 {
        let error = list_with(&store, &mut provider, "a", &Kind::ALL, Window::default())
            .err()
            .unwrap();
        assert_eq!(error.class, ErrorClass::AuthFailed);
        assert!(!error.to_string().contains(SK) && !error.to_string().contains(AK));
    }
    let error = provider
        .instances(&store, InstancesRequest::default())
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::AuthFailed);
    assert_eq!(store.requests(), 1);
}

#[test]
fn a_missing_permission_is_named() {
    let store = failing(403, &[], "<Error><Code>AccessDenied</Code></Error>");
    for (options, permission) in [
        (json!({"pattern": "{instance}/{set}"}), "s3:ListBucket"),
        (
            json!({"pattern": "{instance}/latest", "versions": true}),
            "s3:ListBucketVersions",
        ),
    ] {
        let error = list_with(
            &store,
            &mut open(options),
            "a",
            &Kind::ALL,
            Window::default(),
        )
        .err()
        .unwrap();
        let permission = Some(permission.to_owned());
        assert_eq!(error.class, ErrorClass::Forbidden { permission });
    }
}

#[test]
fn a_wrong_region_is_answered_by_the_right_one() {
    let store = failing(
        301,
        &[("x-amz-bucket-region", "ap-south-1")],
        "<Error><Code>PermanentRedirect</Code></Error>",
    );
    let mut provider = open(json!({"pattern": "{instance}/{set}"}));
    let error = list_with(&store, &mut provider, "a", &Kind::ALL, Window::default())
        .err()
        .unwrap();
    assert!(
        error.message.contains("`region = \"ap-south-1\"`"),
        "{error}"
    );
}

#[test]
fn a_success_that_is_no_list_is_told_as_such() {
    for (body, said) in [
        ("<html>Welcome</html>", "HTML page"),
        ("", "empty"),
        ("{}", "not XML"),
        ("<ListBucketResult><Contents>", "breaks off"),
        ("<ListAllMyBucketsResult/>", "ListBucketResult"),
    ] {
        let store = failing(200, &[], body);
        let mut provider = open(json!({"pattern": "{instance}/{set}"}));
        let error = list_with(&store, &mut provider, "a", &Kind::ALL, Window::default())
            .err()
            .unwrap();
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(error.message.contains(said), "{error}");
    }
}

#[test]
fn an_account_that_cannot_work_is_refused_before_any_request() {
    let good = || account(json!({"pattern": "{instance}/{set}"}));
    let mut other_service = good();
    other_service.service = "gcs".to_owned();
    let mut keyless = good();
    keyless.credentials.clear();
    let mut bad_region = good();
    bad_region.region = Some("a/b".to_owned());
    let no_pattern = account(json!({}));
    for (account, named) in [
        (other_service, "`s3`"),
        (keyless, "access_key"),
        (bad_region, "region"),
        (no_pattern, "pattern"),
        (
            Account {
                service: "s3".to_owned(),
                ..Account::default()
            },
            "options",
        ),
    ] {
        let error = ObjectStore::open(account).unwrap_err();
        assert!(error.message.contains(named), "{error}");
    }
}

#[test]
fn the_description_is_filled_in() {
    let description = ObjectStore::describe();
    let service = description.service("s3").unwrap();
    assert_eq!(description.name, "object-store");
    assert_eq!(service.kinds, Kind::ALL);
    assert!(!service.api_hosts.is_empty() && !service.permissions.is_empty());
    assert_eq!(service.options_schema["additionalProperties"], false);
}
