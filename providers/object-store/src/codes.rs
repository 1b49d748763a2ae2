//! What the error codes of S3 and its relatives mean, and what is to be done about each meaning.
//!
//! Source: "Error responses" of the S3 API reference; the codes that OSS, COS, OBS, Cloud Storage
//! and MinIO add are marked. An answer to `HEAD` has no body, so the status must do there.

use backhaul_provider_api::{ErrorClass, Seconds};

/// What a failed answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    AccessDenied,
    AccountClosed,
    Archived,
    BadRequest,
    BucketMissing,
    ClockSkewed,
    Internal,
    KeyUnknown,
    NotFound,
    ObjectMissing,
    OtherAddressing,
    OtherRegion,
    SignatureRefused,
    Throttled,
    TokenInvalid,
    Unavailable,
    Unsupported,
    Unknown,
}

impl Meaning {
    /// The meaning of an answer with that status and code.
    pub(crate) fn of(status: u16, code: Option<&str>) -> Self {
        code.and_then(coded).unwrap_or(match status {
            301 | 307 | 308 => Self::OtherRegion,
            401 | 403 => Self::AccessDenied,
            404 | 410 => Self::NotFound,
            408 | 425 => Self::Internal,
            405 | 501 => Self::Unsupported,
            429 => Self::Throttled,
            503 => Self::Unavailable,
            400..=499 => Self::BadRequest,
            500..=599 => Self::Internal,
            _ => Self::Unknown,
        })
    }

    /// What the daemon shall do. `permission` is the one that the call needs.
    pub(crate) fn class(self, permission: Option<&str>, after: Option<Seconds>) -> ErrorClass {
        match self {
            Self::AccessDenied => ErrorClass::Forbidden {
                permission: permission.map(str::to_owned),
            },
            Self::KeyUnknown | Self::SignatureRefused | Self::TokenInvalid => {
                ErrorClass::AuthFailed
            }
            Self::ClockSkewed => ErrorClass::ClockSkew,
            Self::Throttled | Self::Unavailable => ErrorClass::Throttled { after },
            Self::Internal => ErrorClass::Temporary,
            Self::ObjectMissing => ErrorClass::Gone,
            Self::Archived | Self::Unsupported => ErrorClass::Unsupported,
            Self::AccountClosed
            | Self::BadRequest
            | Self::BucketMissing
            | Self::NotFound
            | Self::OtherAddressing
            | Self::OtherRegion
            | Self::Unknown => ErrorClass::Permanent,
        }
    }

    /// What it means and what to do about it, for people.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::AccessDenied => {
                "the credentials are not allowed to; grant the permission on the bucket and on its objects"
            }
            Self::AccountClosed => {
                "the store has closed or suspended the account or the bucket; ask the vendor"
            }
            Self::Archived => {
                "the object is archived and must be restored at the store before it can be read"
            }
            Self::BadRequest => "the store refuses the request",
            Self::BucketMissing => {
                "the bucket does not exist; check the option `bucket`, and the account's `endpoint` and `region`"
            }
            Self::ClockSkewed => {
                "the request's time differs from the store's clock by more than 15 minutes; check this machine's clock"
            }
            Self::Internal => "the store failed",
            Self::KeyUnknown => {
                "the access key does not exist there; check `access_key`, and `security_token` with temporary keys"
            }
            Self::NotFound => {
                "the store does not know what was asked for; check the account's `endpoint` and the options `bucket` and `addressing`"
            }
            Self::ObjectMissing => "the object is no longer in the bucket",
            Self::OtherAddressing => {
                "the store refuses the bucket in this place of the URL; set the option `addressing` to virtual-host or path"
            }
            Self::OtherRegion => "the bucket is in another region; set the account's `region`",
            Self::SignatureRefused => {
                "the signature was refused; check that `secret_key` belongs to `access_key`, and that no proxy changes requests"
            }
            Self::Throttled => "too many requests",
            Self::TokenInvalid => {
                "the temporary keys have expired or their `security_token` is wrong; get new ones"
            }
            Self::Unavailable => "the store is unavailable or asks for fewer requests",
            Self::Unsupported => "the store does not offer this call",
            Self::Unknown => "the store reports an error that is not documented",
        }
    }

    /// True when the store's text may echo keys or the signed request, and must not be quoted.
    pub(crate) fn hides_text(self) -> bool {
        matches!(
            self,
            Self::SignatureRefused | Self::KeyUnknown | Self::TokenInvalid | Self::ClockSkewed
        )
    }
}

fn coded(code: &str) -> Option<Meaning> {
    Some(match code {
        "AccessDenied" | "AccessForbidden" | "Forbidden" | "MethodNotAllowedInAccount" => {
            Meaning::AccessDenied
        }
        // UserDisable, UnverifiedUser and the arrears codes: OSS, COS and OBS.
        "AllAccessDisabled"
        | "AccountProblem"
        | "NotSignedUp"
        | "InArrearOrInsufficientBalance"
        | "UserDisable"
        | "UserDisabled"
        | "UnavailableForLegalReasons"
        | "NotEntitled" => Meaning::AccountClosed,
        "InvalidObjectState" | "ObjectNotRestored" => Meaning::Archived,
        "NoSuchBucket" | "InvalidBucketName" => Meaning::BucketMissing,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestTimeTooOld" => Meaning::ClockSkewed,
        "InternalError"
        | "RequestTimeout"
        | "OperationAborted"
        | "ServerBusyTemporarily"
        | "XMinioServerNotInitialized" => Meaning::Internal,
        "InvalidAccessKeyId" | "InvalidAccessKeyID" | "AccessKeyDisabled" | "InvalidAccessKey" => {
            Meaning::KeyUnknown
        }
        "NoSuchKey" | "NoSuchVersion" | "NoSuchObject" => Meaning::ObjectMissing,
        // SecondLevelDomainForbidden: OSS; PathStyleDomainForbidden: COS.
        "SecondLevelDomainForbidden" | "PathStyleDomainForbidden" | "VirtualHostDomainRequired" => {
            Meaning::OtherAddressing
        }
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "AuthorizationHeaderMalformed"
        | "BucketRegionError"
        | "IllegalLocationConstraintException"
        | "InvalidRegion"
        | "AuthorizationQueryParametersError" => Meaning::OtherRegion,
        "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "AuthFailure"
        | "AccessDeniedBySignature" => Meaning::SignatureRefused,
        "ExpiredToken"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "InvalidSecurityToken"
        | "SecurityTokenExpired"
        | "InvalidSecurity" => Meaning::TokenInvalid,
        "SlowDown"
        | "SlowDownRead"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "BandwidthLimitExceeded"
        | "QpsLimitExceeded"
        | "FlowLimitExceeded"
        | "DownloadTrafficRateLimitExceeded"
        | "TooManyRequestsException" => Meaning::Throttled,
        "ServiceUnavailable" | "ServerBusy" | "Busy" => Meaning::Unavailable,
        "NotImplemented" | "MethodNotAllowed" | "XNotImplemented" => Meaning::Unsupported,
        "InvalidArgument"
        | "InvalidRequest"
        | "InvalidURI"
        | "KeyTooLongError"
        | "BadRequest"
        | "MalformedXML"
        | "InvalidLocationConstraint"
        | "InvalidPartNumber" => Meaning::BadRequest,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_its_class() {
        for (status, code, class) in [
            (403, "AccessDenied", "forbidden"),
            (403, "AllAccessDisabled", "permanent"),
            (403, "InvalidObjectState", "unsupported"),
            (404, "NoSuchBucket", "permanent"),
            (404, "NoSuchKey", "gone"),
            (404, "NoSuchVersion", "gone"),
            (403, "RequestTimeTooSkewed", "clock-skew"),
            (500, "InternalError", "temporary"),
            (400, "RequestTimeout", "temporary"),
            (403, "InvalidAccessKeyId", "auth-failed"),
            (403, "SignatureDoesNotMatch", "auth-failed"),
            (400, "ExpiredToken", "auth-failed"),
            (400, "InvalidToken", "auth-failed"),
            (301, "PermanentRedirect", "permanent"),
            (400, "AuthorizationHeaderMalformed", "permanent"),
            (503, "SlowDown", "throttled"),
            (503, "ServiceUnavailable", "throttled"),
            (501, "NotImplemented", "unsupported"),
            (400, "InvalidArgument", "permanent"),
            (403, "SecondLevelDomainForbidden", "permanent"),
            (403, "InvalidSecurity", "auth-failed"),
        ] {
            let meaning = Meaning::of(status, Some(code));
            assert_eq!(meaning.class(None, None).as_str(), class, "{code}");
            assert!(!meaning.sentence().is_empty());
        }
    }

    #[test]
    fn without_a_known_code_the_status_counts() {
        for (status, class) in [
            (301, "permanent"),
            (400, "permanent"),
            (403, "forbidden"),
            (404, "permanent"),
            (405, "unsupported"),
            (408, "temporary"),
            (429, "throttled"),
            (500, "temporary"),
            (502, "temporary"),
            (503, "throttled"),
            (200, "permanent"),
        ] {
            for code in [None, Some("SomethingNew")] {
                let class_there = Meaning::of(status, code).class(None, None);
                assert_eq!(class_there.as_str(), class, "{status}");
            }
        }
    }
}
