use backhaul_provider_api::chrono::{TimeZone, Utc};
use backhaul_provider_api::serde_json::json;
use proptest::prelude::*;

use super::*;

const KEY: &str = "AKEXAMPLE0000000000000000000001";

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    HttpResponse {
        status,
        headers,
        body: body.into(),
    }
}

fn error(response: &HttpResponse) -> Error {
    let key = Secret::new(KEY);
    let around = Circumstances {
        now: now(),
        subject: Subject::Instance,
        secrets: &[&key],
    };
    let call = Call {
        name: "DescribeBackups",
        purpose: "list the backups of instance i".into(),
        permission: None,
    };
    answer::read(response)
        .unwrap_err()
        .into_error(&call, response, &around)
}

#[test]
fn an_error_names_purpose_reason_call_code_status_and_request() {
    let body = r#"{"Code":"ResourceInUse","Message":"实例正在执行其他任务","RequestId":"r-1"}"#;
    let error = error(&answer(409, &[], body));
    assert_eq!(
        error.to_string(),
        "cannot list the backups of instance i: another task of the vendor holds it; the vendor \
         says “实例正在执行其他任务” (call DescribeBackups, code ResourceInUse, HTTP 409, request r-1)"
    );
}

#[test]
fn an_error_inside_http_200_is_the_same_error() {
    let body = r#"{"Code":"UnsupportedOperation","Message":"basic edition","Data":null}"#;
    let error = error(&answer(200, &[], body));
    assert_eq!(error.class, ErrorClass::Unsupported);
    assert_eq!(error.http_status, Some(200));
    assert!(error.message.contains("basic edition"), "{error}");
}

#[test]
fn no_key_no_link_and_no_signed_request_is_quoted() {
    for body in [
        json!({"Code": "InvalidParameter", "Message": format!("bad call by {KEY}")}),
        json!({"Code": "InvalidParameter", "Message": "see https://cdsapi/mysql/?Signature=SECRET"}),
        json!({"Code": "SignatureDoesNotMatch", "Message": "string to sign is GET&%2F&SECRET"}),
        json!({"Code": "https://x/?Signature=SECRET", "Message": ""}),
    ] {
        let error = error(&answer(400, &[], &body.to_string()));
        let printed = format!("{error} {error:?}");
        assert!(
            !printed.contains(KEY) && !printed.contains("SECRET"),
            "{printed}"
        );
    }
}

#[test]
fn too_many_requests_carry_the_wait() {
    for (header, after) in [(None, None), (Some("17"), Some(17)), (Some("soon"), None)] {
        let headers: Vec<_> = header
            .map(|value| ("retry-after", value))
            .into_iter()
            .collect();
        let class = error(&answer(429, &headers, r#"{"Code":"Busy"}"#)).class;
        let after = after.map(Seconds);
        assert_eq!(class, ErrorClass::Throttled { after }, "{header:?}");
    }
}

#[test]
fn a_refusal_with_clocks_apart_is_a_clock_skew() {
    for (date, skewed) in [
        ("Mon, 15 Jan 2024 08:34:00 GMT", false),
        ("Mon, 15 Jan 2024 08:36:00 GMT", true),
        ("Mon, 15 Jan 2024 08:24:00 GMT", true),
        ("today", false),
    ] {
        for (status, code) in [
            (401, "Whatever"),
            (400, "InvalidParameter"),
            (200, "Whatever"),
        ] {
            let body = format!(r#"{{"Code":"{code}"}}"#);
            let class = error(&answer(status, &[("date", date)], &body)).class;
            assert_eq!(class == ErrorClass::ClockSkew, skewed, "{date} {code}");
        }
        let body = r#"{"Code":"InternalError"}"#;
        assert_eq!(
            error(&answer(500, &[("date", date)], body)).class,
            ErrorClass::Temporary
        );
    }
}

#[test]
fn a_foreign_answer_is_named_and_never_stops_the_account() {
    for (status, body, class) in [
        (200, "<html>login</html>", ErrorClass::Temporary),
        (200, "", ErrorClass::Temporary),
        (200, r#"{"Code":"Succ"#, ErrorClass::Temporary),
        (200, "{}", ErrorClass::Temporary),
        (502, "<html>", ErrorClass::Temporary),
        (401, "<html>", ErrorClass::Permanent),
        (403, "<html>blocked</html>", ErrorClass::Permanent),
        (404, "<html>", ErrorClass::Permanent),
        (302, "<html>", ErrorClass::Permanent),
        (429, "<html>", ErrorClass::Throttled { after: None }),
    ] {
        let error = error(&answer(status, &[], body));
        assert_eq!(error.class, class, "{status} {body}");
        assert!(error.message.contains("the answer is"), "{error}");
    }
}

proptest! {
    #[test]
    fn any_answer_becomes_one_short_line(status in 100u16..600, body: String, text: String) {
        let wrapped = json!({"Code": "Failed", "Message": text});
        for body in [body, wrapped.to_string()] {
            let response = answer(status, &[], &body);
            if answer::read(&response).is_err() {
                let error = error(&response);
                prop_assert!(!error.message.contains('\n'));
                prop_assert!(error.message.chars().count() < 500);
            }
        }
    }
}
