//! A client for the tests of the emulation, with signers of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Tencent;
use crate::cloud::percent::{encode, hex};

/// Calls an emulated cloud as its customer, unless told to be someone else.
pub(crate) struct Client {
    pub cloud: Tencent,
    pub http: reqwest::Client,
    pub secret_id: String,
    pub secret_key: String,
    pub token: Option<String>,
    pub region: Option<String>,
    nonce: AtomicU64,
}

/// A call of API 3.0, to be bent by a test before it is sent.
pub(crate) struct ApiCall {
    pub method: Method,
    pub query: String,
    pub body: String,
    pub content_type: String,
    /// Product in the scope.
    pub service: String,
    /// What is signed.
    pub signed: DateTime<Utc>,
    pub headers: Vec<(&'static str, String)>,
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
    pub fn new(cloud: &Tencent) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            secret_id: cloud.secret_id().to_owned(),
            secret_key: cloud.secret_key().to_owned(),
            token: None,
            region: Some(cloud.region().to_owned()),
            nonce: AtomicU64::new(1),
            cloud: cloud.clone(),
        }
    }

    /// Calls an action of `postgres`.
    pub async fn postgres(&self, action: &str, fields: Value) -> Answer {
        let call = self.call("postgres", "2017-03-12", action, &fields);
        self.send(call).await
    }

    /// Calls an action of `cdb`.
    pub async fn cdb(&self, action: &str, fields: Value) -> Answer {
        let call = self.call("cdb", "2017-03-20", action, &fields);
        self.send(call).await
    }

    /// A call of API 3.0 as the vendor's SDK would make it.
    pub fn call(&self, service: &str, version: &str, action: &str, fields: &Value) -> ApiCall {
        let mut headers = vec![
            ("x-tc-action", action.to_owned()),
            ("x-tc-version", version.to_owned()),
        ];
        headers.extend(self.region.clone().map(|region| ("x-tc-region", region)));
        headers.extend(self.token.clone().map(|token| ("x-tc-token", token)));
        ApiCall {
            method: Method::POST,
            query: String::new(),
            body: fields.to_string(),
            content_type: "application/json".to_owned(),
            service: service.to_owned(),
            signed: self.cloud.clock().now(),
            headers,
        }
    }

    /// Signs a call and sends it.
    pub async fn send(&self, call: ApiCall) -> Answer {
        let host = self.cloud.api_url().trim_start_matches("http://");
        let payload = hex(&Sha256::digest(&call.body));
        let canonical = format!(
            "{}\n/\n{}\ncontent-type:{}\nhost:{host}\n\ncontent-type;host\n{payload}",
            call.method, call.query, call.content_type
        );
        let date = call.signed.format("%Y-%m-%d");
        let scope = format!("{date}/{}/tc3_request", call.service);
        let seconds = call.signed.timestamp();
        let hash = hex(&Sha256::digest(canonical));
        let text = format!("TC3-HMAC-SHA256\n{seconds}\n{scope}\n{hash}");
        let mut key = format!("TC3{}", self.secret_key).into_bytes();
        for part in scope.split('/') {
            key = sha256_mac(&key, part);
        }
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host, Signature={}",
            self.secret_id,
            hex(&sha256_mac(&key, &text))
        );
        let url = match call.query.as_str() {
            "" => format!("{}/", self.cloud.api_url()),
            query => format!("{}/?{query}", self.cloud.api_url()),
        };
        let mut request = self
            .http
            .request(call.method, url)
            .header("content-type", call.content_type)
            .header("x-tc-timestamp", seconds)
            .header("authorization", authorization)
            .body(call.body);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Calls an action of API 2.0 by GET.
    pub async fn legacy(&self, action: &str, own: &[(&str, &str)]) -> Answer {
        let pairs = self.legacy_pairs(action, own);
        self.send_legacy(&Method::GET, pairs).await
    }

    /// The parameters of a call of API 2.0, not signed yet.
    pub fn legacy_pairs(&self, action: &str, own: &[(&str, &str)]) -> Vec<(String, String)> {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        let mut pairs = vec![
            ("Action".to_owned(), action.to_owned()),
            ("Nonce".to_owned(), nonce.to_string()),
            ("Region".to_owned(), "gz".to_owned()),
            ("SecretId".to_owned(), self.secret_id.clone()),
            (
                "Timestamp".to_owned(),
                self.cloud.clock().now().timestamp().to_string(),
            ),
        ];
        pairs.extend(self.token.clone().map(|token| ("Token".to_owned(), token)));
        let own = own.iter();
        pairs.extend(own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        pairs
    }

    /// Signs a call of API 2.0 with SHA-1 and sends it.
    pub async fn send_legacy(&self, method: &Method, mut pairs: Vec<(String, String)>) -> Answer {
        let host = self.cloud.legacy_url().trim_start_matches("http://");
        pairs.sort();
        let joined = |value: fn(&str) -> String, pairs: &[(String, String)]| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, text)| format!("{name}={}", value(text)));
            pairs.collect::<Vec<_>>().join("&")
        };
        let raw = joined(str::to_owned, &pairs);
        let signature = self.sha1_base64(&format!("{method}{host}/v2/index.php?{raw}"));
        pairs.push(("Signature".to_owned(), signature));
        let sent = joined(|value| encode(value.as_bytes()), &pairs);
        let url = format!("{}/v2/index.php", self.cloud.legacy_url());
        let request = if *method == Method::GET {
            self.http.get(format!("{url}?{sent}"))
        } else {
            let form = "application/x-www-form-urlencoded";
            self.http.post(url).header("content-type", form).body(sent)
        };
        Answer::of(request.send().await.unwrap()).await
    }

    /// Adds the second signature to a link of API 2.0.
    pub fn sign_link(&self, link: &str, encoded: bool) -> String {
        let (_, query) = link.split_once('?').unwrap();
        let mut pairs = query.split('&').map(str::to_owned).collect::<Vec<_>>();
        pairs.push(format!("secretId={}", self.secret_id));
        pairs.sort();
        let mut text = pairs.join("&");
        if !encoded {
            text = text
                .replace("%2B", "+")
                .replace("%2F", "/")
                .replace("%3D", "=");
        }
        let signature = encode(self.sha1_base64(&text).as_bytes());
        format!("{link}&secretId={}&signature={signature}", self.secret_id)
    }

    /// The link of a backup of PostgreSQL.
    pub async fn postgres_link(&self, instance: &str, kind: &str, backup: &str) -> String {
        let fields = json!({ "DBInstanceId": instance, "BackupType": kind, "BackupId": backup });
        let answer = self.postgres("DescribeBackupDownloadURL", fields).await;
        let link = answer.response()["BackupDownloadURL"].as_str();
        link.unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }

    /// Follows a link with further headers.
    pub async fn follow(&self, link: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, link, headers).await
    }

    pub async fn ask(&self, method: Method, link: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.request(method, link);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    fn sha1_base64(&self, text: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(self.secret_key.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        BASE64_STANDARD.encode(mac.finalize().into_bytes())
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

    /// The content of an answer of API 3.0.
    pub fn response(&self) -> &Value {
        &self.json["Response"]
    }

    /// The error code of an answer of API 3.0; empty if it is none.
    pub fn code(&self) -> &str {
        self.response()["Error"]["Code"].as_str().unwrap_or("")
    }

    /// One field of all records of a list of API 3.0.
    pub fn column(&self, list: &str, field: &str) -> Vec<Value> {
        let records = self.response()[list].as_array();
        let records = records.unwrap_or_else(|| panic!("{}", self.text));
        records.iter().map(|record| record[field].clone()).collect()
    }
}

fn sha256_mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
