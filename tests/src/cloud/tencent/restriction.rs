//! Restrictions of download links in `postgres`: who may use one, and from where.

use super::api_error::ApiError;
use super::parameters::Parameters;

/// `BackupDownloadRestriction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restriction {
    /// `NONE`: from everywhere.
    None,
    /// `INTRANET`: from the vendor's network only.
    Intranet,
    /// `CUSTOMIZE`: by network or by address.
    Custom {
        /// Private networks.
        networks: Option<Rule>,
        /// Addresses.
        addresses: Option<Rule>,
    },
}

/// A list and whether those on it are let in or kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    allow: bool,
    members: Vec<String>,
}

impl Restriction {
    /// Reads the object. Words are compared in any case, because the pages write them in several.
    ///
    /// # Errors
    /// When a word is unknown, or nothing is customized in `CUSTOMIZE`.
    pub fn parse(mut fields: Parameters) -> Result<Self, ApiError> {
        let kind = fields.text("RestrictionType")?;
        let networks = Rule::parse(&mut fields, "VpcRestrictionEffect", "VpcIdSet")?;
        let addresses = Rule::parse(&mut fields, "IpRestrictionEffect", "IpSet")?;
        fields.finish()?;
        let kind = kind.unwrap_or_else(|| "NONE".to_owned());
        match kind.to_ascii_uppercase().as_str() {
            // The vendor's own example fills the lists here too; they are ignored.
            "NONE" => Ok(Self::None),
            "INTRANET" => Ok(Self::Intranet),
            "CUSTOMIZE" if networks.is_some() || addresses.is_some() => Ok(Self::Custom {
                networks,
                addresses,
            }),
            _ => Err(unacceptable("RestrictionType")),
        }
    }

    /// Whether somebody at `address` may use the link, who is in one of the vendor's networks or not.
    /// An emulated customer has no private network with an id, so that none is ever on a list.
    pub fn admits(&self, in_intranet: bool, address: &str) -> bool {
        match self {
            Self::None => true,
            Self::Intranet => in_intranet,
            Self::Custom {
                networks,
                addresses,
            } => {
                networks.as_ref().is_none_or(|rule| rule.admits(""))
                    && addresses.as_ref().is_none_or(|rule| rule.admits(address))
            }
        }
    }
}

impl Rule {
    fn parse(
        fields: &mut Parameters,
        effect: &'static str,
        members: &str,
    ) -> Result<Option<Self>, ApiError> {
        let allow = match fields.text(effect)?.map(|word| word.to_ascii_uppercase()) {
            None => true,
            Some(word) if word == "ALLOW" || word.is_empty() => true,
            Some(word) if word == "DENY" => false,
            Some(_) => return Err(unacceptable(effect)),
        };
        let members = fields.texts(members)?;
        Ok(members.map(|members| Self { allow, members }))
    }

    fn admits(&self, member: &str) -> bool {
        self.members.iter().any(|known| known == member) == self.allow
    }
}

fn unacceptable(field: &str) -> ApiError {
    ApiError::new(
        "InvalidParameterValue.InvalidParameterValueError",
        format!("{field} is not acceptable."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Restriction, ApiError> {
        Restriction::parse(Parameters::from_body(text.as_bytes()).unwrap())
    }

    #[test]
    fn restrictions_are_read_and_applied() {
        for (text, outside, inside) in [
            (
                r#"{"RestrictionType": "NONE", "IpSet": ["1.2.3.4"]}"#,
                true,
                true,
            ),
            (r#"{"RestrictionType": "Intranet"}"#, false, true),
            (
                r#"{"RestrictionType": "CUSTOMIZE", "IpRestrictionEffect": "ALLOW", "IpSet": ["127.0.0.1"]}"#,
                true,
                true,
            ),
            (
                r#"{"RestrictionType": "Customize", "IpRestrictionEffect": "Deny", "IpSet": ["127.0.0.1"]}"#,
                false,
                false,
            ),
            (
                r#"{"RestrictionType": "CUSTOMIZE", "VpcRestrictionEffect": "ALLOW", "VpcIdSet": ["vpc-1"]}"#,
                false,
                false,
            ),
        ] {
            let restriction = parse(text).unwrap();
            assert_eq!(restriction.admits(false, "127.0.0.1"), outside, "{text}");
            assert_eq!(restriction.admits(true, "127.0.0.1"), inside, "{text}");
        }
        assert!(parse(r#"{"RestrictionType": "CUSTOMIZE"}"#).is_err());
        assert!(parse(r#"{"RestrictionType": "SOMETIMES"}"#).is_err());
        assert!(parse(r#"{"IpRestrictionEffect": "MAYBE"}"#).is_err());
    }
}
