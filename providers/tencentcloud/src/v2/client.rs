//! Calls of API 2.0: signed, one answer or one error each.
//!
//! Calls are sent by POST: keys and signatures stay out of the URLs that proxies and servers
//! write down, and a long choice of tables meets no limit of a URL's length.

use backhaul_provider_api::{Account, Error, ErrorClass, Host, HttpRequest, Secret, Timestamp};
use backhaul_provider_kit::body::Object;
use backhaul_provider_kit::call::Call;
use backhaul_provider_kit::endpoint::Endpoint;
use backhaul_provider_kit::percent;

use super::answer;
use super::region::Region;
use super::signature::{self, Algorithm};
use crate::MYSQL_V2;
use crate::credentials::Credentials;

/// The vendor's host.
pub(super) const HOST: &str = "cdb.api.qcloud.com";

/// The one path of the API.
const PATH: &str = "/v2/index.php";

/// The API of one account in one region.
#[derive(Debug)]
pub(super) struct Client {
    credentials: Credentials,
    endpoint: Endpoint,
    region: Region,
    algorithm: Algorithm,
    /// Set once the credentials were refused; nothing more is sent then.
    refused: Option<Error>,
}

impl Client {
    /// Checks the account without asking anybody.
    pub(super) fn new(account: &Account, algorithm: Algorithm) -> Result<Self, Error> {
        Ok(Self {
            credentials: Credentials::of(account)?,
            endpoint: Endpoint::configured(account, MYSQL_V2)?
                .unwrap_or_else(|| Endpoint::https(HOST)),
            region: Region::of(account)?,
            algorithm,
            refused: None,
        })
    }

    /// The account's region.
    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    /// The account's keys, which sign links as well.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// One exchange: `own` are the parameters of the action itself.
    pub(super) fn ask(
        &mut self,
        host: &dyn Host,
        call: &Call,
        own: &[(&str, String)],
    ) -> Result<Object, Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let parameters = self.signed(call.name, own, host.now(), nonce(host));
        let form: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect();
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Host", self.endpoint.host()),
        ]
        .map(|(name, value)| (name.to_owned(), Secret::new(value)));
        let response = host.send(HttpRequest {
            call: call.name.to_owned(),
            method: "POST".to_owned(),
            url: Secret::new(format!("{}{PATH}", self.endpoint.base())),
            headers: headers.into(),
            body: Some(Secret::new(form.join("&"))),
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

    /// All parameters of a request, the signature last.
    fn signed(
        &self,
        action: &str,
        own: &[(&str, String)],
        now: Timestamp,
        nonce: u64,
    ) -> Vec<(String, String)> {
        let common = [
            ("Action", action.to_owned()),
            ("Region", self.region.as_str().to_owned()),
            ("Timestamp", now.timestamp().to_string()),
            ("Nonce", nonce.to_string()),
            ("SecretId", self.credentials.secret_id.expose().to_owned()),
            ("SignatureMethod", self.algorithm.method().to_owned()),
        ];
        let token = self.credentials.security_token.as_ref();
        let token = token.map(|token| ("Token", token.expose().to_owned()));
        let mut parameters: Vec<(String, String)> = common
            .into_iter()
            .chain(token)
            .chain(own.iter().cloned())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let text = signature::string_to_sign("POST", self.endpoint.host(), PATH, &parameters);
        let signature = self.algorithm.sign(&self.credentials.secret_key, &text);
        parameters.push(("Signature".to_owned(), signature));
        parameters
    }
}

/// A random positive integer that every number type of a server can hold exactly.
fn nonce(host: &dyn Host) -> u64 {
    let random = host.random(8);
    let number = random
        .iter()
        .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    (number >> 11) + 1
}
