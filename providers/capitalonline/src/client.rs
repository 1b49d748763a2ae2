//! Calls of the vendor's API: signed, one answer or one error each.
//!
//! Each call has a nonce and a time of its own; retries are the daemon's business and are new
//! calls. That the vendor refused the credentials is remembered as long as the session lives.

use backhaul_provider_api::{Account, Error, ErrorClass, Host, HttpRequest, Secret};
use backhaul_provider_kit::{body::Object, call::Call};

use crate::answer;
use crate::area::Place;
use crate::codes::Subject;
use crate::fault::Circumstances;
use crate::keys::Keys;
use crate::options::Options;
use crate::product::Product;
use crate::signature::{Unsigned, nonce};

/// The API of one product for one account.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) product: Product,
    pub(crate) options: Options,
    keys: Keys,
    place: Place,
    /// Set once the credentials were refused, so that nothing more is sent.
    refused: Option<Error>,
}

impl Client {
    /// Checks the account without asking anybody.
    ///
    /// # Errors
    /// When the account lacks what the service needs.
    pub(crate) fn new(account: &Account) -> Result<Self, Error> {
        let product = Product::of(account)?;
        let options = Options::read(&account.options)?;
        Ok(Self {
            product,
            keys: Keys::of(account)?,
            place: Place::of(account, product, options.area)?,
            options,
            refused: None,
        })
    }

    /// The region code whose instances are meant; all of them without one.
    pub(crate) fn region(&self) -> Option<&str> {
        self.place.region.as_deref()
    }

    /// One `GET` with the call's own parameters; the envelope of a success.
    ///
    /// # Errors
    /// Classified failures of the vendor.
    pub(crate) fn get(
        &mut self,
        host: &dyn Host,
        call: &Call,
        subject: Subject,
        own: &[(&str, &str)],
    ) -> Result<Object, Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let query = Unsigned {
            method: "GET",
            action: call.name,
            nonce: &nonce(&host.random(16)),
            now: host.now(),
            own,
        }
        .signed(&self.keys);
        let url = format!(
            "{}/{}/?{}",
            self.place.endpoint.base(),
            self.product.as_str(),
            query.expose()
        );
        let response = host.send(HttpRequest {
            call: call.name.to_owned(),
            method: "GET".to_owned(),
            url: Secret::new(url),
            headers: Vec::new(),
            body: None,
        })?;
        let fault = match answer::read(&response) {
            Ok(envelope) => return Ok(envelope),
            Err(fault) => fault,
        };
        let around = Circumstances {
            now: host.now(),
            subject,
            secrets: &self.keys.secrets(),
        };
        let error = fault.into_error(call, &response, &around);
        let refused = matches!(
            error.class,
            ErrorClass::AuthFailed | ErrorClass::Forbidden { .. }
        );
        if refused {
            self.refused = Some(error.clone());
        }
        Err(error)
    }
}
