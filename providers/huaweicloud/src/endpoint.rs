//! Where the API lives: by configuration, else by region.

use backhaul_provider_api::{Account, Error};
use backhaul_provider_kit::endpoint::{Endpoint, is_region};

use crate::{IAM, RDS};

/// The region of Huawei Cloud EU, the one under another top-level domain.
const EU_REGION: &str = "eu-west-101";

/// Host patterns of the API: Huawei Cloud, and the partner clouds that speak it.
pub(crate) const API_HOSTS: [&str; 13] = [
    "rds.*.myhuaweicloud.com",
    "iam.*.myhuaweicloud.com",
    "iam.myhuaweicloud.com",
    "rds.*.myhuaweicloud.eu",
    "iam.*.myhuaweicloud.eu",
    "rds.*.otc.t-systems.com",
    "iam.*.otc.t-systems.com",
    "iam-pub.*.otc.t-systems.com",
    "rds.*.prod-cloud-ocb.orange-business.com",
    "iam.*.prod-cloud-ocb.orange-business.com",
    "rds.*.hc.cloud.ru",
    "rds.*.hc.sbercloud.ru",
    "iam.*.hc.sbercloud.ru",
];

/// Host patterns of download links: the object storage (OBS) of the same clouds, with the bucket
/// in the path or in the host. `obs.myhwclouds.com` is the legacy domain of the 2018 samples.
pub(crate) const LINK_HOSTS: [&str; 18] = [
    "obs.myhuaweicloud.com",
    "obs.*.myhuaweicloud.com",
    "*.obs.myhuaweicloud.com",
    "*.obs.*.myhuaweicloud.com",
    "obs.*.myhuaweicloud.eu",
    "*.obs.*.myhuaweicloud.eu",
    "obs.myhwclouds.com",
    "obs.*.myhwclouds.com",
    "*.obs.myhwclouds.com",
    "*.obs.*.myhwclouds.com",
    "obs.*.otc.t-systems.com",
    "*.obs.*.otc.t-systems.com",
    "obs.*.prod-cloud-ocb.orange-business.com",
    "*.obs.*.prod-cloud-ocb.orange-business.com",
    "obs.*.hc.cloud.ru",
    "*.obs.*.hc.cloud.ru",
    "obs.*.hc.sbercloud.ru",
    "*.obs.*.hc.sbercloud.ru",
];

/// The vendor's name of a region, such as `cn-north-4`; becomes part of a host name.
#[derive(Clone, Debug)]
pub(crate) struct Region(String);

impl Region {
    /// The account's region.
    pub(crate) fn of(account: &Account) -> Result<Self, Error> {
        let name = account.region.as_deref().unwrap_or_default();
        if is_region(name) {
            Ok(Self(name.to_owned()))
        } else if name.is_empty() {
            Err(Error::permanent(
                "the account names no region; set `region`, such as cn-north-4",
            ))
        } else {
            Err(Error::permanent(
                "the account's `region` is no region name such as cn-north-4",
            ))
        }
    }

    /// The name as the vendor writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn in_region(service: &str, region: &Region) -> Endpoint {
    let region = region.as_str();
    let domain = if region == EU_REGION { "eu" } else { "com" };
    Endpoint::https(format!("{service}.{region}.myhuaweicloud.{domain}"))
}

fn is_vendors_own(endpoint: &Endpoint) -> bool {
    [".myhuaweicloud.com", ".myhuaweicloud.eu"]
        .iter()
        .any(|end| endpoint.host().ends_with(end))
}

/// The endpoints of a session.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    rds: Endpoint,
    iam: Option<Endpoint>,
}

impl Endpoints {
    /// The configured ones, else those of the region.
    pub(crate) fn of(account: &Account, region: &Region) -> Result<Self, Error> {
        let rds = Endpoint::configured(account, RDS)?.unwrap_or_else(|| in_region(RDS, region));
        let iam = match Endpoint::configured(account, IAM)? {
            Some(iam) => Some(iam),
            // Credentials of a partner cloud must not be shown to Huawei's own IAM.
            None if is_vendors_own(&rds) => Some(in_region(IAM, region)),
            None => None,
        };
        Ok(Self { rds, iam })
    }

    pub(crate) fn rds(&self) -> &Endpoint {
        &self.rds
    }

    /// # Errors
    /// When RDS is configured to be another cloud and IAM is not configured.
    pub(crate) fn iam(&self) -> Result<&Endpoint, Error> {
        self.iam.as_ref().ok_or_else(|| {
            Error::permanent(
                "the account's `endpoint.rds` is another cloud than Huawei's own; set `endpoint.iam` too, or the option `project_id` with access keys",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(region: &str, configured: &[(&str, &str)]) -> Result<Endpoints, Error> {
        let account = Account {
            region: Some(region.to_owned()),
            endpoints: configured
                .iter()
                .map(|(s, url)| ((*s).into(), (*url).into()))
                .collect(),
            ..Account::default()
        };
        Endpoints::of(&account, &Region::of(&account)?)
    }

    #[test]
    fn come_from_the_region() {
        let north = endpoints("cn-north-4", &[]).unwrap();
        assert_eq!(
            north.rds().base(),
            "https://rds.cn-north-4.myhuaweicloud.com"
        );
        assert_eq!(
            north.iam().unwrap().base(),
            "https://iam.cn-north-4.myhuaweicloud.com"
        );
    }

    #[test]
    fn of_the_european_region_end_in_eu() {
        let europe = endpoints("eu-west-101", &[]).unwrap();
        assert_eq!(
            europe.rds().base(),
            "https://rds.eu-west-101.myhuaweicloud.eu"
        );
        assert_eq!(
            europe.iam().unwrap().base(),
            "https://iam.eu-west-101.myhuaweicloud.eu"
        );
    }

    #[test]
    fn come_from_the_configuration_first() {
        let otc = endpoints(
            "eu-de",
            &[
                ("rds", "https://rds.eu-de.otc.t-systems.com:443/"),
                ("iam", "http://127.0.0.1:8080"),
            ],
        )
        .unwrap();
        assert_eq!(otc.rds().base(), "https://rds.eu-de.otc.t-systems.com");
        assert_eq!(otc.rds().host(), "rds.eu-de.otc.t-systems.com");
        assert_eq!(otc.iam().unwrap().host(), "127.0.0.1:8080");
    }

    #[test]
    fn of_a_partner_never_fall_back_to_the_vendors_iam() {
        let otc = endpoints("eu-de", &[("rds", "https://rds.eu-de.otc.t-systems.com")]).unwrap();
        assert!(otc.iam().unwrap_err().message.contains("endpoint.iam"));
        let own = endpoints("eu-de", &[("rds", "https://rds.eu-de.myhuaweicloud.com")]).unwrap();
        assert!(own.iam().is_ok());
    }

    #[test]
    fn need_a_region_that_is_a_name() {
        for region in ["", "evil.example/", "a b", "x@y"] {
            assert!(endpoints(region, &[]).is_err(), "{region}");
        }
    }
}
