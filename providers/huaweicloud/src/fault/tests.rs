use backhaul_provider_api::chrono::{TimeZone, Utc};
use proptest::prelude::*;

use super::*;

const CALL: Call = Call {
    name: "ListBackups",
    purpose: String::new(),
    permission: Some("rds:backup:list"),
};

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
    let key = Secret::new("AKEXAMPLE00000000001");
    let around = Circumstances {
        now: now(),
        signed: true,
        secrets: &[&key],
    };
    let call = Call {
        purpose: "list the backups of instance i".into(),
        ..CALL
    };
    answer::read(response)
        .unwrap_err()
        .into_error(&call, response, &around)
}

#[test]
fn an_error_names_purpose_reason_call_code_status_and_request() {
    let body = r#"{"error_code":"DBS.200011","error_msg":"Another operation is running.","request_id":"abc"}"#;
    let error = error(&answer(409, &[], body));
    assert_eq!(
        error.to_string(),
        "cannot list the backups of instance i: another operation is running on the instance, or \
         the instance is faulty; the vendor says “Another operation is running.” \
         (call ListBackups, code DBS.200011, HTTP 409, request abc)"
    );
    assert_eq!(error.class, ErrorClass::Temporary);
}

#[test]
fn the_gateways_echo_of_keys_and_requests_is_cut() {
    for tail in [
        "verify aksk signature fail,canonicalRequest:GET|/v3/SECRETPATH|",
        "Get secretKey failed,ak:AKEXAMPLE00000000001,err:ak not exist",
    ] {
        let body = format!(
            r#"{{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: {tail}"}}"#
        );
        let error = error(&answer(401, &[], &body));
        assert_eq!(error.class, ErrorClass::AuthFailed);
        assert!(!error.message.contains("SECRETPATH"), "{error}");
        assert!(!error.message.contains("AKEXAMPLE"), "{error}");
    }
}

#[test]
fn a_quote_ends_where_the_gateway_begins_to_echo() {
    let text = "denied; Encoded_authorization_message: hidden";
    assert_eq!(words(text, &[]), "denied;");
}

#[test]
fn a_denied_permission_is_named_without_its_encoded_message() {
    let body = r#"{"error_code":"DBS.200010","error_msg":"denied","encoded_authorization_message":"XXXX"}"#;
    let error = error(&answer(403, &[], body));
    assert_eq!(
        error.class,
        ErrorClass::Forbidden {
            permission: Some("rds:backup:list".into())
        }
    );
    assert!(!error.to_string().contains("XXXX"));
}

#[test]
fn too_many_requests_carry_the_wait_in_seconds_or_as_a_date() {
    let body =
        r#"{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached."}"#;
    for (header, after) in [
        (None, None),
        (Some("17"), Some(17)),
        (Some("Mon, 15 Jan 2024 08:31:30 GMT"), Some(90)),
        (Some("Mon, 15 Jan 2024 08:00:00 GMT"), Some(0)),
        (Some("soon"), None),
    ] {
        let headers: Vec<_> = header
            .map(|value| ("retry-after", value))
            .into_iter()
            .collect();
        let class = error(&answer(429, &headers, body)).class;
        assert_eq!(
            class,
            ErrorClass::Throttled {
                after: after.map(Seconds)
            },
            "{header:?}"
        );
    }
    assert_eq!(
        error(&answer(429, &[], "<html>")).class,
        ErrorClass::Throttled { after: None }
    );
}

#[test]
fn a_refused_signature_with_clocks_apart_is_a_clock_skew() {
    let body = r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: verify aksk signature fail"}"#;
    for (date, class) in [
        ("Mon, 15 Jan 2024 08:30:10 GMT", ErrorClass::AuthFailed),
        ("Mon, 15 Jan 2024 08:50:00 GMT", ErrorClass::ClockSkew),
        ("Mon, 15 Jan 2024 08:10:00 GMT", ErrorClass::ClockSkew),
        ("today", ErrorClass::AuthFailed),
    ] {
        assert_eq!(
            error(&answer(401, &[("date", date)], body)).class,
            class,
            "{date}"
        );
    }
}

#[test]
fn a_foreign_answer_is_named_and_never_stops_the_account() {
    for (status, body, class) in [
        (200, "<html>login</html>", ErrorClass::Temporary),
        (200, "", ErrorClass::Temporary),
        (200, "“files”: []", ErrorClass::Temporary),
        (502, "<html>", ErrorClass::Temporary),
        (403, "<html>blocked</html>", ErrorClass::Permanent),
        (404, "<html>", ErrorClass::Permanent),
        (407, "<html>", ErrorClass::Permanent),
        (302, "<html>", ErrorClass::Permanent),
    ] {
        let error = error(&answer(status, &[], body));
        assert_eq!(error.class, class, "{status} {body}");
        assert!(error.message.contains("the answer is"), "{error}");
    }
}

#[test]
fn a_hostile_code_is_not_repeated() {
    let body = r#"{"error_code":"https://obs/?Signature=x","error_msg":""}"#;
    assert_eq!(
        error(&answer(400, &[], body)).code.as_deref(),
        Some("unreadable")
    );
}

proptest! {
    #[test]
    fn any_answer_becomes_one_short_line(status in 100u16..600, body: String, text: String) {
        let wrapped = backhaul_provider_api::serde_json::json!({"error_code": "DBS.1", "error_msg": text});
        for body in [body, wrapped.to_string()] {
            let response = answer(status, &[], &body);
            if let Err(fault) = answer::read(&response) {
                let around = Circumstances { now: now(), signed: true, secrets: &[] };
                let error = fault.into_error(&CALL, &response, &around);
                prop_assert!(!error.message.contains('\n'));
                prop_assert!(error.message.chars().count() < 500);
            }
        }
    }
}
