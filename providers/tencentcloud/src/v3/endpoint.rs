//! Where the API lives: by configuration, else by product, site and region.

use backhaul_provider_api::{Account, Error};
use backhaul_provider_kit::endpoint::{Endpoint, is_region};
use serde::Deserialize;

const DOMAIN: &str = "tencentcloudapi.com";

/// Finance regions are served by hosts of their own only.
const FINANCE: &str = "-fsi";

/// A product of API 3.0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    /// Our service, which is also the word for its endpoint in a configuration.
    pub(crate) service: &'static str,
    /// The vendor's word, in host names and in the scope of a signature.
    pub(crate) word: &'static str,
    /// The value of `X-TC-Version`.
    pub(crate) version: &'static str,
}

impl Product {
    /// Host patterns of the product: nearest, regional and international.
    pub(crate) fn hosts(&self) -> Vec<String> {
        vec![
            format!("{}.{DOMAIN}", self.word),
            format!("{}.*.{DOMAIN}", self.word),
        ]
    }

    /// The configured endpoint, else the vendor's own.
    pub(crate) fn endpoint(
        &self,
        account: &Account,
        site: Option<Site>,
        region: &Region,
    ) -> Result<Endpoint, Error> {
        if let Some(configured) = Endpoint::configured(account, self.service)? {
            return Ok(configured);
        }
        let region = region.as_str();
        let site = site.unwrap_or(if region.ends_with(FINANCE) {
            Site::Regional
        } else {
            Site::Nearest
        });
        Ok(Endpoint::https(match site {
            Site::Nearest => format!("{}.{DOMAIN}", self.word),
            Site::Regional => format!("{}.{region}.{DOMAIN}", self.word),
            Site::International => format!("{}.intl.{DOMAIN}", self.word),
        }))
    }
}

/// Which of the vendor's hosts is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Site {
    /// The one next to this machine.
    Nearest,
    /// The one of the region.
    Regional,
    /// The one of the international edition.
    International,
}

/// The vendor's name of a region, such as `ap-guangzhou`; becomes part of a host name.
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
                "the account names no region; set `region`, such as ap-guangzhou",
            ))
        } else {
            Err(Error::permanent(
                "the account's `region` is no region name such as ap-guangzhou",
            ))
        }
    }

    /// The name as the vendor writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CDB: Product = Product {
        service: "mysql",
        word: "cdb",
        version: "2017-03-20",
    };

    fn endpoint(
        region: &str,
        site: Option<Site>,
        configured: Option<&str>,
    ) -> Result<String, Error> {
        let account = Account {
            region: Some(region.to_owned()),
            endpoints: configured
                .map(|url| ("mysql".to_owned(), url.to_owned()))
                .into_iter()
                .collect(),
            ..Account::default()
        };
        let region = Region::of(&account)?;
        CDB.endpoint(&account, site, &region)
            .map(|endpoint| endpoint.base().to_owned())
    }

    #[test]
    fn a_host_is_named_by_product_site_and_region() {
        for (region, site, base) in [
            ("ap-guangzhou", None, "https://cdb.tencentcloudapi.com"),
            (
                "ap-guangzhou",
                Some(Site::Regional),
                "https://cdb.ap-guangzhou.tencentcloudapi.com",
            ),
            (
                "ap-singapore",
                Some(Site::International),
                "https://cdb.intl.tencentcloudapi.com",
            ),
            (
                "ap-shanghai-fsi",
                None,
                "https://cdb.ap-shanghai-fsi.tencentcloudapi.com",
            ),
            (
                "ap-shanghai-fsi",
                Some(Site::Nearest),
                "https://cdb.tencentcloudapi.com",
            ),
        ] {
            assert_eq!(endpoint(region, site, None).unwrap(), base);
        }
    }

    #[test]
    fn the_configuration_comes_first() {
        let configured = Some("http://127.0.0.1:8080/");
        let base = endpoint("ap-guangzhou", Some(Site::International), configured).unwrap();
        assert_eq!(base, "http://127.0.0.1:8080");
    }

    #[test]
    fn a_region_is_needed_and_must_be_a_name() {
        for region in ["", "evil.example/", "a b"] {
            assert!(
                endpoint(region, None, None)
                    .unwrap_err()
                    .message
                    .contains("`region`")
            );
        }
    }
}
