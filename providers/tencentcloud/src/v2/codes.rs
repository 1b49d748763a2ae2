//! What the error codes of API 2.0 mean, and what is to be done about each meaning.
//!
//! Sources: the pages on common errors in all their editions (`4000` to `6200`), and the tables
//! of the backup calls (`9000` to `9593`).

use backhaul_provider_api::{ErrorClass, Seconds};

/// What a failed answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    BadParameter,
    SignatureRefused,
    KeyUnknown,
    TokenInvalid,
    MfaFailed,
    AccountBlocked,
    NotAuthorised,
    QuotaExceeded,
    ClockSkewed,
    PlainHttpRefused,
    NotFound,
    OperationFailed,
    Payment,
    PartlyDone,
    IdentityUnverified,
    ServerFailure,
    NoSuchAction,
    Unavailable,
    DatabaseFailure,
    ExportFailure,
    InstanceMissing,
    InstanceNotRunning,
    Redirected,
    RequestRefused,
    Throttled,
    Unknown,
}

impl Meaning {
    /// The meaning of a code, common or of the backup calls, if it is documented.
    pub(super) fn of_code(code: u64) -> Option<Self> {
        Some(match code {
            4000 | 9003 => Self::BadParameter,
            4100 => Self::SignatureRefused,
            // 4103 is the key's type in one edition and the resource in another.
            4101..=4103 | 4110 => Self::NotAuthorised,
            4104 => Self::KeyUnknown,
            4105 => Self::TokenInvalid,
            4106 => Self::MfaFailed,
            4200 | 4500 => Self::ClockSkewed,
            4300 => Self::AccountBlocked,
            4400 => Self::QuotaExceeded,
            4600 => Self::PlainHttpRefused,
            5000 => Self::NotFound,
            5100 => Self::OperationFailed,
            5200 | 5300 => Self::Payment,
            5400 => Self::PartlyDone,
            5500 => Self::IdentityUnverified,
            6000 | 9000 | 9013 => Self::ServerFailure,
            6100 => Self::NoSuchAction,
            6200 => Self::Unavailable,
            9006 => Self::DatabaseFailure,
            9016 => Self::ExportFailure,
            9544 | 9572 => Self::InstanceMissing,
            9576 | 9593 => Self::InstanceNotRunning,
            _ => return None,
        })
    }

    /// The meaning of a HTTP status without a code. The service itself answers 200 always.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            300..=399 => Self::Redirected,
            429 => Self::Throttled,
            408 | 425 | 502..=504 => Self::Unavailable,
            400..=499 => Self::RequestRefused,
            500..=599 => Self::ServerFailure,
            _ => Self::Unknown,
        }
    }

    /// What the daemon shall do. `permission` is the one that the call needs.
    pub(super) fn class(self, permission: Option<&str>, after: Option<Seconds>) -> ErrorClass {
        match self {
            Self::BadParameter
            | Self::PlainHttpRefused
            | Self::NotFound
            | Self::Payment
            | Self::PartlyDone
            | Self::IdentityUnverified
            | Self::InstanceMissing
            | Self::Redirected
            | Self::RequestRefused
            | Self::Unknown => ErrorClass::Permanent,
            Self::SignatureRefused
            | Self::KeyUnknown
            | Self::TokenInvalid
            | Self::MfaFailed
            | Self::AccountBlocked => ErrorClass::AuthFailed,
            Self::NotAuthorised => ErrorClass::Forbidden {
                permission: permission.map(str::to_owned),
            },
            Self::QuotaExceeded | Self::Throttled => ErrorClass::Throttled { after },
            Self::ClockSkewed => ErrorClass::ClockSkew,
            Self::OperationFailed
            | Self::ServerFailure
            | Self::Unavailable
            | Self::DatabaseFailure
            | Self::ExportFailure => ErrorClass::Temporary,
            Self::NoSuchAction => ErrorClass::Unsupported,
            Self::InstanceNotRunning => ErrorClass::NotReady { after },
        }
    }

    /// What it means and what to do about it, for people.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::BadParameter => "the vendor refuses a parameter of the request",
            Self::SignatureRefused => {
                "the signature was refused; check that `secret_key` belongs to the key id"
            }
            Self::KeyUnknown => "the key id is unknown or disabled; check the credentials",
            Self::TokenInvalid => "the token is invalid or has expired; get new temporary keys",
            Self::MfaFailed => {
                "the vendor demands a second factor, which a program does not have; use another key"
            }
            Self::AccountBlocked => "the vendor has blocked the account",
            Self::NotAuthorised => {
                "the key is not allowed to do it; grant the call in the vendor's access management"
            }
            Self::QuotaExceeded => "the quota of requests is exceeded",
            Self::ClockSkewed => {
                "the request's time differs from the vendor's clock, or it was seen before; check this machine's clock"
            }
            Self::PlainHttpRefused => {
                "the vendor takes no plain HTTP; check the account's `endpoint`"
            }
            Self::NotFound => "the vendor does not know what was asked for",
            Self::OperationFailed => "the operation failed at the vendor",
            Self::Payment => "the vendor's billing refuses it",
            Self::PartlyDone => "the vendor did it in part only",
            Self::IdentityUnverified => "the vendor wants the account's identity verified first",
            Self::ServerFailure => "the vendor's service failed",
            Self::NoSuchAction => {
                "the call does not exist at this endpoint; API 2.0 may have been switched off, use the service `mysql`"
            }
            Self::Unavailable => "the vendor's service is unavailable",
            Self::DatabaseFailure => "the vendor's own database failed",
            Self::ExportFailure => "the vendor's export service failed",
            Self::InstanceMissing => "the instance does not exist in this region",
            Self::InstanceNotRunning => "the instance is not running",
            Self::Redirected => {
                "the endpoint answered with a redirect; check the account's `endpoint`"
            }
            Self::RequestRefused => {
                "the endpoint refuses the request; API 2.0 may have been switched off, or `endpoint` be wrong"
            }
            Self::Throttled => "too many requests",
            Self::Unknown => "the vendor reports an error that is not documented",
        }
    }

    /// True when the vendor's text may echo keys, tokens or the signed request, and must not be
    /// quoted.
    pub(super) fn hides_text(self) -> bool {
        matches!(
            self,
            Self::SignatureRefused | Self::KeyUnknown | Self::TokenInvalid | Self::ClockSkewed
        )
    }
}

#[cfg(test)]
mod tests;
