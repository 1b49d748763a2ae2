//! Requests to the bucket: signed, one answer or one error each; and links, which are signed too.
//!
//! Retries are the daemon's business. Refused credentials are remembered: nothing more is sent.

use backhaul_provider_api::{
    Account, ChecksumAlgorithm, ETagMeaning, Error, ErrorClass, ExpiryLimits, Host, HttpRequest,
    HttpResponse, Link, Ranges, Secret, Timestamp, chrono::Duration,
};
use backhaul_provider_kit::{call::Call, percent};

use crate::bucket::Bucket;
use crate::credentials::Credentials;
use crate::fault::{self, Circumstances};
use crate::options::{Addressing, BucketName};
use crate::signature::{EMPTY_SHA256, Signer};

/// The CRC-64 of a whole object, as decimal text: COS, OSS, OBS.
const CRC64_HEADERS: [&str; 3] = [
    "x-cos-hash-crc64ecma",
    "x-oss-hash-crc64ecma",
    "x-obs-hash-crc64ecma",
];

/// The way to one bucket with the keys to it.
#[derive(Debug)]
pub(crate) struct Client {
    credentials: Credentials,
    bucket: Bucket,
    /// Set once the credentials were refused.
    refused: Option<Error>,
}

impl Client {
    /// Checks the account without asking anybody.
    pub(crate) fn new(
        account: &Account,
        bucket: &BucketName,
        addressing: Option<Addressing>,
    ) -> Result<Self, Error> {
        Ok(Self {
            credentials: Credentials::of(account)?,
            bucket: Bucket::of(account, bucket, addressing)?,
            refused: None,
        })
    }

    /// The bucket.
    pub(crate) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// A list of the bucket.
    pub(crate) fn list(
        &mut self,
        host: &dyn Host,
        call: &Call,
        query: &[(&str, String)],
    ) -> Result<HttpResponse, Error> {
        // Others may refuse what they do not know, and have no such status.
        let further = self
            .bucket
            .is_amazons()
            .then_some(("x-amz-optional-object-attributes", "RestoreStatus"));
        let path = self.bucket.path();
        self.send(host, call, "GET", &path, query, further)
    }

    /// What the store tells of an object besides its bytes, its checksums among it.
    pub(crate) fn head(
        &mut self,
        host: &dyn Host,
        call: &Call,
        key: &str,
        version: Option<&str>,
    ) -> Result<HttpResponse, Error> {
        let path = self.bucket.path_of(key);
        let further = Some(("x-amz-checksum-mode", "ENABLED"));
        self.send(host, call, "HEAD", &path, &of_version(version), further)
    }

    /// A link to an object, which needs no request.
    pub(crate) fn link(
        &self,
        key: &str,
        version: Option<&str>,
        now: Timestamp,
        lifetime_s: u64,
        etag_is_md5: bool,
    ) -> Link {
        let path = self.bucket.path_of(key);
        let query = self.signer(now).presigned_query(
            self.bucket.host(),
            &path,
            &of_version(version),
            lifetime_s,
        );
        let lifetime = i64::try_from(lifetime_s)
            .ok()
            .and_then(Duration::try_seconds);
        let url = format!("{}{path}?{}", self.bucket.base(), query.expose());
        Link {
            expires_at: lifetime.and_then(|lifetime| now.checked_add_signed(lifetime)),
            // "S3 checks the expiration at the time of the HTTP request."
            expiry_limits: ExpiryLimits::Start,
            ranges: Ranges::Yes,
            etag: if etag_is_md5 {
                ETagMeaning::Md5WhenPlain
            } else {
                ETagMeaning::Opaque
            },
            checksum_headers: CRC64_HEADERS
                .map(|name| (name.to_owned(), ChecksumAlgorithm::Crc64Xz))
                .to_vec(),
            ..Link::new(url)
        }
    }

    fn send(
        &mut self,
        host: &dyn Host,
        call: &Call,
        method: &str,
        path: &str,
        query: &[(&str, String)],
        further: Option<(&str, &str)>,
    ) -> Result<HttpResponse, Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let signer = self.signer(host.now());
        let mut headers = vec![
            ("Host".to_owned(), Secret::new(self.bucket.host())),
            ("x-amz-content-sha256".to_owned(), Secret::new(EMPTY_SHA256)),
            ("x-amz-date".to_owned(), Secret::new(signer.date())),
        ];
        if let Some(token) = &self.credentials.security_token {
            headers.push(("x-amz-security-token".to_owned(), token.clone()));
        }
        if let Some((name, value)) = further {
            headers.push((name.to_owned(), Secret::new(value)));
        }
        let query = percent::query(query);
        let authorization = signer.authorization(method, path, &query, &headers);
        headers.push(("Authorization".to_owned(), authorization));
        let question = if query.is_empty() { "" } else { "?" };
        let response = host.send(HttpRequest {
            call: call.name.to_owned(),
            method: method.to_owned(),
            url: Secret::new(format!("{}{path}{question}{query}", self.bucket.base())),
            headers,
            body: None,
        })?;
        if response.is_success() {
            return Ok(response);
        }
        let error = fault::error(
            call,
            &response,
            &Circumstances {
                now: host.now(),
                region: self.bucket.region(),
                secrets: &self.credentials.secrets(),
            },
        );
        if error.class == ErrorClass::AuthFailed {
            self.refused = Some(error.clone());
        }
        Err(error)
    }

    fn signer(&self, now: Timestamp) -> Signer<'_> {
        Signer {
            access_key: &self.credentials.access_key,
            secret_key: &self.credentials.secret_key,
            security_token: self.credentials.security_token.as_ref(),
            region: self.bucket.region(),
            now,
        }
    }
}

fn of_version(version: Option<&str>) -> Vec<(&'static str, String)> {
    version
        .map(|version| ("versionId", version.to_owned()))
        .into_iter()
        .collect()
}
