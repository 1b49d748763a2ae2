//! What the vendor's error codes mean, and what is to be done about each meaning.
//!
//! Source: the error tables of the MySQL, Redis and MongoDB pages, which are the same. For wrong
//! keys, bad signatures, stale times, used nonces and too many calls no code is documented; what
//! is said here about them comes from the vendor's CDN page and from the names that APIs of this
//! style use.

use backhaul_provider_api::{ErrorClass, Seconds};

/// What a call asks about, which decides what a missing resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The whole account.
    Account,
    /// One instance.
    Instance,
    /// One backup.
    Backup,
}

/// What a failed answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    BadParameter,
    Unsupported,
    Missing,
    InUse,
    ServerFailure,
    OrderFailed,
    Unavailable,
    AuthRefused,
    Forbidden,
    ClockSkewed,
    NonceUsed,
    Throttled,
    NotFound,
    RequestRefused,
    Redirected,
    Unknown,
}

impl Meaning {
    /// The meaning of an answer with that status, code and text.
    pub(crate) fn of(status: u16, code: Option<&str>, text: &str) -> Self {
        // Whatever the code: the vendor documents none for refused credentials.
        match status {
            401 => return refused(code.unwrap_or_default(), text).unwrap_or(Self::AuthRefused),
            403 => return refused(code.unwrap_or_default(), text).unwrap_or(Self::Forbidden),
            _ => {}
        }
        let known = code.and_then(|code| {
            documented(code)
                .filter(|meaning| *meaning != Self::BadParameter)
                .or_else(|| hinted(code))
                .or_else(|| refused(code, text))
                .or_else(|| documented(code))
        });
        match known {
            Some(meaning) => meaning,
            // Only the vendor itself knows what is missing; else the path may be wrong.
            None if matches!(status, 404 | 410) && code.is_some() => Self::Missing,
            None => http(status),
        }
    }

    /// What the daemon shall do.
    pub(crate) fn class(self, subject: Subject, after: Option<Seconds>) -> ErrorClass {
        match self {
            Self::Missing if subject == Subject::Backup => ErrorClass::Gone,
            Self::InUse if subject == Subject::Backup => ErrorClass::NotReady { after },
            Self::BadParameter
            | Self::Missing
            | Self::OrderFailed
            | Self::NotFound
            | Self::RequestRefused
            | Self::Redirected
            | Self::Unknown => ErrorClass::Permanent,
            Self::Unsupported => ErrorClass::Unsupported,
            Self::InUse | Self::ServerFailure | Self::Unavailable | Self::NonceUsed => {
                ErrorClass::Temporary
            }
            Self::AuthRefused => ErrorClass::AuthFailed,
            Self::Forbidden => ErrorClass::Forbidden { permission: None },
            Self::ClockSkewed => ErrorClass::ClockSkew,
            Self::Throttled => ErrorClass::Throttled { after },
        }
    }

    /// What it means and what to do about it, for people.
    pub(crate) fn sentence(self, subject: Subject) -> &'static str {
        match self {
            Self::BadParameter => "the vendor refuses a parameter of the request",
            Self::Unsupported => {
                "the vendor does not support it; the basic edition, for one, has no backups"
            }
            Self::Missing => match subject {
                Subject::Account => "the vendor does not know what was asked for",
                Subject::Instance => "the instance does not exist in this account and area",
                Subject::Backup => "the backup is no longer at the vendor",
            },
            Self::InUse => "another task of the vendor holds it",
            Self::ServerFailure => "the vendor's service failed",
            Self::OrderFailed => "the vendor could not create an order, which nobody asked for",
            Self::Unavailable => "the vendor's service is busy or unavailable",
            Self::AuthRefused => {
                "the credentials were refused; check that `secret_key` belongs to `access_key`"
            }
            Self::Forbidden => "the access is refused; check the keys and what their user may do",
            Self::ClockSkewed => {
                "the request's time differs from the vendor's clock; check this machine's clock"
            }
            Self::NonceUsed => "the vendor takes the request for a repeated one",
            Self::Throttled => "too many requests",
            Self::NotFound => {
                "the API does not exist at this address; check the account's `endpoint`"
            }
            Self::RequestRefused => "the vendor refuses the request",
            Self::Redirected => {
                "the endpoint answered with a redirect; check the account's `endpoint`"
            }
            Self::Unknown => "the vendor reports an error that is not documented",
        }
    }

    /// True when nothing is documented that would tell this meaning from a request whose time is
    /// too far from the vendor's clock.
    pub(crate) fn may_be_skew(self) -> bool {
        matches!(
            self,
            Self::BadParameter
                | Self::AuthRefused
                | Self::Forbidden
                | Self::RequestRefused
                | Self::Unknown
        )
    }

    /// True when the vendor's text may echo the signed request, and must not be quoted.
    pub(crate) fn hides_text(self) -> bool {
        matches!(
            self,
            Self::AuthRefused | Self::Forbidden | Self::ClockSkewed | Self::NonceUsed
        )
    }
}

/// The codes of the vendor's error table.
fn documented(code: &str) -> Option<Meaning> {
    Some(match code {
        "ArgMissing" | "InvalidParameter" | "BadArgs" => Meaning::BadParameter,
        "UnsupportedOperation" => Meaning::Unsupported,
        "ResourceNotFound" => Meaning::Missing,
        "ResourceInUse" => Meaning::InUse,
        "InternalError" => Meaning::ServerFailure,
        "CreateOrderExcept" => Meaning::OrderFailed,
        _ => return None,
    })
}

/// Codes of the vendor's CDN gateway and of its Terraform provider.
fn hinted(code: &str) -> Option<Meaning> {
    Some(match code {
        "40100001" | "40100002" | "500A0002" => Meaning::AuthRefused,
        "500A0006" | "RequestLimitExceeded" => Meaning::Throttled,
        "ResourceBusy" | "ResourceUnavailable" | "ResourceInsufficient" | "FailedOperation" => {
            Meaning::Unavailable
        }
        _ => return None,
    })
}

/// What code and text say of a refused authentication, for which no code is documented.
fn refused(code: &str, text: &str) -> Option<Meaning> {
    let said = format!("{code} {text}").to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["nonce"]) {
        Some(Meaning::NonceUsed)
    } else if says(&["timestamp", "signatureexpire", "signature expire", "时间戳"]) {
        Some(Meaning::ClockSkewed)
    } else if says(&["throttl", "too many", "too frequent", "频繁"]) {
        Some(Meaning::Throttled)
    } else if says(&[
        "signature",
        "accesskey",
        "access key",
        "unauthorized",
        "签名",
    ]) {
        Some(Meaning::AuthRefused)
    } else {
        None
    }
}

/// Answers without a code of the vendor's.
fn http(status: u16) -> Meaning {
    match status {
        300..=399 => Meaning::Redirected,
        404 | 410 => Meaning::NotFound,
        408 | 425 | 502..=504 => Meaning::Unavailable,
        409 => Meaning::InUse,
        429 => Meaning::Throttled,
        501 => Meaning::Unsupported,
        400..=499 => Meaning::RequestRefused,
        500..=599 => Meaning::ServerFailure,
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests;
