//! Where the API lives: by configuration, else by region.

use backhaul_provider_api::{Account, Error};

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
        let fits = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if fits {
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

/// Scheme, host and perhaps port of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    base: String,
    host: String,
}

impl Endpoint {
    /// Reads `https://host[:port]`.
    fn read(service: &str, url: &str) -> Result<Self, Error> {
        let refuse = || {
            Error::permanent(format!(
                "the account's `endpoint.{service}` is not of the form https://host or https://host:port"
            ))
        };
        let (scheme, default_port) = match url.split_once("://") {
            Some(("https", _)) => ("https", ":443"),
            Some(("http", _)) => ("http", ":80"),
            _ => return Err(refuse()),
        };
        let authority = &url[scheme.len() + "://".len()..];
        let plain = !authority.is_empty()
            && authority
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        if !plain {
            return Err(refuse());
        }
        // HTTP clients leave the default port out of the `Host` header, which is signed.
        let host = authority
            .strip_suffix(default_port)
            .unwrap_or(authority)
            .to_ascii_lowercase();
        Ok(Self {
            base: format!("{scheme}://{host}"),
            host,
        })
    }

    fn in_region(service: &str, region: &Region) -> Self {
        let region = region.as_str();
        let domain = if region == EU_REGION { "eu" } else { "com" };
        let host = format!("{service}.{region}.myhuaweicloud.{domain}");
        Self {
            base: format!("https://{host}"),
            host,
        }
    }

    /// The URL without its path: `https://rds.cn-north-4.myhuaweicloud.com`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The value of the `Host` header.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    fn is_vendors_own(&self) -> bool {
        [".myhuaweicloud.com", ".myhuaweicloud.eu"]
            .iter()
            .any(|end| self.host.ends_with(end))
    }
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
        let configured = |service: &str| {
            account
                .endpoint(service)
                .map(|url| Endpoint::read(service, url))
                .transpose()
        };
        let rds = configured(RDS)?.unwrap_or_else(|| Endpoint::in_region(RDS, region));
        let iam = match configured(IAM)? {
            Some(iam) => Some(iam),
            // Credentials of a partner cloud must not be shown to Huawei's own IAM.
            None if rds.is_vendors_own() => Some(Endpoint::in_region(IAM, region)),
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
    fn of_another_form_are_refused_by_name() {
        for url in [
            "rds.example",
            "ftp://x",
            "https://",
            "https://u:p@host",
            "https://host/path",
            "https://h?q",
        ] {
            let error = endpoints("cn-north-4", &[("rds", url)]).unwrap_err();
            assert!(error.message.contains("endpoint.rds"), "{url}: {error}");
        }
    }

    #[test]
    fn need_a_region_that_is_a_name() {
        for region in ["", "evil.example/", "a b", "x@y"] {
            assert!(endpoints(region, &[]).is_err(), "{region}");
        }
    }
}
