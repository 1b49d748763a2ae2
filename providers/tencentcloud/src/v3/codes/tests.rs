use super::*;

/// Every code of the vendor's pages, by the word of its class.
const DOCUMENTED: &[(&str, &[&str])] = &[
    (
        "throttled",
        &[
            "RequestLimitExceeded",
            "RequestLimitExceeded.UinLimitExceeded",
            "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
            "RequestLimitExceeded.IPLimitExceeded",
            "FailedOperation.OperateFrequencyLimitedError",
        ],
    ),
    (
        "temporary",
        &[
            "InternalError",
            "InternalError.InstanceDataError",
            "InternalError.DatabaseAccessError",
            "InternalError.DesError",
            "InternalError.CosError",
            "InternalError.UnknownError",
            "CdbError",
            "ServiceUnavailable",
            "ResourceUnavailable",
            "FailedOperation",
            "FailedOperation.DatabaseAccessError",
            "FailedOperation.FailedOperationError",
            "FailedOperation.PresignedURLGetError",
        ],
    ),
    (
        "not-ready",
        &[
            "ResourceInUse",
            "ResourceInsufficient",
            "LimitExceeded",
            "OperationDenied.InstanceStatusLimitError",
            "OperationDenied.WrongStatus",
        ],
    ),
    ("clock-skew", &["AuthFailure.SignatureExpire"]),
    (
        "auth-failed",
        &[
            "AuthFailure.SignatureFailure",
            "AuthFailure.SecretIdNotFound",
            "AuthFailure.InvalidSecretId",
            "AuthFailure.InvalidAuthorization",
            "AuthFailure.TokenFailure",
        ],
    ),
    (
        "forbidden",
        &[
            "AuthFailure.MFAFailure",
            "AuthFailure.UnauthorizedOperation",
            "AuthFailure.SubAccountDenied",
            "UnauthorizedOperation",
            "OperationDenied.CamDeniedError",
            "IpInBlacklist",
            "IpNotInWhitelist",
        ],
    ),
    (
        "unsupported",
        &["UnsupportedOperation", "OperationDenied.NotSupportBasic"],
    ),
    ("gone", &["InternalError.DBRecordNotExistError"]),
    (
        "permanent",
        &[
            "InvalidAction",
            "ActionOffline",
            "NoSuchProduct",
            "NoSuchVersion",
            "UnsupportedRegion",
            "UnsupportedProtocol",
            "InvalidParameter",
            "InvalidParameter.InstanceNotFound",
            "InvalidParameterValue.InvalidParameterValueError",
            "InvalidParameterValue.ParameterValueExceedError",
            "MissingParameter",
            "UnknownParameter",
            "InvalidRequest",
            "RequestSizeLimitExceeded",
            "ResponseSizeLimitExceeded",
            "ResourceNotFound",
            "ResourceNotFound.InstanceNotFoundError",
            "ResourceNotFound.CdbInstanceNotFoundError",
            "OperationDenied.ResultOverLimit",
            "DryRunOperation",
        ],
    ),
];

fn class(status: u16, code: Option<&str>) -> ErrorClass {
    Meaning::of(status, code).class(Some("cdb:DescribeBackups"), Some(Seconds(3)))
}

#[test]
fn every_documented_code_has_its_class() {
    for (word, codes) in DOCUMENTED {
        for code in *codes {
            assert_eq!(class(200, Some(code)).as_str(), *word, "{code}");
            assert_ne!(Meaning::of(200, Some(code)), Meaning::Unknown, "{code}");
        }
    }
}

#[test]
fn a_code_of_the_future_is_told_by_its_family() {
    assert_eq!(
        Meaning::of(200, Some("RequestLimitExceeded.Other")),
        Meaning::Throttled
    );
    assert_eq!(
        Meaning::of(200, Some("AuthFailure.Other")),
        Meaning::AuthRefused
    );
    assert_eq!(Meaning::of(200, Some("Other")), Meaning::Unknown);
    assert_eq!(class(200, None), ErrorClass::Permanent);
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, word) in [
        (302, "permanent"),
        (400, "permanent"),
        (401, "permanent"),
        (403, "permanent"),
        (404, "permanent"),
        (408, "temporary"),
        (413, "permanent"),
        (429, "throttled"),
        (500, "temporary"),
        (503, "temporary"),
    ] {
        assert_eq!(class(status, None).as_str(), word, "{status}");
    }
}

#[test]
fn a_missing_permission_and_a_wait_are_handed_on() {
    assert_eq!(
        class(200, Some("UnauthorizedOperation")),
        ErrorClass::Forbidden {
            permission: Some("cdb:DescribeBackups".into())
        }
    );
    let after = Some(Seconds(3));
    assert_eq!(
        class(200, Some("RequestLimitExceeded")),
        ErrorClass::Throttled { after }
    );
}

#[test]
fn what_echoes_a_request_is_not_quoted() {
    for (word, codes) in DOCUMENTED {
        let hides = Meaning::of(200, Some(codes[0])).hides_text();
        assert_eq!(
            hides,
            ["auth-failed", "clock-skew"].contains(word),
            "{word}"
        );
    }
}
