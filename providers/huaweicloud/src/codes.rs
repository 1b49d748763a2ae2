//! What the vendor's error codes mean, and what is to be done about each meaning.
//!
//! Source: the RDS error code page (`DBS.*`), the API gateway's (`APIGW.*`, on some clouds
//! `APIG.*`) and the HTTP status page. Texts come in the language of `X-Language` and are only
//! looked at where one code stands for several things (`APIGW.0301`).

use backhaul_provider_api::{ErrorClass, Seconds};

/// What a failed answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    BadParameter,
    BadId,
    WrongCase,
    BadBeginTime,
    BackupMissing,
    BackupStatus,
    BackupInProgress,
    InstanceStatus,
    InstanceMissing,
    EngineUnsupported,
    NotAuthorised,
    ProjectForbidden,
    OperationRunning,
    ServerFailure,
    IamUnavailable,
    BackendUnavailable,
    NoSuchApi,
    RequestRefused,
    RequestTooLarge,
    SignatureRefused,
    KeyUnknown,
    LockedOut,
    ClockSkewed,
    TokenInvalid,
    AuthRefused,
    Throttled,
    NotFound,
    Conflict,
    NotImplemented,
    Redirected,
    Unknown,
}

impl Meaning {
    /// The meaning of an answer with that status, code and text.
    pub(crate) fn of(status: u16, code: Option<&str>, text: &str) -> Self {
        let known = code.and_then(|code| match code.split_once('.') {
            Some(("DBS", number)) => service(number),
            Some(("APIGW" | "APIG", number)) => gateway(number, status, text),
            _ => None,
        });
        known.unwrap_or_else(|| http(status, text))
    }

    /// What the daemon shall do. `permission` is the one that the call needs.
    pub(crate) fn class(self, permission: Option<&str>, after: Option<Seconds>) -> ErrorClass {
        match self {
            Self::BadParameter
            | Self::BadId
            | Self::WrongCase
            | Self::BadBeginTime
            | Self::InstanceMissing
            | Self::NoSuchApi
            | Self::RequestRefused
            | Self::RequestTooLarge
            | Self::NotFound
            | Self::Redirected
            | Self::Unknown => ErrorClass::Permanent,
            Self::BackupMissing => ErrorClass::Gone,
            Self::BackupStatus | Self::BackupInProgress | Self::InstanceStatus => {
                ErrorClass::NotReady { after }
            }
            Self::EngineUnsupported | Self::NotImplemented => ErrorClass::Unsupported,
            Self::NotAuthorised | Self::ProjectForbidden => ErrorClass::Forbidden {
                permission: permission.map(str::to_owned),
            },
            Self::OperationRunning
            | Self::ServerFailure
            | Self::IamUnavailable
            | Self::BackendUnavailable
            | Self::Conflict => ErrorClass::Temporary,
            Self::SignatureRefused
            | Self::KeyUnknown
            | Self::LockedOut
            | Self::TokenInvalid
            | Self::AuthRefused => ErrorClass::AuthFailed,
            Self::ClockSkewed => ErrorClass::ClockSkew,
            Self::Throttled => ErrorClass::Throttled { after },
        }
    }

    /// What it means and what to do about it, for people.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::BadParameter => "the vendor refuses a parameter of the request",
            Self::BadId => "the instance id is malformed; check the job's `instances`",
            Self::WrongCase => "the vendor refuses the letter case of a parameter",
            Self::BadBeginTime => "the vendor refuses the begin time of the window",
            Self::BackupMissing => "the backup is no longer at the vendor",
            Self::BackupStatus => "the status of the backup does not allow it yet",
            Self::BackupInProgress => "a backup of the instance is under way",
            Self::InstanceStatus => "the status of the instance does not allow it now",
            Self::InstanceMissing => "the instance does not exist in this project and region",
            Self::EngineUnsupported => "the vendor does not support it for this engine or version",
            Self::NotAuthorised => {
                "the credentials are not authorised for it, or it does not exist in this project; grant the permission or check the project"
            }
            Self::ProjectForbidden => {
                "the project is unavailable or the user is not allowed in this region; check the region and the option `project_id`"
            }
            Self::OperationRunning => {
                "another operation is running on the instance, or the instance is faulty"
            }
            Self::ServerFailure => "the vendor's service failed",
            Self::IamUnavailable => "the vendor's gateway or its IAM is unavailable",
            Self::BackendUnavailable => "the service behind the vendor's gateway is unavailable",
            Self::NoSuchApi => {
                "the API does not exist at this endpoint; check the region and the account's `endpoint`"
            }
            Self::RequestRefused => "the vendor refuses the request",
            Self::RequestTooLarge => "the request is too large for the vendor's gateway",
            Self::SignatureRefused => {
                "the signature was refused; check that `secret_key` belongs to `access_key`"
            }
            Self::KeyUnknown => {
                "the access key does not exist; check `access_key`, and `security_token` with temporary keys"
            }
            Self::LockedOut => {
                "the access key is locked after repeated failures; correct the credentials and wait five minutes"
            }
            Self::ClockSkewed => {
                "the request's time differs from the vendor's clock by more than 15 minutes; check this machine's clock"
            }
            Self::TokenInvalid => {
                "the token is invalid or has expired; get new temporary keys, or check the user"
            }
            Self::AuthRefused => "the credentials were refused; check them",
            Self::Throttled => "too many requests",
            Self::NotFound => "the vendor does not know what was asked for",
            Self::Conflict => "the vendor reports a conflict with another operation",
            Self::NotImplemented => "the vendor does not offer this call",
            Self::Redirected => {
                "the endpoint answered with a redirect; check the account's `endpoint`"
            }
            Self::Unknown => "the vendor reports an error that is not documented",
        }
    }

    /// True when the vendor's text may echo keys, tokens or the signed request, and must not be
    /// quoted.
    pub(crate) fn hides_text(self) -> bool {
        matches!(
            self,
            Self::SignatureRefused
                | Self::KeyUnknown
                | Self::LockedOut
                | Self::ClockSkewed
                | Self::TokenInvalid
                | Self::AuthRefused
        )
    }
}

/// Codes of the RDS service, without `DBS.`.
fn service(number: &str) -> Option<Meaning> {
    Some(match number {
        "200001" | "200004" | "200405" | "280001" | "280204" | "290000" => Meaning::BadParameter,
        "280404" => Meaning::BadId,
        "290001" => Meaning::WrongCase,
        "280216" => Meaning::BadBeginTime,
        "201010" | "201203" | "280214" => Meaning::BackupMissing,
        "201208" => Meaning::BackupStatus,
        "201205" => Meaning::BackupInProgress,
        "201014" | "200086" => Meaning::InstanceStatus,
        "201207" | "200040" | "280238" => Meaning::EngineUnsupported,
        "200010" | "200044" | "201003" | "200604" | "280015" => Meaning::NotAuthorised,
        "280056" => Meaning::TokenInvalid,
        "200002" | "200045" | "201028" | "290005" | "290011" => Meaning::InstanceMissing,
        "200011" | "200019" | "200047" | "201202" => Meaning::OperationRunning,
        "108000" | "108002" | "108005" | "200005" | "213004" | "290006" | "290015" => {
            Meaning::ServerFailure
        }
        _ => return None,
    })
}

/// Codes of the API gateway, without `APIGW.` or `APIG.`.
fn gateway(number: &str, status: u16, text: &str) -> Option<Meaning> {
    Some(match number {
        "0101" => Meaning::NoSuchApi,
        "0201" if status >= 500 => Meaning::BackendUnavailable,
        "0201" if matches!(status, 413 | 414 | 431 | 494) => Meaning::RequestTooLarge,
        "0201" => Meaning::RequestRefused,
        "0301" | "0303" | "0305" => refused_authentication(text),
        "0302" | "0306" => Meaning::NotAuthorised,
        "0307" => Meaning::TokenInvalid,
        "0308" => Meaning::Throttled,
        "0310" | "0802" => Meaning::ProjectForbidden,
        "0601" | "0613" => Meaning::IamUnavailable,
        _ => return None,
    })
}

/// The gateway has one code for every failed authentication; its text tells them apart.
fn refused_authentication(text: &str) -> Meaning {
    let text = text.to_ascii_lowercase();
    // What follows is an echo of the request and says nothing about the reason.
    let text = text.split("canonicalrequest").next().unwrap_or_default();
    let says = |words: &[&str]| words.iter().all(|word| text.contains(word));
    if says(&["reach the limit"]) {
        Meaning::LockedOut
    } else if says(&["signature expired"])
        || says(&["signature time"])
        || says(&["skew"])
        || says(&["x-sdk-date"])
        || says(&["timestamp", "expire"])
    {
        Meaning::ClockSkewed
    } else if says(&["token"]) {
        Meaning::TokenInvalid
    } else if says(&["not exist"]) {
        Meaning::KeyUnknown
    } else if says(&["signature"]) || says(&["aksk"]) {
        Meaning::SignatureRefused
    } else {
        Meaning::AuthRefused
    }
}

/// Answers without a known code: IAM, the old v1 service, and codes of the future.
fn http(status: u16, text: &str) -> Meaning {
    match status {
        300..=399 => Meaning::Redirected,
        401 => refused_authentication(text),
        403 => Meaning::NotAuthorised,
        404 | 410 => Meaning::NotFound,
        408 | 425 => Meaning::BackendUnavailable,
        409 => Meaning::Conflict,
        413 | 414 | 431 | 494 => Meaning::RequestTooLarge,
        429 => Meaning::Throttled,
        501 => Meaning::NotImplemented,
        502..=504 => Meaning::BackendUnavailable,
        400..=499 => Meaning::RequestRefused,
        500..=599 => Meaning::ServerFailure,
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests;
