use backhaul_provider_api::chrono::{TimeZone, Utc};

use super::*;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

fn told(response: &HttpResponse) -> Error {
    let call = Call {
        name: "ListObjectsV2",
        purpose: "list the backups of instance orders".to_owned(),
        permission: Some("s3:ListBucket"),
    };
    let key = Secret::new("AKIAIOSFODNN7EXAMPLE");
    error(
        &call,
        response,
        &Circumstances {
            now: Utc.with_ymd_and_hms(2024, 1, 15, 8, 30, 0).unwrap(),
            region: "us-east-1",
            secrets: &[&key],
        },
    )
}

fn body(code: &str, further: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>Access Denied</Message>{further}<RequestId>656c76696e6727</RequestId><HostId>x</HostId></Error>"
    )
}

#[test]
fn an_error_names_purpose_call_code_status_and_request() {
    let error = told(&answer(403, &[], &body("AccessDenied", "")));
    assert_eq!(
        error.to_string(),
        "cannot list the backups of instance orders: the credentials are not allowed to; grant the permission \
         on the bucket and on its objects; the store says “Access Denied” (missing permission s3:ListBucket, \
         call ListObjectsV2, code AccessDenied, HTTP 403, request 656c76696e6727)"
    );
}

#[test]
fn the_right_region_is_told_wherever_the_store_names_it() {
    let in_body = "<Region>eu-central-1</Region>";
    for response in [
        answer(400, &[], &body("AuthorizationHeaderMalformed", in_body)),
        answer(
            301,
            &[("x-amz-bucket-region", "eu-central-1")],
            &body(
                "PermanentRedirect",
                "<Endpoint>acme.s3.eu-central-1.amazonaws.com</Endpoint>",
            ),
        ),
        answer(400, &[("x-amz-bucket-region", "eu-central-1")], ""),
        answer(307, &[("x-amz-bucket-region", "eu-central-1")], ""),
    ] {
        let error = told(&response);
        assert_eq!(error.class, ErrorClass::Permanent);
        assert!(
            error.message.contains("set `region = \"eu-central-1\"`"),
            "{error}"
        );
    }
    let hostile = told(&answer(400, &[("x-amz-bucket-region", "https://x/?y")], ""));
    assert!(!hostile.message.contains("https://x"), "{hostile}");
}

#[test]
fn a_store_s_page_is_told_from_a_stranger_s() {
    for (status, page, class, said) in [
        (
            403,
            "<html><body>Forbidden</body></html>",
            ErrorClass::Permanent,
            "HTML page",
        ),
        (
            502,
            "<!DOCTYPE html><p>Bad gateway",
            ErrorClass::Temporary,
            "HTML page",
        ),
        (403, "{\"code\": 1}", ErrorClass::Permanent, "not XML"),
        (500, "<Other/>", ErrorClass::Temporary, "another kind"),
    ] {
        let error = told(&answer(status, &[], page));
        assert_eq!(error.class, class, "{page}");
        assert!(error.message.contains(said), "{error}");
    }
    let wrapped = told(&answer(
        404,
        &[],
        "<ErrorResponse><Error><Code>NoSuchBucket</Code></Error></ErrorResponse>",
    ));
    assert_eq!(wrapped.code.as_deref(), Some("NoSuchBucket"));
}

#[test]
fn an_answer_to_head_is_told_by_status_and_clock() {
    assert_eq!(told(&answer(404, &[], "")).class, ErrorClass::Permanent);
    let late = [("date", "Mon, 15 Jan 2024 09:30:00 GMT")];
    assert_eq!(told(&answer(403, &late, "")).class, ErrorClass::ClockSkew);
    let on_time = [("date", "Mon, 15 Jan 2024 08:31:00 GMT")];
    assert_eq!(told(&answer(403, &on_time, "")).class.as_str(), "forbidden");
}

#[test]
fn throttling_hands_the_wait_on() {
    let error = told(&answer(
        503,
        &[("retry-after", "17")],
        &body("SlowDown", ""),
    ));
    let after = Some(backhaul_provider_api::Seconds(17));
    assert_eq!(error.class, ErrorClass::Throttled { after });
}

#[test]
fn what_echoes_keys_or_links_is_not_repeated() {
    let echo = "<Error><Code>SignatureDoesNotMatch</Code><Message>key AKIAIOSFODNN7EXAMPLE https://x/?X-Amz-Signature=1</Message></Error>";
    let error = told(&answer(403, &[], echo)).to_string();
    assert!(
        !error.contains("AKIA") && !error.contains("X-Amz"),
        "{error}"
    );
    let other = echo.replace("SignatureDoesNotMatch", "InvalidArgument");
    let error = told(&answer(400, &[], &other)).to_string();
    assert!(
        !error.contains("AKIA") && !error.contains("X-Amz"),
        "{error}"
    );
    let code = told(&answer(
        400,
        &[],
        "<Error><Code>https://x/?y</Code></Error>",
    ));
    assert_eq!(code.code.as_deref(), Some("unreadable"));
}
