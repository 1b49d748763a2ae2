use backhaul_provider_api::{Error, ErrorClass, Kind, Provider, Seconds, Window};

use crate::cloud::*;

fn failure(status: u16, body: &str) -> Error {
    match list_all(
        &Cloud::saying(status, body),
        &[Kind::Full],
        Window::default(),
    ) {
        Err(error) => error,
        Ok(_) => panic!("{status} {body} is a failure"),
    }
}

#[test]
fn too_many_requests_say_how_long_to_wait() {
    let cloud = Cloud::new(|_| {
        let mut response = answer(
            429,
            r#"{"error_code":"APIGW.0308","error_msg":"throttled","request_id":"r1"}"#,
        );
        response.headers.push(("retry-after".into(), "30".into()));
        response
    });
    let error = list_all(&cloud, &[Kind::Full], Window::default())
        .err()
        .unwrap();
    assert_eq!(
        error.class,
        ErrorClass::Throttled {
            after: Some(Seconds(30))
        }
    );
    assert_eq!(error.request_id.as_deref(), Some("r1"));
    assert_eq!(error.call.as_deref(), Some("ListBackups"));
    assert_eq!(cloud.calls().len(), 1, "waiting is the daemon's business");
}

#[test]
fn an_answer_of_another_form_is_told_with_the_request() {
    let cloud = Cloud::new(|_| {
        let mut response = answer(200, r#"{"total_count":"many","backups":{}}"#);
        response.headers.push(("x-request-id".into(), "r7".into()));
        response
    });
    let error = list_all(&cloud, &[Kind::Full], Window::default())
        .err()
        .unwrap();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("`backups` is not a list"), "{error}");
    assert_eq!(error.request_id.as_deref(), Some("r7"));
}

#[test]
fn a_page_that_failed_can_be_asked_for_again() {
    let list: Vec<_> = (0..150)
        .map(|n| record(&format!("{n:032x}br01"), "auto", "2024-01-01T00:00:00+0800"))
        .collect();
    let failed = std::cell::Cell::new(false);
    let cloud = Cloud::new(|asked| {
        if asked.offset() > 0 && !failed.replace(true) {
            return answer(500, r#"{"error_code":"DBS.200005","error_msg":"down"}"#);
        }
        page(
            "backups",
            if asked.query["backup_type"] == "auto" {
                &list
            } else {
                &[]
            },
            asked,
        )
    });
    let mut provider = open(keys());
    let mut request = backhaul_provider_api::ListRequest {
        instance: instance(),
        kinds: vec![Kind::Full],
        window: Window::default(),
        cursor: None,
    };
    let (mut count, mut failures) = (0, 0);
    loop {
        match provider.list(&cloud, request.clone()) {
            Err(error) => {
                assert_eq!(error.class, ErrorClass::Temporary);
                failures += 1;
            }
            Ok(page) => {
                count += page.backups.len();
                match page.next {
                    backhaul_provider_api::Next::More(cursor) => request.cursor = Some(cursor),
                    backhaul_provider_api::Next::End(end) => break assert!(end.complete),
                }
            }
        }
    }
    assert_eq!((count, failures), (150, 1));
}

#[test]
fn an_error_inside_http_200_is_an_error() {
    let error = failure(200, r#"{"error_code":"DBS.200010","error_msg":"denied"}"#);
    assert_eq!(
        error.class,
        ErrorClass::Forbidden {
            permission: Some("rds:backup:list".into())
        }
    );
}

#[test]
fn a_stale_date_is_a_clock_skew_and_does_not_end_the_session() {
    let cloud = Cloud::new(|_| {
        let mut response = answer(
            401,
            r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: verify aksk signature fail"}"#,
        );
        response
            .headers
            .push(("date".into(), "Mon, 15 Jan 2024 09:30:00 GMT".into()));
        response
    });
    let mut provider = open(keys());
    for calls in 1..=2 {
        let error = all_instances(&cloud, &mut provider, &[]).unwrap_err();
        assert_eq!(error.class, ErrorClass::ClockSkew);
        assert_eq!(cloud.calls().len(), calls);
    }
}

#[test]
fn a_locked_key_says_how_long_to_wait() {
    let error = failure(
        401,
        r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: AK access failed to reach the limit,forbidden."}"#,
    );
    assert_eq!(error.class, ErrorClass::AuthFailed);
    assert!(error.message.contains("five minutes"), "{error}");
}

#[test]
fn an_answer_of_a_proxy_is_told_as_such() {
    let error = failure(200, "<html>Please log in</html>");
    assert_eq!(error.class, ErrorClass::Temporary);
    assert!(error.message.contains("proxy"), "{error}");
}

#[test]
fn a_list_of_another_shape_is_named() {
    for body in ["{}", r#"{"backups": "none"}"#] {
        let error = failure(200, body);
        assert!(error.message.contains("`backups`"), "{error}");
    }
}
