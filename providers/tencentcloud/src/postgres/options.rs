//! The job's `options` for the service `postgres`, and their JSON Schema.

use backhaul_provider_api::serde_json::{Map, Value, json};
use backhaul_provider_api::{Error, Seconds};
use serde::Deserialize;

use crate::times::{Times, ZoneOption};
use crate::v3::endpoint::Site;
use crate::v3::options::{self, Language};

/// The longest life of a link.
const HOURS_MAX: u64 = 36;

/// The options as the configuration writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// The host that is asked.
    pub(super) site: Option<Site>,
    /// The zone of the vendor's times.
    timezone: Option<ZoneOption>,
    /// The language of the vendor's error texts.
    pub(super) language: Language,
    /// How long links live.
    link_hours: Option<Hours>,
    /// Who may use links.
    pub(super) download_restriction: Option<Restriction>,
}

impl Options {
    /// Reads the options; null means that none are set.
    pub(super) fn read(options: &Value) -> Result<Self, Error> {
        if options.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(options)
            .map_err(|error| Error::permanent(format!("the job's options are refused: {error}")))
    }

    /// How times are read.
    pub(super) fn times(&self) -> Times {
        Times::of(self.timezone.map(|zone| zone.0))
    }

    /// `URLExpireTime`: by option, else at least what is wished for, else left to the vendor.
    pub(super) fn link_hours(&self, wish: Option<Seconds>) -> Option<u64> {
        let wished = wish.map(|seconds| seconds.0.div_ceil(3600).clamp(1, HOURS_MAX));
        self.link_hours.map(|hours| hours.0).or(wished)
    }
}

/// A number of hours that a link may live.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u64")]
struct Hours(u64);

impl TryFrom<u64> for Hours {
    type Error = &'static str;

    fn try_from(hours: u64) -> Result<Self, Self::Error> {
        if hours <= HOURS_MAX {
            Ok(Self(hours))
        } else {
            Err("`link_hours` is 0 to 36")
        }
    }
}

/// `BackupDownloadRestriction`: from where a link can be used. Without it the setting of the
/// region holds, presumably.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Members")]
pub(super) struct Restriction(Members);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Members {
    #[serde(rename = "type")]
    kind: RestrictionType,
    vpc_effect: Option<Effect>,
    vpcs: Vec<String>,
    ip_effect: Option<Effect>,
    ips: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RestrictionType {
    #[default]
    None,
    Intranet,
    Customize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Allow,
    Deny,
}

impl TryFrom<Members> for Restriction {
    type Error = &'static str;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        let lists = !members.vpcs.is_empty() || !members.ips.is_empty();
        if members.kind == RestrictionType::Customize && !lists {
            return Err("`download_restriction` of type customize needs `vpcs` or `ips`");
        }
        if members.kind != RestrictionType::Customize && lists {
            return Err("`vpcs` and `ips` of `download_restriction` are for the type customize");
        }
        if members.vpc_effect.is_some() == members.vpcs.is_empty() {
            return Err("`vpc_effect` and `vpcs` of `download_restriction` go together");
        }
        if members.ip_effect.is_some() == members.ips.is_empty() {
            return Err("`ip_effect` and `ips` of `download_restriction` go together");
        }
        Ok(Self(members))
    }
}

impl Restriction {
    /// The object as the vendor writes it.
    pub(super) fn to_value(&self) -> Value {
        let effect = |effect| match effect {
            Effect::Allow => json!("ALLOW"),
            Effect::Deny => json!("DENY"),
        };
        let kind = match self.0.kind {
            RestrictionType::None => "NONE",
            RestrictionType::Intranet => "INTRANET",
            RestrictionType::Customize => "CUSTOMIZE",
        };
        let mut object = Map::from_iter([("RestrictionType".to_owned(), json!(kind))]);
        if let Some(allowed) = self.0.vpc_effect {
            object.insert("VpcRestrictionEffect".to_owned(), effect(allowed));
            object.insert("VpcIdSet".to_owned(), json!(self.0.vpcs));
        }
        if let Some(allowed) = self.0.ip_effect {
            object.insert("IpRestrictionEffect".to_owned(), effect(allowed));
            object.insert("IpSet".to_owned(), json!(self.0.ips));
        }
        Value::Object(object)
    }
}

/// The JSON Schema of the options.
pub(super) fn schema() -> Value {
    let effect = |whom: &str| {
        json!({
            "enum": ["allow", "deny"],
            "description": format!("Whether {whom} may use the links, or all others."),
        })
    };
    let list = |of: &str| {
        json!({
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": of,
        })
    };
    options::schema(Map::from_iter([
        (
            "link_hours".to_owned(),
            json!({
                "type": "integer",
                "minimum": 0,
                "maximum": HOURS_MAX,
                "description": "How many hours links live (URLExpireTime); 12 without it. What 0 \
                                means is not documented. An expired link is renewed in any case.",
            }),
        ),
        (
            "download_restriction".to_owned(),
            json!({
                "type": "object",
                "additionalProperties": false,
                "description": "From where links can be used (BackupDownloadRestriction). Without \
                                it the vendor decides.",
                "properties": {
                    "type": {
                        "enum": ["none", "intranet", "customize"],
                        "default": "none",
                        "description": "none: from everywhere; intranet: from the vendor's network \
                                        only; customize: as `vpcs` and `ips` say.",
                    },
                    "vpc_effect": effect("the `vpcs`"),
                    "vpcs": list("Ids of VPCs."),
                    "ip_effect": effect("the `ips`"),
                    "ips": list("IP addresses or networks."),
                },
            }),
        ),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: Value) -> Result<Options, Error> {
        Options::read(&options)
    }

    #[test]
    fn no_options_mean_the_defaults() {
        for none in [Value::Null, json!({})] {
            let options = read(none).unwrap();
            assert_eq!(options.site, None);
            assert!(options.times().assumed);
            assert_eq!(options.times().zone.to_string(), "+08:00");
            assert_eq!(options.link_hours(None), None);
            assert!(options.download_restriction.is_none());
        }
    }

    #[test]
    fn a_zone_that_is_told_is_not_assumed() {
        let times = read(json!({"timezone": "UTC"})).unwrap().times();
        assert!(!times.assumed);
        assert_eq!(times.zone.to_string(), "+00:00");
        let error = read(json!({"timezone": "Mars"})).unwrap_err();
        assert!(error.message.contains("zone"), "{error}");
    }

    #[test]
    fn a_link_lives_as_the_option_says_or_as_is_wished() {
        let told = read(json!({"link_hours": 0})).unwrap();
        assert_eq!(told.link_hours(Some(Seconds(9000))), Some(0));
        let untold = read(Value::Null).unwrap();
        for (seconds, hours) in [(0, 1), (3600, 1), (3601, 2), (1_000_000, 36)] {
            assert_eq!(untold.link_hours(Some(Seconds(seconds))), Some(hours));
        }
    }

    #[test]
    fn a_restriction_is_told_with_all_its_members() {
        for (option, told) in [
            (json!({}), json!({"RestrictionType": "NONE"})),
            (
                json!({"type": "intranet"}),
                json!({"RestrictionType": "INTRANET"}),
            ),
            (
                json!({"type": "customize", "vpc_effect": "allow", "vpcs": ["vpc-1"], "ip_effect": "deny", "ips": ["192.0.2.0/24"]}),
                json!({
                    "RestrictionType": "CUSTOMIZE",
                    "VpcRestrictionEffect": "ALLOW", "VpcIdSet": ["vpc-1"],
                    "IpRestrictionEffect": "DENY", "IpSet": ["192.0.2.0/24"],
                }),
            ),
        ] {
            let options = read(json!({ "download_restriction": option })).unwrap();
            assert_eq!(options.download_restriction.unwrap().to_value(), told);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (options, named) in [
            (json!({"colour": 1}), "colour"),
            (json!({"link_hours": 37}), "link_hours"),
            (json!({"site": "mars"}), "mars"),
            (
                json!({"download_restriction": {"type": "customize"}}),
                "vpcs",
            ),
            (
                json!({"download_restriction": {"ips": ["192.0.2.1"], "ip_effect": "allow"}}),
                "customize",
            ),
            (
                json!({"download_restriction": {"type": "customize", "vpcs": ["v"]}}),
                "vpc_effect",
            ),
            (
                json!({"download_restriction": {"type": "customize", "vpcs": ["v"], "vpc_effect": "deny", "ip_effect": "deny"}}),
                "ip_effect",
            ),
        ] {
            let error = read(options).unwrap_err();
            assert!(error.message.contains(named), "{error}");
        }
    }

    #[test]
    fn the_schema_names_every_option_and_forbids_others() {
        let schema = schema();
        assert_eq!(schema["additionalProperties"], false);
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        let all = [
            "download_restriction",
            "language",
            "link_hours",
            "site",
            "timezone",
        ];
        assert_eq!(names, all);
    }
}
