//! What the provider tells about itself.

use backhaul_provider_api::{Description, Kind, LoadClass, RateLimit, RateScope, Seconds, Service};

use crate::bucket::HOSTS;
use crate::credentials::Credentials;
use crate::options::LINK_LIFETIMES_S;
use crate::{S3, options};

/// The description of the one service.
pub(crate) fn describe() -> Description {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let (least, most) = LINK_LIFETIMES_S;
    let s3 = Service {
        name: S3.to_owned(),
        title: "Backups pushed into an S3 bucket".to_owned(),
        kinds: Kind::ALL.to_vec(),
        api_hosts: words(&HOSTS),
        link_hosts: words(&HOSTS),
        endpoints: words(&[S3]),
        credentials: Credentials::sets(),
        needs_region: false,
        options_schema: options::schema(),
        // Amazon's limit for reading one prefix; the others' are higher or not documented.
        rate_limits: vec![RateLimit {
            requests: 5500,
            per: Seconds(1),
            scope: RateScope::Account,
            call: None,
        }],
        link_lifetime: Some((Seconds(least), Seconds(most))),
        prepare: LoadClass::Free,
        checksums: "the object's exact length; an ETag that is the MD5 of objects uploaded in one \
                    piece without encryption; SHA-256 or SHA-1 where the object was uploaded with \
                    one; a CRC-64 from COS, OSS and OBS"
            .to_owned(),
        identity: "what the pattern reads from the key (time, kind, set), the version where \
                   versions are looked at; within endpoint, bucket, prefix and instance"
            .to_owned(),
        permissions: words(&["s3:ListBucket", "s3:GetObject"]),
        time_zone:
            "UTC for times in keys that carry no zone, unless the option `timezone` is set; \
                    times of modification carry theirs"
                .to_owned(),
    };
    let mut description = Description::new("object-store", env!("CARGO_PKG_VERSION"));
    description.title = "Object storage (S3)".to_owned();
    description.services = vec![s3];
    description
}
