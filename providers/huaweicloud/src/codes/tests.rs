//! Every row of the documented tables.

use super::*;

const CALL_PERMISSION: Option<&str> = Some("rds:backup:list");

fn word(status: u16, code: &str, text: &str) -> &'static str {
    Meaning::of(status, Some(code), text)
        .class(CALL_PERMISSION, None)
        .as_str()
}

#[test]
fn every_code_of_the_service_has_its_class() {
    let table: [(u16, &[&str], &str); 15] = [
        (
            400,
            &["200001", "200004", "200405", "280001", "280204", "290000"],
            "permanent",
        ),
        (400, &["280404"], "permanent"),
        (400, &["290001"], "permanent"),
        (400, &["201203", "280214"], "gone"),
        (400, &["201208"], "not-ready"),
        (400, &["201014", "200086"], "not-ready"),
        (400, &["201207", "200040", "280238"], "unsupported"),
        (400, &["280216"], "permanent"),
        (
            403,
            &["200010", "200044", "201003", "200604", "280015"],
            "forbidden",
        ),
        (403, &["280056"], "auth-failed"),
        (
            404,
            &["200002", "200045", "201028", "290005", "290011"],
            "permanent",
        ),
        (404, &["201010"], "gone"),
        (409, &["200011", "200019", "200047", "201202"], "temporary"),
        (409, &["201205"], "not-ready"),
        (
            500,
            &[
                "108000", "108002", "108005", "200005", "213004", "290006", "290015",
            ],
            "temporary",
        ),
    ];
    for (status, numbers, class) in table {
        for number in numbers {
            let code = format!("DBS.{number}");
            assert_eq!(word(status, &code, ""), class, "{code}");
            assert_ne!(service(number), None, "{code} is in the table");
            // Some editions of the pages list a code under another status; the code decides.
            assert_eq!(word(200, &code, ""), class, "{code} inside HTTP 200");
        }
    }
}

#[test]
fn every_code_of_the_gateway_has_its_class_under_both_prefixes() {
    let table: [(&[u16], &[&str], &str); 11] = [
        (&[404], &["0101"], "permanent"),
        (&[400, 413, 414, 494], &["0201"], "permanent"),
        (&[502, 504], &["0201"], "temporary"),
        (&[401], &["0301"], "auth-failed"),
        (&[403], &["0302", "0306"], "forbidden"),
        (&[401], &["0305"], "auth-failed"),
        (&[401], &["0307"], "auth-failed"),
        (&[429], &["0308"], "throttled"),
        (&[403], &["0310", "0802"], "forbidden"),
        (&[500], &["0601", "0613"], "temporary"),
        (&[503], &["0601", "0613"], "temporary"),
    ];
    for (statuses, numbers, class) in table {
        for (status, number) in statuses
            .iter()
            .flat_map(|s| numbers.iter().map(move |n| (s, n)))
        {
            for prefix in ["APIGW", "APIG"] {
                let code = format!("{prefix}.{number}");
                assert_eq!(word(*status, &code, ""), class, "{status} {code}");
            }
        }
    }
}

#[test]
fn the_shared_code_0301_is_told_apart_by_its_text() {
    const HEAD: &str = "Incorrect IAM authentication information: ";
    for (tail, meaning) in [
        ("verify aksk signature fail", Meaning::SignatureRefused),
        (
            "verify aksk signature fail,canonicalRequest:GET|/v3/|x-sdk-date:20240115T083000Z|x-security-token:t",
            Meaning::SignatureRefused,
        ),
        (
            "AK access failed to reach the limit,forbidden.",
            Meaning::LockedOut,
        ),
        ("decrypt token fail", Meaning::TokenInvalid),
        (
            "Get secretKey failed,ak:AKEXAMPLE00000000001,err:ak not exist",
            Meaning::KeyUnknown,
        ),
        ("x-auth-token not found", Meaning::TokenInvalid),
        (
            "token expires, expires_at: 2019-02-13T06:52:13.855000Z",
            Meaning::TokenInvalid,
        ),
        (
            "verify aksk signature fail, signature expired, signature time:20240115T080000Z,server time:20240115T083000Z",
            Meaning::ClockSkewed,
        ),
        ("x-sdk-date is stale", Meaning::ClockSkewed),
        ("something new", Meaning::AuthRefused),
    ] {
        let text = format!("{HEAD}{tail}");
        assert_eq!(
            Meaning::of(401, Some("APIGW.0301"), &text),
            meaning,
            "{tail}"
        );
    }
    let twin = "Incorrect app authentication information: signature expired";
    assert_eq!(
        Meaning::of(401, Some("APIGW.0303"), twin),
        Meaning::ClockSkewed
    );
    let text = "The token must be updated.";
    assert_eq!(
        Meaning::of(401, Some("APIGW.0307"), text),
        Meaning::TokenInvalid
    );
}

#[test]
fn without_a_known_code_the_status_decides() {
    for (status, class) in [
        (200, "permanent"),
        (302, "permanent"),
        (400, "permanent"),
        (401, "auth-failed"),
        (403, "forbidden"),
        (404, "permanent"),
        (408, "temporary"),
        (409, "temporary"),
        (413, "permanent"),
        (429, "throttled"),
        (500, "temporary"),
        (501, "unsupported"),
        (502, "temporary"),
        (503, "temporary"),
        (504, "temporary"),
    ] {
        assert_eq!(
            word(status, "RDS.0011", ""),
            class,
            "HTTP {status} with a v1 code"
        );
        let without = Meaning::of(status, None, "").class(None, None);
        assert_eq!(without.as_str(), class, "HTTP {status} without a code");
    }
}

#[test]
fn a_missing_permission_is_named() {
    let class = Meaning::of(403, Some("DBS.200010"), "").class(CALL_PERMISSION, None);
    assert_eq!(
        class,
        ErrorClass::Forbidden {
            permission: Some("rds:backup:list".into())
        }
    );
}
