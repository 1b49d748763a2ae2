use super::*;

const NEVER: Option<Seconds> = None;

fn class(status: u16, code: &str, subject: Subject) -> ErrorClass {
    Meaning::of(status, Some(code), "").class(subject, NEVER)
}

/// The vendor's table; whether the HTTP status follows it or is 200 is not documented.
#[test]
fn every_documented_code_has_its_class_whatever_the_status() {
    for (status, code, class_of_backup, class_of_list) in [
        (
            400,
            "ArgMissing",
            ErrorClass::Permanent,
            ErrorClass::Permanent,
        ),
        (
            400,
            "InvalidParameter",
            ErrorClass::Permanent,
            ErrorClass::Permanent,
        ),
        (400, "BadArgs", ErrorClass::Permanent, ErrorClass::Permanent),
        (
            400,
            "UnsupportedOperation",
            ErrorClass::Unsupported,
            ErrorClass::Unsupported,
        ),
        (
            404,
            "ResourceNotFound",
            ErrorClass::Gone,
            ErrorClass::Permanent,
        ),
        (
            409,
            "ResourceInUse",
            ErrorClass::NotReady { after: NEVER },
            ErrorClass::Temporary,
        ),
        (
            500,
            "InternalError",
            ErrorClass::Temporary,
            ErrorClass::Temporary,
        ),
        (
            500,
            "CreateOrderExcept",
            ErrorClass::Permanent,
            ErrorClass::Permanent,
        ),
    ] {
        for status in [status, 200] {
            assert_eq!(
                class(status, code, Subject::Backup),
                class_of_backup,
                "{code}"
            );
            for subject in [Subject::Account, Subject::Instance] {
                assert_eq!(class(status, code, subject), class_of_list, "{code}");
            }
        }
    }
}

#[test]
fn refused_credentials_stop_the_account_whatever_the_code() {
    for code in [
        None,
        Some("InvalidParameter"),
        Some("ResourceNotFound"),
        Some("Whatever"),
    ] {
        assert_eq!(Meaning::of(401, code, ""), Meaning::AuthRefused, "{code:?}");
        assert_eq!(Meaning::of(403, code, ""), Meaning::Forbidden, "{code:?}");
    }
}

#[test]
fn the_codes_of_other_gateways_are_hints() {
    for (status, code, meaning) in [
        (200, "40100001", Meaning::AuthRefused),
        (200, "40100002", Meaning::AuthRefused),
        (500, "500A0002", Meaning::AuthRefused),
        (500, "500A0006", Meaning::Throttled),
        (400, "RequestLimitExceeded", Meaning::Throttled),
        (400, "ResourceBusy", Meaning::Unavailable),
        (400, "SignatureDoesNotMatch", Meaning::AuthRefused),
        (404, "InvalidAccessKeyId.NotFound", Meaning::AuthRefused),
        (400, "SignatureNonceUsed", Meaning::NonceUsed),
        (400, "InvalidTimeStamp.Expired", Meaning::ClockSkewed),
    ] {
        assert_eq!(Meaning::of(status, Some(code), ""), meaning, "{code}");
    }
}

#[test]
fn a_refused_parameter_may_turn_out_to_be_the_signature() {
    for (text, meaning) in [
        ("The Signature does not match.", Meaning::AuthRefused),
        ("签名错误", Meaning::AuthRefused),
        ("the timestamp is too old", Meaning::ClockSkewed),
        ("SignatureNonce was used", Meaning::NonceUsed),
        ("请求过于频繁", Meaning::Throttled),
        ("InstanceUuid is malformed", Meaning::BadParameter),
        ("", Meaning::BadParameter),
    ] {
        assert_eq!(
            Meaning::of(400, Some("InvalidParameter"), text),
            meaning,
            "{text}"
        );
    }
    // What is documented to be something else stays that.
    let missing = Meaning::of(404, Some("ResourceNotFound"), "no such signature");
    assert_eq!(missing, Meaning::Missing);
}

#[test]
fn only_the_vendor_says_that_a_backup_is_gone() {
    assert_eq!(Meaning::of(404, Some("NoSuchBackup"), ""), Meaning::Missing);
    assert_eq!(Meaning::of(404, None, ""), Meaning::NotFound);
    assert_eq!(
        Meaning::NotFound.class(Subject::Backup, NEVER),
        ErrorClass::Permanent
    );
}

#[test]
fn a_status_speaks_where_no_code_does() {
    for (status, meaning) in [
        (200, Meaning::Unknown),
        (302, Meaning::Redirected),
        (400, Meaning::RequestRefused),
        (408, Meaning::Unavailable),
        (409, Meaning::InUse),
        (429, Meaning::Throttled),
        (500, Meaning::ServerFailure),
        (501, Meaning::Unsupported),
        (503, Meaning::Unavailable),
    ] {
        assert_eq!(Meaning::of(status, None, ""), meaning, "{status}");
    }
    assert_eq!(Meaning::of(429, Some("Busy"), ""), Meaning::Throttled);
}
