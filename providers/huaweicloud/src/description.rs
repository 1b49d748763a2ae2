//! What the provider tells about itself.

use backhaul_provider_api::{Description, LoadClass, RateLimit, RateScope, Seconds, Service};

use crate::credentials::Credentials;
use crate::endpoint::{API_HOSTS, LINK_HOSTS};
use crate::{IAM, RDS, backups, options};

/// The description of the one service.
pub(crate) fn describe() -> Description {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rds = Service {
        name: RDS.to_owned(),
        title: "RDS for MySQL, MariaDB, PostgreSQL and SQL Server".to_owned(),
        kinds: backups::kinds(),
        api_hosts: words(&API_HOSTS),
        link_hosts: words(&LINK_HOSTS),
        endpoints: words(&[RDS, IAM]),
        credentials: Credentials::sets(),
        needs_region: true,
        options_schema: options::schema(),
        rate_limits: vec![RateLimit {
            requests: 60,
            per: Seconds(60),
            scope: RateScope::Call,
            call: None,
        }],
        // Not documented for RDS; every link tells its own end.
        link_lifetime: None,
        prepare: LoadClass::Free,
        checksums: "none by RDS; from the object storage an ETag that is the MD5 of objects \
                    uploaded in one piece without encryption, and a CRC-64 where the object has one"
            .to_owned(),
        identity: "the backup id, within the project".to_owned(),
        permissions: words(&[
            "rds:instance:list",
            "rds:backup:list",
            "rds:backup:download",
        ]),
        time_zone: "every time carries its offset from UTC".to_owned(),
    };
    let mut description = Description::new("huaweicloud", env!("CARGO_PKG_VERSION"));
    description.title = "Huawei Cloud".to_owned();
    description.services = vec![rds];
    description
}
