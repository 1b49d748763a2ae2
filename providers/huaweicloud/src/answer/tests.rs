use super::*;

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

#[track_caller]
fn fault(status: u16, body: &str) -> Fault {
    read(&answer(status, body)).unwrap_err()
}

#[test]
fn an_object_without_an_envelope_is_an_answer() {
    let object = read(&answer(
        200,
        "\u{feff} {\"backups\": [], \"total_count\": 0}\n",
    ))
    .unwrap();
    assert_eq!(object["total_count"], 0);
    assert!(read(&answer(201, r#"{"token": {"expires_at": "2019"}}"#)).is_ok());
}

#[test]
fn all_envelopes_are_read() {
    for (status, body, code, text) in [
        (
            409,
            r#"{"error_code":"DBS.200011","error_msg":"busy"}"#,
            Some("DBS.200011"),
            "busy",
        ),
        (
            401,
            r#"{"error_msg":"no","error_code":"APIGW.0301","request_id":"ab"}"#,
            Some("APIGW.0301"),
            "no",
        ),
        (
            500,
            r#"{"errCode":"RDS.0011","externalMessage":"down"}"#,
            Some("RDS.0011"),
            "down",
        ),
        (
            400,
            r#"{"errorCode":"X.1","errorMsg":"bad"}"#,
            Some("X.1"),
            "bad",
        ),
        (
            401,
            r#"{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}"#,
            None,
            "The username or password is wrong.",
        ),
        (
            404,
            r#"{"itemNotFound":{"code":404,"message":"none"}}"#,
            Some("itemNotFound"),
            "none",
        ),
        (
            400,
            r#"{"error":{"error_code":"DBS.200001","error_msg":"p"}}"#,
            Some("DBS.200001"),
            "p",
        ),
        (400, r#"{"code":"C.1","message":null}"#, Some("C.1"), ""),
        (
            403,
            r#"{"error_code":"DBS.200010","error_msg":"no","encoded_authorization_message":"hidden"}"#,
            Some("DBS.200010"),
            "no",
        ),
    ] {
        let fault = fault(status, body);
        assert_eq!(
            (fault.status, fault.code.as_deref(), fault.text.as_str()),
            (status, code, text)
        );
        assert_eq!(fault.foreign, None);
    }
}

#[test]
fn a_fault_inside_http_200_is_a_fault() {
    let plain = fault(
        200,
        r#"{"error_code":"DBS.200011","error_msg":"busy","backups":[]}"#,
    );
    assert_eq!(plain.code.as_deref(), Some("DBS.200011"));
    let nested = fault(200, r#"{"error":{"code":401,"message":"no"}}"#);
    assert_eq!(nested.status, 401);
}

#[test]
fn empty_error_fields_are_no_fault() {
    let body = r#"{"error_code":"","error_msg":"","errorCode":null,"code":200,"files":[]}"#;
    assert!(read(&answer(200, body)).is_ok());
}

#[test]
fn what_is_no_envelope_is_named() {
    for (status, body, foreign) in [
        (200, "", Some("empty")),
        (502, "", None),
        (
            502,
            "<html><h1>Bad Gateway</h1></html>",
            Some("HTML or XML instead of JSON"),
        ),
        (200, "[]", Some("JSON of another shape than an object")),
        (200, "“files”: []", Some("not JSON")),
        (500, r#"{"detail":"?"}"#, None),
    ] {
        assert_eq!(fault(status, body).foreign, foreign, "{body}");
    }
}

#[test]
fn the_request_id_comes_from_the_header_or_the_body_and_is_plain() {
    let mut response = answer(400, r#"{"request_id":"from-body"}"#);
    assert_eq!(request_id(&response).as_deref(), Some("from-body"));
    response
        .headers
        .push(("x-request-id".into(), "from-header".into()));
    assert_eq!(request_id(&response).as_deref(), Some("from-header"));
    assert_eq!(request_id(&answer(400, r#"{"request_id":"a b\n"}"#)), None);
    assert_eq!(request_id(&answer(400, "<html>")), None);
}
