//! Regions in the API's two notations: `gz` and `ap-guangzhou`.

use backhaul_provider_api::{Account, Error};
use backhaul_provider_kit::endpoint::is_region;

/// Both notations of the regions that are known to have both. The vendor prints each in a list of
/// its own; they are paired by city. `in` is left out, because nothing says which city it is.
const NOTATIONS: [(&str, &str); 14] = [
    ("gz", "ap-guangzhou"),
    ("sh", "ap-shanghai"),
    ("bj", "ap-beijing"),
    ("cd", "ap-chengdu"),
    ("cq", "ap-chongqing"),
    ("hk", "ap-hongkong"),
    ("sg", "ap-singapore"),
    ("th", "ap-bangkok"),
    ("kr", "ap-seoul"),
    ("jp", "ap-tokyo"),
    ("de", "eu-frankfurt"),
    ("ca", "na-toronto"),
    ("usw", "na-siliconvalley"),
    ("use", "na-ashburn"),
];

/// A region as the account writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region(String);

impl Region {
    /// The account's region.
    ///
    /// # Errors
    /// When there is none, or it is no name.
    pub(super) fn of(account: &Account) -> Result<Self, Error> {
        let region = account.region.as_deref().unwrap_or_default();
        if is_region(region) {
            Ok(Self(region.to_owned()))
        } else {
            Err(Error::permanent(
                "the account's `region` is missing or no region's name; write for example ap-guangzhou or gz",
            ))
        }
    }

    /// As the account writes it. The API takes both notations, so it is sent as it is.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// In the long notation, where that is known, so that an instance's region does not depend on
    /// how the account is written.
    pub(super) fn long(&self) -> &str {
        let pair = NOTATIONS.iter().find(|(short, _)| *short == self.0);
        pair.map_or(self.as_str(), |(_, long)| long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Result<Region, Error> {
        Region::of(&Account {
            region: Some(text.to_owned()),
            ..Account::default()
        })
    }

    #[test]
    fn both_notations_name_one_region_and_are_sent_as_written() {
        for text in ["gz", "ap-guangzhou"] {
            let region = region(text).unwrap();
            assert_eq!((region.as_str(), region.long()), (text, "ap-guangzhou"));
        }
        for other in ["in", "ap-shanghai-fsi"] {
            assert_eq!(region(other).unwrap().long(), other);
        }
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in ["", "a b", "gz&x=1"] {
            assert!(region(text).unwrap_err().message.contains("region"));
        }
        assert!(Region::of(&Account::default()).is_err());
    }
}
