//! IAM tokens: bought with a user's password, valid for 24 hours, kept in memory only.

use backhaul_provider_api::{HttpResponse, Secret, Timestamp, chrono::Duration, serde_json};
use serde_json::json;

use backhaul_provider_kit::body::Object;

use crate::endpoint::Region;
use crate::options::ProjectId;
use crate::time;

/// The path and query of the call. The catalogue of services would be several KB.
pub(crate) const PATH: &str = "/v3/auth/tokens";

/// A token is renewed this long before its end, so that none dies on the way.
const MARGIN_MINUTES: i64 = 10;

/// How long a token is trusted whose end cannot be read; the vendor documents 24 hours.
const UNKNOWN_LIFE_HOURS: i64 = 12;

/// A token and what came with it.
#[derive(Debug)]
pub(crate) struct Token {
    /// The value of `X-Auth-Token`.
    pub(crate) text: Secret,
    /// The project it is good for.
    pub(crate) project: Option<ProjectId>,
    renew_at: Timestamp,
}

impl Token {
    /// Reads the answer: the token is a header, the rest is the body.
    pub(crate) fn read(
        response: &HttpResponse,
        body: &Object,
        now: Timestamp,
    ) -> Result<Self, &'static str> {
        let text = response
            .header("x-subject-token")
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .ok_or("the header `X-Subject-Token` is missing")?;
        let token = body.get("token");
        let field = |name: &str| token?.get(name);
        let expires_at = field("expires_at")
            .and_then(|value| time::parse(value.as_str()?))
            .unwrap_or(now + Duration::hours(UNKNOWN_LIFE_HOURS));
        let project = field("project")
            .and_then(|project| project.get("id")?.as_str())
            .and_then(|id| ProjectId::try_from(id.to_owned()).ok());
        Ok(Self {
            text: Secret::new(text),
            project,
            renew_at: expires_at - Duration::minutes(MARGIN_MINUTES),
        })
    }

    /// False from shortly before the token's end on.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }
}

/// The body of the call: a token for one project, named by its id or by its region.
pub(crate) fn request(
    username: &Secret,
    password: &Secret,
    domain: &Secret,
    project: Option<&ProjectId>,
    region: &Region,
) -> Secret {
    let project = match project {
        Some(id) => json!({"id": id.as_str()}),
        None => json!({"name": region.as_str()}),
    };
    let body = json!({
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {
                        "name": username.expose(),
                        "password": password.expose(),
                        "domain": {"name": domain.expose()},
                    },
                },
            },
            "scope": {"project": project},
        },
    });
    Secret::new(body.to_string())
}
