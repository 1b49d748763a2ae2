//! What the vendor's error codes mean, and what is to be done about each meaning.
//!
//! Source: the pages on common error codes and those of each call, with the SDKs' lists. Only the
//! code counts: the vendor says that texts may change.

use backhaul_provider_api::{ErrorClass, Seconds};

/// What a failed answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Throttled,
    ServerFailure,
    Unavailable,
    OperationFailed,
    Occupied,
    ClockSkewed,
    SignatureRefused,
    KeyUnknown,
    TokenInvalid,
    AuthRefused,
    MfaRefused,
    NotAuthorised,
    AddressRefused,
    NoSuchCall,
    RegionUnsupported,
    Unsupported,
    BadRequest,
    TooLarge,
    InstanceMissing,
    Missing,
    RecordMissing,
    InstanceStatus,
    Denied,
    DryRun,
    GatewayRefused,
    Redirected,
    Unknown,
}

impl Meaning {
    /// The meaning of an answer with that status and code.
    pub(crate) fn of(status: u16, code: Option<&str>) -> Self {
        code.and_then(|code| exact(code).or_else(|| family(code.split('.').next()?)))
            .unwrap_or_else(|| http(status))
    }

    /// What the daemon shall do. `permission` is the one that the call needs.
    pub(crate) fn class(self, permission: Option<&str>, after: Option<Seconds>) -> ErrorClass {
        match self {
            Self::Throttled => ErrorClass::Throttled { after },
            Self::ServerFailure | Self::Unavailable | Self::OperationFailed => {
                ErrorClass::Temporary
            }
            Self::Occupied | Self::InstanceStatus => ErrorClass::NotReady { after },
            Self::ClockSkewed => ErrorClass::ClockSkew,
            Self::SignatureRefused | Self::KeyUnknown | Self::TokenInvalid | Self::AuthRefused => {
                ErrorClass::AuthFailed
            }
            Self::NotAuthorised => ErrorClass::Forbidden {
                permission: permission.map(str::to_owned),
            },
            Self::MfaRefused | Self::AddressRefused => ErrorClass::Forbidden { permission: None },
            Self::Unsupported => ErrorClass::Unsupported,
            Self::RecordMissing => ErrorClass::Gone,
            Self::NoSuchCall
            | Self::RegionUnsupported
            | Self::BadRequest
            | Self::TooLarge
            | Self::InstanceMissing
            | Self::Missing
            | Self::Denied
            | Self::DryRun
            | Self::GatewayRefused
            | Self::Redirected
            | Self::Unknown => ErrorClass::Permanent,
        }
    }

    /// What it means and what to do about it, for people.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Throttled => "too many requests",
            Self::ServerFailure => "the vendor's service failed",
            Self::Unavailable => "the vendor's service is unavailable",
            Self::OperationFailed => "the vendor failed to carry it out and says to try later",
            Self::Occupied => "the vendor's resources are in use or used up; it is tried later",
            Self::ClockSkewed => {
                "the request's time differs from the vendor's clock by more than 5 minutes; check this machine's clock"
            }
            Self::SignatureRefused => {
                "the signature was refused; check that `secret_key` belongs to `access_key`"
            }
            Self::KeyUnknown => {
                "the vendor does not know the key or it is disabled; check `access_key`, and `security_token` with temporary keys"
            }
            Self::TokenInvalid => {
                "the token is invalid or has expired; get new temporary keys and set all three credentials"
            }
            Self::AuthRefused => "the credentials were refused; check them",
            Self::MfaRefused => {
                "the vendor demands a second factor for these credentials; use a key that needs none"
            }
            Self::NotAuthorised => {
                "the credentials are not authorised for it; grant the permission in CAM"
            }
            Self::AddressRefused => {
                "the vendor refuses this machine's address; check the list of addresses of the key"
            }
            Self::NoSuchCall => {
                "the call does not exist at this endpoint; check the account's `endpoint` and the option `site`"
            }
            Self::RegionUnsupported => {
                "the region is unknown at this endpoint; check `region` and the option `site`"
            }
            Self::Unsupported => "the vendor does not support it for this instance",
            Self::BadRequest => "the vendor refuses a parameter of the request",
            Self::TooLarge => "the request or its answer is too large for the vendor",
            Self::InstanceMissing => "the instance does not exist in this account and region",
            Self::Missing => "the vendor does not know what was asked for",
            Self::RecordMissing => "the backup is no longer at the vendor",
            Self::InstanceStatus => "the status of the instance does not allow it now",
            Self::Denied => "the vendor does not allow it",
            Self::DryRun => "the vendor took the request for a trial",
            Self::GatewayRefused => {
                "something in front of the vendor's API refuses the request; check the proxy and the account's `endpoint`"
            }
            Self::Redirected => {
                "the endpoint answered with a redirect; check the account's `endpoint`"
            }
            Self::Unknown => "the vendor reports an error that is not documented",
        }
    }

    /// True when the vendor's text may echo keys or the signed request, and must not be quoted.
    pub(crate) fn hides_text(self) -> bool {
        matches!(
            self,
            Self::ClockSkewed
                | Self::SignatureRefused
                | Self::KeyUnknown
                | Self::TokenInvalid
                | Self::AuthRefused
        )
    }
}

/// Codes that mean something else than their family.
fn exact(code: &str) -> Option<Meaning> {
    Some(match code {
        "AuthFailure.SignatureExpire" => Meaning::ClockSkewed,
        "AuthFailure.SignatureFailure" => Meaning::SignatureRefused,
        "AuthFailure.SecretIdNotFound" | "AuthFailure.InvalidSecretId" => Meaning::KeyUnknown,
        "AuthFailure.TokenFailure" => Meaning::TokenInvalid,
        "AuthFailure.MFAFailure" => Meaning::MfaRefused,
        "AuthFailure.UnauthorizedOperation"
        | "AuthFailure.SubAccountDenied"
        | "OperationDenied.CamDeniedError" => Meaning::NotAuthorised,
        "FailedOperation.OperateFrequencyLimitedError" => Meaning::Throttled,
        "InternalError.DBRecordNotExistError" => Meaning::RecordMissing,
        "InvalidParameter.InstanceNotFound"
        | "ResourceNotFound.CdbInstanceNotFoundError"
        | "ResourceNotFound.InstanceNotFoundError" => Meaning::InstanceMissing,
        "OperationDenied.InstanceStatusLimitError" | "OperationDenied.WrongStatus" => {
            Meaning::InstanceStatus
        }
        "OperationDenied.NotSupportBasic" => Meaning::Unsupported,
        "OperationDenied.ResultOverLimit" => Meaning::TooLarge,
        _ => return None,
    })
}

/// What the word before the first dot says.
fn family(word: &str) -> Option<Meaning> {
    Some(match word {
        "RequestLimitExceeded" => Meaning::Throttled,
        "InternalError" | "CdbError" => Meaning::ServerFailure,
        "ServiceUnavailable" | "ResourceUnavailable" => Meaning::Unavailable,
        "FailedOperation" => Meaning::OperationFailed,
        "ResourceInUse" | "ResourceInsufficient" | "LimitExceeded" => Meaning::Occupied,
        "AuthFailure" => Meaning::AuthRefused,
        "UnauthorizedOperation" => Meaning::NotAuthorised,
        "IpInBlacklist" | "IpNotInWhitelist" => Meaning::AddressRefused,
        "InvalidAction"
        | "ActionOffline"
        | "NoSuchProduct"
        | "NoSuchVersion"
        | "UnsupportedProtocol" => Meaning::NoSuchCall,
        "UnsupportedRegion" => Meaning::RegionUnsupported,
        "UnsupportedOperation" => Meaning::Unsupported,
        "InvalidParameter"
        | "InvalidParameterValue"
        | "MissingParameter"
        | "UnknownParameter"
        | "InvalidRequest" => Meaning::BadRequest,
        "RequestSizeLimitExceeded" | "ResponseSizeLimitExceeded" => Meaning::TooLarge,
        "ResourceNotFound" => Meaning::Missing,
        "OperationDenied" => Meaning::Denied,
        "DryRunOperation" => Meaning::DryRun,
        _ => return None,
    })
}

/// Answers without a known code: proxies, gateways, and codes of the future. The vendor itself
/// refuses credentials with HTTP 200, so another status says nothing about them.
fn http(status: u16) -> Meaning {
    match status {
        300..=399 => Meaning::Redirected,
        401 | 403 | 407 => Meaning::GatewayRefused,
        404 | 410 => Meaning::NoSuchCall,
        408 | 425 => Meaning::Unavailable,
        413 | 414 | 431 | 494 => Meaning::TooLarge,
        429 => Meaning::Throttled,
        502..=504 => Meaning::Unavailable,
        400..=499 => Meaning::BadRequest,
        500..=599 => Meaning::ServerFailure,
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests;
