//! Calls of API 3.0: signed, one answer or one error each.
//!
//! Retries are the daemon's business. A session remembers when its credentials were refused and
//! sends nothing more.

use backhaul_provider_api::{
    Account, Error, ErrorClass, Host, HttpRequest, Secret, serde_json::Value,
};
use backhaul_provider_kit::body::Object;
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::endpoint::Endpoint;
use backhaul_provider_kit::record::Record;

use super::answer;
use super::endpoint::{Product, Region, Site};
use super::options::Language;
use super::signature::Unsigned;
use crate::credentials::Credentials;

/// The greatest page that the pages of all lists allow; some SDKs speak of more.
pub(crate) const PAGE: u64 = 100;

/// The body is signed byte for byte and so is this, to which nothing may be added.
const CONTENT_TYPE: &str = "application/json";

/// The API of one product for one account in one region.
#[derive(Debug)]
pub(crate) struct Client {
    product: Product,
    credentials: Credentials,
    endpoint: Endpoint,
    region: Region,
    language: Language,
    /// Set once the credentials were refused.
    refused: Option<Error>,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    /// The entries in the vendor's order.
    pub(crate) entries: Vec<Value>,
    /// How many there are on all pages, if the vendor says so.
    pub(crate) total: Option<u64>,
}

impl Client {
    /// Checks the account without asking anybody.
    pub(crate) fn new(
        account: &Account,
        product: Product,
        site: Option<Site>,
        language: Language,
    ) -> Result<Self, Error> {
        let region = Region::of(account)?;
        Ok(Self {
            product,
            credentials: Credentials::of(account)?,
            endpoint: product.endpoint(account, site, &region)?,
            region,
            language,
            refused: None,
        })
    }

    /// The account's region.
    pub(crate) fn region(&self) -> &str {
        self.region.as_str()
    }

    /// The object that the call answers.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    pub(crate) fn ask(
        &mut self,
        host: &dyn Host,
        call: &Call,
        request: &Value,
    ) -> Result<Object, Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let body = request.to_string();
        let response = host.send(HttpRequest {
            call: call.name.to_owned(),
            method: "POST".to_owned(),
            url: Secret::new(format!("{}/", self.endpoint.base())),
            headers: self.headers(host, call, &body),
            body: Some(Secret::new(body)),
        })?;
        answer::read(&response).map_err(|fault| {
            let secrets = self.credentials.secrets();
            let error = fault.into_error(call, &response, host.now(), &secrets);
            if error.class == ErrorClass::AuthFailed {
                self.refused = Some(error.clone());
            }
            error
        })
    }

    /// The list in a field of what the call answers.
    ///
    /// # Errors
    /// Classified failures of the vendor, and an answer without that list.
    pub(crate) fn page(
        &mut self,
        host: &dyn Host,
        call: &Call,
        request: &Value,
        field: &str,
    ) -> Result<Page, Error> {
        let mut object = self.ask(host, call, request)?;
        let entries = object.remove(field);
        let rest = Value::Object(object);
        let total = Record::of(&rest).and_then(|record| record.number("TotalCount"));
        match entries {
            Some(Value::Array(entries)) => Ok(Page { entries, total }),
            // Written for an empty list by some services.
            None | Some(Value::Null) if total == Some(0) => Ok(Page {
                entries: Vec::new(),
                total,
            }),
            _ => {
                let complaint = format!("the field `{field}` is not a list");
                Err(answer::malformed(call, &rest, &complaint))
            }
        }
    }

    /// The headers of a call. The token is not signed, as in the vendor's SDKs.
    fn headers(&self, host: &dyn Host, call: &Call, body: &str) -> Vec<(String, Secret)> {
        let now = host.now();
        let signed = [
            ("Content-Type", CONTENT_TYPE),
            ("Host", self.endpoint.host()),
            ("X-TC-Action", call.name),
        ];
        let unsigned = Unsigned {
            service: self.product.word,
            headers: &signed,
            body,
            time: now,
        };
        let credentials = &self.credentials;
        let authorization = unsigned.authorization(&credentials.secret_id, &credentials.secret_key);
        let time = now.timestamp().to_string();
        let plain = [
            ("X-TC-Version", self.product.version),
            ("X-TC-Timestamp", &time),
            ("X-TC-Region", self.region.as_str()),
            ("X-TC-Language", self.language.as_str()),
        ];
        let mut headers: Vec<(String, Secret)> = signed
            .iter()
            .chain(&plain)
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        if let Some(token) = &credentials.security_token {
            headers.push(("X-TC-Token".to_owned(), token.clone()));
        }
        headers.push(("Authorization".to_owned(), authorization));
        headers
    }
}
