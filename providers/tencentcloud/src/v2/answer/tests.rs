use backhaul_provider_api::Seconds;
use backhaul_provider_api::chrono::DateTime;
use proptest::prelude::*;

use super::*;

const SECRET: &str = "SecretKeyExample000000000000001";

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

fn error(status: u16, body: &str) -> Error {
    let response = response(status, body);
    let call = Call {
        name: "GetCdbExportLogUrl",
        purpose: "list the backups of instance cdb-c1nl9rpv".to_owned(),
        permission: Some("GetCdbExportLogUrl"),
    };
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    read(&response)
        .unwrap_err()
        .into_error(&call, &response, now, &[&Secret::new(SECRET)])
}

/// The sample of the page on errors, the tables of the calls, and what lies between.
#[test]
fn a_code_is_found_in_both_places_and_in_both_types() {
    for (body, code, class) in [
        (
            r#"{"code":"5100","message":"(100004)projectId is wrong"}"#,
            "5100",
            ErrorClass::Temporary,
        ),
        (
            r#"{"code":5100,"message":"(9003)InvalidParameter"}"#,
            "9003",
            ErrorClass::Permanent,
        ),
        (
            r#"{"code":"9003","message":"InvalidParameter","codeDesc":"InvalidParameter"}"#,
            "9003",
            ErrorClass::Permanent,
        ),
        (
            r#"{"code":9593,"message":" (9593) IncorrectInstanceStatus"}"#,
            "9593",
            ErrorClass::NotReady { after: None },
        ),
        (
            r#"{"code":"4104","message":""}"#,
            "4104",
            ErrorClass::AuthFailed,
        ),
        (
            r#"{"code":7777,"message":"(abc) what"}"#,
            "7777",
            ErrorClass::Permanent,
        ),
    ] {
        let error = error(200, body);
        assert_eq!(error.code.as_deref(), Some(code), "{body}");
        assert_eq!(error.class, class, "{body}");
        assert_eq!(error.http_status, Some(200));
        assert_eq!(error.call.as_deref(), Some("GetCdbExportLogUrl"));
        assert!(
            error
                .message
                .starts_with("cannot list the backups of instance cdb-c1nl9rpv: ")
        );
    }
}

#[test]
fn success_is_zero_in_either_type() {
    for code in ["0", "\"0\"", "\" 0 \""] {
        let body = format!(r#"{{"code":{code},"message":"","codeDesc":"Success","data":[]}}"#);
        assert!(read(&response(200, &body)).is_ok(), "{code}");
    }
}

#[test]
fn the_vendors_words_are_quoted_without_secrets() {
    let body = format!(r#"{{"code":5100,"message":"(1)no {SECRET} at http://x/?sign=y"}}"#);
    let said = error(200, &body).to_string();
    assert!(said.contains("“(1)no … at …”"), "{said}");
    for code in [4100, 4104, 4105, 4500] {
        let body = format!(r#"{{"code":{code},"message":"you signed POSTcdb?SecretId=x"}}"#);
        assert!(!error(200, &body).to_string().contains("POSTcdb"));
    }
    let described = error(200, r#"{"code":6000,"codeDesc":"InternalError"}"#);
    assert!(described.message.ends_with("“InternalError”"));
}

#[test]
fn what_is_no_answer_of_the_vendor_is_told_as_what_it_is() {
    for (status, body, words, class) in [
        (200, "", "empty", ErrorClass::Temporary),
        (200, "<html>", "HTML", ErrorClass::Temporary),
        (200, "{\"code\":", "breaks off", ErrorClass::Temporary),
        (200, "{}", "`code`", ErrorClass::Temporary),
        (200, r#"{"code":null}"#, "`code`", ErrorClass::Temporary),
        (200, "[]", "another shape", ErrorClass::Temporary),
        (502, "<html>", "HTML", ErrorClass::Temporary),
        (403, "<html>", "HTML", ErrorClass::Permanent),
        (503, "", "unavailable", ErrorClass::Temporary),
        (404, "", "switched off", ErrorClass::Permanent),
        (302, "", "redirect", ErrorClass::Permanent),
        (
            500,
            r#"{"code":0}"#,
            "service failed",
            ErrorClass::Temporary,
        ),
    ] {
        let error = error(status, body);
        assert!(error.message.contains(words), "{status} {body}: {error}");
        assert_eq!(error.class, class, "{status} {body}");
        assert_eq!(error.http_status, Some(status));
    }
}

#[test]
fn a_throttled_answer_tells_how_long_to_wait() {
    let mut response = response(429, "");
    response.headers.push(("retry-after".into(), "7".into()));
    let call = Call {
        name: "x",
        purpose: "x".to_owned(),
        permission: None,
    };
    let now = DateTime::from_timestamp(0, 0).unwrap();
    let error = read(&response)
        .unwrap_err()
        .into_error(&call, &response, now, &[]);
    let after = Some(Seconds(7));
    assert_eq!(error.class, ErrorClass::Throttled { after });
}

proptest! {
    #[test]
    fn no_body_makes_it_fail(status in 200u16..600, body: String, message: String, code: i64) {
        let _ = read(&response(status, &body));
        let envelope = serde_json::json!({"code": code, "message": message}).to_string();
        prop_assert_eq!(read(&response(200, &envelope)).is_ok(), code == 0);
    }
}
