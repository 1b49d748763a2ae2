//! Calls of the vendor's API: signed or with a token, one answer or one error each.
//!
//! Holds what a session learns: the project, the token, and whether the credentials were refused.
//! Retries are the daemon's business, but for one: a token that died early is replaced once.

use backhaul_provider_api::{
    Account, Error, ErrorClass, Host, HttpRequest, HttpResponse, Secret, Timestamp,
};

use backhaul_provider_kit::{body::Object, call::Call, endpoint::Endpoint, percent};

use crate::answer;
use crate::codes::Meaning;
use crate::credentials::Credentials;
use crate::derived;
use crate::endpoint::{Endpoints, Region};
use crate::fault::Circumstances;
use crate::options::{Options, ProjectId, Signing};
use crate::project;
use crate::signature::{self, Canonical, KeyPair, Unsigned};
use crate::token::{self, Token};
use crate::{IAM, RDS};

/// The vendor's greatest page.
pub(crate) const PAGE: u64 = 100;

/// The API of one account in one region.
#[derive(Debug)]
pub(crate) struct Client {
    credentials: Credentials,
    endpoints: Endpoints,
    region: Region,
    options: Options,
    project: Option<ProjectId>,
    token: Option<Token>,
    /// Set once the credentials were refused: five failures in a row lock an access key, so
    /// nothing more is sent.
    refused: Option<Error>,
    /// The vendor's id of the last request that it answered well.
    answered: Option<String>,
}

/// One request before it is authenticated.
struct Question<'a> {
    service: &'static str,
    endpoint: Endpoint,
    path: String,
    query: String,
    project: Option<&'a ProjectId>,
}

impl Client {
    /// Checks the account without asking anybody.
    pub(crate) fn new(account: &Account) -> Result<Self, Error> {
        let region = Region::of(account)?;
        let options = Options::read(&account.options)?;
        let credentials = Credentials::of(account)?;
        if options.signing.is_some() && matches!(credentials, Credentials::User { .. }) {
            return Err(Error::permanent(
                "the option `signing` is for access keys; remove it, or the user with password",
            ));
        }
        let endpoints = Endpoints::of(account, &region)?;
        let project = options.project_id.clone();
        Ok(Self {
            credentials,
            endpoints,
            region,
            options,
            project,
            token: None,
            refused: None,
            answered: None,
        })
    }

    /// The same error; when it finds fault with the last answer, with the id of that request.
    pub(crate) fn identified(&self, error: Error) -> Error {
        let of_answer = error.call.is_some() && error.request_id.is_none();
        match &self.answered {
            Some(id) if of_answer => Error {
                request_id: Some(id.clone()),
                ..error
            },
            _ => error,
        }
    }

    /// The account's region.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// The project whose instances are meant: the option's, the token's, or the region's own.
    pub(crate) fn project(&mut self, host: &dyn Host) -> Result<ProjectId, Error> {
        if let Some(project) = &self.project {
            return Ok(project.clone());
        }
        if let Credentials::User { .. } = self.credentials {
            self.token(host)?;
        }
        let project = match self.token.as_ref().and_then(|token| token.project.clone()) {
            Some(project) => project,
            None => {
                let call = project::call(&self.region);
                let question = Question {
                    service: IAM,
                    endpoint: self.endpoints.iam()?.clone(),
                    path: project::PATH.to_owned(),
                    query: percent::query(&[("name", self.region.as_str().to_owned())]),
                    project: None,
                };
                let body = self.ask(host, &call, &question)?;
                project::choose(&call, &body, &self.region)?
            }
        };
        self.project = Some(project.clone());
        Ok(project)
    }

    /// `GET /v3/{project_id}/{resource}` of RDS.
    pub(crate) fn get(
        &mut self,
        host: &dyn Host,
        call: &Call,
        resource: &str,
        query: &[(&str, String)],
    ) -> Result<Object, Error> {
        let project = self.project(host)?;
        let question = Question {
            service: RDS,
            endpoint: self.endpoints.rds().clone(),
            path: format!("/v3/{}/{resource}", project.as_str()),
            query: percent::query(query),
            project: Some(&project),
        };
        self.ask(host, call, &question)
    }

    /// One authenticated exchange; a second one when the token turns out to be dead.
    fn ask(
        &mut self,
        host: &dyn Host,
        call: &Call,
        question: &Question<'_>,
    ) -> Result<Object, Error> {
        loop {
            self.answered = None;
            let token_is_old = self.token.is_some();
            let headers = self.authenticate(host, question)?;
            let url = format!(
                "{}{}?{}",
                question.endpoint.base(),
                question.path,
                question.query
            );
            let response = host.send(HttpRequest {
                call: call.name.to_owned(),
                method: "GET".to_owned(),
                url: Secret::new(url),
                headers,
                body: None,
            })?;
            let fault = match answer::read(&response) {
                Ok(object) => {
                    self.answered = answer::request_id(&response);
                    return Ok(object);
                }
                Err(fault) => fault,
            };
            let secrets = self.secrets();
            let signed = matches!(self.credentials, Credentials::Keys { .. });
            let around = Circumstances {
                now: host.now(),
                signed,
                secrets: &secrets,
            };
            let dead = matches!(
                fault.meaning(&response, &around),
                Meaning::TokenInvalid | Meaning::AuthRefused
            );
            if dead && token_is_old {
                self.token = None;
                continue;
            }
            let error = fault.into_error(call, &response, &around);
            return Err(self.remember(error));
        }
    }

    /// The headers of a request, the proof of who asks among them.
    fn authenticate(
        &mut self,
        host: &dyn Host,
        question: &Question<'_>,
    ) -> Result<Vec<(String, Secret)>, Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let mut headers = Headers::new("application/json", &question.endpoint);
        if question.service == RDS {
            headers.add("X-Language", self.options.language.as_str());
        }
        if let Some(project) = question.project {
            headers.add("X-Project-Id", project.as_str());
        }
        match &self.credentials {
            Credentials::User { .. } => headers.add("X-Auth-Token", self.token(host)?.expose()),
            Credentials::Keys {
                access_key,
                secret_key,
                security_token,
            } => {
                if let Some(token) = security_token {
                    headers.add("X-Security-Token", token.expose());
                }
                let keys = KeyPair {
                    access_key,
                    secret_key,
                };
                self.sign(&keys, host.now(), question, &mut headers);
            }
        }
        Ok(headers.0)
    }

    /// Signs every header there is; none is changed on the way, since the daemon sends them as
    /// they are.
    fn sign(
        &self,
        keys: &KeyPair<'_>,
        now: Timestamp,
        question: &Question<'_>,
        headers: &mut Headers,
    ) {
        let date = signature::sdk_date(now);
        headers.add("X-Sdk-Date", &date);
        let canonical = Canonical::of(&Unsigned {
            method: "GET",
            path: &question.path,
            query: &question.query,
            headers: &headers.0,
            body: "",
        });
        let authorization = match self.options.signing.unwrap_or_default() {
            Signing::Sdk => signature::authorization(keys, &date, &canonical),
            Signing::Derived => {
                let scope = derived::Scope::new(&date, self.region.as_str(), question.service);
                derived::authorization(keys, &date, &scope, &canonical)
            }
        };
        headers.0.push(("Authorization".to_owned(), authorization));
    }

    /// The token, fetched when there is none or it is about to end.
    fn token(&mut self, host: &dyn Host) -> Result<Secret, Error> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        if let Some(token) = self
            .token
            .as_ref()
            .filter(|token| token.is_fresh(host.now()))
        {
            return Ok(token.text.clone());
        }
        let token = match self.fetch_token(host) {
            Ok(token) => token,
            Err(error) => return Err(self.remember(error)),
        };
        let text = token.text.clone();
        self.token = Some(token);
        Ok(text)
    }

    fn fetch_token(&self, host: &dyn Host) -> Result<Token, Error> {
        let call = Call {
            name: "KeystoneCreateUserTokenByPassword",
            purpose: "get a token for the user".to_owned(),
            permission: None,
        };
        let Credentials::User {
            username,
            password,
            domain,
        } = &self.credentials
        else {
            return Err(call.malformed("access keys sign and need no token"));
        };
        let endpoint = self.endpoints.iam()?;
        let project = self.options.project_id.as_ref();
        let response: HttpResponse = host.send(HttpRequest {
            call: call.name.to_owned(),
            method: "POST".to_owned(),
            url: Secret::new(format!("{}{}?nocatalog=true", endpoint.base(), token::PATH)),
            headers: Headers::new("application/json;charset=utf8", endpoint).0,
            body: Some(token::request(
                username,
                password,
                domain,
                project,
                &self.region,
            )),
        })?;
        match answer::read(&response) {
            Ok(body) => Token::read(&response, &body, host.now())
                .map_err(|complaint| call.malformed(complaint)),
            Err(fault) => {
                let secrets = self.secrets();
                let around = Circumstances {
                    now: host.now(),
                    signed: false,
                    secrets: &secrets,
                };
                Err(fault.into_error(&call, &response, &around))
            }
        }
    }

    /// Every text that must not be quoted from an answer.
    fn secrets(&self) -> Vec<&Secret> {
        let token = self.token.as_ref().map(|token| &token.text);
        self.credentials
            .secrets()
            .into_iter()
            .chain(token)
            .collect()
    }

    /// Refused credentials are never tried again in this session.
    fn remember(&mut self, error: Error) -> Error {
        if error.class == ErrorClass::AuthFailed {
            self.refused = Some(error.clone());
        }
        error
    }
}

/// The headers of a request, in the order they are sent.
struct Headers(Vec<(String, Secret)>);

impl Headers {
    fn new(content_type: &str, endpoint: &Endpoint) -> Self {
        let mut headers = Self(Vec::new());
        headers.add("Content-Type", content_type);
        headers.add("Host", endpoint.host());
        headers
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), Secret::new(value)));
    }
}
