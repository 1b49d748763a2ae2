//! A client for the tests of the emulation, with a signer of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Response};
use serde_json::Value;
use sha1::Sha1;

use super::CapitalOnline;
use crate::cloud::percent::encode;

/// Calls an emulated cloud as its customer, unless told to be someone else.
pub struct Client {
    pub cloud: CapitalOnline,
    pub http: reqwest::Client,
    pub secret_key: String,
    nonce: AtomicU64,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Client {
    pub fn new(cloud: &CapitalOnline) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            secret_key: cloud.secret_key().to_owned(),
            nonce: AtomicU64::new(0),
            cloud: cloud.clone(),
        }
    }

    /// The parameters of a call, common ones included, without the signature.
    pub fn parameters(&self, action: &str, own: &[(&str, &str)]) -> Vec<(String, String)> {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        let now = self.cloud.clock().now();
        let common = [
            ("Action", action.to_owned()),
            ("AccessKeyId", self.cloud.access_key().to_owned()),
            ("SignatureMethod", "HMAC-SHA1".to_owned()),
            ("SignatureNonce", format!("nonce-{nonce}")),
            ("SignatureVersion", "1.0".to_owned()),
            ("Timestamp", now.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("Version", "2019-08-08".to_owned()),
        ];
        let own = own.iter().map(|(name, value)| (*name, (*value).to_owned()));
        common
            .into_iter()
            .chain(own)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The query of these parameters with their signature.
    pub fn signed(&self, method: &str, parameters: &[(String, String)]) -> String {
        let pair = |(name, value): &(String, String)| {
            format!("{}={}", encode(name.as_bytes()), encode(value.as_bytes()))
        };
        let mut sorted = parameters.to_vec();
        sorted.sort();
        let canonical = sorted.iter().map(pair).collect::<Vec<_>>().join("&");
        let text = format!("{method}&%2F&{}", encode(canonical.as_bytes()));
        let mut mac = Hmac::<Sha1>::new_from_slice(self.secret_key.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        // The order on the wire is free.
        let query = parameters.iter().map(pair).collect::<Vec<_>>().join("&");
        format!("{query}&Signature={}", encode(signature.as_bytes()))
    }

    /// Calls an action of a product.
    pub async fn call(&self, product: &str, action: &str, own: &[(&str, &str)]) -> Answer {
        let query = self.signed("GET", &self.parameters(action, own));
        self.get(product, &query).await
    }

    /// Sends a query as it is.
    pub async fn get(&self, product: &str, query: &str) -> Answer {
        self.send(Method::GET, product, query).await
    }

    pub async fn send(&self, method: Method, product: &str, query: &str) -> Answer {
        let url = format!("{}/{product}?{query}", self.cloud.api_url());
        Answer::of(self.http.request(method, url).send().await.unwrap()).await
    }

    pub async fn backups(&self, instance: &str) -> Answer {
        self.call("mysql/", "DescribeBackups", &[("InstanceUuid", instance)])
            .await
    }

    pub async fn download(&self, instance: &str, backup: &str) -> Answer {
        let own = [("InstanceUuid", instance), ("BackupId", backup)];
        self.call("mysql/", "DownloadBackup", &own).await
    }

    /// The public link of a backup.
    pub async fn link(&self, instance: &str, backup: &str) -> String {
        let answer = self.download(instance, backup).await;
        let link = answer.json["Data"]["BackupDownloadUrl"].as_str();
        link.unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }

    /// Follows a link with further headers.
    pub async fn follow(&self, link: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.get(link);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}

impl Answer {
    async fn of(response: Response) -> Self {
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

    /// Status and code.
    pub fn told(&self) -> (u16, &str) {
        (self.status, self.json["Code"].as_str().unwrap_or_default())
    }

    /// The field `field` of every entry in `Data`.
    pub fn each(&self, field: &str) -> Vec<&Value> {
        let list = self.json["Data"].as_array();
        list.into_iter()
            .flatten()
            .map(|entry| &entry[field])
            .collect()
    }
}
