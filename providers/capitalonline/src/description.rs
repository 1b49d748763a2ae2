//! What the provider tells about itself.

use backhaul_provider_api::{Description, Kind, LoadClass, RateLimit, RateScope, Seconds, Service};

use crate::area::Area;
use crate::keys::Keys;
use crate::options;
use crate::product::Product;

/// Host patterns of download links. The vendor's samples show no more than `https://gic.`; its
/// public pages and its object storage live under these two domains.
const LINK_HOSTS: [&str; 2] = ["*.capitalonline.net", "*.cdsgss.com"];

/// The description of both services.
pub(crate) fn describe() -> Description {
    let mut description = Description::new("capitalonline", env!("CARGO_PKG_VERSION"));
    description.title = "CapitalOnline (首都在线)".to_owned();
    description.services = Product::ALL.map(service).to_vec();
    description
}

fn service(product: Product) -> Service {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Service {
        name: product.as_str().to_owned(),
        title: product.title().to_owned(),
        kinds: vec![Kind::Full],
        api_hosts: Area::hosts(),
        link_hosts: words(&LINK_HOSTS),
        endpoints: words(&[product.as_str()]),
        credentials: Keys::sets(),
        needs_region: false,
        options_schema: options::schema(),
        // None is documented, so this is our own modesty.
        rate_limits: vec![RateLimit {
            requests: 60,
            per: Seconds(60),
            scope: RateScope::Account,
            call: None,
        }],
        link_lifetime: None,
        prepare: LoadClass::Free,
        checksums: "none; the length in bytes is compared with BackupSize".to_owned(),
        identity: "the backup id, within the instance".to_owned(),
        permissions: words(&["DescribeDBInstances", "DescribeBackups", "DownloadBackup"]),
        time_zone: "times carry no zone and none is documented; +08:00 is assumed unless the \
                    option `timezone` is set"
            .to_owned(),
    }
}
