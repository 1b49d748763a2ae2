use backhaul_provider_api::{
    Error, ErrorClass, HttpResponse, Kind, ListRequest, Next, Provider, Seconds, Window,
    serde_json::{Value, json},
};

use crate::cloud::*;
use crate::mysql::{INSTANCE, answering, data, with};

fn request() -> ListRequest {
    list_request(INSTANCE, &[Kind::Full], Window::default())
}

fn failure(response: HttpResponse) -> Error {
    let cloud = Cloud::new(|_| response.clone());
    match list_all(&cloud, account("mysql"), request()) {
        Err(error) => error,
        Ok(_) => panic!("it is a failure"),
    }
}

#[test]
fn an_error_with_http_200_names_purpose_call_code_status_and_request() {
    let error = failure(error("UnauthorizedOperation"));
    let permission = Some("cdb:DescribeBackups".to_owned());
    assert_eq!(error.class, ErrorClass::Forbidden { permission });
    assert!(
        error
            .message
            .starts_with("cannot list the data backups of instance cdb-c1nl9rpv: "),
        "{error}"
    );
    assert!(error.message.contains("words of the vendor"), "{error}");
    assert_eq!(error.call.as_deref(), Some("DescribeBackups"));
    assert_eq!(error.code.as_deref(), Some("UnauthorizedOperation"));
    assert_eq!(error.http_status, Some(200));
    assert_eq!(error.request_id.as_deref(), Some(REQUEST_ID));
}

#[test]
fn an_answer_of_another_form_is_told_with_the_request() {
    let content = json!({"TotalCount": "many", "Items": {}, "RequestId": REQUEST_ID});
    let error = failure(HttpResponse {
        status: 200,
        headers: Vec::new(),
        body: json!({ "Response": content }).to_string(),
    });
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("`Items` is not a list"), "{error}");
    assert_eq!(error.request_id.as_deref(), Some(REQUEST_ID));
}

#[test]
fn too_many_requests_are_told_and_not_repeated_here() {
    let cloud = Cloud::new(|_| {
        let mut response = error("RequestLimitExceeded.UinLimitExceeded");
        response.headers.push(("retry-after".into(), "30".into()));
        response
    });
    let error = list_all(&cloud, account("mysql"), request()).err().unwrap();
    let after = Some(Seconds(30));
    assert_eq!(error.class, ErrorClass::Throttled { after });
    assert_eq!(cloud.calls().len(), 1);
}

#[test]
fn answers_that_are_not_the_vendors_are_told_as_such() {
    for (status, body, class, words) in [
        (200, "<html>login</html>", ErrorClass::Temporary, "HTML"),
        (200, "", ErrorClass::Temporary, "empty"),
        (200, "{\"Response\":{", ErrorClass::Temporary, "breaks off"),
        (200, "{\"code\":0}", ErrorClass::Temporary, "`Response`"),
        (403, "<html>", ErrorClass::Permanent, "proxy"),
        (401, "<html>", ErrorClass::Permanent, "proxy"),
        (403, "", ErrorClass::Permanent, "proxy"),
        (502, "<html>", ErrorClass::Temporary, "HTML"),
        (503, "", ErrorClass::Temporary, "unavailable"),
        (302, "", ErrorClass::Permanent, "redirect"),
    ] {
        let error = failure(answer(status, body));
        assert_eq!(error.class, class, "{status} {body}");
        assert!(error.message.contains(words), "{error}");
        assert_eq!(error.http_status, Some(status));
    }
}

#[test]
fn refused_credentials_are_never_shown_again() {
    for code in [
        "AuthFailure.SignatureFailure",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.TokenFailure",
    ] {
        let cloud = Cloud::new(|_| error(code));
        let mut provider = open(account("mysql"));
        for _ in 0..3 {
            let error = provider.list(&cloud, request()).unwrap_err();
            assert_eq!(error.class, ErrorClass::AuthFailed);
            assert!(!error.message.contains("words of the vendor"), "{error}");
        }
        assert_eq!(cloud.calls().len(), 1);
    }
}

#[test]
fn a_clock_that_is_off_is_told_apart() {
    let error = failure(error("AuthFailure.SignatureExpire"));
    assert_eq!(error.class, ErrorClass::ClockSkew);
    for (date, class) in [
        ("Tue, 14 Nov 2023 22:14:00 GMT", ErrorClass::AuthFailed),
        ("Tue, 14 Nov 2023 22:20:00 GMT", ErrorClass::ClockSkew),
        ("Mon, 13 Nov 2023 22:13:20 GMT", ErrorClass::ClockSkew),
    ] {
        let mut response = crate::cloud::error("AuthFailure.SignatureFailure");
        response.headers.push(("date".into(), date.into()));
        assert_eq!(failure(response).class, class, "{date}");
    }
}

#[test]
fn no_secret_link_or_odd_code_gets_into_an_error() {
    let message = format!("key {ID} of {KEY} at https://x/?q-signature=secret refused");
    let response = ok(json!({"Error": {"Code": "InvalidParameter", "Message": message}}));
    let text = failure(response).to_string();
    assert!(
        text.contains("the vendor says “key … of … at … refused”"),
        "{text}"
    );
    let code = "https://x/?q-signature=secret";
    let response = ok(json!({"Error": {"Code": code, "Message": ""}}));
    let error = failure(response);
    assert_eq!(error.code.as_deref(), Some("unreadable"));
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn a_page_that_failed_can_be_asked_for_again() {
    let list: Vec<Value> = (0..250)
        .map(|id| with(data(), json!({ "BackupId": id })))
        .collect();
    let failed = std::cell::Cell::new(false);
    let cloud = Cloud::new(|asked| {
        if asked.offset() > 0 && !failed.replace(true) {
            return error("InternalError.DatabaseAccessError");
        }
        answering(&list, Kind::Full, asked)
    });
    let mut provider = open(account("mysql"));
    let mut request = request();
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
                    Next::More(cursor) => request.cursor = Some(cursor),
                    Next::End(end) => break assert!(end.complete),
                }
            }
        }
    }
    assert_eq!((count, failures), (250, 1));
}

#[test]
fn a_foreign_cursor_is_refused() {
    let cloud = Cloud::saying(500, "");
    let mut request = request();
    request.cursor = Some(backhaul_provider_api::Cursor::new("page 2"));
    let error = open(account("mysql")).list(&cloud, request).unwrap_err();
    assert!(error.message.contains("cursor"), "{error}");
    assert!(cloud.calls().is_empty());
}
