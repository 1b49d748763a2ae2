//! Where the API lives: by configuration, else by area of the world.
//!
//! The vendor has three hosts. An instance's region, such as `CN_Beijing_A`, is a field of its
//! record and never part of a host; whether one area's host shows another's instances is not
//! documented.

use backhaul_provider_api::{Account, Error};
use backhaul_provider_kit::endpoint::{Endpoint, is_region};
use serde::Deserialize;

use crate::product::Product;

/// A part of the world with an API host of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    Mainland,
    Asia,
    Us,
}

impl Area {
    const ALL: [Self; 3] = [Self::Mainland, Self::Asia, Self::Us];

    fn as_str(self) -> &'static str {
        match self {
            Self::Mainland => "mainland",
            Self::Asia => "asia",
            Self::Us => "us",
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::Mainland => "cdsapi.capitalonline.net",
            Self::Asia => "cdsapi-asia.capitalonline.net",
            Self::Us => "cdsapi-us.capitalonline.net",
        }
    }

    /// The hosts of all areas.
    pub(crate) fn hosts() -> Vec<String> {
        Self::ALL.map(|area| area.host().to_owned()).to_vec()
    }

    /// The area of a region code. The vendor counts Hong Kong and Taipei as Asia-Pacific, in
    /// spite of their codes.
    fn of_region(code: &str) -> Option<Self> {
        match code.split_once('_')? {
            ("CN", city) if city.starts_with("Hongkong") || city.starts_with("Taipei") => {
                Some(Self::Asia)
            }
            ("CN", _) => Some(Self::Mainland),
            ("APAC", _) => Some(Self::Asia),
            ("US" | "EUR", _) => Some(Self::Us),
            _ => None,
        }
    }
}

/// Where to ask, and for the instances of which region.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Scheme and host of the API.
    pub(crate) endpoint: Endpoint,
    /// The region code whose instances are meant; all of them without one.
    pub(crate) region: Option<String>,
}

impl Place {
    /// The account's `region` is an area's word or a region code; the option `area` overrules the
    /// host that follows from it, and a configured endpoint overrules both.
    ///
    /// # Errors
    /// When the region is neither, or the endpoint is none.
    pub(crate) fn of(
        account: &Account,
        product: Product,
        area: Option<Area>,
    ) -> Result<Self, Error> {
        let configured = Endpoint::configured(account, product.as_str())?;
        let word = account.region.as_deref().filter(|word| !word.is_empty());
        let named = word.and_then(|word| Area::ALL.into_iter().find(|area| area.as_str() == word));
        let region = word.filter(|_| named.is_none());
        let implied = named.or(region.and_then(Area::of_region));
        let host_is_known = configured.is_some() || area.or(implied).is_some();
        if region.is_some_and(|code| !is_region(code) || !host_is_known) {
            return Err(Error::permanent(
                "the account's `region` is neither mainland, asia or us nor a region code such as CN_Beijing_A; correct it, or set the option `area`",
            ));
        }
        let area = area.or(implied).unwrap_or(Area::Mainland);
        Ok(Self {
            endpoint: configured.unwrap_or_else(|| Endpoint::https(area.host())),
            region: region.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(region: &str, area: Option<Area>, endpoint: Option<&str>) -> Result<Place, Error> {
        let account = Account {
            region: Some(region.to_owned()),
            endpoints: endpoint
                .map(|url| ("mysql".to_owned(), url.to_owned()))
                .into_iter()
                .collect(),
            ..Account::default()
        };
        Place::of(&account, Product::MySql, area)
    }

    #[test]
    fn the_host_follows_from_the_region() {
        for (region, host, code) in [
            ("", "cdsapi", None),
            ("mainland", "cdsapi", None),
            ("asia", "cdsapi-asia", None),
            ("us", "cdsapi-us", None),
            ("CN_Beijing_A", "cdsapi", Some("CN_Beijing_A")),
            ("CN_Hongkong_A", "cdsapi-asia", Some("CN_Hongkong_A")),
            ("CN_Taipei_A", "cdsapi-asia", Some("CN_Taipei_A")),
            ("APAC_Tokyo_A", "cdsapi-asia", Some("APAC_Tokyo_A")),
            ("US_Dallas_A", "cdsapi-us", Some("US_Dallas_A")),
            ("EUR_Germany_A", "cdsapi-us", Some("EUR_Germany_A")),
        ] {
            let place = place(region, None, None).unwrap();
            assert_eq!(
                place.endpoint.base(),
                format!("https://{host}.capitalonline.net")
            );
            assert_eq!(place.region.as_deref(), code);
        }
    }

    #[test]
    fn option_and_endpoint_overrule_the_region() {
        let asia = place("CN_Beijing_A", Some(Area::Asia), None).unwrap();
        assert_eq!(asia.endpoint.host(), "cdsapi-asia.capitalonline.net");
        assert_eq!(asia.region.as_deref(), Some("CN_Beijing_A"));
        let own = place("Moon_A", None, Some("http://127.0.0.1:8080")).unwrap();
        assert_eq!(own.endpoint.base(), "http://127.0.0.1:8080");
        assert_eq!(own.region.as_deref(), Some("Moon_A"));
    }

    #[test]
    fn a_region_that_is_none_is_refused_by_name() {
        for (region, area) in [
            ("cn-north-4", None),
            ("Moon_A", None),
            ("a b", Some(Area::Us)),
        ] {
            let error = place(region, area, None).unwrap_err();
            assert!(error.message.contains("`region`"), "{error}");
        }
        assert!(place("mainland", None, Some("https://host/mysql")).is_err());
    }
}
