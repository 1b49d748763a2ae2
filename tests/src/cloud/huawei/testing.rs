//! A client for the tests of the emulation, with a signer of its own for plain requests.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Huawei;
use crate::cloud::percent::hex;

/// Calls an emulated cloud as its customer, unless told to be someone else.
pub(crate) struct Client {
    pub cloud: Huawei,
    pub http: reqwest::Client,
    pub access_key: String,
    pub secret_key: String,
    pub security_token: Option<String>,
    pub auth_token: Option<String>,
    pub project: String,
}

/// An answer of an API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Client {
    pub fn new(cloud: &Huawei) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            access_key: cloud.access_key().to_owned(),
            secret_key: cloud.secret_key().to_owned(),
            security_token: None,
            auth_token: None,
            project: cloud.project_id().to_owned(),
            cloud: cloud.clone(),
        }
    }

    /// Calls an API of the database service. The query has to be in canonical form.
    pub async fn rds(&self, call: &str, query: &str) -> Answer {
        let path = format!("/v3/{}/{call}", self.project);
        self.get(self.cloud.rds_url(), &path, query).await
    }

    pub async fn get(&self, base: &str, path: &str, query: &str) -> Answer {
        let url = match query {
            "" => format!("{base}{path}"),
            _ => format!("{base}{path}?{query}"),
        };
        let mut request = self
            .http
            .get(url)
            .header("content-type", "application/json");
        request = match &self.auth_token {
            Some(token) => request.header("x-auth-token", token),
            None => self.sign(request, base, path, query),
        };
        Answer::of(request.send().await.unwrap()).await
    }

    fn sign(
        &self,
        mut request: RequestBuilder,
        base: &str,
        path: &str,
        query: &str,
    ) -> RequestBuilder {
        let host = base.trim_start_matches("http://");
        let date = self
            .cloud
            .clock()
            .now()
            .format("%Y%m%dT%H%M%SZ")
            .to_string();
        let mut headers = vec![
            ("content-type", "application/json"),
            ("host", host),
            ("x-sdk-date", &date),
        ];
        if let Some(token) = &self.security_token {
            headers.push(("x-security-token", token));
        }
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let names = names.join(";");
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect::<String>();
        let empty = hex(&Sha256::digest(b""));
        let canonical = format!("GET\n{path}/\n{query}\n{lines}\n{names}\n{empty}");
        let hash = hex(&Sha256::digest(canonical));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret_key.as_bytes()).unwrap();
        mac.update(format!("SDK-HMAC-SHA256\n{date}\n{hash}").as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        for (name, value) in headers.into_iter().skip(2) {
            request = request.header(name, value);
        }
        request.header(
            "authorization",
            format!(
                "SDK-HMAC-SHA256 Access={}, SignedHeaders={names}, Signature={signature}",
                self.access_key
            ),
        )
    }

    /// The files of a backup.
    pub async fn files(&self, backup: &str) -> Vec<Value> {
        let answer = self
            .rds("backup-files", &format!("backup_id={backup}"))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["files"].as_array().unwrap().clone()
    }

    /// The link of the only file of a backup.
    pub async fn link(&self, backup: &str) -> String {
        link_of(&self.files(backup).await[0])
    }

    /// Follows the link of a file.
    pub async fn download(&self, file: &Value) -> Response {
        self.follow(&link_of(file), &[]).await
    }

    /// Follows a link with further headers.
    pub async fn follow(&self, link: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, link, headers).await.unwrap()
    }

    pub async fn ask(
        &self,
        method: Method,
        link: &str,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, link);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self {
            status,
            headers,
            text,
            json,
        }
    }

    /// Status and error code.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.json["error_code"].as_str().unwrap_or(""))
    }
}

fn link_of(file: &Value) -> String {
    file["download_link"].as_str().unwrap().to_owned()
}
